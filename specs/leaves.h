/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A service as a flat list of path and value: what the hash is made of and what
 * changes are found in. Sorted by path, so neither depends on the order of the
 * schema's tables.
 */
#include <stdbool.h>
#include <stddef.h>

#include "specs/schema.h"
#include "specs/spec_service.h"

struct arena;
struct deployment;

struct leaf {
	const char *path;  /* in the service: "env.VERSION", "command.args[0]" */
	const char *value; /* "" for a part or list that is there, whatever is in it: is_part */
	bool is_part;
	enum field_group group;
	const struct schema_field *field;
};

struct leaves {
	struct leaf *items; /* sorted by path */
	size_t n;
};

enum leaves_what {
	LEAVES_HASHED,        /* in a group, and not at the default: what the hash is made of */
	LEAVES_WITH_DEFAULTS, /* in a group */
	LEAVES_SET,           /* not at the default, in a group or not */
};

/**
 * leaves_collect() - all leaves of @s of that kind
 *
 * Images are in canonical spelling. Labels dev.tallyman.* are left out: they are
 * settings, not labels of the container.
 */
struct leaves leaves_collect(const struct service *s, enum leaves_what what, struct arena *arena);

/** leaves_collect_top() - LEAVES_SET of the file's top, without its services */
struct leaves leaves_collect_top(const struct deployment *d, struct arena *arena);

/** leaves_find() - the leaf with that path, or NULL */
const struct leaf *leaves_find(const struct leaves *l, const char *path);
