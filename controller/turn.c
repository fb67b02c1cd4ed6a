/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's law in one place: persist, then act, then report. Nothing here knows why a step
 * is right.
 */
#include "controller/turn.h"

#include <assert.h>
#include <string.h>

#include "controller/turn_plan.h"
#include "specs/runtime_id.h"
#include "store/event_store.h"
#include "store/instance_store.h"
#include "store/slot_store.h"
#include "store/store.h"

static size_t find_lane(const struct driver *d, const char *runtime)
{
	size_t i = 0;

	while (i < d->n_lanes && strcmp(lane_runtime(d->lanes[i])->name, runtime) != 0)
		i++;
	assert(i < d->n_lanes); /* the core routes only to runtimes with capacity */
	return i;
}

struct tracked *turn_find(struct driver *d, const char *name)
{
	for (struct tracked *t = d->first; t; t = t->next)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

static bool has_answer(const struct driver *d)
{
	for (size_t i = 0; i < d->n_lanes; i++)
		if (lane_seen(d->lanes[i]))
			return true;
	return false;
}

/* How long what is under way when the time is up may still take: it was begun to be finished, and
 * what takes longer is safe with its intent, as it is when the program is killed. */
#define LAST_STEP_US (3 * CLOCK_SEC)
/* And a look that has only just begun: long enough for every runtime that is well. */
#define LAST_LOOK_US (1 * CLOCK_SEC)

static struct mono earlier(struct mono a, struct mono b)
{
	if (!a.us || (b.us && mono_cmp(b, a) < 0))
		return b;
	return a;
}

/* When the look of that lane is given up; 0: none is under way, or the others wait for it too. */
static struct mono look_until(const struct driver *d, size_t i)
{
	struct mono since = lane_look_since(d->lanes[i]), until = { 0 };

	if (has_answer(d))
		until = lane_patience(d->lanes[i]);
	if (since.us && d->out_of_time.us)
		until = earlier(until, mono_add(since, LAST_LOOK_US));
	return until;
}

/* Until when the steps of that lane are waited for, being out of time. */
static struct mono steps_until(const struct driver *d, size_t i)
{
	if (lane_is_deaf(d->lanes[i], d->now))
		return d->out_of_time;
	return mono_add(d->out_of_time, LAST_STEP_US);
}

struct mono turn_patience(const struct driver *d)
{
	struct mono first = { 0 };

	for (size_t i = 0; i < d->n_lanes; i++) {
		first = earlier(first, look_until(d, i));
		if (d->out_of_time.us && lane_flight(d->lanes[i]) > 0)
			first = earlier(first, steps_until(d, i));
	}
	return first;
}

bool turn_has_left(const struct driver *d)
{
	bool is_over = d->out_of_time.us && !d->look_running;

	for (size_t i = 0; is_over && i < d->n_lanes; i++)
		is_over = lane_flight(d->lanes[i]) == 0 || mono_cmp(d->now, steps_until(d, i)) >= 0;
	return is_over || turn_is_idle(d);
}

void turn_drop_pending(struct driver *d)
{
	for (size_t i = 0; i < d->n_pending; i++)
		d->pending[i]->job.drop(&d->pending[i]->job);
	d->n_pending = 0;
	memset(d->lane_pending, 0, sizeof(d->lane_pending));
}

/* How many steps each runtime takes now. A stuck runtime takes none: its breaker is open. */
static size_t capacities(struct driver *d, struct reconcile_capacity *ret)
{
	for (size_t i = 0; i < d->n_lanes; i++) {
		unsigned room = d->stopping ? 0 : lane_room(d->lanes[i], d->now);
		unsigned taken = d->lane_pending[i];

		ret[i].runtime = lane_runtime(d->lanes[i])->name;
		ret[i].n = room > taken ? room - taken : 0;
	}
	return d->n_lanes;
}

/* Completes what the core leaves to the driver: who makes it. */
static const struct instance_spec *sign_spec(struct driver *d, const struct instance_spec *spec,
					     struct arena *a)
{
	struct instance_spec *copy;

	if (!spec)
		return NULL;
	copy = arena_alloc(a, sizeof(*copy));
	*copy = *spec;
	copy->id = arena_strdup(a, spec->id);
	copy->deployment = arena_strdup(a, spec->deployment);
	copy->service_name = arena_strdup(a, spec->service_name);
	copy->config_hash = arena_strdup(a, spec->config_hash);
	copy->owner = d->o.session->opt.layout.owner;
	copy->node_id = d->o.session->node_id;
	copy->oci_path = d->o.session->opt.oci_path ? d->o.session->opt.oci_path : "";
	return copy;
}

static void add_pending(struct driver *d, struct tracked *t, const struct reconcile_run *run)
{
	size_t lane = find_lane(d, run->step.runtime);
	struct work_step *w = work_step_new(lane_runtime(d->lanes[lane]), &run->step, d->now);

	w->step.spec = sign_spec(d, run->step.spec, w->arena);
	w->ticket = run->ticket;
	w->owner = t;
	w->wanted = t->wanted;
	if (d->n_pending == d->pending_size) {
		d->pending_size = d->pending_size ? d->pending_size * 2 : 16;
		d->pending = xrealloc(d->pending, d->pending_size, sizeof(struct work_step *));
	}
	d->pending[d->n_pending++] = w;
	d->lane_pending[lane]++;
}

static void tell(struct driver *d, struct tracked *t, const struct reconcile_update *up)
{
	for (size_t i = 0; d->o.note && i < up->n_notes; i++)
		d->o.note(d->o.arg, t->name, &up->notes[i]);
}

static int feed(struct driver *d, struct tracked *t, struct reconcile_event *ev, struct error *err)
{
	struct reconcile_capacity room[RUNTIME_COMPOSITE_MAX];
	struct reconcile_update up;

	ev->now = d->now;
	ev->boot = clock_boot();
	ev->wall = d->ledger.now;
	ev->capacity = room;
	ev->n_capacity = capacities(d, room);
	reconcile_step(t->r, ev, &up);
	t->was_fed = true;
	t->wake = up.wake;
	t->overall = up.overall;
	for (size_t i = 0; i < up.n_steps; i++)
		add_pending(d, t, &up.steps[i]);
	if (up.flags & RECONCILE_OBSERVE) {
		d->look_wanted = true;
		t->wants_next = d->look_running;
	}
	tell(d, t, &up);
	return ledger_update(&d->ledger, t->name, &up, err);
}

static int feed_type(struct driver *d, struct tracked *t, enum reconcile_event_type type,
		     struct error *err)
{
	struct reconcile_event ev = { .type = type };

	return feed(d, t, &ev, err);
}

/* The records are read anew: turns since it was put together may have written them. */
static int load_records(struct driver *d, struct wanted *w, struct error *err)
{
	struct slot_rows rows = { 0 };
	int r = slot_store_list(d->o.session->store, w->deployment, w->arena, &rows, err);

	w->slots = rows.items;
	w->n_slots = rows.n;
	return r;
}

static int feed_coming(struct driver *d, struct tracked *t, struct error *err)
{
	struct reconcile_event ev = { .type = RECONCILE_DESIRED };
	int r = ledger_raise(&d->ledger, t->coming->deployment, err);

	r = r < 0 ? r : load_records(d, t->coming, err);

	if (r < 0)
		return r;
	if (t->wanted) {
		t->wanted->next = t->retired;
		t->retired = t->wanted;
	}
	t->wanted = TAKE(t->coming);
	t->is_planned = false;
	ev.desired = &t->wanted->desired;
	ev.slots = t->wanted->slots;
	ev.n_slots = t->wanted->n_slots;
	ev.scope = t->wanted->scope;
	r = feed(d, t, &ev, err);
	/* Somebody asked: what failed before gets one more try. */
	return r < 0 || !t->wanted->is_asked ? r : feed_type(d, t, RECONCILE_TRY_AGAIN, err);
}

static int write_manual(const struct driver *d, const struct manual *m, struct error *err)
{
	struct event_row row;
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->scope.n; i++) {
		manual_row(m, i, &row);
		row.first = row.last = d->ledger.now;
		r = event_store_append(d->o.session->store, &row, err);
	}
	return r;
}

/* What was asked for by hand: into the records and the event log before anything comes of it. */
static int feed_asked(struct driver *d, struct tracked *t, struct error *err)
{
	int r = 0;

	while (r == 0 && t->asked) {
		struct manual_asked *first = t->asked;
		struct reconcile_event ev;

		manual_event(&first->m, &ev);
		r = feed(d, t, &ev, err);
		if (r == 0)
			r = write_manual(d, &first->m, err);
		if (r == 0)
			r = turn_plan_asked(d, t, &first->m, err);
		t->asked = first->next;
		first->next = NULL;
		manual_free(first);
	}
	return r;
}

/* A stranger has the address: the next try gets another one. */
static void judge_address(struct driver *d, struct work_step *w)
{
	if (w->step.kind != STEP_CREATE || w->result != -ERR_EXISTS || !w->step.spec->address)
		return;
	avoid_add(d->avoid, w->rt->name, w->step.spec->address, d->now);
	w->result = -ERR_CONFLICT;
	w->error.code = ERR_CONFLICT;
}

static int take_step(struct driver *d, struct work_step *w, struct error *err)
{
	struct tracked *t = w->owner;
	struct reconcile_event ev = {
		.type = RECONCILE_STEP_DONE,
		.done = { .ticket = w->ticket,
			  .code = w->result,
			  .message = w->result < 0 ? w->error.msg : NULL,
			  .hint = w->error.hint[0] ? w->error.hint : NULL,
			  .instance = w->has_after ? &w->after : NULL },
	};
	int r = ledger_result(&d->ledger, w, err);

	w->wanted->n_flight--;
	if (w->step.instance_id)
		ledger_touch(d->touched, w->step.instance_id);
	if (r == 0)
		r = feed(d, t, &ev, err);
	w->job.drop(&w->job);
	return r;
}

static int take_results(struct driver *d, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < d->n_lanes; i++) {
		struct work_step *w;

		while (r == 0 && (w = lane_take(d->lanes[i], d->now))) {
			judge_address(d, w);
			r = take_step(d, w, err);
		}
	}
	return r;
}

/* Of what has no row yet the row does not know more than the look: it is to be adopted, and as what
 * it is after its end. */
static int touch_ended(struct driver *d, const char *id, struct error *err)
{
	struct instance row;
	int r = instance_store_find(d->o.session->store, id, d->arena, &row, err);

	if (r == 0)
		ledger_touch(d->touched, id);
	else if (r > 0 && d->look_running)
		d->look_wanted = true;
	return r < 0 ? r : 0;
}

static int take_exits(struct driver *d, struct error *err)
{
	struct inbox_exit e;
	int r = 0;

	while (r == 0 && inbox_take(d->o.inbox, &e)) {
		struct reconcile_event ev = { .type = RECONCILE_EXITED,
					      .instance_id = e.id,
					      .has_exit_code = e.has_code,
					      .exit_code = e.code };
		struct runtime_id id;
		struct tracked *t;

		if (!runtime_id_parse(e.id, &id))
			continue;
		r = touch_ended(d, e.id, err);
		r = r < 0 ? r : ledger_exit(&d->ledger, &e, err);
		t = turn_find(d, id.deployment);
		if (r == 0 && t)
			r = feed(d, t, &ev, err);
	}
	return r;
}

/* A look is one for all deployments. Who has asked since it began, and be it after a step that
 * failed, asked for one that begins later. */
static int feed_observed(struct driver *d, const struct observed *all, struct error *err)
{
	int r = 0;

	for (struct tracked *t = d->first; r == 0 && t; t = t->next) {
		if (t->wants_next)
			continue;
		struct observed part = observed_part(all, t->name);
		struct reconcile_event ev = { .type = RECONCILE_OBSERVED, .observed = &part };

		r = turn_plan_first(d, t, &part, err);
		if (r == 0)
			r = feed(d, t, &ev, err);
		t->was_seen = true;
	}
	return r;
}

/* True when every lane has an answer; copies them (shallow: they stay with the lanes). */
static bool collect_looks(const struct driver *d, struct observation *ret)
{
	for (size_t i = 0; i < d->n_lanes; i++) {
		const struct observation *seen = lane_seen(d->lanes[i]);

		if (!seen)
			return false;
		ret[i] = *seen;
	}
	return d->look_running;
}

/* Who has answered need not wait for who has not, beyond a point. */
static void give_up_looks(struct driver *d)
{
	for (size_t i = 0; i < d->n_lanes; i++) {
		struct mono until = look_until(d, i);

		if (until.us && mono_cmp(d->now, until) >= 0)
			lane_give_up(d->lanes[i], d->now);
	}
}

static int take_looks(struct driver *d, struct error *err)
{
	struct observation looks[RUNTIME_COMPOSITE_MAX];
	struct observed all;
	int r;

	give_up_looks(d);
	if (!collect_looks(d, looks))
		return 0;
	r = ledger_look(&d->ledger, looks, d->n_lanes, d->touched, &all, err);
	if (r == 0)
		r = ledger_settle(&d->ledger, looks, d->n_lanes, err);
	if (r == 0) {
		snprintf(d->partial, sizeof(d->partial), "%s", all.partial ? all.missing : "");
		r = feed_observed(d, &all, err);
	}
	for (size_t i = 0; i < d->n_lanes; i++)
		lane_forget(d->lanes[i]);
	d->look_running = false;
	return r;
}

static int feed_timers(struct driver *d, struct error *err)
{
	bool lost = inbox_take_lost(d->o.inbox);
	int r = 0;

	for (struct tracked *t = d->first; r == 0 && t; t = t->next) {
		if (t->coming)
			r = feed_coming(d, t, err);
		if (r == 0 && !t->coming)
			r = feed_asked(d, t, err);
		if (r == 0 && lost)
			r = feed_type(d, t, RECONCILE_LOST, err);
		if (r == 0 && t->wake.us && mono_cmp(d->now, t->wake) >= 0)
			r = feed_type(d, t, RECONCILE_TIMER, err);
	}
	return r;
}

/* Room that came free in this turn goes to those that were not fed and have work. */
static int feed_capacity(struct driver *d, struct error *err)
{
	int r = 0;

	for (struct tracked *t = d->first; r == 0 && t; t = t->next) {
		if (!t->was_fed && t->overall == RECONCILE_BUSY)
			r = feed_type(d, t, RECONCILE_CAPACITY, err);
		t->was_fed = false;
	}
	return r;
}

static void submit_pending(struct driver *d)
{
	if (d->n_pending)
		session_acts(d->o.session, d->pending[d->n_pending - 1]->intent);
	for (size_t i = 0; i < d->n_pending; i++) {
		struct work_step *w = d->pending[i];

		lane_submit(d->lanes[find_lane(d, w->step.runtime)], w);
		if (w->step.instance_id)
			ledger_touch(d->touched, w->step.instance_id);
		w->wanted->n_flight++;
	}
	d->n_pending = 0;
	memset(d->lane_pending, 0, sizeof(d->lane_pending));
}

static void free_retired(struct driver *d)
{
	for (struct tracked *t = d->first; t; t = t->next) {
		for (struct wanted **at = &t->retired; *at;) {
			struct wanted *w = *at;

			if (w->n_flight > 0) {
				at = &w->next;
				continue;
			}
			*at = w->next;
			wanted_free(w);
		}
	}
}

static int write_turn(struct driver *d, struct error *err)
{
	int r = take_results(d, err);

	r = r < 0 ? r : take_exits(d, err);
	r = r < 0 ? r : take_looks(d, err);
	r = r < 0 ? r : feed_timers(d, err);
	r = r < 0 ? r : feed_capacity(d, err);
	return r < 0 ? r : ledger_intents(&d->ledger, d->pending, d->n_pending, err);
}

static size_t rows_of(struct driver *d, const struct instance_rows *all, const char *runtime,
		      struct instance **ret)
{
	struct instance *rows = arena_array(d->arena, all->n, sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->items[i].runtime, runtime) == 0)
			rows[n++] = all->items[i];
	*ret = rows;
	return n;
}

static bool can_look(const struct driver *d)
{
	for (size_t i = 0; i < d->n_lanes; i++)
		if (!lane_can_look(d->lanes[i], d->now))
			return false;
	return !d->look_running;
}

/* On the way out one that does not answer is not asked again: its answer could only be waited for.
 * Nor is anybody when there is no time left at all. */
static bool is_hopeless(const struct driver *d)
{
	bool is_deaf =
		d->out_of_time.us && mono_cmp(d->now, mono_add(d->out_of_time, LAST_STEP_US)) >= 0;

	for (size_t i = 0; i < d->n_lanes; i++)
		is_deaf |= lane_is_deaf(d->lanes[i], d->now);
	return d->stopping && is_deaf;
}

/* After the commit: the rows that the looks are compared with are those on disk. */
static int start_look(struct driver *d, struct error *err)
{
	struct instance_rows all;
	int r;

	if (!d->look_wanted || is_hopeless(d) || !can_look(d))
		return 0;
	r = instance_store_list(d->o.session->store, NULL, d->arena, &all, err);
	if (r < 0)
		return r;
	ledger_touched_clear(d->touched);
	for (size_t i = 0; i < d->n_lanes; i++) {
		struct instance *rows;
		size_t n = rows_of(d, &all, lane_runtime(d->lanes[i])->name, &rows);

		lane_touch_flight(d->lanes[i], d->touched);
		lane_look(d->lanes[i], rows, n, d->now);
	}
	for (struct tracked *t = d->first; t; t = t->next)
		t->wants_next = false;
	d->look_wanted = false;
	d->look_running = true;
	return 0;
}

int turn_run(struct driver *d, struct error *err)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	int r;

	arena_reset(d->arena);
	r = store_begin(d->o.session->store, ERROR_HERE, &txn, err);
	if (r < 0)
		return r;
	d->ledger = (struct ledger){ .store = d->o.session->store,
				     .session = d->o.session->number,
				     .boot_id = d->o.session->boot_id,
				     .adopts_all = d->o.session->must_accept,
				     .now = clock_wall(),
				     .slices = { d->o.session->opt.slices,
						 d->o.session->opt.n_slices, d->avoid, d->now },
				     .arena = d->arena };
	r = write_turn(d, err);
	if (r == 0)
		r = store_commit(&txn, err);
	if (r < 0) {
		/* What is not on disk is not done. */
		turn_drop_pending(d);
		return r;
	}
	submit_pending(d);
	free_retired(d);
	return start_look(d, err);
}

bool turn_is_idle(const struct driver *d)
{
	for (size_t i = 0; i < d->n_lanes; i++)
		if (lane_flight(d->lanes[i]) > 0)
			return false;
	return !d->look_running;
}
