/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a document along its schema; as deep as the schema, which is finite. */
#include "backends/hcs_sim/host/schema.h"

#include <inttypes.h>
#include <string.h>

#include "backends/hcs_guid.h"

struct walk {
	const char *path[16]; /* names from the top */
	size_t n;
	struct buf *why;
};

static bool refuse(struct walk *w, const char *text)
{
	for (size_t i = 0; i < w->n; i++)
		buf_printf(w->why, "%s%s", i ? "." : "", w->path[i]);
	buf_printf(w->why, "%s%s", w->n ? ": " : "", text);
	return false;
}

static bool is_word(const char *words, const char *text)
{
	size_t n = strlen(text);

	for (; *words; words += strcspn(words, " "), words += *words == ' ')
		if (strcspn(words, " ") == n && memcmp(words, text, n) == 0)
			return true;
	return false;
}

static bool check_text(struct walk *w, const struct schema_field *f, struct json_object *v)
{
	GUID id;

	if (!json_object_is_type(v, json_type_string))
		return refuse(w, "expected a string");
	if (f->words && !is_word(f->words, json_object_get_string(v)))
		return refuse(w, "not one of the values it can have");
	if (f->type == SCHEMA_GUID && !hcs_guid_parse(json_object_get_string(v), &id))
		return refuse(w, "expected a GUID");
	return true;
}

static bool check_number(struct walk *w, const struct schema_field *f, struct json_object *v)
{
	int64_t n = json_object_get_int64(v);

	if (!json_object_is_type(v, json_type_int))
		return refuse(w, "expected an integer");
	if (n < f->least || n > f->most)
		return refuse(w, "the number is out of range");
	return true;
}

static bool check_object(struct walk *w, const struct schema *s, struct json_object *o);

static bool check_map(struct walk *w, const struct schema_field *f, struct json_object *v)
{
	if (!json_object_is_type(v, json_type_object))
		return refuse(w, "expected an object");
	json_object_object_foreach (v, name, value) {
		(void)name;
		if (f->type == SCHEMA_NAMED && !check_object(w, f->of, value))
			return false;
		if (f->type == SCHEMA_MAP && !json_object_is_type(value, json_type_string))
			return refuse(w, "expected strings as values");
	}
	return true;
}

static bool check_list(struct walk *w, const struct schema_field *f, struct json_object *v)
{
	if (!json_object_is_type(v, json_type_array))
		return refuse(w, "expected a list");
	for (size_t i = 0; i < json_object_array_length(v); i++) {
		struct json_object *o = json_object_array_get_idx(v, i);
		bool fits = f->type == SCHEMA_OBJECTS ? check_object(w, f->of, o)
			    : f->type == SCHEMA_TEXTS ? check_text(w, f, o)
						      : check_number(w, f, o);

		if (!fits)
			return false;
	}
	return true;
}

static bool check_value(struct walk *w, const struct schema_field *f, struct json_object *v)
{
	switch (f->type) {
	case SCHEMA_TEXT:
	case SCHEMA_GUID:
		return check_text(w, f, v);
	case SCHEMA_BOOL:
		return json_object_is_type(v, json_type_boolean) || refuse(w, "expected a bool");
	case SCHEMA_NUMBER:
		return check_number(w, f, v);
	case SCHEMA_OBJECT:
		return check_object(w, f->of, v);
	case SCHEMA_OBJECTS:
	case SCHEMA_TEXTS:
	case SCHEMA_NUMBERS:
		return check_list(w, f, v);
	case SCHEMA_MAP:
	case SCHEMA_NAMED:
		return check_map(w, f, v);
	case SCHEMA_ANY:
		return json_object_is_type(v, json_type_object) || refuse(w, "expected an object");
	case SCHEMA_VALUE:
		return true;
	}
	return false;
}

static const struct schema_field *find(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->fields[i].name, name) == 0)
			return &s->fields[i];
	return NULL;
}

static bool check_object(struct walk *w, const struct schema *s, struct json_object *o)
{
	if (!json_object_is_type(o, json_type_object))
		return refuse(w, "expected an object");
	if (w->n == sizeof(w->path) / sizeof(w->path[0]))
		return refuse(w, "too deep");
	json_object_object_foreach (o, name, value) {
		const struct schema_field *f = find(s, name);

		w->path[w->n++] = name;
		if (!f)
			return refuse(w, "unknown member");
		/* null is the same as not there: the service's own documents have it. */
		if (value && !check_value(w, f, value))
			return false;
		w->n--;
	}
	for (size_t i = 0; i < s->n; i++) {
		if (!s->fields[i].must || json_object_object_get(o, s->fields[i].name))
			continue;
		w->path[w->n++] = s->fields[i].name;
		return refuse(w, "missing");
	}
	return true;
}

bool schema_check(const struct schema *s, struct json_object *o, struct buf *why)
{
	struct walk w = { .why = why };

	return check_object(&w, s, o);
}
