/* SPDX-License-Identifier: Apache-2.0 */
/* Formats one line and writes it at once, so that lines of two processes do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum log_level threshold = LOG_WARN;
static const char *const names[] = { "error", "warn", "info", "debug" };

enum { LINE_MAX_BYTES = 2048 };

void log_set_level(enum log_level level)
{
	threshold = level;
}

bool log_level_from_string(const char *s, enum log_level *ret)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], s) == 0) {
			*ret = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void add(char *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void vadd(char *line, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

static void vadd(char *line, const char *fmt, va_list ap)
{
	size_t n = strlen(line);

	vsnprintf(line + n, LINE_MAX_BYTES - 1 - n, fmt, ap);
}

static void add(char *line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vadd(line, fmt, ap);
	va_end(ap);
}

static void emit(char *line)
{
	size_t n = strlen(line);

	/* What others said stands in it: it stays one line, and no terminal obeys it. */
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	line[n++] = '\n';
	/* Nobody to tell when stderr is gone. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES] = "";
	va_list ap;

	if (level > threshold)
		return;
	add(line, "level=%s ", names[level]);
	va_start(ap, fmt);
	vadd(line, fmt, ap);
	va_end(ap);
	emit(line);
}

void log_error(enum log_level level, const struct error *err, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES] = "";
	va_list ap;

	if (level > threshold)
		return;
	add(line, "level=%s ", names[level]);
	va_start(ap, fmt);
	vadd(line, fmt, ap);
	va_end(ap);
	add(line, " code=%s msg=\"%s\"", error_name(err->code), err->msg);
	if (err->hint[0])
		add(line, " hint=\"%s\"", err->hint);
	emit(line);
}
