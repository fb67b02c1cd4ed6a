/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What an OCI program said when it refused, in one line, and what that means: the three word the
 * same trouble in three ways. Pure.
 */
#include "base/arena.h"
#include "base/error.h"

struct oci_message {
	const char *text; /* one line; NULL: it said nothing that can be read */
	enum error_code code;
	const char *hint; /* what the operator can do; NULL: nothing that is known */
};

/** oci_message_line() - the first line of @text, printable, without prefixes that say nothing */
const char *oci_message_line(const char *text, struct arena *a);

/**
 * oci_message_read() - from the program's log and its standard error
 * @log:  JSON lines of `--log-format json`; NULL or "" when there is none
 * @text: what it printed; counts only when the log has nothing; NULL likewise
 *
 * The result lives in @a and in static memory.
 */
struct oci_message oci_message_read(const char *log, const char *text, struct arena *a);
