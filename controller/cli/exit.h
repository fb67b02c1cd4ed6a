/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Exit statuses: one table for all commands, and what an error becomes. */
#include <stddef.h>

#include "base/error.h"

/*      id           number  meaning */
#define EXIT_STATUSES(X)                                                                           \
	X(DONE, 0, "done, or nothing to do")                                                       \
	X(FAILED, 1, "failed, or the input is invalid")                                            \
	X(PENDING, 2, "changes are pending")                                                       \
	X(APPROVAL, 3, "needs approval")                                                           \
	X(PARTLY, 4, "done in part: a slot needs a peer, is stuck, failed or cannot be seen")      \
	X(TIMEOUT, 5, "the time to wait ran out")                                                  \
	X(LOCKED, 6, "another process or another store owns the node")                             \
	X(MOVED, 7, "the world moved meanwhile; look again")                                       \
	X(USAGE, 64, "the command line is wrong")                                                  \
	X(NOT_STARTED, 125, "the command inside the container could not be started")               \
	X(INTERRUPTED, 130, "interrupted")

enum exit_status {
#define X(id, number, meaning) EXIT_##id = (number),
	EXIT_STATUSES(X)
#undef X
};

/** exit_of_error() - the status a command ends with after that error */
enum exit_status exit_of_error(enum error_code code);

/** exit_meaning() - what that number says; NULL for a number that is not in the table */
const char *exit_meaning(int status);
