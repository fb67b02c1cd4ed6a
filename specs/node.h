/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The tree between text and values. specs/yaml.h and specs/node_json.h make it,
 * specs/reader.h turns it into structs by the schema, specs/writer.h makes it
 * from structs, specs/render.h prints it. A tree is never changed once made;
 * aliases share the node they stand for.
 */
#include <stdbool.h>
#include <stddef.h>

struct arena;

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

/* A place in the file; zero when the tree did not come from one. */
struct mark {
	unsigned line;   /* from 1 */
	unsigned column; /* from 1, in characters */
};

struct node {
	enum node_kind kind;
	struct mark mark;
	const char *tag;  /* as resolved ("!pin", "tag:yaml.org,2002:int"), or NULL */
	bool is_plain;    /* scalar: without quotes, so its text may mean a number or null */
	bool is_literal;  /* scalar: a `|` block */
	bool is_json;     /* from a JSON document: JSON's spelling of tagged values is fine */
	const char *text; /* scalar */
	struct node *const *items;  /* list */
	struct node_entry *entries; /* map, in the order of the file */
	size_t n;                   /* items or entries */
	size_t weight;              /* nodes in this tree, shared ones counted each time */
	unsigned height;            /* levels below and with this one */
};

struct node_entry {
	const struct node *key;
	const struct node *value;
};

/* New nodes in @arena; @text is not copied. */
struct node *node_text(struct arena *arena, const char *text);  /* quoted */
struct node *node_plain(struct arena *arena, const char *text); /* a number, bool or null */
struct node *node_map(struct arena *arena);
struct node *node_list(struct arena *arena);
void node_put(struct arena *arena, struct node *map, const char *key, const struct node *value);
void node_push(struct arena *arena, struct node *list, const struct node *item);

/** node_get() - the value of a map's last entry with that key, or NULL */
const struct node *node_get(const struct node *map, const char *key);

/**
 * node_find() - the node nearest to a path like `services.web.endpoints[0].port`
 *
 * Return: the node there, or the deepest one on the way to it; never NULL.
 */
const struct node *node_find(const struct node *root, const char *path);

/** node_find_key() - the key of the last step of a path; where there is none, as node_find() */
const struct node *node_find_key(const struct node *root, const char *path);
