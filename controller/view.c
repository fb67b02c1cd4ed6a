/* SPDX-License-Identifier: Apache-2.0 */
/* A look at all runtimes and a comparison; see the header for what it may not do. */
#include "controller/view.h"

#include <pthread.h>
#include <string.h>

#include "controller/work.h"
#include "specs/hash.h"
#include "store/deployment_store.h"
#include "store/instance_store.h"
#include "store/intent_store.h"

enum { UNCLEAR_LOOKS = 5, UNCLEAR_US = 60000 };

void view_done(struct view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		reconcile_free(v->parts[i].r);
		wanted_free(v->parts[i].wanted);
	}
	arena_free(v->arena);
	*v = (struct view){ 0 };
}

/* A look at one runtime. */
struct looking {
	struct work_look *work; /* NULL: it need not be asked */
	struct observation result;
	pthread_t thread;
	bool is_beside; /* another thread does it */
};

static size_t rows_on(const struct instance_rows *all, const char *runtime, struct arena *a,
		      struct instance **ret)
{
	size_t n = 0;

	*ret = arena_array(a, all->n, sizeof(**ret));
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->items[i].runtime, runtime) == 0)
			(*ret)[n++] = all->items[i];
	return n;
}

/* A store gives its node an id: without one no shim would answer. */
static void look_without_store(struct runtime *rt, struct arena *a, struct observation *ret)
{
	struct error why = ERROR_INIT;

	(void)error_set(&why, ERR_UNAVAILABLE, 0,
			"%s: instances lie here and no store knows them; 'tallyman recover' tells "
			"more",
			rt->name);
	observe_unknown(rt, NULL, 0, &why, a, ret);
}

/* What is to be asked of one runtime; look_all() asks it. */
static int prepare(struct session *s, struct runtime *rt, const struct instance_rows *rows,
		   struct arena *a, struct looking *ret, struct error *err)
{
	struct instance *mine;
	bool may_know;
	size_t n;
	int r = session_may_know(s, rt, &may_know, err);

	if (r < 0)
		return r;
	ret->result = (struct observation){ .runtime = rt };
	if (!may_know)
		return 0;
	if (!*s->node_id && !s->is_model) {
		look_without_store(rt, a, &ret->result);
		return 0;
	}
	n = rows_on(rows, rt->name, a, &mine);
	ret->work = work_look_new(rt, mine, n, clock_mono());
	return 0;
}

static void *look(void *arg)
{
	struct job *j = arg;

	j->run(j);
	return NULL;
}

/* What a look found, in @a: its own memory goes with it. */
static void keep_result(struct looking *l, struct arena *a)
{
	struct observation *o = &l->result;
	const struct instance *seen;
	const char **absent;

	*o = l->work->result;
	seen = o->seen.instances;
	absent = o->absent;
	o->seen.instances = arena_array(a, o->seen.n, sizeof(*seen));
	for (size_t i = 0; i < o->seen.n; i++)
		o->seen.instances[i] = work_copy_instance(&seen[i], a);
	o->seen.missing = arena_strdup(a, o->seen.missing);
	o->absent = arena_array(a, o->n_absent, sizeof(*absent));
	for (size_t i = 0; i < o->n_absent; i++)
		o->absent[i] = arena_strdup(a, absent[i]);
}

/* All at once: one runtime that is wedged costs its own time and nobody else's. */
static void look_all(struct looking *all, size_t n, struct arena *a)
{
	for (size_t i = 0; i < n; i++)
		all[i].is_beside =
			i + 1 < n && all[i].work &&
			pthread_create(&all[i].thread, NULL, look, &all[i].work->job) == 0;
	for (size_t i = 0; i < n; i++)
		if (all[i].work && !all[i].is_beside)
			(void)look(&all[i].work->job);
	for (size_t i = 0; i < n; i++) {
		if (all[i].is_beside)
			pthread_join(all[i].thread, NULL);
		if (!all[i].work)
			continue;
		keep_result(&all[i], a);
		all[i].work->job.drop(&all[i].work->job);
	}
}

static void remember(struct instance *seen, const struct instance *row, struct arena *a)
{
	if (row->config_hash) /* it may have been changed in place */
		seen->config_hash = seen->state == INSTANCE_EXITED ? hash_trust(row->config_hash, a)
								   : row->config_hash;
	if (seen->started.us == 0)
		seen->started = row->started;
	if (seen->state == INSTANCE_EXITED && !seen->has_exit_code) {
		seen->has_exit_code = row->has_exit_code;
		seen->exit_code = row->exit_code;
	}
}

/* What only the store remembers of an instance; both lists have the same order. */
static void add_memory(struct view *v, const struct instance_rows *rows)
{
	size_t k = 0;

	for (size_t i = 0; i < v->observed.n; i++) {
		struct instance *seen = &v->observed.instances[i];

		while (k < rows->n && observed_compare(&rows->items[k], seen) < 0)
			k++;
		if (k < rows->n && observed_compare(&rows->items[k], seen) == 0)
			remember(seen, &rows->items[k], v->arena);
	}
}

int view_observe(struct session *s, const struct instance_rows *rows, struct arena *a,
		 struct observation *ret, struct error *err)
{
	struct looking all[RUNTIME_COMPOSITE_MAX] = { 0 };
	size_t n = runtime_composite_count(s->runtimes);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = prepare(s, runtime_composite_member(s->runtimes, i), rows, a, &all[i], err);
	if (r == 0)
		look_all(all, n, a);
	for (size_t i = 0; i < n; i++) {
		if (r < 0 && all[i].work)
			all[i].work->job.drop(&all[i].work->job);
		ret[i] = all[i].result;
	}
	return r;
}

/* What is absent was asked for in the order of the rows. */
static void add_lost(struct view *v, const struct observation *look,
		     const struct instance_rows *rows, const struct intent_rows *open,
		     const char *boot_id)
{
	size_t k = 0;

	for (size_t i = 0; i < look->n_absent; i++) {
		while (k < rows->n && strcmp(rows->items[k].id, look->absent[i]) != 0)
			k++;
		if (k < rows->n)
			observe_add_lost(&v->observed, &rows->items[k], open, boot_id, v->arena);
	}
}

static int look_once(struct session *s, struct view *v, struct error *err)
{
	struct observation looks[RUNTIME_COMPOSITE_MAX + 1];
	struct instance_rows rows = { 0 };
	struct intent_rows open = { 0 };
	size_t n = runtime_composite_count(s->runtimes);
	int r = 0;

	v->looked = clock_wall();
	if (s->store)
		r = instance_store_list(s->store, NULL, v->arena, &rows, err);
	r = r < 0 ? r : view_observe(s, &rows, v->arena, looks, err);
	if (r == 0 && s->store)
		r = intent_store_list(s->store, v->arena, &open, err);
	if (r < 0)
		return r;
	observe_strays(looks, n, rows.items, rows.n, v->arena, &looks[n]);
	observe_merge(looks, n + 1, v->arena, &v->observed);
	add_memory(v, &rows);
	for (size_t i = 0; i < n; i++)
		add_lost(v, &looks[i], &rows, &open, s->boot_id);
	return 0;
}

/* Everybody answered, and of some instance nobody can tell: a call works on it, perhaps of a
 * command that was killed. */
static bool is_unclear(const struct observed *o)
{
	for (size_t i = 0; !o->partial && i < o->n; i++)
		if (o->instances[i].state == INSTANCE_UNKNOWN)
			return true;
	return false;
}

int view_look(struct session *s, struct view *ret, struct error *err)
{
	struct view v CLEAN(view) = { .arena = arena_new() };
	int r = look_once(s, &v, err);

	/* Such calls take some ten milliseconds; who waits for longer ones watches. */
	for (int i = 0; r == 0 && i < UNCLEAR_LOOKS && is_unclear(&v.observed); i++) {
		clock_sleep(UNCLEAR_US);
		r = look_once(s, &v, err);
	}
	if (r < 0)
		return r;
	*ret = v;
	v = (struct view){ 0 };
	return 0;
}

/* The core with no room to act: it says what it would, and what each slot is. */
static void ask_core(struct session *s, struct view *v, struct view_part *part)
{
	const struct reconcile_options options = { .boot_id = s->boot_id,
						   .keeps_all = s->must_accept };
	struct reconcile_event ev = { .type = RECONCILE_DESIRED,
				      .now = clock_mono(),
				      .boot = clock_boot(),
				      .wall = v->looked,
				      .desired = &part->wanted->desired,
				      .slots = part->wanted->slots,
				      .n_slots = part->wanted->n_slots };
	struct reconcile_update unused;

	part->r = reconcile_new(&options);
	reconcile_step(part->r, &ev, &unused);
	ev.type = RECONCILE_OBSERVED;
	ev.observed = &v->observed;
	reconcile_step(part->r, &ev, &unused);
}

int view_add(struct session *s, struct view *v, struct wanted *take, struct error *err)
{
	struct view_part *part;
	struct plan_input in = { .desired = &take->desired,
				 .observed = &v->observed,
				 .slots = take->slots,
				 .n_slots = take->n_slots,
				 .keeps_all = s->must_accept,
				 .is_asked = true, /* as an apply would be */
				 .now = { clock_boot(), v->looked, s->boot_id } };
	int r;

	v->parts = arena_grow(v->arena, v->parts, v->n, sizeof(*v->parts));
	part = &v->parts[v->n++];
	*part = (struct view_part){ .name = take->deployment, .wanted = take };
	ask_core(s, v, part);
	r = plan_compute(&in, v->arena, &part->plan, err);
	return r < 0 ? r : 0;
}

int view_add_all(struct session *s, struct view *v, struct error *err)
{
	struct deployment_rows rows = { 0 };
	int r = s->store ? deployment_store_list(s->store, v->arena, &rows, err) : 0;

	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct wanted *w = NULL;

		if (rows.items[i].wish == DEPLOYMENT_NOTHING &&
		    observed_part(&v->observed, rows.items[i].name).n == 0)
			continue;
		r = wanted_to_show(s, &rows.items[i], &w, err);
		if (r == 0)
			r = view_add(s, v, w, err);
	}
	return r < 0 ? r : 0;
}
