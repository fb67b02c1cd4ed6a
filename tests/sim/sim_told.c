/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracle's own book-keeping: whom to believe, how often something failed, what is done
 * for good. Where the controller may know more than this (a failure that took others with it),
 * the book holds less: the laws made of it are lower bounds.
 */
#include "tests/sim/sim_told.h"

#include <string.h>

#include "tests/sim/sim.h"

/* An instance that ran so long was well; a little less, for the time news takes. */
#define WELL_US (118 * CLOCK_SEC)

/* --- questions --- */

static bool can_update(const struct wish_service *ws, const struct told_slot *t)
{
	return ws->route == ROUTE_RUNTIME && ws->runtime == 0 && !t->no_update;
}

enum told_fit told_fit(const struct sim *s, const struct world_instance *wi)
{
	size_t slot = wi->service * WISH_REPLICAS + wi->slot;
	const struct wish_service *ws = sim_wanted(s, slot);

	if (wi->generation <= s->told[slot].restart_upto)
		return TOLD_DIFFERS;
	if (wi->config.variant != ws->config.variant || (ws->follows_tag && wi->image != ws->image))
		return TOLD_DIFFERS;
	if (wi->config.limits == ws->config.limits)
		return TOLD_FITS;
	return can_update(ws, &s->told[slot]) ? TOLD_NEARLY : TOLD_DIFFERS;
}

struct told_instance *told_find(struct told_slot *t, uint64_t generation)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->items[i].is.generation == generation)
			return &t->items[i];
	return NULL;
}

static void add_living(const struct sim *s, const struct told_slot *t,
		       const struct told_instance *ti, struct told_sum *sum)
{
	size_t slot = ti->is.service * WISH_REPLICAS + ti->is.slot;
	enum told_fit fit = told_fit(s, &ti->is);
	enum instance_state state = ti->is.state;

	if (state == INSTANCE_CREATED) {
		sum->n_fresh += fit == TOLD_FITS;
	} else if (fit == TOLD_DIFFERS ||
		   (state == INSTANCE_PAUSED && !can_update(sim_wanted(s, slot), t))) {
		sum->n_old++;
		sum->is_touched = sum->is_touched || ti->is_signaled || ti->is_killed;
	} else if (state == INSTANCE_PAUSED) {
		sum->n_thaw++;
	} else {
		sum->n_up++;
		sum->n_right += fit == TOLD_FITS;
		if (ti->is.generation > sum->newest_up)
			sum->newest_up = ti->is.generation;
	}
}

static int weigh_end(const struct told_slot *t, const struct world_instance *wi)
{
	bool is_it = t->has_done && wish_same(&t->done, &wi->config) && t->has_exit_code &&
		     wi->has_exit_code && wi->exit_code == t->exit_code;
	return 2 * is_it + (wi->started_us != 0);
}

/* By itself: what we have ended is a leftover. */
static bool has_ended(const struct sim *s, const struct told_instance *ti)
{
	return ti->is.state == INSTANCE_EXITED && !ti->is_signaled && !ti->is_killed &&
	       told_fit(s, &ti->is) == TOLD_FITS;
}

/* Of those that fit and have ended the one that tells of it: whose code is on record, or which
 * had begun at all; the newest of these. */
static const struct told_instance *find_ended(const struct sim *s, const struct told_slot *t)
{
	const struct told_instance *best = NULL;
	for (size_t i = 0; i < t->n; i++) {
		const struct told_instance *ti = &t->items[i];
		if (!has_ended(s, ti))
			continue;
		if (!best || weigh_end(t, &ti->is) >= weigh_end(t, &best->is))
			best = ti;
	}
	return best;
}

struct told_sum told_sum(const struct sim *s, const struct told_slot *t, size_t slot)
{
	struct told_sum sum = { .n = t->n };
	const struct told_instance *ended;
	for (size_t i = 0; i < t->n; i++) {
		const struct told_instance *ti = &t->items[i];
		sum.n_unknown += ti->is.state == INSTANCE_UNKNOWN;
		sum.n_broken += ti->is.state == INSTANCE_BROKEN;
		if (!sim_wanted(s, slot))
			continue;
		if (world_lives(&ti->is))
			add_living(s, t, ti, &sum);
		else if (has_ended(s, ti)) {
			sum.n_ended++;
		}
	}
	ended = sim_wanted(s, slot) ? find_ended(s, t) : NULL;
	sum.newest_ended = ended ? ended->is.generation : 0;
	return sum;
}

bool told_restarts(const struct wish_service *ws, int code)
{
	switch ((enum restart_kind)ws->config.policy) {
	case RESTART_NO:
		return false;
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return true;
	case RESTART_ON_FAILURE:
		break;
	}
	return code != 0;
}

static int code_of(const struct world_instance *ended)
{
	return ended->has_exit_code ? ended->exit_code : -1;
}

bool told_is_done(const struct sim *s, size_t slot, int *ret_code)
{
	const struct wish_service *ws = sim_wanted(s, slot);
	const struct told_slot *t = &s->told[slot];
	struct told_sum sum = told_sum(s, t, slot);
	const struct told_instance *ended;

	if (!ws || t->is_held || sum.n_up + sum.n_thaw + sum.n_unknown)
		return false;
	ended = find_ended(s, t);
	if (t->has_done && wish_same(&t->done, &ws->config))
		*ret_code = t->has_exit_code ? t->exit_code : -1;
	else if (ended)
		*ret_code = code_of(&ended->is);
	else
		return false;
	return !told_restarts(ws, *ret_code);
}

bool told_is_ready(const struct sim *s, size_t slot, bool started_is_enough)
{
	const struct wish_service *ws = sim_wanted(s, slot);
	int code;
	if (told_is_done(s, slot, &code))
		return code == 0;
	if (s->told[slot].is_held || (ws->is_job && !started_is_enough))
		return false;
	return told_sum(s, &s->told[slot], slot).n_up > 0;
}

/* --- failures and waits --- */

static int64_t given_delay(const struct sim *s, size_t slot)
{
	const struct wish_service *ws = sim_wanted(s, slot);

	return ws ? ws->delay_us : 0;
}

static int64_t least_wait(const struct sim *s, size_t slot, uint32_t fails)
{
	int64_t us = given_delay(s, slot) ? given_delay(s, slot) : CLOCK_SEC;
	for (uint32_t i = 1; i < fails && us < 60 * CLOCK_SEC; i++)
		us *= 2;
	return us < 60 * CLOCK_SEC ? us : 60 * CLOCK_SEC;
}

/* Who ends for the first time is back at once. */
static int64_t least_wait_after_end(const struct sim *s, size_t slot)
{
	uint32_t fails = s->told[slot].fails;

	if (given_delay(s, slot))
		return least_wait(s, slot, fails);
	return fails > 1 ? least_wait(s, slot, fails - 1) : 0;
}

static void forget_failures(struct told_slot *t)
{
	t->fails = 0;
	t->has_failed = t->may_be_stuck = false;
	t->quiet_us = t->make_us = 0;
}

static void count_end(struct sim *s, size_t slot, const struct told_instance *last)
{
	const struct wish_service *ws = sim_wanted(s, slot);
	struct told_slot *t = &s->told[slot];
	int64_t end = last->is.finished_us ? last->is.finished_us : sim_wall(s).us;
	bool was_counted;

	bool is_final = !told_restarts(ws, code_of(&last->is));

	if (t->has_done && wish_same(&t->done, &ws->config) &&
	    (t->has_exit_code || !last->is.has_exit_code))
		return; /* that is known, and how it ended first counts */
	t->has_exit_code = last->is.has_exit_code;
	t->exit_code = last->is.exit_code;
	if (is_final) {
		t->has_done = true;
		t->done = ws->config;
		return;
	}
	if (s->is_asked || (last->is.started_us && end - last->is.started_us >= WELL_US))
		t->fails = 0;
	was_counted = t->is_counted;
	t->is_counted = true;
	if (was_counted || s->is_asked)
		return;
	t->fails += t->fails < UINT32_MAX;
	t->make_us = s->now_us + least_wait_after_end(s, slot);
}

/* What outlives SIGKILL is a failure that nobody reports: the controller may have counted it. */
static void forgive_stuck(struct sim *s, struct told_slot *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->items[i].is_killed && t->items[i].patience_us <= s->now_us)
			t->is_counted = true;
}

/* The end of a slot's newest instance, when nobody asked for it. */
static void notice(struct sim *s, size_t slot)
{
	const struct wish_service *ws = sim_wanted(s, slot);
	struct told_slot *t = &s->told[slot];
	const struct told_instance *last = t->n ? &t->items[t->n - 1] : NULL;

	forgive_stuck(s, t);
	if (!last || !ws || t->is_held || last->is.generation <= t->restart_upto ||
	    last->is.state != INSTANCE_EXITED || last->is_signaled || last->is_killed ||
	    !wish_same(&last->is.config, &ws->config))
		return;
	if (t->is_in_flight && t->doing == STEP_SIGNAL &&
	    t->doing_generation == last->is.generation)
		return;
	count_end(s, slot, last);
}

/* --- facts --- */

static void add(struct sim *s, struct told_slot *t, const struct world_instance *wi)
{
	size_t at = t->n;
	if (t->n == TOLD_MAX)
		sim_die(s, "more instances in a slot than anybody could want");
	for (; at > 0 && t->items[at - 1].is.generation > wi->generation; at--)
		t->items[at] = t->items[at - 1];
	t->items[at] = (struct told_instance){ .is = *wi };
	t->n++;
	if (wi->generation > t->top_generation)
		t->top_generation = wi->generation;
}

static void drop(struct told_slot *t, uint64_t generation)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n; i++)
		if (t->items[i].is.generation != generation)
			t->items[n++] = t->items[i];
	t->n = n;
	t->is_empty = n == 0;
}

void told_wish(struct sim *s)
{
	s->has_look = false;
	s->since_us = s->now_us;
	s->no_look_us = 0;
	memset(s->is_staged, 0, sizeof(s->is_staged));
	memset(s->n_staging, 0, sizeof(s->n_staging));
	for (size_t i = 0; i < SIM_SLOTS; i++) {
		const struct wish_service *ws = sim_wanted(s, i);
		struct told_slot *t = &s->told[i];
		if (ws && t->has_want && wish_hash(&t->want) != wish_hash(&ws->config)) {
			forget_failures(t);
			t->no_update = false;
		}
		if (ws) {
			t->has_want = true;
			t->want = ws->config;
		}
		notice(s, i);
	}
}

void told_forget(struct sim *s, bool is_reboot)
{
	s->has_look = s->is_asked = s->owes_look = false;
	for (size_t i = 0; i < SIM_SLOTS; i++) {
		struct told_slot *t = &s->told[i];
		forgive_stuck(s, t);
		t->n = 0;
		t->is_in_flight = t->must_look = t->no_update = t->has_want = false;
		t->is_empty = t->is_hidden = false;
		t->touched = t->look_after = 0;
		if (is_reboot &&
		    s->has_jumped) /* another boot, and nobody knows how long it waited */
			t->quiet_us = t->make_us = 0;
	}
}

void told_ask(struct sim *s)
{
	s->is_asked = true;
	s->since_us = s->now_us;
	s->no_look_us = 0;
	for (size_t i = 0; i < SIM_SLOTS; i++) {
		forget_failures(&s->told[i]);
		s->told[i].no_update = false;
	}
}

void told_by_hand(struct sim *s, size_t slot, enum reconcile_event_type type)
{
	struct told_slot *t = &s->told[slot];

	forget_failures(t);
	t->no_update = false;
	if (type == RECONCILE_RESTART || (type == RECONCILE_RELEASE && t->is_held))
		t->restart_upto = t->top_generation;
	if (type == RECONCILE_RESTART)
		t->has_done = false;
	t->is_held = type == RECONCILE_HOLD;
}

void told_commit(struct sim *s, const struct world_op *op)
{
	struct told_slot *t = &s->told[op->what.service * WISH_REPLICAS + op->what.slot];
	if (op->kind == STEP_CREATE)
		t->has_done = t->has_done && s->wish.services[op->what.service].is_job;
	/* Beside a newer one that has ended the start of this one tells nothing new. */
	if (op->kind == STEP_CREATE || (op->kind == STEP_START && t->n &&
					t->items[t->n - 1].is.generation == op->what.generation))
		t->is_counted = false;
	if (op->kind == STEP_CREATE)
		t->is_empty = false;
}

void told_step(struct sim *s, const struct world_op *op)
{
	struct told_slot *t = &s->told[op->what.service * WISH_REPLICAS + op->what.slot];
	t->is_in_flight = true;
	t->is_hidden = false;
	t->doing = op->kind;
	t->doing_generation = op->what.generation;
	t->touched = s->look;
	if (op->kind == STEP_CREATE)
		t->top_generation = op->what.generation;
	told_commit(s, op);
	if (op->kind == STEP_STAGE)
		s->n_staging[op->what.runtime][op->what.image]++;
}

/* Others may have waited for the image, and then they failed with it: nobody tells who. */
static void forgive_waiting(struct sim *s, const struct world_op *op, bool is_lasting)
{
	for (size_t i = 0; i < SIM_SLOTS; i++) {
		const struct wish_service *ws = sim_wanted(s, i);
		struct told_slot *t = &s->told[i];
		if (!ws || ws->runtime != op->what.runtime || ws->image != op->what.image)
			continue;
		t->is_counted = true;
		t->may_be_stuck = t->may_be_stuck || is_lasting;
	}
}

static void failed(struct sim *s, struct told_slot *t, const struct world_op *op, int code)
{
	size_t slot = op->what.service * WISH_REPLICAS + op->what.slot;
	bool is_removal = op->kind == STEP_REMOVE || op->kind == STEP_SIGNAL;

	t->must_look = true;
	t->look_after = s->look;
	if (op->kind == STEP_STAGE && op->wish == s->n_wishes)
		forgive_waiting(s, op, code == -ERR_INVALID);
	if (op->kind == STEP_UPDATE && code == -ERR_UNSUPPORTED) {
		t->no_update = true;
		return;
	}
	t->fails += t->fails < UINT32_MAX;
	if (code == -ERR_INVALID && !is_removal) {
		t->has_failed = t->may_be_stuck = true;
		return;
	}
	t->is_counted = true;
	t->quiet_us = s->now_us + least_wait(s, slot, t->fails);
}

static void signaled(struct sim *s, struct told_instance *ti, const struct world_op *op)
{
	const struct wish_service *ws = sim_service(s, op->what.service);
	int64_t grace = ws ? ws->grace_us : 10 * CLOCK_SEC;
	ti->is_signaled = true;
	ti->is_killed = ti->is_killed || op->signal == 9;
	ti->patience_us = s->now_us + (op->signal == 9 ? 10 * CLOCK_SEC : grace);
}

static void created(struct sim *s, struct told_slot *t, const struct world_instance *wi)
{
	if (wi) {
		add(s, t, wi);
		return;
	}
	t->must_look = true; /* made, and gone: nobody has seen it */
	t->look_after = s->look;
}

static void succeeded(struct sim *s, struct told_slot *t, const struct world_op *op, int code)
{
	struct told_instance *ti = told_find(t, op->what.generation);

	if (op->kind == STEP_REMOVE || (op->kind == STEP_SIGNAL && code == RECONCILE_ABSENT)) {
		drop(t, op->what.generation);
	} else if (op->kind == STEP_START && code == RECONCILE_ALREADY) {
		t->must_look = true;
		t->look_after = s->look;
	} else if (op->kind == STEP_START) {
		t->has_failed = false;
		if (ti && ti->is.state == INSTANCE_CREATED) {
			ti->is.state = INSTANCE_RUNNING;
			ti->is.started_us = sim_wall(s).us;
		}
	} else if (ti && op->kind == STEP_SIGNAL && code == RECONCILE_GONE) {
		ti->is.state = INSTANCE_EXITED;
	} else if (ti && op->kind == STEP_SIGNAL) {
		signaled(s, ti, op);
	} else if (ti && op->kind == STEP_UPDATE) {
		ti->is.config = op->what.config;
		if (ti->is.state == INSTANCE_PAUSED)
			ti->is.state = INSTANCE_RUNNING;
	}
}

/* It runs, as it shall, and nothing else is in its slot. */
static bool runs_alone(const struct sim *s, size_t slot)
{
	const struct told_slot *t = &s->told[slot];
	struct told_sum sum = told_sum(s, t, slot);
	return !t->is_in_flight && !t->must_look && !t->is_held && sum.n == 1 && sum.n_right == 1;
}

/* Then what was said of the try before is over. */
static void forgive(struct sim *s, size_t slot)
{
	struct told_slot *t = &s->told[slot];
	if (!runs_alone(s, slot))
		return;
	t->has_failed = t->may_be_stuck = false;
	t->quiet_us = t->make_us = 0;
}

/* And what ends next is another end: a look tells, an answer may come before the first one. */
static void see_running(struct sim *s, size_t slot)
{
	forgive(s, slot);
	if (runs_alone(s, slot))
		s->told[slot].is_counted = false;
}

void told_report(struct sim *s, const struct world_op *op, int code,
		 const struct world_instance *wi)
{
	size_t slot = op->what.service * WISH_REPLICAS + op->what.slot;
	struct told_slot *t = &s->told[slot];

	t->is_in_flight = false;
	t->touched = s->look;
	if (op->kind == STEP_STAGE && op->wish == s->n_wishes) {
		s->n_staging[op->what.runtime][op->what.image]--;
		s->is_staged[op->what.runtime][op->what.image] = code >= 0;
	}
	if (code < 0)
		failed(s, t, op, code);
	else if (op->kind == STEP_CREATE)
		created(s, t, wi);
	else
		succeeded(s, t, op, code);
	forgive(s, slot); /* also when that took away what stood beside it */
	notice(s, slot);
}

static void see_generations(struct sim *s, size_t slot)
{
	struct told_slot *t = &s->told[slot];

	for (size_t i = 0; i < s->seen.n; i++) {
		const struct world_instance *wi = &s->seen.items[i];
		if (wi->service * WISH_REPLICAS + wi->slot == slot &&
		    wi->generation > t->top_generation)
			t->top_generation = wi->generation;
	}
}

/* What had a row on a runtime that did not answer is UNKNOWN. */
static bool has_seen_runtime(const struct sim *s, size_t slot)
{
	const struct wish_service *ws = sim_wanted(s, slot);

	return !s->snapshot_partial ||
	       (ws && ws->route == ROUTE_RUNTIME && !s->is_silent[ws->runtime]);
}

static void see_slot(struct sim *s, size_t slot)
{
	struct told_slot *t = &s->told[slot];
	struct told_slot before = *t;

	see_generations(s, slot); /* a number is known, whatever is believed of its instance */
	if (t->is_in_flight || t->touched >= s->look)
		return;
	t->n = 0;
	for (size_t i = 0; i < s->seen.n; i++) {
		const struct world_instance *wi = &s->seen.items[i];
		if (wi->service * WISH_REPLICAS + wi->slot == slot)
			add(s, t, wi);
	}
	t->is_empty = t->n == 0 && (t->is_empty || has_seen_runtime(s, slot));
	t->is_hidden = t->n == 0 && !t->is_empty;
	for (size_t i = 0; i < t->n; i++) {
		struct told_instance *now = &t->items[i];
		const struct told_instance *was = told_find(&before, now->is.generation);
		if (!was)
			continue;
		now->is_signaled = was->is_signaled;
		now->is_killed = was->is_killed;
		now->patience_us = was->patience_us;
		if (now->is.state == INSTANCE_EXITED && !now->is.has_exit_code) {
			now->is.has_exit_code = was->is.has_exit_code;
			now->is.exit_code = was->is.exit_code;
		}
	}
}

void told_look(struct sim *s)
{
	s->has_look = true;
	for (size_t i = 0; i < SIM_SLOTS; i++) {
		struct told_slot *t = &s->told[i];
		see_slot(s, i);
		if (s->look > t->look_after)
			t->must_look = false;
		see_running(s, i);
		notice(s, i);
	}
	s->is_asked = false;
}

void told_exited(struct sim *s, const struct world_instance *wi, int code)
{
	size_t slot = wi->service * WISH_REPLICAS + wi->slot;
	struct told_slot *t = &s->told[slot];
	struct told_instance *ti = told_find(t, wi->generation);

	if (!ti) {
		s->owes_look = s->is_looking;
		return;
	}
	t->touched = s->look;
	if (ti->is.state != INSTANCE_EXITED || !ti->is.has_exit_code) {
		ti->is.state = INSTANCE_EXITED;
		ti->is.finished_us = sim_wall(s).us;
		ti->is.has_exit_code = true;
		ti->is.exit_code = code;
	}
	notice(s, slot);
}
