/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Errors: one type, on the caller's stack, no allocation.
 *
 * Every fallible function returns int and takes a trailing `struct error *err`:
 *   0    success; *err untouched.
 *   > 0  an outcome documented by that one function; *err untouched.
 *   < 0  failure, always -(enum error_code); *err filled in.
 * `err` may be NULL when the caller only needs the code.
 *
 * A code is a policy, not a place: retry or not, which exit status, which HTTP
 * status. A new code needs a new policy; otherwise it is only a new message.
 */
#include <stdbool.h>

/*      id            name            worth trying again without a change from outside? */
#define ERROR_CODES(X)                                                                             \
	X(INVALID, "invalid", false)           /* the input is wrong */                            \
	X(NOT_FOUND, "not-found", false)       /* what was named does not exist */                 \
	X(EXISTS, "exists", false)             /* what was to be made is there already */          \
	X(CONFLICT, "conflict", true)          /* the world moved; look again */                   \
	X(LOCKED, "locked", true)              /* another process or store owns it */              \
	X(UNAUTHORIZED, "unauthorized", false) /* credentials or rights are missing */             \
	X(LIMIT, "limit", false)               /* a documented limit was exceeded */               \
	X(UNAVAILABLE, "unavailable", true)    /* cannot answer now */                             \
	X(TIMEOUT, "timeout", true)            /* no answer in time: the effect is unknown */      \
	X(CANCELED, "canceled", false)         /* somebody asked to stop */                        \
	X(IO, "io", true)                      /* the system refused: disk, file, socket */        \
	X(CORRUPT, "corrupt", false)           /* stored data is damaged */                        \
	X(UNSUPPORTED, "unsupported", false)   /* understood, and not possible here */

enum error_code {
	ERR_OK,
#define X(id, name, transient) ERR_##id,
	ERROR_CODES(X)
#undef X
		ERR_N,
};

struct error {
	enum error_code code;
	int sys;           /* errno, HRESULT, HTTP status or SQLite rc; 0 if none */
	char msg[256];     /* context, outermost first, one line */
	char cause[192];   /* what failed first; never overwritten */
	char hint[160];    /* what the operator can do; may be empty */
	const char *where; /* "file:line" of the origin; static */
};

#define ERROR_INIT    ((struct error){ .code = ERR_OK })
#define ERROR_STR_(x) #x
#define ERROR_STR(x)  ERROR_STR_(x)
#define ERROR_HERE    __FILE__ ":" ERROR_STR(__LINE__)

/**
 * error_set() - start an error; no capital, no full stop, names the object
 * @sys: errno or the like; 0 if none. An errno is not spelled out: use error_sys()
 *
 * Return: -code, to be returned as it is.
 */
#define error_set(err, code, sys, ...) error_set_((err), (code), (sys), ERROR_HERE, __VA_ARGS__)

/** error_sys() - start an error from an errno: chooses the code, adds ": strerror" */
#define error_sys(err, errnum, ...) error_sys_((err), (errnum), ERROR_HERE, __VA_ARGS__)

/* What the two macros above call. */
int error_set_(struct error *err, enum error_code code, int sys, const char *where, const char *fmt,
	       ...) __attribute__((format(printf, 5, 6), cold));
int error_sys_(struct error *err, int errnum, const char *where, const char *fmt, ...)
	__attribute__((format(printf, 4, 5), cold));

/**
 * error_wrap() - put context in front of the message while returning
 * @r: the negative result of the call that failed
 *
 * When it does not fit, the outermost context wins: the cause is kept apart.
 * Return: @r.
 */
int error_wrap(struct error *err, int r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/** error_hint() - say what the operator can do; the first hint stays */
void error_hint(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));

/** error_name() - "not-found" and so on; "ok" for ERR_OK */
const char *error_name(enum error_code code);

/** error_from_name() - the code with that name, ERR_IO for a name nobody knows */
enum error_code error_from_name(const char *name);

/** error_transient() - may the same call succeed later without a change from outside? */
bool error_transient(enum error_code code);

/** error_code_of_errno() - the policy an errno stands for */
enum error_code error_code_of_errno(int errnum);
