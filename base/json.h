/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * JSON over json-c: strict reads (a member of another type is ERR_INVALID, one
 * that is absent or null is an outcome) and canonical text (members sorted, no
 * spaces, no escaped slashes). Strings returned are borrowed from the object.
 */
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"

static inline void json_free(struct json_object *o)
{
	json_object_put(o);
}
CLEAN_DEFINE(json, struct json_object *, json_free)

enum { JSON_ABSENT = 1 };

/** json_parse() - exactly one value, nothing after it, at most 64 levels deep */
int json_parse(const char *text, size_t n, struct json_object **ret, struct error *err);

/* Each: 0 and *ret set; JSON_ABSENT (member missing or null, *ret untouched); -ERR_INVALID
 * when the member has another type, or @o is no object. */
int json_get_str(struct json_object *o, const char *key, const char **ret, struct error *err);
int json_get_i64(struct json_object *o, const char *key, int64_t *ret, struct error *err);
int json_get_bool(struct json_object *o, const char *key, bool *ret, struct error *err);
int json_get_obj(struct json_object *o, const char *key, struct json_object **ret,
		 struct error *err);
int json_get_array(struct json_object *o, const char *key, struct json_object **ret,
		   struct error *err);

/** json_str_at() - element @i of an array; -ERR_INVALID when it is no string, or has a NUL in it */
int json_str_at(struct json_object *list, size_t i, const char **ret, struct error *err);

/** json_need_str() - as json_get_str, but absence is -ERR_INVALID naming the key */
int json_need_str(struct json_object *o, const char *key, const char **ret, struct error *err);
int json_need_i64(struct json_object *o, const char *key, int64_t *ret, struct error *err);

/* Members of an object under construction; NULL strings are written as null. */
void json_put_str(struct json_object *o, const char *key, const char *value);
void json_put_i64(struct json_object *o, const char *key, int64_t value);
void json_put_bool(struct json_object *o, const char *key, bool value);
void json_put_time(struct json_object *o, const char *key, struct wall t); /* RFC 3339; 0: null */
void json_put_obj(struct json_object *o, const char *key, struct json_object *take);

/** json_canonical() - append the canonical text of @o to @ret */
void json_canonical(struct json_object *o, struct buf *ret);

/** json_pretty() - append indented text with members in the order they were put */
void json_pretty(struct json_object *o, struct buf *ret);
