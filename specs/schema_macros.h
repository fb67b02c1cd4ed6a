/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Short forms for the rows of the schema's tables: (struct, field, ..., doc,
 * further members). R_ in front: must be written; O_: may be absent.
 */
#include <stddef.h>

#include "specs/schema.h"

#define FIELD(s, m, d, ...)                                                                        \
	{                                                                                          \
		.name = #m, .offset = offsetof(struct s, m), .doc = (d), __VA_ARGS__               \
	}
#define OPT .shape = SHAPE_OPT
#define REQ .is_required = true

#define TEXT(s, m, d, ...)     FIELD(s, m, d, .kind = FIELD_TEXT, __VA_ARGS__)
#define O_TEXT(s, m, d, ...)   FIELD(s, m, d, .kind = FIELD_TEXT, OPT, __VA_ARGS__)
#define R_TEXT(s, m, d, ...)   FIELD(s, m, d, .kind = FIELD_TEXT, REQ, __VA_ARGS__)
#define TEXTS(s, m, d, ...)    FIELD(s, m, d, .kind = FIELD_TEXT, .shape = SHAPE_LIST, __VA_ARGS__)
#define O_TEXTS(s, m, d)       FIELD(s, m, d, .kind = FIELD_TEXT, .shape = SHAPE_OPT_LIST)
#define TEXT_MAP(s, m, d, ...) FIELD(s, m, d, .kind = FIELD_TEXT, .shape = SHAPE_MAP, __VA_ARGS__)
#define FLAG(s, m, d, ...)     FIELD(s, m, d, .kind = FIELD_BOOL, __VA_ARGS__)
#define O_FLAG(s, m, d, ...)   FIELD(s, m, d, .kind = FIELD_BOOL, OPT, __VA_ARGS__)
#define INT(s, m, lo, hi, d, ...)                                                                  \
	FIELD(s, m, d, .kind = FIELD_INT, .min = (lo), .max = (hi), __VA_ARGS__)
#define R_INT(s, m, lo, hi, d)      INT(s, m, lo, hi, d, REQ)
#define O_INT(s, m, lo, hi, d, ...) INT(s, m, lo, hi, d, OPT, __VA_ARGS__)
#define BIG(s, m, d)                FIELD(s, m, d, .kind = FIELD_U64)
#define O_FLOAT(s, m, d)            FIELD(s, m, d, .kind = FIELD_FLOAT, OPT)
#define SPAN(s, m, d)               FIELD(s, m, d, .kind = FIELD_DURATION)
#define O_SPAN(s, m, d, ...)        FIELD(s, m, d, .kind = FIELD_DURATION, OPT, __VA_ARGS__)
#define WORD(s, m, list, d, ...)                                                                   \
	FIELD(s, m, d, .kind = FIELD_WORD, .words = &spec_enum_##list, __VA_ARGS__)
#define R_WORD(s, m, list, d)      WORD(s, m, list, d, REQ)
#define O_WORD(s, m, list, d, ...) WORD(s, m, list, d, OPT, __VA_ARGS__)
#define PART(s, m, t, d, ...)      FIELD(s, m, d, .kind = FIELD_PART, .type = &(t), __VA_ARGS__)
#define O_PART(s, m, t, d, ...)    PART(s, m, t, d, OPT, __VA_ARGS__)
#define PARTS(s, m, t, d, ...)     PART(s, m, t, d, .shape = SHAPE_LIST, __VA_ARGS__)
#define PART_MAP(s, m, t, d, ...)  PART(s, m, t, d, .shape = SHAPE_MAP, __VA_ARGS__)

#define FIELDS(table)                                                                              \
	{                                                                                          \
		.items = (table), .n = sizeof(table) / sizeof((table)[0])                          \
	}

/* One type: its C struct, the table of its fields, and further members (init, is_lax …). */
#define TYPE(s, text, table, ...)                                                                  \
	{                                                                                          \
		.name = (text), .size = sizeof(struct s), .fields = FIELDS(table), __VA_ARGS__     \
	}

#define U8_MAX  255
#define U16_MAX 65535
#define U32_MAX INT64_C(4294967295)
