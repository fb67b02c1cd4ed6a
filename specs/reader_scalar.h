/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Reads of single values for specs/reader.c: one for each kind of field. */
#include "specs/findings.h"
#include "specs/schema.h"

struct arena;

/* The way to a node, innermost step first. */
struct reader_path {
	const struct reader_path *up; /* NULL at the root */
	const char *key;              /* NULL: a list's item */
	size_t index;
};

/* A node, and where it stands. */
struct reader_at {
	struct arena *arena;
	struct findings *findings;
	const struct node *node;
	const struct reader_path *path;
	bool is_buffered; /* inside a map with a tag word: upstream types scalars before it looks */
};

/** reader_complain() - a finding at @at; @hint may be NULL */
void reader_complain(const struct reader_at *at, enum finding_code code, const char *hint,
		     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** reader_complain_type() - "expected X, found Y" */
void reader_complain_type(const struct reader_at *at, const char *hint, const char *expected);

/**
 * reader_scalar_read() - one value of any kind but FIELD_PART and FIELD_ANY
 * @to: where the C value is, as FIELD_* and SHAPE_* say; untouched after a complaint
 */
void reader_scalar_read(const struct reader_at *at, const struct schema_field *f, void *to);

/** reader_scalar_clear() - make an optional value absent */
void reader_scalar_clear(const struct schema_field *f, void *to);

/** reader_scalar_text() - a text; NULL after a complaint */
const char *reader_scalar_text(const struct reader_at *at);

/** reader_scalar_any() - a JSON value with its scalars typed; NULL after a complaint */
const struct node *reader_scalar_any(const struct reader_at *at);
