/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single values. A text field takes any scalar as it is written (8080, true,
 * ~), except inside maps with a tag word, where upstream has typed the scalar
 * already; numbers and bools are plain only; words are exact.
 */
#include "specs/reader_scalar.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "specs/duration.h"
#include "specs/image_ref.h"
#include "specs/scalar.h"
#include "specs/spec_service.h"

#define SHOWN 60 /* characters of a value in a message */

static void write_path(const struct reader_path *p, struct buf *ret)
{
	if (!p)
		return;
	write_path(p->up, ret);
	if (p->key)
		buf_printf(ret, "%s%s", p->up ? "." : "", p->key);
	else
		buf_printf(ret, "[%zu]", p->index);
}

void reader_complain(const struct reader_at *at, enum finding_code code, const char *hint,
		     const char *fmt, ...)
{
	struct buf path CLEAN(buf) = BUF_INIT(4096);
	write_path(at->path, &path);
	va_list ap;
	va_start(ap, fmt);
	const char *message = arena_vprintf(at->arena, fmt, ap);
	va_end(ap);
	findings_add(at->findings, code, at->node->mark,
		     findings_message(at->findings, "%s", path.data), hint,
		     findings_message(at->findings, "%s", message));
}

static const char *describe(const struct reader_at *at)
{
	const struct node *n = at->node;
	if (n->kind == NODE_LIST)
		return "a list";
	if (n->kind == NODE_MAP)
		return "a map";
	if (n->is_plain && !*n->text)
		return "nothing";
	const char *end = strlen(n->text) > SHOWN ? " ..." : "";
	const char *quote = n->is_plain ? "" : "\"";
	return arena_printf(at->arena, "%s%.*s%s%s", quote, SHOWN, n->text, end, quote);
}

void reader_complain_type(const struct reader_at *at, const char *hint, const char *expected)
{
	reader_complain(at, FINDING_TYPE, hint, "expected %s, found %s", expected, describe(at));
}

const char *reader_scalar_text(const struct reader_at *at)
{
	const struct node *n = at->node;
	if (n->kind != NODE_SCALAR) {
		reader_complain_type(at, NULL, "a text");
		return NULL;
	}
	if (at->is_buffered && scalar_type_of(n) != SCALAR_TEXT) {
		reader_complain_type(at, "put the value in quotes", "a text");
		return NULL;
	}
	return n->text;
}

/* May a number or bool of that type stand here? */
static bool is_typed(const struct reader_at *at, enum scalar_type type, const char *tag)
{
	if (at->node->kind != NODE_SCALAR)
		return false;
	return at->is_buffered ? scalar_type_of(at->node) == type
			       : scalar_is_literal(at->node, tag);
}

static void read_bool(const struct reader_at *at, const struct schema_field *f, void *to)
{
	bool value;
	if (!is_typed(at, SCALAR_BOOL, SCALAR_TAG_BOOL) || !scalar_bool(at->node->text, &value)) {
		reader_complain_type(at, "write true or false, without quotes", "true or false");
		return;
	}
	if (f->shape == SHAPE_OPT)
		*(struct opt_bool *)to = (struct opt_bool){ true, value };
	else
		*(bool *)to = value;
}

static const char *int_hint(const struct reader_at *at)
{
	int64_t value;
	if (at->node->kind == NODE_SCALAR && !at->node->is_plain &&
	    scalar_i64(at->node->text, &value))
		return "write the number without quotes";
	return NULL;
}

static void read_int(const struct reader_at *at, const struct schema_field *f, void *to)
{
	int64_t value = INT64_MAX; /* for naturals beyond it: out of every range */
	uint64_t natural;
	if (!is_typed(at, SCALAR_INT, SCALAR_TAG_INT) ||
	    (!scalar_i64(at->node->text, &value) && !scalar_u64(at->node->text, &natural))) {
		reader_complain_type(at, int_hint(at), "a whole number");
		return;
	}
	/* upstream takes no sign for these, not even that of -0 */
	bool has_bad_sign = f->min >= 0 && !at->is_buffered && *at->node->text == '-';
	if (value < f->min || value > f->max || has_bad_sign) {
		reader_complain(at, FINDING_RANGE, NULL, "%s is not in the range %lld to %lld",
				describe(at), (long long)f->min, (long long)f->max);
		return;
	}
	if (f->shape == SHAPE_OPT)
		*(struct opt_int *)to = (struct opt_int){ true, value };
	else
		*(int64_t *)to = value;
}

static void read_u64(const struct reader_at *at, void *to)
{
	if (!is_typed(at, SCALAR_INT, SCALAR_TAG_INT) || !scalar_u64(at->node->text, to))
		reader_complain_type(at, int_hint(at), "a whole number from 0 to 2^64 - 1");
}

static void read_float(const struct reader_at *at, void *to)
{
	double value;
	if (!is_typed(at, SCALAR_FLOAT, SCALAR_TAG_FLOAT) || !scalar_float(at->node->text, &value))
		reader_complain_type(at, "write a number without quotes, as in 0.5", "a number");
	else
		*(struct opt_float *)to = (struct opt_float){ true, value };
}

static void read_duration(const struct reader_at *at, const struct schema_field *f, void *to)
{
	struct duration value;
	const char *why;
	const char *text = reader_scalar_text(at);
	if (!text)
		return;
	if (!duration_parse(text, &value, &why))
		reader_complain(at, FINDING_DURATION, "durations look like 10s, 1m30s, 500ms",
				"invalid duration %s: %s", describe(at), why);
	else if (f->shape == SHAPE_OPT)
		*(struct opt_duration *)to = (struct opt_duration){ true, value };
	else
		*(struct duration *)to = value;
}

/* "service, job or cron" */
static const char *list_words(const struct reader_at *at, const struct spec_enum *e)
{
	struct buf b CLEAN(buf) = BUF_INIT(1024);
	int first = e->names[0] ? 0 : 1;
	for (int i = first; i < e->n; i++)
		buf_printf(&b, "%s%s",
			   i == first      ? ""
			   : i == e->n - 1 ? " or "
					   : ", ",
			   e->names[i]);
	return arena_strdup(at->arena, b.data);
}

static const char *word_hint(const struct reader_at *at, const struct spec_enum *e,
			     const char *word)
{
	int first = e->names[0] ? 0 : 1;
	const char *near = findings_nearest(word, e->names + first, (size_t)(e->n - first));
	return near ? arena_printf(at->arena, "did you mean '%s'?", near) : NULL;
}

/* The word itself, the tag of an empty value (`!host`), or in typed maps the key of {word: ~}. */
static const char *word_text(const struct reader_at *at)
{
	const struct node *n = at->node;
	if (at->is_buffered && n->kind == NODE_MAP && n->n == 1 &&
	    n->entries[0].key->kind == NODE_SCALAR && scalar_is_null(n->entries[0].value))
		return n->entries[0].key->text;
	if (n->kind != NODE_SCALAR)
		return NULL;
	const char *tag = scalar_local_tag(n);
	if (!tag)
		return n->text;
	return n->is_plain && (!*n->text || scalar_null(n->text)) ? tag : NULL;
}

static void read_word(const struct reader_at *at, const struct schema_field *f, void *to)
{
	const char *word = word_text(at);
	if (!word) {
		reader_complain_type(at, NULL, list_words(at, f->words));
		return;
	}
	int value = spec_enum_find(f->words, word);
	if (value < 0)
		reader_complain(at, FINDING_VARIANT, word_hint(at, f->words, word),
				"%s is none of %s", describe(at), list_words(at, f->words));
	else
		memcpy(to, &value, sizeof(value)); /* every enum of the format is an int */
}

static void read_image(const struct reader_at *at, void *to)
{
	struct image_ref ref;
	struct error err = ERROR_INIT;
	const char *text = reader_scalar_text(at);
	if (!text)
		return;
	if (image_ref_parse(text, at->arena, &ref, &err) < 0)
		reader_complain(at, FINDING_IMAGE, "references look like host:5000/path/name:tag",
				"%s: %s", describe(at), err.msg);
	else
		*(const char **)to = text;
}

static void bad_mode(const struct reader_at *at)
{
	reader_complain(at, FINDING_NETWORK_MODE,
			"default, host, none, bridge, bridge:NAME or container:ID",
			"unknown network mode: %s", describe(at));
}

/* `!bridge {name: x}` and `!container {id: x}`; further keys do not matter. */
static void read_tagged_mode(const struct reader_at *at, struct network_mode *to)
{
	int kind = spec_enum_find(&spec_enum_network_mode, scalar_local_tag(at->node));
	const char *key = kind == NETWORK_BRIDGE ? "name" : "id";
	if (kind != NETWORK_BRIDGE && kind != NETWORK_CONTAINER) {
		bad_mode(at);
		return;
	}
	const struct node *name = node_get(at->node, key);
	struct network_mode mode = { .kind = (enum network_mode_kind)kind };
	if (name && name->kind == NODE_SCALAR && !(kind == NETWORK_BRIDGE && scalar_is_null(name)))
		mode.name = name->text;
	if (mode.name && !*mode.name)
		mode.name = NULL;
	if (!mode.name && (kind == NETWORK_CONTAINER || (name && name->kind != NODE_SCALAR)))
		reader_complain(at, FINDING_TAG, NULL, "!%s needs a text %s",
				scalar_local_tag(at->node), key);
	else
		*to = mode;
}

static void read_network_mode(const struct reader_at *at, struct network_mode *to)
{
	const struct node *n = at->node;
	const char *tag = scalar_local_tag(n);
	if (tag && n->kind == NODE_MAP) {
		read_tagged_mode(at, to);
		return;
	}
	const char *text = word_text(at);
	if (!text) {
		reader_complain_type(at, NULL, "a network mode");
		return;
	}
	size_t n_kind = strcspn(text, ":");
	const char *name = text[n_kind] ? text + n_kind + 1 : NULL;
	int kind = spec_enum_find(&spec_enum_network_mode, arena_strndup(at->arena, text, n_kind));
	bool takes_name = kind == NETWORK_BRIDGE || kind == NETWORK_CONTAINER;
	if (kind < 0 || (name && !takes_name) || (kind == NETWORK_CONTAINER && (!name || !*name)))
		bad_mode(at);
	else
		*to = (struct network_mode){ (enum network_mode_kind)kind,
					     name && *name ? name : NULL };
}

static void read_affinity(const struct reader_at *at, struct affinity *to)
{
	static const char hint[] = "write spread, pack or the tagged form !pin TEXT";
	const struct node *n = at->node;
	const char *tag = scalar_local_tag(n);
	if (tag && strcmp(tag, "pin") == 0 && n->kind == NODE_SCALAR) {
		*to = (struct affinity){ AFFINITY_PIN, n->text };
		return;
	}
	const struct node *pin = n->is_json ? node_get(n, "pin") : NULL;
	if (pin && pin->kind == NODE_SCALAR && n->n == 1) {
		*to = (struct affinity){ AFFINITY_PIN, pin->text };
		return;
	}
	const char *word = word_text(at);
	int kind = word ? spec_enum_find(&spec_enum_affinity, word) : -1;
	if (!word)
		reader_complain(at, FINDING_TAG, hint, "expected an affinity, found %s",
				describe(at));
	else if (kind != AFFINITY_SPREAD && kind != AFFINITY_PACK)
		reader_complain(at, FINDING_VARIANT, hint, "%s is no affinity", describe(at));
	else
		*to = (struct affinity){ (enum affinity_kind)kind, NULL };
}

void reader_scalar_read(const struct reader_at *at, const struct schema_field *f, void *to)
{
	const char *text;
	switch (f->kind) {
	case FIELD_TEXT:
		text = reader_scalar_text(at);
		if (text)
			*(const char **)to = text;
		return;
	case FIELD_BOOL:
		read_bool(at, f, to);
		return;
	case FIELD_INT:
		read_int(at, f, to);
		return;
	case FIELD_U64:
		read_u64(at, to);
		return;
	case FIELD_FLOAT:
		read_float(at, to);
		return;
	case FIELD_DURATION:
		read_duration(at, f, to);
		return;
	case FIELD_WORD:
		read_word(at, f, to);
		return;
	case FIELD_IMAGE:
		read_image(at, to);
		return;
	case FIELD_NETWORK_MODE:
		read_network_mode(at, to);
		return;
	case FIELD_AFFINITY:
		read_affinity(at, to);
		return;
	case FIELD_ANY:
	case FIELD_PART:
		break;
	}
}

void reader_scalar_clear(const struct schema_field *f, void *to)
{
	static const size_t sizes[] = {
		[FIELD_TEXT] = sizeof(const char *),
		[FIELD_BOOL] = sizeof(struct opt_bool),
		[FIELD_INT] = sizeof(struct opt_int),
		[FIELD_FLOAT] = sizeof(struct opt_float),
		[FIELD_DURATION] = sizeof(struct opt_duration),
		[FIELD_WORD] = sizeof(int),
		[FIELD_AFFINITY] = sizeof(struct affinity),
		[FIELD_PART] = sizeof(void *),
	};
	memset(to, 0, sizes[f->kind]);
}

/* One spelling for each value: 0x10 is 16, True is true. */
static const struct node *spell_any(struct arena *arena, enum scalar_type type, const char *text)
{
	bool b = false;
	int64_t i;
	uint64_t u = 0;
	double d = 0;
	char spelled[SCALAR_FLOAT_SIZE];
	switch (type) {
	case SCALAR_NULL:
		return node_plain(arena, "null");
	case SCALAR_BOOL:
		(void)scalar_bool(text, &b); /* it is one */
		return node_plain(arena, b ? "true" : "false");
	case SCALAR_INT:
		if (scalar_i64(text, &i))
			return node_plain(arena, arena_printf(arena, "%" PRId64, i));
		(void)scalar_u64(text, &u); /* it is one */
		return node_plain(arena, arena_printf(arena, "%" PRIu64, u));
	case SCALAR_FLOAT:
		(void)scalar_float(text, &d); /* it is one */
		return node_plain(arena, arena_strdup(arena, scalar_format_float(d, spelled)));
	case SCALAR_TEXT:
	case SCALAR_BAD:
		break;
	}
	return node_text(arena, text);
}

static const struct node *any_scalar(const struct reader_at *at)
{
	const struct node *n = at->node;
	enum scalar_type type = scalar_type_of(n);
	if (type == SCALAR_BAD) {
		reader_complain(at, FINDING_TAG, NULL, "a value with a tag cannot stand here");
		return NULL;
	}
	return spell_any(at->arena, type, n->text);
}

static bool any_entry(const struct reader_at *at, const struct node_entry *e, struct node *map)
{
	if (e->key->kind != NODE_SCALAR) {
		reader_complain(at, FINDING_KEY, NULL, "a key is a list or a map");
		return false;
	}
	struct reader_path path = { at->path, e->key->text, 0 };
	struct reader_at inner = *at;
	inner.node = e->value;
	inner.path = &path;
	const struct node *value = reader_scalar_any(&inner);
	if (value)
		node_put(at->arena, map, e->key->text, value);
	return value != NULL;
}

const struct node *reader_scalar_any(const struct reader_at *at)
{
	const struct node *n = at->node;
	if (n->kind == NODE_SCALAR)
		return any_scalar(at);
	struct node *copy = n->kind == NODE_LIST ? node_list(at->arena) : node_map(at->arena);
	for (size_t i = 0; i < n->n; i++) {
		if (n->kind == NODE_MAP) {
			if (!any_entry(at, &n->entries[i], copy))
				return NULL;
			continue;
		}
		struct reader_path path = { at->path, NULL, i };
		struct reader_at inner = *at;
		inner.node = n->items[i];
		inner.path = &path;
		const struct node *item = reader_scalar_any(&inner);
		if (!item)
			return NULL;
		node_push(at->arena, copy, item);
	}
	return copy;
}
