/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of scalars, lists and maps: building and looking around in them. Knows no field. */
#include "specs/node.h"

#include <string.h>

#include "base/arena.h"

static struct node *make(struct arena *arena, enum node_kind kind, const char *text)
{
	struct node *n = arena_alloc(arena, sizeof(*n));
	n->kind = kind;
	n->text = text;
	n->weight = 1;
	n->height = 1;
	return n;
}

struct node *node_text(struct arena *arena, const char *text)
{
	return make(arena, NODE_SCALAR, text);
}

struct node *node_plain(struct arena *arena, const char *text)
{
	struct node *n = make(arena, NODE_SCALAR, text);
	n->is_plain = true;
	return n;
}

struct node *node_map(struct arena *arena)
{
	return make(arena, NODE_MAP, NULL);
}

struct node *node_list(struct arena *arena)
{
	return make(arena, NODE_LIST, NULL);
}

void node_put(struct arena *arena, struct node *map, const char *key, const struct node *value)
{
	map->entries = arena_grow(arena, map->entries, map->n, sizeof(*map->entries));
	map->entries[map->n].key = node_text(arena, key);
	map->entries[map->n++].value = value;
}

void node_push(struct arena *arena, struct node *list, const struct node *item)
{
	const struct node **items = arena_grow(arena, (void *)list->items, list->n, sizeof(*items));
	items[list->n++] = item;
	list->items = (struct node *const *)items;
}

const struct node *node_get(const struct node *map, const char *key)
{
	for (size_t i = map->kind == NODE_MAP ? map->n : 0; i-- > 0;) {
		const struct node *k = map->entries[i].key;
		if (k->kind == NODE_SCALAR && strcmp(k->text, key) == 0)
			return map->entries[i].value;
	}
	return NULL;
}

/* The item `[N]` at the start of @path names, and what follows it. */
static const struct node *step_list(const struct node *n, const char *path, const char **ret_rest)
{
	size_t index = 0;
	const char *s = path + 1;
	if (*path != '[')
		return NULL;
	for (; *s >= '0' && *s <= '9' && index < n->n; s++)
		index = index * 10 + (size_t)(*s - '0');
	*ret_rest = *s ? s + 1 : s;
	return index < n->n ? n->items[index] : NULL;
}

/* Keys may contain dots: the longest one that @path begins with is taken. */
static const struct node_entry *step_map(const struct node *n, const char *path,
					 const char **ret_rest)
{
	const struct node_entry *best = NULL;
	size_t n_best = 0;
	path += *path == '.';
	for (size_t i = 0; i < n->n; i++) {
		const char *key = n->entries[i].key->text;
		size_t n_key = key ? strlen(key) : 0;
		if (!key || n_key < n_best || strncmp(path, key, n_key) != 0)
			continue;
		if (path[n_key] && path[n_key] != '.' && path[n_key] != '[')
			continue;
		best = &n->entries[i];
		n_best = n_key;
	}
	*ret_rest = path + n_best;
	return best;
}

static const struct node *find(const struct node *root, const char *path,
			       const struct node **ret_key)
{
	const struct node *at = root;
	*ret_key = NULL;
	while (*path) {
		const struct node *next = NULL;
		const struct node_entry *entry = NULL;
		if (at->kind == NODE_LIST)
			next = step_list(at, path, &path);
		else if (at->kind == NODE_MAP)
			entry = step_map(at, path, &path);
		if (entry)
			next = entry->value;
		if (!next)
			break;
		*ret_key = entry ? entry->key : NULL;
		at = next;
	}
	return at;
}

const struct node *node_find(const struct node *root, const char *path)
{
	const struct node *key;
	return find(root, path, &key);
}

const struct node *node_find_key(const struct node *root, const char *path)
{
	const struct node *key;
	const struct node *value = find(root, path, &key);
	return key ? key : value;
}
