/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd brings GnuTLS and all behind it, which only the daemon has to bear. */
#include "controller/api/api_mhd.h"

struct api_mhd_calls libmicrohttpd;

static const char *const names[] = { API_MHD_CALLS(LATE_NAME) };
static struct late late =
	LATE_INIT("libmicrohttpd.so.12", "libmicrohttpd12", names, &libmicrohttpd);

int api_mhd_load(struct error *err)
{
	return late_load(&late, err);
}
