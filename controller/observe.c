/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merges three sources of truth in the order in which they may be believed: what a complete
 * listing shows, what a direct question answers, what the store remembers. The last is never
 * more than UNKNOWN here.
 */
#include "controller/observe.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/intent_store.h"

/* The more that is missing, the less a listing is worth: all of it is asked about one by one,
 * so a listing that lost half of the node costs questions and deletes nothing. */

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct instance *)a)->id, ((const struct instance *)b)->id);
}

/* Ids have the order of observed_sort() only within equal digits; sort a copy by id to search. */
static struct instance *sorted_by_id(const struct observed *o, struct arena *a)
{
	struct instance *copy = arena_array(a, o->n, sizeof(*copy));

	if (o->n) {
		memcpy(copy, o->instances, o->n * sizeof(*copy));
		qsort(copy, o->n, sizeof(*copy), compare_ids);
	}
	return copy;
}

static void add_seen(struct observation *ret, const struct instance *inst, struct arena *a)
{
	struct observed *o = &ret->seen;

	o->instances = arena_grow(a, o->instances, o->n, sizeof(*o->instances));
	o->instances[o->n++] = *inst;
}

static void add_unknown(struct observation *ret, const struct instance *row, struct arena *a)
{
	struct instance inst = *row;

	inst.state = INSTANCE_UNKNOWN;
	add_seen(ret, &inst, a);
}

/* A row that the listing lacks: ask for exactly that one. @is_partial: the listing proves nothing,
 * and one proof alone is none. */
static void ask(struct observation *ret, const struct instance *row, bool is_partial,
		struct arena *a)
{
	struct error err = ERROR_INIT;
	struct instance inst;
	int r = runtime_inspect(ret->runtime, row->id, a, &inst, &err);

	if (r == RUNTIME_ABSENT && !is_partial) {
		ret->absent = arena_grow(a, ret->absent, ret->n_absent, sizeof(*ret->absent));
		ret->absent[ret->n_absent++] = row->id;
		return;
	}
	if (r == 0) {
		add_seen(ret, &inst, a);
		return;
	}
	if (r < 0)
		ret->error = err;
	add_unknown(ret, row, a);
}

void observe_unknown(struct runtime *rt, const struct instance *rows, size_t n_rows,
		     const struct error *why, struct arena *a, struct observation *ret)
{
	*ret = (struct observation){ .runtime = rt, .failed = true, .error = *why };
	ret->seen.partial = true;
	ret->seen.missing = arena_strdup(a, why->msg);
	for (size_t i = 0; i < n_rows; i++)
		add_unknown(ret, &rows[i], a);
	observed_sort(&ret->seen);
}

void observe_runtime(struct runtime *rt, const struct instance *rows, size_t n_rows,
		     struct arena *a, struct observation *ret)
{
	struct observed listed = { 0 };
	struct instance *by_id;

	*ret = (struct observation){ .runtime = rt };
	if (runtime_list(rt, a, &listed, &ret->error) < 0) {
		const struct error why = ret->error;

		observe_unknown(rt, rows, n_rows, &why, a, ret);
		return;
	}
	by_id = sorted_by_id(&listed, a);
	for (size_t i = 0; i < listed.n; i++)
		add_seen(ret, &listed.instances[i], a);
	for (size_t i = 0; i < n_rows; i++)
		if (!listed.n || !bsearch(&rows[i], by_id, listed.n, sizeof(*by_id), compare_ids))
			ask(ret, &rows[i], listed.partial, a);
	ret->seen.partial = listed.partial || ret->error.code != ERR_OK;
	ret->seen.missing = listed.missing;
	if (ret->error.code != ERR_OK)
		ret->seen.missing = arena_strdup(a, ret->error.msg);
	observed_sort(&ret->seen);
}

static bool was_looked_at(const struct observation *looks, size_t n, const char *runtime)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(looks[i].runtime->name, runtime) == 0)
			return true;
	return false;
}

void observe_strays(const struct observation *looks, size_t n, const struct instance *rows,
		    size_t n_rows, struct arena *a, struct observation *ret)
{
	*ret = (struct observation){ 0 };
	for (size_t i = 0; i < n_rows; i++) {
		if (was_looked_at(looks, n, rows[i].runtime))
			continue;
		add_unknown(ret, &rows[i], a);
		observed_note_silent(
			&ret->seen, rows[i].runtime,
			arena_printf(a, "%s was made by %s, which this node does not have",
				     rows[i].id, rows[i].runtime),
			a);
	}
	observed_sort(&ret->seen);
}

static bool has_intent(const struct intent_rows *open, const char *id)
{
	for (size_t i = 0; i < open->n; i++)
		if (open->items[i].runtime_id && strcmp(open->items[i].runtime_id, id) == 0)
			return true;
	return false;
}

/* What has ended, or was made half, is cleared away by whoever likes order. */
void observe_add_lost(struct observed *o, const struct instance *row,
		      const struct intent_rows *open, const char *boot_id, struct arena *a)
{
	bool is_of_use = row->state == INSTANCE_RUNNING || row->state == INSTANCE_PAUSED ||
			 row->state == INSTANCE_CREATED;
	bool is_of_another_boot = row->boot_id && boot_id && strcmp(row->boot_id, boot_id) != 0;

	if (!is_of_use || is_of_another_boot || has_intent(open, row->id))
		return;
	o->lost = arena_grow(a, o->lost, o->n_lost, sizeof(*o->lost));
	o->lost[o->n_lost++] = *row;
}

const char *observe_twice(const struct instance *in, const char *runtime, struct arena *a)
{
	return arena_printf(a, "%s is on %s and on %s: only one of them can be ours", in->id,
			    in->runtime, runtime);
}

/* Sorted, so the same id stands side by side. */
static void drop_twins(struct observed *o, struct arena *a)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct instance *in = &o->instances[i];

		if (n && strcmp(o->instances[n - 1].id, in->id) == 0)
			observed_note_silent(
				o, NULL, observe_twice(&o->instances[n - 1], in->runtime, a), a);
		else
			o->instances[n++] = *in;
	}
	o->n = n;
}

void observe_note_partial(const struct observation *look, struct arena *a, struct observed *ret)
{
	const struct observed *seen = &look->seen;

	if (look->runtime)
		observed_note_silent(ret, look->runtime->name, seen->missing, a);
	for (size_t i = 0; !look->runtime && i < seen->n_silent; i++)
		observed_note_silent(ret, seen->silent[i], seen->missing, a);
}

void observe_merge(const struct observation *looks, size_t n, struct arena *a, struct observed *ret)
{
	struct observation all = { 0 };

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < looks[i].seen.n; k++)
			add_seen(&all, &looks[i].seen.instances[k], a);
		if (looks[i].seen.partial)
			observe_note_partial(&looks[i], a, &all.seen);
	}
	observed_sort(&all.seen);
	drop_twins(&all.seen, a);
	*ret = all.seen;
}
