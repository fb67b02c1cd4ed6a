/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Short ways to write the rows of schema_hcs.c and schema_hcn.c; for those two files only. */
#include "backends/hcs_sim/host/schema.h"

/* clang-format off */
#define TEXT(m)           { .name = #m, .type = SCHEMA_TEXT }
#define WORD(m, list)     { .name = #m, .type = SCHEMA_TEXT, .words = (list) }
#define GUID_(m)          { .name = #m, .type = SCHEMA_GUID }
#define BOOL_(m)          { .name = #m, .type = SCHEMA_BOOL }
#define NUMBER(m, hi)     { .name = #m, .type = SCHEMA_NUMBER, .most = (hi) }
#define OBJECT(m, schema) { .name = #m, .type = SCHEMA_OBJECT, .of = &(schema) }
#define LIST(m, schema)   { .name = #m, .type = SCHEMA_OBJECTS, .of = &(schema) }
#define TEXTS(m)          { .name = #m, .type = SCHEMA_TEXTS }
#define WORDS(m, list)    { .name = #m, .type = SCHEMA_TEXTS, .words = (list) }
#define NUMBERS(m, hi)    { .name = #m, .type = SCHEMA_NUMBERS, .most = (hi) }
#define NAMED(m, schema)  { .name = #m, .type = SCHEMA_NAMED, .of = &(schema) }
#define MAP(m)            { .name = #m, .type = SCHEMA_MAP }
#define ANY(m)            { .name = #m, .type = SCHEMA_ANY }
#define MUST(m, kind)     { .name = #m, .type = (kind), .must = true }
/* clang-format on */

/* A schema of these fields. */
#define SCHEMA(id, ...)                                                                            \
	static const struct schema_field id##_fields[] = { __VA_ARGS__ };                          \
	const struct schema schema_##id = { id##_fields,                                           \
					    sizeof(id##_fields) / sizeof(id##_fields[0]) };

/* The same for parts of one file. */
#define PART(id, ...)                                                                              \
	static const struct schema_field id##_fields[] = { __VA_ARGS__ };                          \
	static const struct schema id = { id##_fields,                                             \
					  sizeof(id##_fields) / sizeof(id##_fields[0]) };
