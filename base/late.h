/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Libraries that come into the process with their first use. The program is a command, a daemon
 * and a shim in one, each start pays for every library it is linked with (libcurl alone brings
 * forty others), and a shim that lives for years would keep them all.
 *
 *	#define CURL_CALLS(X) X(curl_, easy_init) X(curl_, easy_perform)
 *	static struct { CURL_CALLS(LATE_CALL) } libcurl;
 *	static const char *const names[] = { CURL_CALLS(LATE_NAME) };
 *	static struct late late = LATE_INIT("libcurl.so.4", "libcurl4", names, &libcurl);
 *	...
 *	r = late_load(&late, err);       then   libcurl.easy_init()
 *
 * What is loaded stays: threads may be inside of it.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct late {
	const char *file;         /* the library's soname */
	const char *package;      /* Debian's, for the hint */
	const char *const *names; /* its functions, in the order of @calls */
	size_t n;
	void *calls; /* a struct of function pointers and nothing else */
	bool is_loaded;
};

/* A field, and a name, for each function; the type is the header's own. */
#define LATE_CALL(prefix, name) __typeof__(prefix##name) *name;
#define LATE_NAME(prefix, name) #prefix #name,

#define LATE_INIT(file_, package_, names_, calls_)                                                 \
	{                                                                                          \
		.file = (file_), .package = (package_), .names = (names_),                         \
		.n = sizeof(names_) / sizeof((names_)[0]), .calls = (calls_),                      \
	}

/**
 * late_load() - have @late's functions in its calls; any thread, as often as you like
 *
 * Return: 0; -ERR_UNAVAILABLE when the library is missing or lacks a function; the calls are
 *         untouched then.
 */
int late_load(struct late *late, struct error *err) __attribute__((warn_unused_result));
