/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about a parsed deployment that more than one reader asks. Parses and checks nothing. */
#include "specs/spec.h"

#include <string.h>

#include "base/arena.h"

const char *spec_pairs_find(const struct pairs *p, const char *key)
{
	size_t low = 0;
	size_t high = p->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(key, p->items[mid].key);
		if (order == 0)
			return p->items[mid].value;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

struct service *spec_find_service(const struct deployment *d, const char *name)
{
	size_t low = 0;
	size_t high = d->services.n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(name, d->services.items[mid].name);
		if (order == 0)
			return &d->services.items[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/* Both are sorted by key; of equal keys the one in @over wins. */
static struct pairs merge_pairs(const struct pairs *base, const struct pairs *over,
				struct arena *arena)
{
	struct pairs all = { .items = arena_array(arena, base->n + over->n, sizeof(struct pair)) };
	size_t i = 0;
	size_t j = 0;
	while (i < base->n || j < over->n) {
		int order = i == base->n   ? 1
			    : j == over->n ? -1
					   : strcmp(base->items[i].key, over->items[j].key);
		all.items[all.n++] = order < 0 ? base->items[i] : over->items[j];
		i += order <= 0;
		j += order >= 0;
	}
	return all;
}

struct service *spec_group_service(const struct service *s, const struct replica_group *group,
				   struct arena *arena)
{
	struct service *merged = arena_alloc(arena, sizeof(*merged));
	*merged = *s;
	merged->replica_groups = (struct replica_groups){ NULL, 0 };
	if (group->image)
		merged->image = *group->image;
	if (group->command)
		merged->command = *group->command;
	if (group->resources)
		merged->resources = *group->resources;
	merged->env = merge_pairs(&s->env, &group->env, arena);
	return merged;
}

int64_t spec_start_count(const struct service *s)
{
	int64_t sum = 0;
	for (size_t i = 0; i < s->replica_groups.n; i++)
		sum += s->replica_groups.items[i].count;
	if (s->replica_groups.n > 0)
		return sum;
	switch (s->scale.mode) {
	case SCALE_ADAPTIVE:
		return s->scale.min;
	case SCALE_FIXED:
		return s->scale.replicas;
	case SCALE_MANUAL:
		break;
	}
	return -1;
}
