/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What each runtime does with each field of the deployment format. One table;
 * `tallyman explain` prints from it and every warning comes from it, so that
 * nothing is ignored silently. Beyond a runtime's table stands what concerns
 * tallyman as a whole (scale, depends, externals …).
 */
#include <stddef.h>

#include "specs/findings.h"
#include "specs/spec.h"

struct arena;

/*      id              name       */
#define FIELDS_RUNTIMES(X)                                                                         \
	X(FIELDS_YOUKI, "youki")                                                                   \
	X(FIELDS_HCS, "hcs")                                                                       \
	X(FIELDS_WSL2, "wsl2")                                                                     \
	X(FIELDS_MEMORY, "memory")
#define FIELDS_RUNTIME_VALUE(id, name) id,
enum fields_runtime { FIELDS_RUNTIMES(FIELDS_RUNTIME_VALUE) FIELDS_N_RUNTIMES };

enum fields_support {
	FIELDS_HONOURED,
	FIELDS_EMULATED,   /* something close, told by explain only */
	FIELDS_IGNORED,    /* no effect: a warning when it is set */
	FIELDS_IMPOSSIBLE, /* cannot be had: a warning when it is set */
};

struct fields_answer {
	enum fields_support support;
	const char *why; /* NULL where there is nothing to say */
};

/** fields_runtime_name() - "youki" */
const char *fields_runtime_name(enum fields_runtime runtime);

/** fields_runtime_find() - the runtime with that name, FIELDS_N_RUNTIMES for another */
enum fields_runtime fields_runtime_find(const char *name);

/** fields_support_name() - "honoured" */
const char *fields_support_name(enum fields_support support);

enum { FIELDS_UNKNOWN = 1 };

/**
 * fields_lookup() - what a runtime does with a field, whatever its value
 * @path: as in `services.*.endpoints[].port`, keys and numbers as they like
 *
 * Return: 0; FIELDS_UNKNOWN when the format has no such field.
 */
int fields_lookup(const char *path, enum fields_runtime runtime, struct fields_answer *ret);

/** fields_notes() - what depends on a field's value: call with i = 0, 1 … until NULL.
 *  "bridge:*: impossible, there are no named networks" */
const char *fields_notes(const char *path, enum fields_runtime runtime, size_t i,
			 struct arena *arena);

struct fields_warnings {
	const char **items; /* "services.web.endpoints: ignored on youki: … [E0507]" */
	size_t n;
};

/**
 * fields_warn() - what of @s a runtime will not do; one text for each row of the table
 * @runtime: its name; no texts for a name that is not in the table
 */
void fields_warn(const struct service *s, const char *runtime, struct arena *arena,
		 struct fields_warnings *ret);

/** fields_warn_deployment() - what of the file's top nobody does yet */
void fields_warn_deployment(const struct deployment *d, struct arena *arena,
			    struct fields_warnings *ret);
