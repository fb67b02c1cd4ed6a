/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table of (directory, name in upper case). The hash has a secret seed: names come from
 * archives, and whoever makes them shall not choose where they land.
 */
#include "backends/winlayer_names.h"

#include <stdint.h>
#include <string.h>

#include "backends/hcs_text.h"
#include "backends/winlayer_case.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/rand.h"

enum node_state { IMPLIED, DIRECTORY, LEAF, DELETED };

struct node {
	struct node *parent; /* NULL: the layer's root */
	struct node *next;   /* in its bucket */
	uint64_t hash;
	enum node_state state;
	uint32_t n_units;
	const char *name;      /* as it is spelled */
	const uint16_t *upper; /* what counts */
};

struct winlayer_names {
	struct arena *arena, *work;
	struct node **buckets;
	size_t n_buckets; /* a power of two */
	size_t n;
	uint64_t seed;
};

struct winlayer_names *winlayer_names_new(void)
{
	struct winlayer_names *n = xcalloc(1, sizeof(*n));

	n->arena = arena_new();
	n->work = arena_new();
	n->n_buckets = 1024;
	n->buckets = xcalloc(n->n_buckets, sizeof(*n->buckets));
	rand_bytes(&n->seed, sizeof(n->seed));
	return n;
}

void winlayer_names_free(struct winlayer_names *n)
{
	if (!n)
		return;
	arena_free(n->arena);
	arena_free(n->work);
	free(n->buckets);
	free(n);
}

/* A component as it counts, in the work arena. */
static const uint16_t *to_upper(const struct winlayer_names *n, const char *name, uint32_t *ret_n)
{
	PCWSTR wide = NULL;
	uint16_t *upper;
	size_t n_units;

	if (hcs_text_to_utf16(name, n->work, &wide, NULL) < 0)
		return NULL; /* not cleaned: no such name */
	n_units = hcs_text_length(wide);
	upper = arena_array(n->work, n_units + 1, sizeof(*upper));
	for (size_t i = 0; i < n_units; i++)
		upper[i] = winlayer_case_upper(wide[i]);
	*ret_n = (uint32_t)n_units;
	return upper;
}

static uint64_t hash_of(const struct winlayer_names *n, const struct node *parent,
			const uint16_t *upper, uint32_t n_units)
{
	uint64_t h = n->seed ^ (uint64_t)(uintptr_t)parent;

	for (uint32_t i = 0; i < n_units; i++) {
		h ^= upper[i];
		h = rand_next(&h);
	}
	return h;
}

static struct node *find(const struct winlayer_names *n, const struct node *parent,
			 const uint16_t *upper, uint32_t n_units)
{
	uint64_t h = hash_of(n, parent, upper, n_units);
	struct node *at = n->buckets[h & (n->n_buckets - 1)];

	while (at && (at->hash != h || at->parent != parent || at->n_units != n_units ||
		      memcmp(at->upper, upper, n_units * sizeof(*upper)) != 0))
		at = at->next;
	return at;
}

static void grow(struct winlayer_names *n)
{
	size_t more = n->n_buckets * 2;
	struct node **buckets = xcalloc(more, sizeof(*buckets));

	for (size_t i = 0; i < n->n_buckets; i++) {
		for (struct node *at = n->buckets[i], *next; at; at = next) {
			next = at->next;
			at->next = buckets[at->hash & (more - 1)];
			buckets[at->hash & (more - 1)] = at;
		}
	}
	free(n->buckets);
	n->buckets = buckets;
	n->n_buckets = more;
}

static struct node *insert(struct winlayer_names *n, struct node *parent, const char *name,
			   const uint16_t *upper, uint32_t n_units)
{
	struct node *at = arena_alloc(n->arena, sizeof(*at));
	uint16_t *own = arena_array(n->arena, n_units + 1, sizeof(*own));
	size_t bucket;

	memcpy(own, upper, n_units * sizeof(*own));
	*at = (struct node){ .parent = parent,
			     .hash = hash_of(n, parent, upper, n_units),
			     .n_units = n_units,
			     .name = arena_strdup(n->arena, name),
			     .upper = own };
	if (n->n++ >= n->n_buckets)
		grow(n);
	bucket = at->hash & (n->n_buckets - 1);
	at->next = n->buckets[bucket];
	n->buckets[bucket] = at;
	return at;
}

/* The node of one component, made when it is not there; an error for another spelling. */
static int step(struct winlayer_names *n, struct node *parent, const char *name, struct node **ret,
		struct error *err)
{
	uint32_t n_units = 0;
	const uint16_t *upper = to_upper(n, name, &n_units);
	struct node *at = upper ? find(n, parent, upper, n_units) : NULL;

	if (!upper)
		return error_set(err, ERR_INVALID, 0, "a name that is not UTF-8");
	if (at && strcmp(at->name, name) != 0)
		return error_set(err, ERR_INVALID, 0, "%.100s and %.100s are one name on Windows",
				 at->name, name);
	*ret = at ? at : insert(n, parent, name, upper, n_units);
	return 0;
}

static int check_parent(const struct node *parent, bool may_be_implied, struct error *err)
{
	switch (parent->state) {
	case DIRECTORY:
		return 0;
	case IMPLIED:
		return may_be_implied ? 0
				      : error_set(err, ERR_INVALID, 0,
						  "its directory %.100s is not in the layer before "
						  "it",
						  parent->name);
	case LEAF:
		return error_set(err, ERR_INVALID, 0, "%.100s is no directory", parent->name);
	case DELETED:
		break;
	}
	return error_set(err, ERR_INVALID, 0, "%.100s is deleted", parent->name);
}

static int set_state(struct node *at, bool is_new, enum winlayer_node kind, struct error *err)
{
	static const enum node_state states[] = { DIRECTORY, LEAF, DELETED };
	enum node_state want = states[kind];

	if (is_new || (at->state == IMPLIED && want == DIRECTORY)) {
		at->state = want;
		return 0;
	}
	if (at->state == IMPLIED)
		return error_set(err, ERR_INVALID, 0, "there are names below it");
	if (at->state == want)
		return error_set(err, ERR_INVALID, 0, "it is there twice");
	if (at->state == DELETED || want == DELETED)
		return error_set(err, ERR_INVALID, 0, "it is deleted and there");
	return error_set(err, ERR_INVALID, 0, "it is there as something else");
}

int winlayer_names_add(struct winlayer_names *n, const char *path, enum winlayer_node kind,
		       struct error *err)
{
	struct node *at = NULL;

	arena_reset(n->work);
	for (;; path++) {
		size_t part = strcspn(path, "/"), n_before = n->n;
		int r = step(n, at, arena_strndup(n->work, path, part), &at, err);

		path += part;
		if (r == 0 && !*path)
			return set_state(at, n->n > n_before, kind, err);
		if (r == 0)
			r = check_parent(at, kind == WINLAYER_NODE_WHITEOUT, err);
		if (r < 0)
			return r;
	}
}

/* The spelling of @at and all above it. */
static const char *spell(const struct node *at, struct arena *a)
{
	return at->parent ? arena_printf(a, "%s/%s", spell(at->parent, a), at->name)
			  : arena_strdup(a, at->name);
}

const char *winlayer_names_find(const struct winlayer_names *n, const char *path, struct arena *a)
{
	const struct node *at = NULL;

	arena_reset(n->work);
	for (;; path++) {
		size_t part = strcspn(path, "/");
		uint32_t n_units = 0;
		const uint16_t *upper = to_upper(n, arena_strndup(n->work, path, part), &n_units);

		at = upper ? find(n, at, upper, n_units) : NULL;
		path += part;
		if (!at || !*path)
			break;
	}
	return at && at->state == LEAF ? spell(at, a) : NULL;
}
