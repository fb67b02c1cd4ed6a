/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events to nodes. The encoding is set to UTF-8 rather than detected,
 * as upstream's reader does it: UTF-16 is refused, and a byte order mark counts
 * as a character of its line. Types are not guessed here; see scalar.c.
 */
#include "specs/yaml.h"

#include <string.h>
#include <uthash.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/limits.h"

struct anchor {
	const char *name;
	struct node *node; /* NULL while the value is being read */
	UT_hash_handle hh;
};

struct yaml_reader {
	yaml_parser_t parser;
	yaml_event_t event; /* current; owned */
	struct arena *arena;
	struct findings *findings;
	struct anchor *anchors; /* by name; the last one of a name counts */
};

static struct mark to_mark(yaml_mark_t m)
{
	return (struct mark){ (unsigned)m.line + 1, (unsigned)m.column + 1 };
}

static bool fail(struct yaml_reader *r, enum finding_code code, const char *message)
{
	findings_add(r->findings, code, to_mark(r->event.start_mark), "", NULL, message);
	return false;
}

static bool fail_parser(struct yaml_reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "cannot be read";
	if (p->error == YAML_READER_ERROR) {
		findings_add(r->findings, FINDING_ENCODING, to_mark(p->mark), "", NULL,
			     findings_message(r->findings, "%s at byte %zu", problem,
					      p->problem_offset));
		return false;
	}
	const char *context = p->context ? p->context : "";
	findings_add(
		r->findings, FINDING_SYNTAX, to_mark(p->problem_mark), "", NULL,
		findings_message(r->findings, "%s%s%s", problem, *context ? " " : "", context));
	return false;
}

static bool next_event(struct yaml_reader *r)
{
	yaml_event_delete(&r->event);
	return yaml_parser_parse(&r->parser, &r->event) ? true : fail_parser(r);
}

/* NULL if there is no anchor at the value that begins here. */
static struct anchor *add_anchor(struct yaml_reader *r, const yaml_char_t *name)
{
	if (!name)
		return NULL;
	struct anchor *replaced = NULL;
	struct anchor *a = arena_alloc(r->arena, sizeof(*a));
	a->name = arena_strdup(r->arena, (const char *)name);
	size_t n_name = strlen(a->name);
	HASH_FIND(hh, r->anchors, a->name, n_name, replaced);
	if (replaced)
		HASH_DEL(r->anchors, replaced);
	HASH_ADD_KEYPTR(hh, r->anchors, a->name, n_name, a);
	return a;
}

static struct node *find_anchor(struct yaml_reader *r, const char *name)
{
	struct anchor *a = NULL;
	HASH_FIND(hh, r->anchors, name, strlen(name), a);
	if (!a)
		fail(r, FINDING_ALIAS,
		     findings_message(r->findings, "alias *%s has no anchor before it", name));
	else if (!a->node)
		fail(r, FINDING_ALIAS,
		     findings_message(r->findings, "alias *%s stands inside its own value", name));
	return a ? a->node : NULL;
}

static struct node *new_node(struct yaml_reader *r, enum node_kind kind, const yaml_char_t *tag)
{
	struct node *n = arena_alloc(r->arena, sizeof(*n));
	n->kind = kind;
	n->mark = to_mark(r->event.start_mark);
	n->tag = arena_strdup(r->arena, (const char *)tag);
	n->weight = 1;
	n->height = 1;
	return n;
}

static struct node *read_scalar(struct yaml_reader *r)
{
	const yaml_char_t *text = r->event.data.scalar.value;
	size_t n_text = r->event.data.scalar.length;
	struct anchor *anchor = add_anchor(r, r->event.data.scalar.anchor);
	struct node *n = new_node(r, NODE_SCALAR, r->event.data.scalar.tag);
	n->is_plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	n->is_literal = r->event.data.scalar.style == YAML_LITERAL_SCALAR_STYLE;
	n->text = arena_strndup(r->arena, (const char *)text, n_text);
	if (memchr(text, 0, n_text)) {
		fail(r, FINDING_NUL, "a text contains the character NUL");
		return NULL;
	}
	if (anchor)
		anchor->node = n;
	return n;
}

/* Takes a child's size into account; false when the document becomes too large. */
static bool weigh(struct yaml_reader *r, struct node *parent, const struct node *child)
{
	parent->weight += child->weight;
	if (parent->height <= child->height)
		parent->height = child->height + 1;
	if (parent->weight > LIMIT_YAML_NODES)
		return fail(r, FINDING_TOO_MANY_NODES,
			    "too many values (aliases count each time they are used)");
	if (parent->height > LIMIT_YAML_DEPTH)
		return fail(r, FINDING_TOO_DEEP, "too many levels inside one another");
	return true;
}

static struct node *read_node(struct yaml_reader *r, unsigned depth);

static bool read_items(struct yaml_reader *r, struct node *list, unsigned depth)
{
	for (;;) {
		if (!next_event(r))
			return false;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return true;
		struct node *item = read_node(r, depth + 1);
		if (!item || !weigh(r, list, item))
			return false;
		node_push(r->arena, list, item);
	}
}

static bool read_entries(struct yaml_reader *r, struct node *map, unsigned depth)
{
	for (;;) {
		if (!next_event(r))
			return false;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			return true;
		struct node *key = read_node(r, depth + 1);
		if (!key || !weigh(r, map, key))
			return false;
		if (!next_event(r))
			return false;
		struct node *value = read_node(r, depth + 1);
		if (!value || !weigh(r, map, value))
			return false;
		map->entries = arena_grow(r->arena, map->entries, map->n, sizeof(*map->entries));
		map->entries[map->n++] = (struct node_entry){ key, value };
	}
}

static struct node *read_collection(struct yaml_reader *r, enum node_kind kind, unsigned depth)
{
	bool is_list = kind == NODE_LIST;
	struct anchor *anchor = add_anchor(r, is_list ? r->event.data.sequence_start.anchor
						      : r->event.data.mapping_start.anchor);
	struct node *n = new_node(r, kind,
				  is_list ? r->event.data.sequence_start.tag
					  : r->event.data.mapping_start.tag);
	if (depth >= LIMIT_YAML_DEPTH) {
		fail(r, FINDING_TOO_DEEP, "too many levels inside one another");
		return NULL;
	}
	if (!(is_list ? read_items(r, n, depth) : read_entries(r, n, depth)))
		return NULL;
	if (anchor)
		anchor->node = n;
	return n;
}

/* At the event that begins a value. */
static struct node *read_node(struct yaml_reader *r, unsigned depth)
{
	if (r->event.type == YAML_ALIAS_EVENT)
		return find_anchor(r, (const char *)r->event.data.alias.anchor);
	if (r->event.type == YAML_SCALAR_EVENT)
		return read_scalar(r);
	return read_collection(r, r->event.type == YAML_SEQUENCE_START_EVENT ? NODE_LIST : NODE_MAP,
			       depth);
}

/* STREAM-START DOCUMENT-START value DOCUMENT-END STREAM-END */
static struct node *read_document(struct yaml_reader *r)
{
	if (!next_event(r) || !next_event(r))
		return NULL;
	if (r->event.type == YAML_STREAM_END_EVENT) {
		fail(r, FINDING_EMPTY, "the file has no document");
		return NULL;
	}
	if (!next_event(r))
		return NULL;
	struct node *root = read_node(r, 0);
	if (!root || !next_event(r) || !next_event(r))
		return NULL;
	if (r->event.type != YAML_STREAM_END_EVENT) {
		fail(r, FINDING_DOCUMENTS, "a second document begins here");
		return NULL;
	}
	return root;
}

struct node *yaml_read(const char *bytes, size_t n, struct arena *arena, struct findings *findings)
{
	struct yaml_reader r = { .arena = arena, .findings = findings };
	if (n > LIMIT_SPEC_BYTES) {
		findings_add(findings, FINDING_TOO_LARGE, (struct mark){ 0, 0 }, "", NULL,
			     "the file is larger than 4 MiB");
		return NULL;
	}
	if (!yaml_parser_initialize(&r.parser))
		abort(); /* it only allocates */
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, n);
	struct node *root = read_document(&r);
	HASH_CLEAR(hh, r.anchors);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return root;
}
