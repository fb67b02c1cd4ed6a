/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a sweep and their transactions. What is an orphan, and what may be done with it, is
 * decided in sweep_plan.c; how it goes away, in sweep_wave.c.
 */
#include "controller/sweep.h"

#include <string.h>

#include "specs/runtime_id.h"
#include "store/deployment_store.h"
#include "store/event_store.h"
#include "store/instance_store.h"
#include "store/intent_store.h"
#include "store/orphan_store.h"
#include "store/store.h"

enum { WAVE = 32 }; /* what lives in it is waited for together; two transactions each */

#define DEFAULT_STOP_US (10 * CLOCK_SEC)

struct sweep {
	struct session *s;
	struct sweep_options o;
	struct arena *arena; /* the caller's: everything that was ever looked at */
	const char *held;
	unsigned n_passes;

	struct sweep_known known; /* of this pass, as is what was looked at */
	struct sweep_look looks[RUNTIME_COMPOSITE_MAX];
	size_t n_looks;

	struct sweep_plan plan;
	struct sweep_fate *fates; /* one for each item of the plan */
	size_t next;              /* item to be acted on next */
	struct sweep_target wave[WAVE];
	struct sweep_fate *wave_fates[WAVE]; /* whose item each target has */
	size_t n_wave;
	size_t n_acted;
};

/* Restored, rebuilt, taken over: whose things these are is for a person to say. */
static const char *held_reason(const struct session *s, struct arena *a)
{
	if (!s->must_accept)
		return NULL;
	return arena_printf(a,
			    "it is the store of node %s in %s that owns it, and that store was "
			    "rebuilt, put back or took the owner over: nothing is deleted "
			    "before 'tallyman recover --accept'",
			    s->node_id, s->opt.layout.state_dir);
}

struct sweep *sweep_new(struct session *s, const struct sweep_options *o, struct arena *a)
{
	struct sweep *w = xcalloc(1, sizeof(*w));

	w->s = s;
	w->o = *o;
	if (!w->o.stop_us)
		w->o.stop_us = DEFAULT_STOP_US;
	w->arena = a;
	w->held = held_reason(s, w->arena);
	return w;
}

void sweep_free(struct sweep *w)
{
	free(w);
}

bool sweep_has_acted(const struct sweep *w)
{
	return w->n_acted > 0;
}

/* --- looking ------------------------------------------------------------------------- */

static int load_known(struct sweep *w, struct arena *a, struct sweep_known *ret, struct error *err)
{
	struct instance_rows rows;
	struct orphan_rows orphans;
	int r = instance_store_list(w->s->store, NULL, a, &rows, err);

	r = r < 0 ? r : orphan_store_list(w->s->store, a, &orphans, err);
	if (r < 0)
		return r;
	*ret = (struct sweep_known){ rows.items, rows.n, orphans.items, orphans.n };
	return 0;
}

int sweep_prepare(struct sweep *w, struct error *err)
{
	w->n_looks = 0;
	return load_known(w, w->arena, &w->known, err);
}

void sweep_look(struct sweep *w)
{
	for (size_t i = 0; i < runtime_composite_count(w->s->runtimes); i++)
		sweep_look_runtime(runtime_composite_member(w->s->runtimes, i), &w->known, w->arena,
				   &w->looks[w->n_looks++]);
}

/* --- deciding ------------------------------------------------------------------------ */

static int load_deployments(struct sweep *w, struct sweep_input *in, struct error *err)
{
	struct deployment_rows rows;
	const char **names;
	int r = deployment_store_list(w->s->store, w->arena, &rows, err);

	if (r < 0)
		return r;
	names = arena_array(w->arena, rows.n + 1, sizeof(*names));
	for (size_t i = 0; i < rows.n; i++)
		names[i] = rows.items[i].name;
	in->deployments = names;
	in->n_deployments = rows.n;
	return 0;
}

/* Intents that a killed sweep left: the look has shown what became of them. */
static int settle(struct sweep *w, const struct sweep_known *now, struct error *err)
{
	struct intent_rows open;
	int r = intent_store_list(w->s->store, w->arena, &open, err);

	for (size_t i = 0; r == 0 && i < open.n; i++) {
		const struct intent_row *row = &open.items[i];

		if (row->session == w->s->number || row->step != STEP_REMOVE)
			continue;
		for (size_t k = 0; r == 0 && k < now->n_orphans; k++)
			if (strcmp(now->orphans[k].id, row->runtime_id) == 0)
				r = intent_store_close(w->s->store, row->id, err);
	}
	return r;
}

static int save_plan(struct sweep *w, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->plan.n; i++)
		r = orphan_store_save(w->s->store, &w->plan.items[i].orphan, err);
	for (size_t i = 0; r == 0 && i < w->plan.n_gone; i++)
		r = orphan_store_delete(w->s->store, w->plan.gone[i]->runtime, w->plan.gone[i]->id,
					err);
	return r;
}

static int compute(struct sweep *w, struct error *err)
{
	struct sweep_input in = { .mode = w->o.mode,
				  .is_now = w->o.is_now,
				  .now = clock_wall(),
				  .grace_us = w->o.grace_us,
				  .held = w->held,
				  .only = w->o.only,
				  .n_only = w->o.n_only,
				  .looks = w->looks,
				  .n_looks = w->n_looks };
	struct sweep_known now;
	int r = load_known(w, w->arena, &now, err);

	r = r < 0 ? r : load_deployments(w, &in, err);
	r = r < 0 ? r : settle(w, &now, err);
	if (r < 0)
		return r;
	in.rows = now.rows;
	in.n_rows = now.n_rows;
	in.orphans = now.orphans;
	in.n_orphans = now.n_orphans;
	sweep_plan_compute(&in, w->arena, &w->plan);
	return 0;
}

static void begin_fates(struct sweep *w)
{
	w->fates = arena_array(w->arena, w->plan.n, sizeof(*w->fates));
	for (size_t i = 0; i < w->plan.n; i++)
		w->fates[i] = (struct sweep_fate){ .item = w->plan.items[i],
						   .why = w->plan.items[i].why };
	w->next = 0;
}

int sweep_decide(struct sweep *w, struct error *err)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	bool needs_second = w->o.is_now && w->o.mode != SWEEP_REPORT;
	int r = store_begin(w->s->store, ERROR_HERE, &txn, err);

	r = r < 0 ? r : compute(w, err);
	r = r < 0 ? r : save_plan(w, err);
	r = r < 0 ? r : store_commit(&txn, err);
	if (r < 0)
		return r;
	if (needs_second && ++w->n_passes < 2 && w->plan.n)
		return SWEEP_AGAIN;
	begin_fates(w);
	return 0;
}

/* --- acting -------------------------------------------------------------------------- */

static void fill_wave(struct sweep *w)
{
	w->n_wave = 0;
	for (; w->next < w->plan.n && w->n_wave < WAVE; w->next++) {
		struct sweep_fate *f = &w->fates[w->next];
		struct runtime *rt = runtime_composite_find(w->s->runtimes, f->item.orphan.runtime);

		if (f->item.act == SWEEP_LEAVE || !rt)
			continue;
		w->wave_fates[w->n_wave] = f;
		w->wave[w->n_wave++] = (struct sweep_target){ .rt = rt, .item = &f->item };
	}
}

/* The intent and the word `going` are on disk before the first call. */
static int put_intents(struct sweep *w, struct error *err)
{
	const struct wall now = clock_wall();
	struct runtime_id id = { .slot = 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->n_wave; i++) {
		struct sweep_target *t = &w->wave[i];
		struct orphan going = t->item->orphan;
		struct intent_row row = { .runtime_id = going.id,
					  .runtime = going.runtime,
					  .step = STEP_REMOVE,
					  .detail = "{}",
					  .opened = now };

		(void)runtime_id_parse(going.id, &id); /* the plan has only such ids */
		row.deployment = id.deployment;
		row.service = id.service;
		row.slot = id.slot;
		r = intent_store_put(w->s->store, &row, 1, err);
		t->intent = row.id;
		if (going.state != ORPHAN_GOING)
			going.since = now;
		going.state = ORPHAN_GOING;
		r = r < 0 ? r : orphan_store_save(w->s->store, &going, err);
	}
	return r;
}

int sweep_next(struct sweep *w, struct error *err)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	int r;

	fill_wave(w);
	if (w->n_wave == 0)
		return 0;
	r = store_begin(w->s->store, ERROR_HERE, &txn, err);
	r = r < 0 ? r : put_intents(w, err);
	r = r < 0 ? r : store_commit(&txn, err);
	if (r < 0)
		return r;
	session_acts(w->s, w->wave[w->n_wave - 1].intent);
	w->n_acted += w->n_wave;
	return SWEEP_MORE;
}

void sweep_act(struct sweep *w)
{
	sweep_wave_run(w->wave, w->n_wave, w->o.stop_us);
}

/* --- recording ----------------------------------------------------------------------- */

static int save_fate(struct sweep *w, struct sweep_fate *f, struct error *err)
{
	struct orphan *o = &f->item.orphan;
	const struct wall now = clock_wall();

	switch (f->end) {
	case SWEEP_END_REMOVED:
		return orphan_store_delete(w->s->store, o->runtime, o->id, err);
	case SWEEP_END_KEPT:
		o->state = ORPHAN_QUARANTINED;
		o->kinds = leftover_bit(LEFTOVER_QUARANTINE);
		o->since = now;
		break;
	case SWEEP_END_STUCK:
		sweep_plan_stuck(o, f->why, now);
		break;
	case SWEEP_END_LEFT:
		o->state = ORPHAN_SEEN;
		o->since = now;
		break;
	case SWEEP_N_ENDS:
		break;
	}
	return orphan_store_save(w->s->store, o, err);
}

int sweep_record(struct sweep *w, struct error *err)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	int r = store_begin(w->s->store, ERROR_HERE, &txn, err);

	for (size_t i = 0; r == 0 && i < w->n_wave; i++) {
		struct sweep_target *t = &w->wave[i];
		struct sweep_fate *f = w->wave_fates[i];

		f->end = t->end;
		f->why = t->error.code ? arena_strdup(w->arena, t->error.msg) : NULL;
		r = save_fate(w, f, err);
		r = r < 0 ? r : intent_store_close(w->s->store, t->intent, err);
	}
	w->n_wave = 0;
	return r < 0 ? r : store_commit(&txn, err);
}

/* --- the last look ------------------------------------------------------------------- */

/* The first of @o's id or after it. */
static size_t lower_bound(const struct leftovers *all, const char *id)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(all->items[mid].id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Kinds of ours that the last look shows of it. */
static unsigned kinds_now(const struct sweep *w, const struct orphan *o)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < w->n_looks; i++) {
		const struct leftovers *all = &w->looks[i].things;

		if (strcmp(w->looks[i].runtime, o->runtime) != 0)
			continue;
		for (size_t k = lower_bound(all, o->id);
		     k < all->n && strcmp(all->items[k].id, o->id) == 0; k++)
			if (!all->items[k].foreign)
				kinds |= all->items[k].kinds;
	}
	return kinds;
}

/* What of it should be gone now and is not. */
static unsigned kinds_left(const struct sweep *w, const struct sweep_fate *f)
{
	const unsigned aside = leftover_bit(LEFTOVER_QUARANTINE);
	unsigned kinds = kinds_now(w, &f->item.orphan);

	if (f->end != SWEEP_END_REMOVED && f->end != SWEEP_END_KEPT)
		return 0;
	return f->item.act == SWEEP_DROP ? kinds & aside : kinds & ~aside;
}

int sweep_verify(struct sweep *w, struct error *err)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	int r = store_begin(w->s->store, ERROR_HERE, &txn, err);

	for (size_t i = 0; r == 0 && i < w->plan.n; i++) {
		struct sweep_fate *f = &w->fates[i];
		unsigned kinds = kinds_left(w, f);

		if (!kinds)
			continue;
		f->item.orphan.kinds = kinds;
		f->end = SWEEP_END_STUCK;
		f->why = arena_printf(w->arena, "it was taken away, and there is again: %s",
				      leftover_words(kinds, w->arena));
		r = save_fate(w, f, err);
	}
	return r < 0 ? r : store_commit(&txn, err);
}

/* --- the end ------------------------------------------------------------------------- */

static void sum_up(const struct sweep *w, struct sweep_result *ret)
{
	*ret = (struct sweep_result){ .mode = w->o.mode,
				      .fates = w->fates,
				      .n = w->plan.n,
				      .foreign = w->plan.foreign,
				      .n_foreign = w->plan.n_foreign,
				      .failures = w->plan.failures,
				      .n_failures = w->plan.n_failures,
				      .held = w->held };
	for (size_t i = 0; i < w->plan.n; i++)
		ret->counts[w->fates[i].end]++;
}

static int put_event(struct sweep *w, const struct sweep_result *res, struct error *err)
{
	const struct wall now = clock_wall();
	struct event_row row = { .first = now,
				 .last = now,
				 .level = res->counts[SWEEP_END_STUCK] ? EVENT_WARNING : EVENT_INFO,
				 .kind = "sweep",
				 .slot = -1,
				 .by_person = w->o.by_person };

	row.message = arena_printf(w->arena, "orphans: %zu removed, %zu put aside, %zu stuck",
				   res->counts[SWEEP_END_REMOVED], res->counts[SWEEP_END_KEPT],
				   res->counts[SWEEP_END_STUCK]);
	return event_store_append(w->s->store, &row, err);
}

int sweep_finish(struct sweep *w, struct sweep_result *ret, struct error *err)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	int r;

	sum_up(w, ret);
	if (!w->n_acted)
		return 0;
	r = store_begin(w->s->store, ERROR_HERE, &txn, err);
	r = r < 0 ? r : put_event(w, ret, err);
	return r < 0 ? r : store_commit(&txn, err);
}

static int look_until_decided(struct sweep *w, struct error *err)
{
	int r;

	do {
		r = sweep_prepare(w, err);
		if (r < 0)
			return r;
		sweep_look(w);
		r = sweep_decide(w, err);
	} while (r == SWEEP_AGAIN);
	return r;
}

static int act_on_all(struct sweep *w, struct error *err)
{
	int r;

	while ((r = sweep_next(w, err)) == SWEEP_MORE) {
		sweep_act(w);
		r = sweep_record(w, err);
		if (r < 0)
			return r;
	}
	return r;
}

static int look_again(struct sweep *w, struct error *err)
{
	int r = sweep_prepare(w, err);

	if (r < 0)
		return r;
	sweep_look(w);
	return sweep_verify(w, err);
}

int sweep_run(struct session *s, const struct sweep_options *o, struct arena *a,
	      struct sweep_result *ret, struct error *err)
{
	struct sweep *w CLEAN(sweep) = sweep_new(s, o, a);
	int r = look_until_decided(w, err);

	r = r < 0 ? r : act_on_all(w, err);
	if (r >= 0 && sweep_has_acted(w))
		r = look_again(w, err);
	return r < 0 ? r : sweep_finish(w, ret, err);
}
