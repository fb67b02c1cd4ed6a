/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over structs and schema that makes a tree. How a tree is spelled is render.c's. */
#include "specs/writer.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "specs/duration.h"
#include "specs/scalar.h"
#include "specs/spec_service.h"

struct slice {
	const char *items;
	size_t n;
};

static struct node *write_bool(const struct schema_field *f, const void *from, struct arena *arena)
{
	const struct opt_bool *opt = from;
	if (f->shape == SHAPE_OPT && !opt->has)
		return NULL;
	bool value = f->shape == SHAPE_OPT ? opt->value : *(const bool *)from;
	return node_plain(arena, value ? "true" : "false");
}

static struct node *write_int(const struct schema_field *f, const void *from, struct arena *arena)
{
	const struct opt_int *opt = from;
	if (f->shape == SHAPE_OPT && !opt->has)
		return NULL;
	int64_t value = f->shape == SHAPE_OPT ? opt->value : *(const int64_t *)from;
	return node_plain(arena, arena_printf(arena, "%" PRId64, value));
}

static struct node *write_float(const void *from, struct arena *arena)
{
	const struct opt_float *opt = from;
	char text[SCALAR_FLOAT_SIZE];
	if (!opt->has)
		return NULL;
	return node_plain(arena, arena_strdup(arena, scalar_format_float(opt->value, text)));
}

static struct node *write_duration(const struct schema_field *f, const void *from,
				   struct arena *arena)
{
	const struct opt_duration *opt = from;
	char text[DURATION_TEXT_SIZE];
	if (f->shape == SHAPE_OPT && !opt->has)
		return NULL;
	struct duration value = f->shape == SHAPE_OPT ? opt->value : *(const struct duration *)from;
	return node_text(arena, arena_strdup(arena, duration_format(value, text)));
}

static struct node *write_word(const struct schema_field *f, const void *from, struct arena *arena)
{
	int value;
	memcpy(&value, from, sizeof(value));
	const char *word = spec_enum_name(f->words, value);
	return word ? node_text(arena, word) : NULL;
}

static struct node *write_network_mode(const struct network_mode *mode, struct arena *arena)
{
	const char *word = spec_enum_name(&spec_enum_network_mode, (int)mode->kind);
	return node_text(arena, mode->name ? arena_printf(arena, "%s:%s", word, mode->name) : word);
}

static struct node *write_affinity(const struct affinity *affinity, struct arena *arena)
{
	const char *word = spec_enum_name(&spec_enum_affinity, (int)affinity->kind);
	if (affinity->kind != AFFINITY_PIN)
		return word ? node_text(arena, word) : NULL;
	struct node *n = node_text(arena, affinity->pin);
	n->tag = "!pin";
	return n;
}

struct node *writer_scalar(const struct schema_field *f, const void *from, struct arena *arena)
{
	const char *text;
	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_IMAGE:
		text = *(const char *const *)from;
		return text ? node_text(arena, text) : NULL;
	case FIELD_BOOL:
		return write_bool(f, from, arena);
	case FIELD_INT:
		return write_int(f, from, arena);
	case FIELD_U64:
		return node_plain(arena, arena_printf(arena, "%" PRIu64, *(const uint64_t *)from));
	case FIELD_FLOAT:
		return write_float(from, arena);
	case FIELD_DURATION:
		return write_duration(f, from, arena);
	case FIELD_WORD:
		return write_word(f, from, arena);
	case FIELD_NETWORK_MODE:
		return write_network_mode(from, arena);
	case FIELD_AFFINITY:
		return write_affinity(from, arena);
	case FIELD_ANY:
	case FIELD_PART:
		break;
	}
	return NULL;
}

static const struct node *write_element(const struct schema_field *f, const void *from,
					struct arena *arena)
{
	if (f->kind == FIELD_PART)
		return writer_write(f->type, from, arena);
	return writer_scalar(f, from, arena);
}

static struct node *write_list(const struct schema_field *f, const void *from, struct arena *arena)
{
	struct slice s;
	struct node *list = node_list(arena);
	memcpy(&s, from, sizeof(s));
	if (f->shape == SHAPE_OPT_LIST && !s.items)
		return NULL;
	for (size_t i = 0; i < s.n; i++)
		node_push(arena, list,
			  write_element(f, s.items + i * schema_element_size(f), arena));
	return list;
}

static const struct node *write_map_value(const struct schema_field *f, const char *element,
					  struct arena *arena)
{
	if (f->kind == FIELD_ANY)
		return ((const struct with_item *)(const void *)element)->value;
	if (f->kind == FIELD_PART)
		return writer_write(f->type, element, arena);
	return node_text(arena, ((const struct pair *)(const void *)element)->value);
}

static struct node *write_map(const struct schema_field *f, const void *from, struct arena *arena)
{
	struct slice s;
	struct node *map = node_map(arena);
	memcpy(&s, from, sizeof(s));
	for (size_t i = 0; i < s.n; i++) {
		const char *element = s.items + i * schema_element_size(f);
		const char *key;
		memcpy(&key, element, sizeof(key));
		node_put(arena, map, key, write_map_value(f, element, arena));
	}
	return map;
}

static const struct node *write_field(const struct schema_field *f, const void *from,
				      struct arena *arena)
{
	const void *part;
	switch (f->shape) {
	case SHAPE_ONE:
		return write_element(f, from, arena);
	case SHAPE_OPT:
		if (f->kind != FIELD_PART)
			return writer_scalar(f, from, arena);
		memcpy(&part, from, sizeof(part));
		return part ? writer_write(f->type, part, arena) : NULL;
	case SHAPE_LIST:
	case SHAPE_OPT_LIST:
		return write_list(f, from, arena);
	case SHAPE_MAP:
		return write_map(f, from, arena);
	}
	return NULL;
}

static void write_fields(struct node *map, const struct schema_fields *fields, const void *from,
			 struct arena *arena)
{
	for (size_t i = 0; i < fields->n; i++) {
		const struct schema_field *f = &fields->items[i];
		const struct node *value = write_field(f, (const char *)from + f->offset, arena);
		if (!value && f->prints_null)
			value = node_plain(arena, "null");
		if (value && !(f->is_quiet && value->n == 0))
			node_put(arena, map, f->name, value);
	}
}

struct node *writer_write(const struct schema_type *t, const void *from, struct arena *arena)
{
	struct node *map = node_map(arena);
	if (t->tag) {
		int variant;
		memcpy(&variant, (const char *)from + t->tag->offset, sizeof(variant));
		write_fields(map, &(struct schema_fields){ t->tag, 1 }, from, arena);
		write_fields(map, &t->variants[variant], from, arena);
	} else {
		write_fields(map, &t->fields, from, arena);
	}
	return map;
}
