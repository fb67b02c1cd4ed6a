/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Report: what was found about this machine, check by check; as text and as JSON. */
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"

/*      id       name        what it means for an apply */
#define REPORT_LEVELS(X)                                                                           \
	X(OK, "ok")           /* as it should be */                                                \
	X(NOTE, "note")       /* good to know */                                                   \
	X(WARNING, "warning") /* it works, and something is missing */                             \
	X(ERROR, "error")     /* it cannot work */

enum report_level {
#define X(id, name) REPORT_##id,
	REPORT_LEVELS(X)
#undef X
		REPORT_N_LEVELS,
};

struct report;

/** report_new() - empty; all memory in @arena */
struct report *report_new(struct arena *arena);

/** report_section() - what is added from now on is about this: "host" */
void report_section(struct report *r, const char *name);

/**
 * report_add() - one check
 * @name:   a word, "state_dir"; stays what it is called in JSON
 * @remedy: what the operator can type or change; copied; NULL: nothing is to be done
 */
void report_add(struct report *r, const char *name, enum report_level level, const char *remedy,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/** report_count() - checks of that level */
size_t report_count(const struct report *r, enum report_level level);

/** report_print() - append the text: sections, a check a line, its remedy below it */
void report_print(const struct report *r, struct buf *ret);

/** report_json() - array of {section, check, level, message, remedy}; the caller's */
struct json_object *report_json(const struct report *r);
