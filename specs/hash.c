/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves to hashes and differences. Truncation to 64 bits is fine: nobody gains
 * by two services of his own having one hash, and chance is not on his side.
 */
#include "specs/hash.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/digest.h"
#include "specs/leaves.h"

#define SHOWN 60 /* bytes of a value in a plan */

static const enum hash_cost changes[] = {
	[GROUP_IMAGE] = HASH_CHANGE_RECREATE,   [GROUP_PROCESS] = HASH_CHANGE_RECREATE,
	[GROUP_ENV] = HASH_CHANGE_RECREATE,     [GROUP_MOUNTS] = HASH_CHANGE_RECREATE,
	[GROUP_NETWORK] = HASH_CHANGE_RECREATE, [GROUP_RESOURCES] = HASH_CHANGE_IN_PLACE,
	[GROUP_PROBES] = HASH_CHANGE_NONE,      [GROUP_POLICY] = HASH_CHANGE_NONE,
};

/* What counts for a leaf; NULL when unknown. */
static const char *counted(const struct leaf *leaf, const struct hash_resolver *resolver)
{
	const char *value = leaf->value;
	bool is_secret = strncmp(value, "$S:", 3) == 0;
	if (leaf->group != GROUP_ENV || (!is_secret && strncmp(value, "$E:", 3) != 0))
		return value;
	if (!resolver)
		return is_secret ? NULL : value;
	return resolver->value(resolver->ctx, leaf->path + strlen("env."), value);
}

static void hash_group(const struct leaves *leaves, enum field_group group,
		       const struct hash_resolver *resolver, char ret[HASH_GROUP])
{
	struct digest *d CLEAN(digest) = digest_new();
	uint8_t sum[DIGEST_BYTES];
	char hex[DIGEST_HEX_SIZE];
	bool is_known = true;
	for (size_t i = 0; i < leaves->n; i++) {
		if (leaves->items[i].group != group)
			continue;
		const char *value = counted(&leaves->items[i], resolver);
		is_known = is_known && value;
		digest_add(d, leaves->items[i].path, strlen(leaves->items[i].path) + 1);
		if (value)
			digest_add(d, value, strlen(value) + 1);
	}
	digest_final(d, sum);
	memcpy(ret, digest_hex(sum, hex), HASH_GROUP);
	if (!is_known)
		memset(ret, '?', HASH_GROUP);
}

void hash_service(const struct service *s, const struct hash_resolver *resolver,
		  char ret[HASH_SIZE])
{
	struct arena *arena CLEAN(arena) = arena_new();
	struct leaves leaves = leaves_collect(s, LEAVES_HASHED, arena);
	size_t n = strlen(HASH_PREFIX);
	static_assert(HASH_SIZE == sizeof(HASH_PREFIX) + GROUP_N * HASH_GROUP, "eight groups");
	memcpy(ret, HASH_PREFIX, n);
	for (int g = GROUP_FIRST; g < GROUP_NONE; g++, n += HASH_GROUP)
		hash_group(&leaves, (enum field_group)g, resolver, ret + n);
	ret[n] = 0;
}

static bool is_hash(const char *text)
{
	return strncmp(text, HASH_PREFIX, strlen(HASH_PREFIX)) == 0 &&
	       strlen(text) == HASH_SIZE - 1;
}

struct hash_difference hash_compare(const char *have, const char *want)
{
	struct hash_difference d = { 0, 0 };
	if (!is_hash(have) || !is_hash(want)) {
		d.unknown = (1u << GROUP_N) - 1;
		return d;
	}
	for (unsigned g = 0; g < GROUP_N; g++) {
		const char *a = have + strlen(HASH_PREFIX) + g * HASH_GROUP;
		const char *b = want + strlen(HASH_PREFIX) + g * HASH_GROUP;
		if (*a == '?' || *b == '?')
			d.unknown |= 1u << g;
		else if (memcmp(a, b, HASH_GROUP) != 0)
			d.changed |= 1u << g;
	}
	return d;
}

enum hash_cost hash_group_change(enum field_group group)
{
	assert(group >= GROUP_FIRST && group < GROUP_NONE);
	return changes[group];
}

/* A digit that is in doubt is one of sixteen letters that are none: it can be had back. */
static char mark(char c)
{
	if (c >= '0' && c <= '9')
		return (char)(c - '0' + 'g');
	return c >= 'a' && c <= 'f' ? (char)(c - 'a' + 'q') : c;
}

static char unmark(char c)
{
	if (c >= 'g' && c <= 'p')
		return (char)(c - 'g' + '0');
	return c >= 'q' && c <= 'v' ? (char)(c - 'q' + 'a') : c;
}

const char *hash_doubt(const char *have, const char *want, struct arena *a)
{
	unsigned changed;
	char *text;

	if (!have || !want)
		return have;
	changed = hash_compare(have, want).changed;
	text = arena_strdup(a, have);
	for (unsigned g = 0; g < GROUP_N; g++) {
		if (!(changed & 1u << g) || changes[GROUP_FIRST + g] != HASH_CHANGE_IN_PLACE)
			continue;
		for (unsigned i = 0; i < HASH_GROUP; i++) {
			char *c = text + strlen(HASH_PREFIX) + g * HASH_GROUP + i;
			*c = mark(*c);
		}
	}
	return text;
}

const char *hash_trust(const char *hash, struct arena *a)
{
	char *text = hash ? arena_strdup(a, hash) : NULL;

	if (text && is_hash(text))
		for (char *c = text + strlen(HASH_PREFIX); *c; c++)
			*c = unmark(*c);
	return text;
}

enum hash_cost hash_worst_change(unsigned changed)
{
	enum hash_cost worst = HASH_CHANGE_NONE;
	for (int g = GROUP_FIRST; g < GROUP_NONE; g++)
		if ((changed & 1u << (g - GROUP_FIRST)) && changes[g] > worst)
			worst = changes[g];
	return worst;
}

static void add_change(struct hash_changes *all, const struct leaf *have, const struct leaf *want,
		       struct arena *arena)
{
	const struct leaf *any = have ? have : want;
	all->items = arena_grow(arena, all->items, all->n, sizeof(*all->items));
	all->items[all->n++] = (struct hash_change){
		.path = any->path,
		.have = have ? have->value : NULL,
		.want = want ? want->value : NULL,
		.is_part = any->is_part,
		.group = any->group,
	};
}

/* Is @path below the part that came or went last? */
static bool is_below_last(const struct hash_changes *all, const char *path)
{
	const struct hash_change *last = all->n > 0 ? &all->items[all->n - 1] : NULL;
	if (!last || !last->is_part)
		return false;
	size_t n = strlen(last->path);
	return strncmp(path, last->path, n) == 0 && (path[n] == '.' || path[n] == '[');
}

struct hash_changes hash_changes(const struct service *have, const struct service *want,
				 struct arena *arena)
{
	struct leaves a = leaves_collect(have, LEAVES_WITH_DEFAULTS, arena);
	struct leaves b = leaves_collect(want, LEAVES_WITH_DEFAULTS, arena);
	struct hash_changes all = { NULL, 0 };
	size_t i = 0;
	size_t j = 0;
	while (i < a.n || j < b.n) {
		int order = i == a.n ? 1 : j == b.n ? -1 : strcmp(a.items[i].path, b.items[j].path);
		const struct leaf *x = order <= 0 ? &a.items[i++] : NULL;
		const struct leaf *y = order >= 0 ? &b.items[j++] : NULL;
		bool is_same = x && y && strcmp(x->value, y->value) == 0;
		if (!is_same && !is_below_last(&all, x ? x->path : y->path))
			add_change(&all, x, y, arena);
	}
	return all;
}

static const char *shown(const char *value, struct arena *arena)
{
	if (!value)
		return "(unset)";
	if (!*value)
		return "\"\"";
	size_t n = strlen(value);
	char *text = arena_printf(arena, "%.*s%s", SHOWN, value, n > SHOWN ? " ..." : "");
	for (char *s = text; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = ' ';
	return text;
}

const char *hash_change_text(const struct hash_change *c, struct arena *arena)
{
	if (c->is_part)
		return arena_printf(arena, "%s: %s", c->path, c->have ? "removed" : "added");
	return arena_printf(arena, "%s: %s -> %s", c->path, shown(c->have, arena),
			    shown(c->want, arena));
}
