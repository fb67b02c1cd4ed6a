/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wrappers, and the way through a table of kinds. Knows no kind of its own: what a thing is and
 * how it goes stands in the rows.
 */
#include "backends/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/crash.h"
#include "base/limits.h"
#include "specs/runtime_id.h"

CLEAN_DEFINE(dir, DIR *, closedir)

/* --- wrappers ------------------------------------------------------------------------ */

int leftovers_ops_of(struct runtime *rt, const struct leftovers_ops **ret, struct error *err)
{
	if (!rt->leftovers)
		return runtime_unsupported(rt, "tell what is left over", err);
	*ret = rt->leftovers;
	return 0;
}

static int begin(struct runtime *rt, const char *id, const struct leftovers_ops **ret,
		 struct error *err)
{
	int r = runtime_check_id(id, err);

	return r < 0 ? r : leftovers_ops_of(rt, ret, err);
}

static int named(const struct runtime *rt, int r, const char *what, const char *id,
		 struct error *err)
{
	return r < 0 ? error_wrap(err, r, "%s: %s %s", rt->name, what, id) : r;
}

int leftovers_list(struct runtime *rt, struct arena *a, struct leftovers *ret, struct error *err)
{
	const struct leftovers_ops *ops = NULL;
	int r = leftovers_ops_of(rt, &ops, err);

	r = r < 0 ? r : ops->list(rt, a, ret, err);
	return r < 0 ? error_wrap(err, r, "%s: list what is left over", rt->name) : r;
}

int leftovers_look(struct runtime *rt, const char *id, struct arena *a, struct leftover *ret,
		   struct error *err)
{
	const struct leftovers_ops *ops = NULL;
	int r = begin(rt, id, &ops, err);

	return named(rt, r < 0 ? r : ops->look(rt, id, a, ret, err), "look for", id, err);
}

int leftovers_release(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	const struct leftovers_ops *ops = NULL;
	int r = begin(rt, id, &ops, err);

	crash_point("release", id);
	r = r < 0 ? r : ops->release(rt, id, deadline, err);
	crash_point("released", id);
	return named(rt, r, "release", id, err);
}

int leftovers_keep(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	const struct leftovers_ops *ops = NULL;
	int r = begin(rt, id, &ops, err);

	crash_point("keep", id);
	r = r < 0 ? r : ops->keep(rt, id, deadline, err);
	crash_point("kept", id);
	return named(rt, r, "put aside", id, err);
}

int leftovers_drop(struct runtime *rt, const char *id, struct error *err)
{
	const struct leftovers_ops *ops = NULL;
	int r = begin(rt, id, &ops, err);

	r = r < 0 ? r : ops->drop(rt, id, err);
	crash_point("dropped", id);
	return named(rt, r, "drop", id, err);
}

/* --- collecting ---------------------------------------------------------------------- */

struct found {
	UT_hash_handle hh;
	unsigned kinds;
	const char *id;
};

struct leftovers_set {
	struct arena *arena;
	struct found *all; /* in the arena, but for uthash's table */
	struct leftover *foreign;
	size_t n_foreign;
};

struct arena *leftovers_arena(struct leftovers_set *set)
{
	return set->arena;
}

void leftovers_add_foreign(struct leftovers_set *set, const char *name, enum leftover_what what,
			   const char *whose)
{
	set->foreign = arena_grow(set->arena, set->foreign, set->n_foreign, sizeof(*set->foreign));
	set->foreign[set->n_foreign++] = (struct leftover){
		.id = arena_strdup(set->arena, name),
		.kinds = leftover_bit(what),
		.foreign = whose,
	};
}

void leftovers_add(struct leftovers_set *set, const char *name, enum leftover_what what)
{
	struct runtime_id unused;
	struct found *f;

	if (!runtime_id_parse(name, &unused))
		return;
	HASH_FIND_STR(set->all, name, f);
	if (!f) {
		f = arena_alloc(set->arena, sizeof(*f));
		f->id = arena_strdup(set->arena, name);
		HASH_ADD_KEYPTR(hh, set->all, f->id, strlen(f->id), f);
	}
	f->kinds |= leftover_bit(what);
}

/* The id in front of the suffix; false when there is none. */
static bool id_of(const char *entry, const char *suffix, char id[LIMIT_RUNTIME_ID + 1])
{
	size_t n = strlen(entry), n_suffix = strlen(suffix);
	struct runtime_id unused;

	if (n <= n_suffix || n - n_suffix > LIMIT_RUNTIME_ID ||
	    strcmp(entry + n - n_suffix, suffix) != 0)
		return false;
	memcpy(id, entry, n - n_suffix);
	id[n - n_suffix] = '\0';
	return runtime_id_parse(id, &unused);
}

int leftovers_add_names(struct leftovers_set *set, const struct leftovers_names *names,
			enum leftover_what what, struct error *err)
{
	DIR *d CLEAN(dir) = opendir(names->path);
	char id[LIMIT_RUNTIME_ID + 1];
	struct dirent *e;

	if (!d)
		return errno == ENOENT ? 0 : error_sys(err, errno, "read %s", names->path);
	for (errno = 0; (e = readdir(d)); errno = 0) {
		int r = 1;

		if (!id_of(e->d_name, names->suffix, id))
			continue;
		if (names->is_one)
			r = names->is_one(names->arg, id, err);
		if (r < 0)
			return r;
		if (r > 0)
			leftovers_add(set, id, what);
	}
	return errno ? error_sys(err, errno, "read %s", names->path) : 0;
}

/* --- through a table ----------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
	const struct leftover *x = a, *y = b;
	int order = strcmp(x->id, y->id);

	return order ? order : (int)x->kinds - (int)y->kinds;
}

static int judge_all(const struct leftover_table *t, struct runtime *rt, struct arena *a,
		     struct leftovers *all, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->n; i++)
		r = t->judge(rt, &all->items[i], a, err);
	return r;
}

int leftovers_table_list(const struct leftover_table *t, struct runtime *rt, struct arena *a,
			 struct leftovers *ret, struct error *err)
{
	struct leftovers_set set = { .arena = a };
	struct leftovers all = { 0 };
	struct found *f, *next;
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n; i++)
		if (t->kinds[i].list)
			r = t->kinds[i].list(rt, &set, err);
	all.items = arena_array(a, HASH_COUNT(set.all) + set.n_foreign + 1, sizeof(*all.items));
	HASH_ITER (hh, set.all, f, next)
		all.items[all.n++] = (struct leftover){ .id = f->id, .kinds = f->kinds };
	HASH_CLEAR(hh, set.all);
	r = r < 0 ? r : judge_all(t, rt, a, &all, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < set.n_foreign; i++)
		all.items[all.n++] = set.foreign[i];
	qsort(all.items, all.n, sizeof(*all.items), by_id);
	*ret = all;
	return 0;
}

int leftovers_table_look(const struct leftover_table *t, struct runtime *rt, const char *id,
			 struct arena *a, struct leftover *ret, struct error *err)
{
	struct leftover l = { .id = arena_strdup(a, id) };
	int r = 0;

	for (size_t i = 0; i < t->n; i++) {
		r = t->kinds[i].look(rt, id, err);
		if (r < 0)
			return r;
		if (r == LEFTOVER_THERE)
			l.kinds |= leftover_bit(t->kinds[i].what);
	}
	if (!l.kinds)
		return RUNTIME_ABSENT;
	r = t->judge(rt, &l, a, err);
	if (r == 0)
		*ret = l;
	return r;
}

static int release_kinds(const struct leftover_table *t, struct runtime *rt, const char *id,
			 struct error *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < t->n; i++) {
		crash_point("kind", leftover_kind_name(t->kinds[i].what));
		if (t->kinds[i].release)
			r = t->kinds[i].release(rt, id, err);
	}
	return r < 0 ? r : 0;
}

int leftovers_table_release(const struct leftover_table *t, struct runtime *rt, const char *id,
			    struct mono deadline, struct error *err)
{
	const unsigned aside = leftover_bit(LEFTOVER_QUARANTINE);
	struct arena *a CLEAN(arena) = arena_new();
	struct leftover l = { 0 };
	int r = leftovers_table_look(t, rt, id, a, &l, err);

	if (r != 0)
		return r;
	if (l.foreign)
		return error_set(err, ERR_LOCKED, 0, "%s", l.foreign);
	if ((l.kinds & ~aside) == 0)
		return RUNTIME_ABSENT;
	r = rt->ops->remove(rt, id, deadline, err);
	r = r < 0 ? r : release_kinds(t, rt, id, err);
	r = r < 0 ? r : leftovers_table_look(t, rt, id, a, &l, err);
	if (r == 0 && l.kinds & ~aside)
		return error_set(err, ERR_CONFLICT, 0, "there is still: %s",
				 leftover_words(l.kinds & ~aside, a));
	return r < 0 ? r : 0;
}
