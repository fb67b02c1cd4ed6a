/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over a service beside its type's defaults. A field equal to its
 * default makes no leaf, so a field added to the schema changes no old hash.
 */
#include "specs/leaves.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "specs/image_ref.h"
#include "specs/node_json.h"
#include "specs/schema_service.h"
#include "specs/spec.h"
#include "specs/writer.h"

#define SETTING_LABELS "labels.dev.tallyman."

/* Defaults of types that have none written down: all zero. */
static const max_align_t zeros[1024 / sizeof(max_align_t)];

struct leaf_walk {
	struct arena *arena;
	struct leaves all;
	enum leaves_what what;
};

struct slice {
	const char *items;
	size_t n;
};

static void walk_part(struct leaf_walk *w, const struct schema_type *t, const void *from,
		      const void *init, const struct leaf *at);

static const void *defaults_of(const struct schema_type *t)
{
	assert(t->init || t->size <= sizeof(zeros));
	return t->init ? t->init : zeros;
}

static void add(struct leaf_walk *w, const struct leaf *at, const char *value)
{
	if (strncmp(at->path, SETTING_LABELS, strlen(SETTING_LABELS)) == 0)
		return;
	w->all.items = arena_grow(w->arena, w->all.items, w->all.n, sizeof(*w->all.items));
	w->all.items[w->all.n] = *at;
	w->all.items[w->all.n++].value = value;
}

/* Something is there: a part that might be absent, an element, a list that is not the default. */
static void add_part(struct leaf_walk *w, const struct leaf *at)
{
	struct leaf part = *at;
	part.is_part = true;
	add(w, &part, "");
}

static const char *canonical_image(const char *name, struct arena *arena)
{
	struct image_ref ref;
	if (image_ref_parse(name, arena, &ref, NULL) < 0)
		return name; /* was refused when it was read */
	return image_ref_canonical(&ref, arena);
}

/* The text of one value, or NULL when it is absent. */
static const char *scalar_text(struct leaf_walk *w, const struct schema_field *f, const void *from)
{
	const struct node *n = writer_scalar(f, from, w->arena);
	if (!n)
		return NULL;
	if (f->kind == FIELD_IMAGE)
		return canonical_image(n->text, w->arena);
	return n->tag ? arena_printf(w->arena, "%s %s", n->tag, n->text) : n->text;
}

static void walk_scalar(struct leaf_walk *w, const struct schema_field *f, const void *from,
			const void *init, const struct leaf *at)
{
	const char *value = scalar_text(w, f, from);
	const char *by_default = w->what == LEAVES_WITH_DEFAULTS ? NULL : scalar_text(w, f, init);
	bool is_default = value && by_default && strcmp(value, by_default) == 0;
	if (value && !is_default)
		add(w, at, value);
	else if (!value && by_default)
		add(w, at, "null");
}

static void walk_list(struct leaf_walk *w, const struct schema_field *f, const void *from,
		      const struct leaf *at)
{
	struct slice s;
	struct leaf item = *at;
	memcpy(&s, from, sizeof(s));
	if (f->shape == SHAPE_OPT_LIST && s.items)
		add_part(w, at);
	for (size_t i = 0; i < s.n; i++) {
		const char *element = s.items + i * schema_element_size(f);
		item.path = arena_printf(w->arena, "%s[%zu]", at->path, i);
		if (f->kind == FIELD_PART) {
			add_part(w, &item);
			walk_part(w, f->type, element, defaults_of(f->type), &item);
		} else {
			add(w, &item, scalar_text(w, f, element));
		}
	}
}

static void walk_map(struct leaf_walk *w, const struct schema_field *f, const void *from,
		     const struct leaf *at)
{
	struct slice s;
	struct leaf item = *at;
	memcpy(&s, from, sizeof(s));
	for (size_t i = 0; i < s.n; i++) {
		const char *element = s.items + i * schema_element_size(f);
		const char *key;
		memcpy(&key, element, sizeof(key));
		item.path = arena_printf(w->arena, "%s.%s", at->path, key);
		if (f->kind == FIELD_PART) {
			add_part(w, &item);
			walk_part(w, f->type, element, defaults_of(f->type), &item);
		} else if (f->kind == FIELD_ANY) {
			const struct with_item *it = (const void *)element;
			struct json_object *json CLEAN(json) = node_json_write(it->value);
			struct buf text CLEAN(buf) = BUF_INIT(1 << 20);
			json_canonical(json, &text);
			add(w, &item, arena_strdup(w->arena, text.data));
		} else {
			add(w, &item, ((const struct pair *)(const void *)element)->value);
		}
	}
}

static void walk_field(struct leaf_walk *w, const struct schema_field *f, const void *from,
		       const void *init, const struct leaf *at)
{
	const void *part = NULL;
	switch (f->shape) {
	case SHAPE_ONE:
		if (f->kind == FIELD_PART)
			walk_part(w, f->type, from, init, at);
		else
			walk_scalar(w, f, from, init, at);
		return;
	case SHAPE_OPT:
		if (f->kind != FIELD_PART) {
			walk_scalar(w, f, from, init, at);
			return;
		}
		memcpy(&part, from, sizeof(part));
		if (part) {
			add_part(w, at);
			walk_part(w, f->type, part, defaults_of(f->type), at);
		}
		return;
	case SHAPE_LIST:
	case SHAPE_OPT_LIST:
		walk_list(w, f, from, at);
		return;
	case SHAPE_MAP:
		walk_map(w, f, from, at);
		return;
	}
}

static void walk_fields(struct leaf_walk *w, const struct schema_fields *fields, const void *from,
			const void *init, const struct leaf *at)
{
	for (size_t i = 0; i < fields->n; i++) {
		const struct schema_field *f = &fields->items[i];
		struct leaf inner = { .group = f->group ? f->group : at->group, .field = f };
		if (inner.group == GROUP_NONE && w->what != LEAVES_SET)
			continue;
		inner.path =
			*at->path ? arena_printf(w->arena, "%s.%s", at->path, f->name) : f->name;
		walk_field(w, f, (const char *)from + f->offset, (const char *)init + f->offset,
			   &inner);
	}
}

static void walk_part(struct leaf_walk *w, const struct schema_type *t, const void *from,
		      const void *init, const struct leaf *at)
{
	int variant;
	if (!t->tag) {
		walk_fields(w, &t->fields, from, init, at);
		return;
	}
	memcpy(&variant, (const char *)from + t->tag->offset, sizeof(variant));
	walk_fields(w, &(struct schema_fields){ t->tag, 1 }, from, init, at);
	walk_fields(w, &t->variants[variant], from, init, at);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct leaf *)a)->path, ((const struct leaf *)b)->path);
}

static struct leaves collect(const struct schema_fields *fields, const void *from, const void *init,
			     enum leaves_what what, struct arena *arena)
{
	struct leaf_walk w = { .arena = arena, .what = what };
	struct leaf root = { .path = "", .group = GROUP_INHERIT };
	walk_fields(&w, fields, from, init, &root);
	if (w.all.n > 0)
		qsort(w.all.items, w.all.n, sizeof(*w.all.items), compare);
	return w.all;
}

struct leaves leaves_collect(const struct service *s, enum leaves_what what, struct arena *arena)
{
	return collect(&schema_service.fields, s, schema_service.init, what, arena);
}

struct leaves leaves_collect_top(const struct deployment *d, struct arena *arena)
{
	struct deployment top = *d;
	top.services = (struct services){ NULL, 0 };
	return collect(&schema_deployment.fields, &top, schema_deployment.init, LEAVES_SET, arena);
}

const struct leaf *leaves_find(const struct leaves *l, const char *path)
{
	const struct leaf key = { .path = path };
	if (l->n == 0)
		return NULL;
	return bsearch(&key, l->items, l->n, sizeof(key), compare);
}
