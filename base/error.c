/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error value: built from inside out, printed by whoever is at the top.
 * Knows errno, since every layer meets it; other libraries' codes are
 * translated where they are called.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	bool transient;
} codes[ERR_N] = { [ERR_OK] = { "ok", false },
#define X(id, name, transient) [ERR_##id] = { name, transient },
		   ERROR_CODES(X)
#undef X
};

/* One line, whatever a child process or a document put into the text. */
static void flatten(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ')
			*s = ' ';
}

static void append(char *to, size_t size, const char *text)
{
	size_t n = strlen(to);

	snprintf(to + n, size - n, "%s", text);
}

static void begin(struct error *err, enum error_code code, int sys, const char *where)
{
	*err = (struct error){ .code = code, .sys = sys, .where = where };
}

static void finish(struct error *err)
{
	flatten(err->msg);
	/* A cut cause is still the cause. */
	snprintf(err->cause, sizeof(err->cause), "%.*s", (int)sizeof(err->cause) - 1, err->msg);
}

int error_set_(struct error *err, enum error_code code, int sys, const char *where, const char *fmt,
	       ...)
{
	va_list ap;

	if (!err)
		return -(int)code;
	begin(err, code, sys, where);
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	finish(err);
	return -(int)code;
}

int error_sys_(struct error *err, int errnum, const char *where, const char *fmt, ...)
{
	enum error_code code = error_code_of_errno(errnum);
	const char *text = strerrordesc_np(errnum);
	va_list ap;

	if (!err)
		return -(int)code;
	begin(err, code, errnum, where);
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	append(err->msg, sizeof(err->msg), ": ");
	append(err->msg, sizeof(err->msg), text ? text : "unknown error");
	finish(err);
	if (errnum == ENOSPC || errnum == EDQUOT)
		error_hint(err, "free space on that file system, then run the command again");
	else if (errnum == EROFS)
		error_hint(err, "choose a writable directory with --state-dir and --run-dir");
	return -(int)code;
}

int error_wrap(struct error *err, int r, const char *fmt, ...)
{
	char context[sizeof(err->msg)];
	char inner[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return r;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	flatten(context);
	if (snprintf(err->msg, sizeof(err->msg), "%s: ", context) < (int)sizeof(err->msg))
		append(err->msg, sizeof(err->msg), inner);
	return r;
}

void error_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->hint[0])
		return;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	flatten(err->hint);
}

const char *error_name(enum error_code code)
{
	return (unsigned)code < ERR_N ? codes[code].name : "?";
}

enum error_code error_from_name(const char *name)
{
	for (int i = 0; i < ERR_N; i++)
		if (strcmp(codes[i].name, name) == 0)
			return (enum error_code)i;
	return ERR_IO;
}

bool error_transient(enum error_code code)
{
	return (unsigned)code < ERR_N && codes[code].transient;
}

enum error_code error_code_of_errno(int errnum)
{
	static const struct {
		int errnum;
		enum error_code code;
	} map[] = {
		{ ENOENT, ERR_NOT_FOUND },
		{ ENOTDIR, ERR_NOT_FOUND },
		{ EEXIST, ERR_EXISTS },
		{ EACCES, ERR_UNAUTHORIZED },
		{ EPERM, ERR_UNAUTHORIZED },
		{ EINVAL, ERR_INVALID },
		{ ENAMETOOLONG, ERR_LIMIT },
		{ E2BIG, ERR_LIMIT },
		{ EFBIG, ERR_LIMIT },
		{ ETIMEDOUT, ERR_TIMEOUT },
		{ ECANCELED, ERR_CANCELED },
		{ ECONNREFUSED, ERR_UNAVAILABLE },
		{ ECONNRESET, ERR_UNAVAILABLE },
		{ EPIPE, ERR_UNAVAILABLE },
		{ EAGAIN, ERR_UNAVAILABLE },
		{ EBUSY, ERR_UNAVAILABLE },
		{ EMFILE, ERR_UNAVAILABLE },
		{ ENFILE, ERR_UNAVAILABLE },
		{ ENOMEM, ERR_UNAVAILABLE },
		{ ENOSYS, ERR_UNSUPPORTED },
		{ EOPNOTSUPP, ERR_UNSUPPORTED },
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].errnum == errnum)
			return map[i].code;
	return ERR_IO;
}
