/* SPDX-License-Identifier: Apache-2.0 */
/* libarchive brings an XML parser and its tables of all scripts: for formats we never read. */
#include "backends/image_archive.h"

struct image_archive_calls libarchive;

static const char *const names[] = { IMAGE_ARCHIVE_CALLS(LATE_NAME) };
static struct late late = LATE_INIT("libarchive.so.13", "libarchive13", names, &libarchive);

int image_archive_load(struct error *err)
{
	return late_load(&late, err);
}
