/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exit statuses of the program. A code of an error is a policy, and the exit
 * status is one face of it; nothing here prints or ends the process.
 */
#include "controller/cli/exit.h"

static const enum exit_status of_error[ERR_N] = {
	[ERR_OK] = EXIT_DONE,
	[ERR_INVALID] = EXIT_FAILED,
	[ERR_NOT_FOUND] = EXIT_FAILED,
	[ERR_EXISTS] = EXIT_FAILED,
	[ERR_CONFLICT] = EXIT_MOVED,
	[ERR_LOCKED] = EXIT_LOCKED,
	[ERR_UNAUTHORIZED] = EXIT_FAILED,
	[ERR_LIMIT] = EXIT_FAILED,
	[ERR_UNAVAILABLE] = EXIT_FAILED,
	[ERR_TIMEOUT] = EXIT_TIMEOUT,
	[ERR_CANCELED] = EXIT_INTERRUPTED,
	[ERR_IO] = EXIT_FAILED,
	[ERR_CORRUPT] = EXIT_FAILED,
	[ERR_UNSUPPORTED] = EXIT_FAILED,
};

enum exit_status exit_of_error(enum error_code code)
{
	return (unsigned)code < ERR_N ? of_error[code] : EXIT_FAILED;
}

const char *exit_meaning(int status)
{
	switch (status) {
#define X(id, number, meaning)                                                                     \
	case number:                                                                               \
		return meaning;
		EXIT_STATUSES(X)
#undef X
	}
	return NULL;
}
