/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* libmicrohttpd, loaded by the process that serves. For the parts of the server only. */
#include <microhttpd.h>

#include "base/late.h"

/* clang-format off */
#define API_MHD_CALLS(X) \
	X(MHD_, start_daemon) \
	X(MHD_, stop_daemon) \
	X(MHD_, get_daemon_info) \
	X(MHD_, run) \
	X(MHD_, get_timeout) \
	X(MHD_, add_connection) \
	X(MHD_, get_connection_info) \
	X(MHD_, suspend_connection) \
	X(MHD_, resume_connection) \
	X(MHD_, lookup_connection_value) \
	X(MHD_, create_response_from_buffer_with_free_callback) \
	X(MHD_, create_response_from_callback) \
	X(MHD_, add_response_header) \
	X(MHD_, queue_response) \
	X(MHD_, destroy_response)
/* clang-format on */

/* Its functions, once api_mhd_load() has ended well. */
extern struct api_mhd_calls {
	API_MHD_CALLS(LATE_CALL)
} libmicrohttpd;

/** api_mhd_load() - fill them; -ERR_UNAVAILABLE as late_load() */
int api_mhd_load(struct error *err) __attribute__((warn_unused_result));
