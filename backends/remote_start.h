/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* From nothing to a greeted connection: connect, start the shim if there is none, say hello. */
#include "backends/runtime_remote.h"

/* How long somebody waits for a connection. */
struct remote_patience {
	struct mono deadline;
	const volatile bool *cancel; /* set by any thread, atomically: nobody waits any more */
};

/**
 * remote_start_connect() - a connection on which both sides have said hello
 * @in:      what came behind the shim's hello already
 * @ret_fd:  non-blocking; the caller's
 * @ret_pid: the shim's
 *
 * -ERR_UNAVAILABLE: no shim and none may be started, or it cannot be started (then with the
 * last line it printed). -ERR_TIMEOUT at the deadline, -ERR_CANCELED.
 */
int remote_start_connect(const struct runtime_remote_options *o,
			 const struct remote_patience *patience, struct buf *in, int *ret_fd,
			 int64_t *ret_pid, struct error *err);

/** remote_start_dial() - only connect; > 0 (REMOTE_NOBODY) when nobody listens there */
enum { REMOTE_NOBODY = 1, REMOTE_AGAIN = 2 };
int remote_start_dial(const char *path, int *ret_fd, struct error *err);
