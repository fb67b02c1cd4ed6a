/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Log lines `level=… key=value …` on stderr, one write each. Library code never
 * logs: only the driver, the API, the shim's top and main do, and a failure is logged once.
 */
#include "base/error.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/** log_set_level() - the only global of the program; set once in main */
void log_set_level(enum log_level level);
/** log_level_from_string() - false for a word that is no level */
bool log_level_from_string(const char *s, enum log_level *ret);

/** log_line() - @fmt gives the fields: "slot=%s step=%s" */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** log_error() - the same, followed by code=, msg= and hint= of @err */
void log_error(enum log_level level, const struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
