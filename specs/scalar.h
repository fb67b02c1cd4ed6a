/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the text of a scalar means, by the rules of upstream's YAML reader
 * (YAML 1.2's core schema with its own edges). Quotes and tags count only where
 * a function says so.
 */
#include <stdbool.h>
#include <stdint.h>

struct node;

enum scalar_type { SCALAR_NULL, SCALAR_BOOL, SCALAR_INT, SCALAR_FLOAT, SCALAR_TEXT, SCALAR_BAD };

/**
 * scalar_type_of() - what a scalar is where no type is asked for
 *
 * Looks at quotes and tags. SCALAR_BAD: the tag is one of our own making (`!x`)
 * or its text does not fit it (`!!int x`).
 */
enum scalar_type scalar_type_of(const struct node *n);

/** scalar_is_null() - does this node leave an optional value out? (plain ~ null Null NULL or empty)
 */
bool scalar_is_null(const struct node *n);

/** scalar_is_literal() - may a number or bool stand here: plain, or a `|` block tagged @tag */
bool scalar_is_literal(const struct node *n, const char *tag);

/** scalar_local_tag() - the name of a tag like `!pin`, or NULL */
const char *scalar_local_tag(const struct node *n);

#define SCALAR_TAG_BOOL  "tag:yaml.org,2002:bool"
#define SCALAR_TAG_INT   "tag:yaml.org,2002:int"
#define SCALAR_TAG_FLOAT "tag:yaml.org,2002:float"
#define SCALAR_TAG_NULL  "tag:yaml.org,2002:null"

/* The whole text, or false. Integers: decimal, 0x, 0o, 0b; a leading zero makes it a text. */
bool scalar_null(const char *text);
bool scalar_bool(const char *text, bool *ret);
bool scalar_i64(const char *text, int64_t *ret);
bool scalar_u64(const char *text, uint64_t *ret);
bool scalar_float(const char *text, double *ret);

#define SCALAR_FLOAT_SIZE 40
/** scalar_format_float() - the shortest text that reads back as @value; ".nan", "-.inf" */
const char *scalar_format_float(double value, char buf[SCALAR_FLOAT_SIZE]);
