/* SPDX-License-Identifier: Apache-2.0 */
/* A table by the name in lower case. Knows no store and no file. */
#include "controller/source_holders.h"

#include <string.h>
#include <strings.h>
#include <uthash.h>

struct source_holder {
	UT_hash_handle hh; /* by deployment, in lower case */
	const char *path;
};

static const char *lower(struct arena *a, const char *name)
{
	char *copy = arena_strdup(a, name);

	for (char *c = copy; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return copy;
}

static struct source_holder *find(const struct source_holders *h, const char *key)
{
	struct source_holder *found = NULL;

	HASH_FIND_STR(h->table, key, found);
	return found;
}

bool source_holders_same(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

const char *source_holders_add(struct source_holders *h, const char *deployment, const char *path)
{
	const char *key = lower(h->arena, deployment);
	struct source_holder *held = find(h, key);

	if (held)
		return held->path;
	held = arena_alloc(h->arena, sizeof(*held));
	*held = (struct source_holder){ .path = path };
	HASH_ADD_KEYPTR(hh, h->table, key, strlen(key), held);
	return path;
}

bool source_holders_has(const struct source_holders *h, const char *deployment)
{
	return find(h, lower(h->arena, deployment)) != NULL;
}

void source_holders_clear(struct source_holders *h)
{
	HASH_CLEAR(hh, h->table);
}
