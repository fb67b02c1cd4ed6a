/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over tree and schema: structs, lists and maps. What one value may
 * look like is in reader_scalar.c.
 *
 * Maps with a tag word (`type: bind`) are read as upstream reads them: it types
 * all scalars below first (`is_buffered`), so that a number there is never a
 * text, and no YAML tag can stand below.
 */
#include "specs/reader.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "specs/reader_scalar.h"
#include "specs/scalar.h"
#include "specs/spec_parts.h"

static void read_part(const struct reader_at *at, const struct schema_type *t, void *to);

static bool is_nothing(const struct node *n)
{
	return n->kind == NODE_SCALAR && n->is_plain && !*n->text;
}

/* Words other tools use, and mistakes that are made often. */
static const struct {
	const char *name;
	const char *hint;
} known_words[] = {
	{ "volumes", "the field is called 'storage'" },
	{ "environment", "the field is called 'env'" },
	{ "depends_on", "the field is called 'depends'" },
	{ "ports", "the field is called 'port_mappings'; or 'endpoints'" },
	{ "restart", "the field is called 'restart_policy', with kind: inside" },
	{ "replicas", "write scale: {mode: fixed, replicas: N}" },
	{ "healthcheck", "the field is called 'health'" },
	{ "entrypoint", "write command: {entrypoint: [...]}" },
	{ "working_dir", "write command: {workdir: ...}" },
	{ "<<", "merge keys are not applied; use anchors for whole values" },
};

/* What to write when a map stands where another form is expected. */
static const struct {
	const char *field;
	const char *hint;
} form_hints[] = {
	{ "image", "write image: {name: REFERENCE}" },
	{ "command", "write command: {entrypoint: [...], args: [...]}" },
	{ "env", "write NAME: value lines, not a list" },
	{ "labels", "write NAME: value lines, not a list" },
	{ "scale", "write scale: {mode: fixed, replicas: N}" },
	{ "depends", "write a list of {service: NAME}" },
};

static const char *form_hint(const struct reader_at *at)
{
	const char *key = at->path ? at->path->key : NULL;
	for (size_t i = 0; key && i < sizeof(form_hints) / sizeof(form_hints[0]); i++)
		if (strcmp(key, form_hints[i].field) == 0)
			return form_hints[i].hint;
	return NULL;
}

static bool has_name(const struct schema_field *f, const char *name)
{
	return strcmp(f->name, name) == 0 || (f->alias && strcmp(f->alias, name) == 0);
}

static size_t find_field(const struct schema_fields *fields, const char *name)
{
	size_t i = 0;
	while (i < fields->n && !has_name(&fields->items[i], name))
		i++;
	return i;
}

static const char *unknown_hint(const struct reader_at *at, const struct schema_fields *fields,
				const char *key)
{
	const char *names[SCHEMA_FIELDS_MAX];
	for (size_t i = 0; i < sizeof(known_words) / sizeof(known_words[0]); i++)
		if (strcmp(known_words[i].name, key) == 0)
			return known_words[i].hint;
	for (size_t i = 0; i < fields->n; i++)
		names[i] = fields->items[i].name;
	const char *near = findings_nearest(key, names, fields->n);
	return near ? arena_printf(at->arena, "did you mean '%s'?", near) : NULL;
}

static void handle_unknown(const struct reader_at *at, const struct schema_type *t,
			   const struct schema_fields *fields, const char *key)
{
	const char *hint = unknown_hint(at, fields, key);
	if (t->has_extensions && strncmp(key, "x-", 2) == 0)
		reader_complain(at, FINDING_EXTENSION, NULL, "'%s' is ignored", key);
	else if (t->is_lax || fields->n == 0)
		reader_complain(at, FINDING_IGNORED_FIELD, hint, "unknown field '%s' is ignored",
				key);
	else
		reader_complain(at, FINDING_UNKNOWN_FIELD, hint, "unknown field '%s'", key);
}

/* ---- lists and maps ---- */

struct slice {
	char *items;
	size_t n;
};

struct keyed {
	const char *key;
	const struct node *node; /* of the key */
	size_t index;
};

static int compare_keyed(const void *a, const void *b)
{
	const struct keyed *x = a;
	const struct keyed *y = b;
	int order = strcmp(x->key, y->key);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void read_element(const struct reader_at *at, const struct schema_field *f, void *to)
{
	if (f->kind == FIELD_PART)
		read_part(at, f->type, to);
	else
		reader_scalar_read(at, f, to);
}

static void read_list(const struct reader_at *at, const struct schema_field *f, void *to)
{
	const struct node *n = at->node;
	size_t size = schema_element_size(f);
	if (n->kind != NODE_LIST && (at->is_buffered || !is_nothing(n))) {
		reader_complain_type(at, form_hint(at), "a list");
		return;
	}
	size_t n_items = n->kind == NODE_LIST ? n->n : 0;
	struct slice s = { arena_array(at->arena, n_items + 1, size), n_items };
	for (size_t i = 0; i < n_items; i++) {
		struct reader_path path = { at->path, NULL, i };
		struct reader_at inner = *at;
		inner.node = n->items[i];
		inner.path = &path;
		read_element(&inner, f, s.items + i * size);
	}
	memcpy(to, &s, sizeof(s));
}

/* The value of an entry, behind the key every element of a map begins with. */
static void read_map_value(const struct reader_at *at, const struct schema_field *f, char *to)
{
	const char *key = at->path->key;
	if (f->kind == FIELD_ANY)
		((struct with_item *)(void *)to)->value = reader_scalar_any(at);
	else if (f->kind == FIELD_PART)
		read_part(at, f->type, to);
	else
		reader_scalar_read(at, f, &((struct pair *)(void *)to)->value);
	memcpy(to, &key, sizeof(key));
}

/* Elements sorted by key; of equal keys the last in the file. */
static void sort_map(const struct reader_at *at, struct keyed *keys, size_t n_keys, size_t size,
		     struct slice *s)
{
	char *unsorted = s->items;
	s->items = arena_array(at->arena, n_keys + 1, size);
	s->n = 0;
	qsort(keys, n_keys, sizeof(*keys), compare_keyed);
	for (size_t i = 0; i < n_keys; i++) {
		if (i + 1 < n_keys && strcmp(keys[i].key, keys[i + 1].key) == 0) {
			struct reader_at twice = *at;
			twice.node = keys[i + 1].node;
			reader_complain(&twice, FINDING_KEY_TWICE, NULL,
					"'%s' is written again; this one counts, not line %u",
					keys[i].key, keys[i].node->mark.line);
			continue;
		}
		memcpy(s->items + s->n++ * size, unsorted + keys[i].index * size, size);
	}
}

static void read_map(const struct reader_at *at, const struct schema_field *f, void *to)
{
	const struct node *n = at->node;
	size_t size = schema_element_size(f);
	if (n->kind != NODE_MAP && !is_nothing(n)) {
		reader_complain_type(at, form_hint(at), "a map");
		return;
	}
	size_t n_entries = n->kind == NODE_MAP ? n->n : 0;
	struct keyed *keys = arena_array(at->arena, n_entries + 1, sizeof(*keys));
	struct slice s = { arena_array(at->arena, n_entries + 1, size), 0 };
	for (size_t i = 0; i < n_entries; i++) {
		const struct node *key = n->entries[i].key;
		struct reader_at inner = *at;
		inner.node = key;
		if (key->kind != NODE_SCALAR) {
			reader_complain(&inner, FINDING_KEY, NULL, "a key is a list or a map");
			continue;
		}
		struct reader_path path = { at->path, key->text, 0 };
		inner.path = &path;
		inner.node = n->entries[i].value;
		read_map_value(&inner, f, s.items + s.n * size);
		keys[s.n] = (struct keyed){ key->text, key, s.n };
		s.n++;
	}
	sort_map(at, keys, s.n, size, &s);
	memcpy(to, &s, sizeof(s));
}

/* ---- structs ---- */

static void read_opt_part(const struct reader_at *at, const struct schema_field *f, void *to)
{
	void *part = arena_alloc(at->arena, f->type->size);
	read_part(at, f->type, part);
	memcpy(to, &part, sizeof(part));
}

static void read_field(const struct reader_at *at, const struct schema_field *f, void *to)
{
	bool can_be_null = f->shape == SHAPE_OPT || f->shape == SHAPE_OPT_LIST;
	if (can_be_null && scalar_is_null(at->node)) {
		if (f->shape == SHAPE_OPT)
			reader_scalar_clear(f, to);
		return;
	}
	switch (f->shape) {
	case SHAPE_ONE:
		read_element(at, f, to);
		return;
	case SHAPE_OPT:
		if (f->kind == FIELD_PART)
			read_opt_part(at, f, to);
		else
			reader_scalar_read(at, f, to);
		return;
	case SHAPE_LIST:
	case SHAPE_OPT_LIST:
		read_list(at, f, to);
		return;
	case SHAPE_MAP:
		read_map(at, f, to);
		return;
	}
}

static bool has_local_tag(const struct node *n)
{
	if (scalar_local_tag(n))
		return true;
	for (size_t i = 0; i < n->n; i++) {
		if (n->kind == NODE_LIST && has_local_tag(n->items[i]))
			return true;
		if (n->kind == NODE_MAP && has_local_tag(n->entries[i].value))
			return true;
	}
	return false;
}

/* Reads the tag word into @to; NULL after a complaint. */
static const struct schema_fields *choose_variant(const struct reader_at *at,
						  const struct schema_type *t, void *to)
{
	const struct node *word = NULL;
	for (size_t i = 0; i < at->node->n; i++) {
		const struct node_entry *e = &at->node->entries[i];
		if (e->key->kind != NODE_SCALAR || strcmp(e->key->text, t->tag->name) != 0)
			continue;
		if (word) {
			struct reader_at twice = *at;
			twice.node = e->key;
			reader_complain(&twice, FINDING_FIELD_TWICE, NULL,
					"field '%s' is written twice", t->tag->name);
		}
		word = e->value;
	}
	if (!word) {
		reader_complain(at, FINDING_MISSING_FIELD, NULL, "missing field '%s'",
				t->tag->name);
		return NULL;
	}
	struct reader_path path = { at->path, t->tag->name, 0 };
	struct reader_at inner = *at;
	inner.node = word;
	inner.path = &path;
	int value = -1;
	reader_scalar_read(&inner, t->tag, &value);
	if (value < 0)
		return NULL;
	memcpy((char *)to + t->tag->offset, &value, sizeof(value));
	return &t->variants[value];
}

static void read_entry(const struct reader_at *at, const struct schema_type *t,
		       const struct schema_fields *fields, bool *seen, void *to)
{
	const char *key = at->path->key;
	size_t i = find_field(fields, key);
	if (i == fields->n) {
		struct reader_at outer = *at;
		outer.path = at->path->up;
		handle_unknown(&outer, t, fields, key);
		return;
	}
	if (seen[i]) {
		reader_complain(at, FINDING_FIELD_TWICE, NULL, "field '%s' is written twice",
				fields->items[i].name);
		return;
	}
	seen[i] = true;
	read_field(at, &fields->items[i], (char *)to + fields->items[i].offset);
}

static void read_entries(const struct reader_at *at, const struct schema_type *t,
			 const struct schema_fields *fields, void *to)
{
	bool seen[SCHEMA_FIELDS_MAX] = { false };
	const struct node *n = at->node;
	assert(fields->n <= SCHEMA_FIELDS_MAX);
	for (size_t i = 0; n->kind == NODE_MAP && i < n->n; i++) {
		const struct node_entry *e = &n->entries[i];
		struct reader_at inner = *at;
		inner.node = e->key;
		if (e->key->kind != NODE_SCALAR) {
			reader_complain(&inner, FINDING_KEY, NULL, "a key is a list or a map");
			continue;
		}
		if (t->tag && strcmp(e->key->text, t->tag->name) == 0)
			continue;
		struct reader_path path = { at->path, e->key->text, 0 };
		bool is_known = find_field(fields, e->key->text) < fields->n;
		inner.node = is_known ? e->value : e->key;
		inner.path = &path;
		read_entry(&inner, t, fields, seen, to);
	}
	for (size_t i = 0; i < fields->n; i++)
		if (fields->items[i].is_required && !seen[i])
			reader_complain(at, FINDING_MISSING_FIELD, NULL, "missing field '%s' of %s",
					fields->items[i].name, t->name);
}

static void read_tagged(const struct reader_at *at, const struct schema_type *t, void *to)
{
	struct reader_at inner = *at;
	inner.is_buffered = true;
	if (at->node->kind != NODE_MAP) {
		reader_complain_type(at, form_hint(at), "a map");
		return;
	}
	if (has_local_tag(at->node))
		reader_complain(at, FINDING_TAG, NULL, "no YAML tag can stand in %s", t->name);
	const struct schema_fields *fields = choose_variant(at, t, to);
	if (fields)
		read_entries(&inner, t, fields, to);
}

static void read_part(const struct reader_at *at, const struct schema_type *t, void *to)
{
	if (t->init)
		memcpy(to, t->init, t->size);
	else
		memset(to, 0, t->size);
	if (t->tag)
		read_tagged(at, t, to);
	else if (at->node->kind == NODE_MAP || (is_nothing(at->node) && !at->is_buffered))
		read_entries(at, t, &t->fields, to);
	else
		reader_complain_type(at, form_hint(at), "a map");
}

void reader_read(const struct schema_type *t, const struct node *n, struct arena *arena,
		 struct findings *findings, void *ret)
{
	struct reader_at at = { .arena = arena, .findings = findings, .node = n };
	read_part(&at, t, ret);
}
