/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Things are listed before instances: what comes to be in between is in the second list only, and
 * that is no contradiction. What is in the first and not in the second is asked for.
 */
#include "controller/sweep_look.h"

#include <stdlib.h>
#include <string.h>

/* Kinds that make an instance out of what has one of them. */
static const unsigned instance_kinds = 1u << LEFTOVER_INSTANCE | 1u << LEFTOVER_SYSTEM |
				       1u << LEFTOVER_STATE | 1u << LEFTOVER_BUNDLE;

static int by_leftover_id(const void *a, const void *b)
{
	return strcmp(((const struct leftover *)a)->id, ((const struct leftover *)b)->id);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list_both(struct runtime *rt, struct arena *a, struct sweep_look *ret)
{
	struct mono begin = clock_mono();
	struct error err = ERROR_INIT;
	int r = leftovers_list(rt, a, &ret->things, &err);

	r = r < 0 ? r : runtime_list(rt, a, &ret->seen, &err);
	ret->took_us = clock_mono().us - begin.us;
	if (r < 0)
		ret->failed = arena_strdup(a, err.msg);
	return r;
}

/* Something of a pass ago: is it in the listing, or provably gone? What nobody can say is neither.
 */
static void account(struct runtime *rt, const char *id, struct arena *a, struct sweep_look *ret)
{
	const struct leftover key = { .id = id };
	struct leftover unused;

	ret->n_before++;
	if (ret->things.n &&
	    bsearch(&key, ret->things.items, ret->things.n, sizeof(key), by_leftover_id))
		return;
	ret->n_missing++;
	ret->n_agreed += leftovers_look(rt, id, a, &unused, NULL) == RUNTIME_ABSENT;
}

static void account_all(struct runtime *rt, const struct sweep_known *known, struct arena *a,
			struct sweep_look *ret)
{
	for (size_t i = 0; i < known->n_rows; i++)
		if (strcmp(known->rows[i].runtime, rt->name) == 0)
			account(rt, known->rows[i].id, a, ret);
	for (size_t i = 0; i < known->n_orphans; i++)
		if (strcmp(known->orphans[i].runtime, rt->name) == 0)
			account(rt, known->orphans[i].id, a, ret);
}

static const char **ids_of(const struct observed *o, struct arena *a)
{
	const char **ids = arena_array(a, o->n + 1, sizeof(*ids));

	for (size_t i = 0; i < o->n; i++)
		ids[i] = o->instances[i].id;
	qsort(ids, o->n, sizeof(*ids), by_text);
	return ids;
}

static void cross_check(struct runtime *rt, struct arena *a, struct sweep_look *ret)
{
	const char **ids = ids_of(&ret->seen, a);

	for (size_t i = 0; i < ret->things.n; i++) {
		const struct leftover *l = &ret->things.items[i];
		struct error err = ERROR_INIT;
		struct instance unused;
		int r;

		if (l->foreign || !(l->kinds & instance_kinds) ||
		    bsearch(&l->id, ids, ret->seen.n, sizeof(*ids), by_text))
			continue;
		r = runtime_inspect(rt, l->id, a, &unused, &err);
		ret->n_lied += r == 0;
		if (r < 0)
			ret->failed = arena_strdup(a, err.msg);
	}
}

void sweep_look_runtime(struct runtime *rt, const struct sweep_known *known, struct arena *a,
			struct sweep_look *ret)
{
	*ret = (struct sweep_look){ .runtime = rt->name };
	if (list_both(rt, a, ret) < 0)
		return;
	account_all(rt, known, a, ret);
	cross_check(rt, a, ret);
}
