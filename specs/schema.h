/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The schema: every map of the deployment format as a table of its fields. All
 * that must know the format walks these tables: reader, writer, hash, explain
 * and the reference in FORMAT.md. A field is added here, in its struct and in
 * specs/fields.c; nothing else has to know it to read, print and compare it.
 *
 * Defaults are an instance: a value starts as a copy of its type's `init`, and
 * a field is at its default when it equals the one in `init`.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/spec_enum.h"

/* What one value is, and the C type that holds it (SHAPE_ONE / SHAPE_OPT). */
enum field_kind {
	FIELD_TEXT,         /* const char *                / NULL when absent */
	FIELD_BOOL,         /* bool                        / struct opt_bool */
	FIELD_INT,          /* int64_t in min..max         / struct opt_int */
	FIELD_U64,          /* uint64_t                    / - */
	FIELD_FLOAT,        /* -                           / struct opt_float */
	FIELD_DURATION,     /* struct duration             / struct opt_duration */
	FIELD_WORD,         /* an enum                     / 0 is *_UNSET */
	FIELD_IMAGE,        /* const char *, an image reference / - */
	FIELD_NETWORK_MODE, /* struct network_mode         / - */
	FIELD_AFFINITY,     /* struct affinity             / AFFINITY_UNSET */
	FIELD_ANY,          /* const struct node *: any JSON value (in maps only) */
	FIELD_PART,         /* the struct itself           / pointer, NULL when absent */
};

enum field_shape {
	SHAPE_ONE,
	SHAPE_OPT,      /* may be left out or null */
	SHAPE_LIST,     /* struct { T *items; size_t n; } */
	SHAPE_OPT_LIST, /* the same; items NULL: not written */
	SHAPE_MAP,      /* the same; each element begins with `const char *key`; sorted */
};

/* The part of the config hash a field counts in; its order is the hash's. */
#define SCHEMA_GROUPS(X)                                                                           \
	X(GROUP_IMAGE, "image")                                                                    \
	X(GROUP_PROCESS, "process")                                                                \
	X(GROUP_ENV, "env")                                                                        \
	X(GROUP_MOUNTS, "mounts")                                                                  \
	X(GROUP_NETWORK, "network")                                                                \
	X(GROUP_RESOURCES, "resources")                                                            \
	X(GROUP_PROBES, "probes")                                                                  \
	X(GROUP_POLICY, "policy")
#define SCHEMA_GROUP_VALUE(id, name) id,
enum field_group {
	GROUP_INHERIT,                                /* the group of the field around it */
	SCHEMA_GROUPS(SCHEMA_GROUP_VALUE) GROUP_NONE, /* none: scale, depends, pull, update … */
	GROUP_FIRST = GROUP_IMAGE,
	GROUP_N = GROUP_NONE - GROUP_FIRST,
};

struct schema_type;

struct schema_field {
	const char *name;
	const char *alias; /* a second spelling, or NULL */
	enum field_kind kind;
	enum field_shape shape;
	bool is_required;
	bool prints_null; /* absent differs from the default, so it is printed as null */
	bool is_quiet;    /* not printed while nothing in it is set */
	enum field_group group;
	size_t offset;                  /* in the struct of its type */
	int64_t min, max;               /* FIELD_INT */
	const struct spec_enum *words;  /* FIELD_WORD */
	const struct schema_type *type; /* FIELD_PART */
	const char *doc;                /* one line for explain and FORMAT.md */
};

struct schema_fields {
	const struct schema_field *items;
	size_t n;
};

struct schema_type {
	const char *name; /* "an endpoint", for messages */
	size_t size;
	const void *init;            /* its defaults; NULL: all zero */
	struct schema_fields fields; /* without the tag's, where there is one */
	bool is_lax;                 /* unknown keys are ignored, not refused */
	bool has_extensions;         /* x- keys are ignored */
	/* Only for maps whose fields depend on a word in them (`type: bind`): */
	const struct schema_field *tag;
	const struct schema_fields *variants; /* by value of the tag */
};

extern const struct schema_type schema_deployment;

enum {
	SCHEMA_FIELDS_MAX = 80, /* fields of one type, for arrays on the stack; checked by a test */
	SCHEMA_PATH_MAX = 128,  /* of a path like services.*.endpoints[].port; checked by a test */
};

/** schema_group_name() - "image", "env" … */
const char *schema_group_name(enum field_group group);

/** schema_element_size() - size of what a field holds: an element of a list or map, else itself */
size_t schema_element_size(const struct schema_field *f);

/**
 * schema_find() - the field a path names
 * @path: `services.web.endpoints[0].port`; keys and numbers may be `*`, `[*]` or `[]`
 *
 * Return: the field; NULL when there is none. *ret_type (may be NULL) is the type it is in.
 */
const struct schema_field *schema_find(const char *path, const struct schema_type **ret_type);

/**
 * schema_walk() - call @each for every field, with its path (`services.*.endpoints[].port`)
 *
 * Fields of several variants with one name come once for each.
 */
typedef void schema_each(void *ctx, const char *path, const struct schema_field *f,
			 const struct schema_type *in);
void schema_walk(schema_each *each, void *ctx);
