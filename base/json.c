/* SPDX-License-Identifier: Apache-2.0 */
/* Type checks around json-c, and a canonical writer that it has not. */
#include "base/json.h"

#include <string.h>

#include "base/arena.h"

int json_parse(const char *text, size_t n, struct json_object **ret, struct error *err)
{
	struct json_tokener *tok = json_tokener_new_ex(64);
	struct json_object *o;
	enum json_tokener_error e;
	size_t end;

	if (!tok)
		abort();
	if (n > INT32_MAX) {
		json_tokener_free(tok);
		return error_set(err, ERR_LIMIT, 0, "JSON text of %zu bytes", n);
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, (int)n);
	e = json_tokener_get_error(tok);
	/* A bare number at the very end is only complete when nothing follows. */
	if (e == json_tokener_continue) {
		o = json_tokener_parse_ex(tok, "\n", 1);
		e = json_tokener_get_error(tok);
		end = n;
	} else {
		end = json_tokener_get_parse_end(tok);
	}
	json_tokener_free(tok);
	while (e == json_tokener_success && end < n && strchr(" \t\r\n", text[end]) && text[end])
		end++;
	if (e != json_tokener_success || end < n) {
		json_object_put(o);
		return error_set(err, ERR_INVALID, 0, "not valid JSON at byte %zu: %s", end,
				 e == json_tokener_success ? "text after the value"
							   : json_tokener_error_desc(e));
	}
	*ret = o;
	return 0;
}

static int get(struct json_object *o, const char *key, enum json_type want,
	       struct json_object **ret, struct error *err)
{
	struct json_object *v;

	if (!json_object_is_type(o, json_type_object))
		return error_set(err, ERR_INVALID, 0, "expected a JSON object with \"%s\"", key);
	if (!json_object_object_get_ex(o, key, &v) || !v)
		return JSON_ABSENT;
	if (!json_object_is_type(v, want))
		return error_set(err, ERR_INVALID, 0, "\"%s\" is not of type %s", key,
				 json_type_to_name(want));
	*ret = v;
	return 0;
}

int json_get_str(struct json_object *o, const char *key, const char **ret, struct error *err)
{
	struct json_object *v = NULL;
	int r = get(o, key, json_type_string, &v, err);

	if (r)
		return r;
	if (strlen(json_object_get_string(v)) != (size_t)json_object_get_string_len(v))
		return error_set(err, ERR_INVALID, 0, "\"%s\" holds a NUL byte", key);
	*ret = json_object_get_string(v);
	return 0;
}

int json_str_at(struct json_object *list, size_t i, const char **ret, struct error *err)
{
	struct json_object *v = json_object_array_get_idx(list, i);

	if (!json_object_is_type(v, json_type_string) ||
	    strlen(json_object_get_string(v)) != (size_t)json_object_get_string_len(v))
		return error_set(err, ERR_INVALID, 0, "element %zu is no string without NUL bytes",
				 i);
	*ret = json_object_get_string(v);
	return 0;
}

int json_get_i64(struct json_object *o, const char *key, int64_t *ret, struct error *err)
{
	struct json_object *v = NULL;
	int r = get(o, key, json_type_int, &v, err);

	if (r == 0)
		*ret = json_object_get_int64(v);
	return r;
}

int json_get_bool(struct json_object *o, const char *key, bool *ret, struct error *err)
{
	struct json_object *v = NULL;
	int r = get(o, key, json_type_boolean, &v, err);

	if (r == 0)
		*ret = json_object_get_boolean(v);
	return r;
}

int json_get_obj(struct json_object *o, const char *key, struct json_object **ret,
		 struct error *err)
{
	return get(o, key, json_type_object, ret, err);
}

int json_get_array(struct json_object *o, const char *key, struct json_object **ret,
		   struct error *err)
{
	return get(o, key, json_type_array, ret, err);
}

static int need(int r, const char *key, struct error *err)
{
	return r == JSON_ABSENT ? error_set(err, ERR_INVALID, 0, "\"%s\" is missing", key) : r;
}

int json_need_str(struct json_object *o, const char *key, const char **ret, struct error *err)
{
	return need(json_get_str(o, key, ret, err), key, err);
}

int json_need_i64(struct json_object *o, const char *key, int64_t *ret, struct error *err)
{
	return need(json_get_i64(o, key, ret, err), key, err);
}

void json_put_time(struct json_object *o, const char *key, struct wall t)
{
	char text[CLOCK_RFC3339_SIZE];

	json_put_str(o, key, t.us ? clock_rfc3339(t, text) : NULL);
}

void json_put_obj(struct json_object *o, const char *key, struct json_object *take)
{
	if (json_object_object_add(o, key, take) < 0)
		abort();
}

void json_put_str(struct json_object *o, const char *key, const char *value)
{
	json_put_obj(o, key, value ? json_object_new_string(value) : NULL);
}

void json_put_i64(struct json_object *o, const char *key, int64_t value)
{
	json_put_obj(o, key, json_object_new_int64(value));
}

void json_put_bool(struct json_object *o, const char *key, bool value)
{
	json_put_obj(o, key, json_object_new_boolean(value));
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_plain(struct json_object *o, struct buf *ret)
{
	const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;

	buf_puts(ret, json_object_to_json_string_ext(o, flags));
}

static void write_key(const char *key, struct buf *ret)
{
	struct json_object *k CLEAN(json) = json_object_new_string(key);

	write_plain(k, ret);
	buf_putc(ret, ':');
}

static void write_object(struct json_object *o, struct buf *ret)
{
	size_t n = (size_t)json_object_object_length(o), i = 0;
	const char **keys CLEAN(free) = xcalloc(n, sizeof(*keys));

	json_object_object_foreach (o, key, unused) {
		(void)unused;
		keys[i++] = key;
	}
	qsort(keys, n, sizeof(*keys), compare_keys);
	buf_putc(ret, '{');
	for (i = 0; i < n; i++) {
		if (i)
			buf_putc(ret, ',');
		write_key(keys[i], ret);
		json_canonical(json_object_object_get(o, keys[i]), ret);
	}
	buf_putc(ret, '}');
}

static void write_array(struct json_object *o, struct buf *ret)
{
	size_t n = json_object_array_length(o);

	buf_putc(ret, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(ret, ',');
		json_canonical(json_object_array_get_idx(o, i), ret);
	}
	buf_putc(ret, ']');
}

void json_canonical(struct json_object *o, struct buf *ret)
{
	if (json_object_is_type(o, json_type_object))
		write_object(o, ret);
	else if (json_object_is_type(o, json_type_array))
		write_array(o, ret);
	else
		write_plain(o, ret);
}

void json_pretty(struct json_object *o, struct buf *ret)
{
	const int flags =
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;

	buf_puts(ret, json_object_to_json_string_ext(o, flags));
	buf_putc(ret, '\n');
}
