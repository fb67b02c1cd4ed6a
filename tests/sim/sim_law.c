/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The laws of updates: when to look, when to wake, what to claim. And the one question that is
 * put to the world itself: is everything as it was wished for?
 */
#include "tests/sim/sim.h"

/* The longest back-off with its jitter, and the longest time between two looks. */
#define LONGEST_WAKE_US (75 * CLOCK_SEC)

void sim_check_update(struct sim *s, const struct reconcile_update *up)
{
	bool is_look = up->flags & RECONCILE_OBSERVE;
	if (is_look && s->is_looking)
		sim_die(s, "looks twice at a time");
	if (is_look && s->now_us < s->no_look_us)
		sim_die(s, "looks again too soon");
	if (up->wake.us && up->wake.us < s->now_us)
		sim_die(s, "wakes in the past");
	if (up->wake.us > s->now_us + LONGEST_WAKE_US)
		sim_die(s, "sleeps too long");
	if (!(up->flags & RECONCILE_PERSIST) != !up->n_slots ||
	    !(up->flags & RECONCILE_RUN) != !up->n_steps)
		sim_die(s, "flags that are not true");
}

/* --- claims --- */

static bool is_right(const struct sim *s, size_t slot)
{
	const struct told_slot *t = &s->told[slot];
	struct told_sum sum = told_sum(s, t, slot);
	int code;
	if (t->is_in_flight)
		return false;
	if (!sim_wanted(s, slot) || t->is_held)
		return sum.n == 0;
	if (told_is_done(s, slot, &code))
		return sum.n == sum.n_ended && sum.n <= 1;
	return sum.n == 1 && sum.n_right == 1;
}

/* Is there anything about a service that waiting may not change? */
static bool has_obstacle(const struct sim *s, unsigned service)
{
	const struct wish_service *ws = &s->wish.services[service];
	if (ws->route != ROUTE_RUNTIME || ws->max_attempts || ws->patience == PATIENCE_FAIL)
		return true;
	for (unsigned i = 0; i < ws->replicas; i++)
		if (s->told[service * WISH_REPLICAS + i].may_be_stuck)
			return true;
	for (unsigned j = 0; j < service; j++) {
		const struct wish_service *on = &s->wish.services[j];
		if (!(ws->uses & 1U << j))
			continue;
		if (on->is_job || has_obstacle(s, j))
			return true;
		for (unsigned i = 0; i < on->replicas; i++)
			if (s->told[j * WISH_REPLICAS + i].is_held)
				return true;
	}
	return false;
}

static void check_claim(struct sim *s)
{
	size_t n_wrong = 0;
	for (size_t i = 0; i < SIM_SLOTS; i++) {
		if (is_right(s, i))
			continue;
		n_wrong++;
		if (s->overall == RECONCILE_STUCK &&
		    !(sim_wanted(s, i) && has_obstacle(s, (unsigned)i / WISH_REPLICAS)))
			sim_die(s, "gives up without a reason");
	}
	if (s->overall == RECONCILE_CONVERGED && (n_wrong || !s->has_look))
		sim_die(s, "claims to be done, and is not");
	if (s->overall == RECONCILE_STUCK && !n_wrong)
		sim_die(s, "claims to be stuck, and all is right");
}

static void check_counts(struct sim *s, const struct reconcile_update *up)
{
	size_t n = 0;
	for (size_t i = 0; i < RECONCILE_N_STATES; i++)
		n += up->counts[i];
	if (n != reconcile_count(s->r))
		sim_die(s, "counts a slot twice or not at all");
	if (s->overall == RECONCILE_CONVERGED && up->counts[RECONCILE_STATE_RUNNING] +
								 up->counts[RECONCILE_STATE_DONE] +
								 up->counts[RECONCILE_STATE_HELD] !=
							 s->desired.n)
		sim_die(s, "counts more or less than is wanted");
}

/* What status shows of a slot: one of its instances, and why. */
static void check_views(struct sim *s)
{
	for (size_t i = 0; i < reconcile_count(s->r); i++) {
		struct reconcile_view v;
		int slot;
		reconcile_view(s->r, i, &v);
		slot = sim_slot_index(v.service, v.number);
		if (slot < 0 || !v.cause || !v.record || v.record->number != v.number)
			sim_die(s, "shows a slot that does not exist");
		if (v.instance && !told_find(&s->told[slot], v.instance->generation))
			sim_die(s, "shows an instance that nobody told of");
		if (v.state == RECONCILE_STATE_RUNNING && s->has_look &&
		    (!v.instance || !told_sum(s, &s->told[slot], (size_t)slot).n_up))
			sim_die(s, "shows as running what does not run");
	}
}

void sim_check_asleep(struct sim *s)
{
	if (s->resync_us || s->overall == RECONCILE_BUSY || s->overall == RECONCILE_PAUSING)
		sim_die(s, "sleeps for ever with work to do");
}

static size_t count_views(const struct sim *s, enum verdict verdict)
{
	size_t n = 0;
	for (size_t i = 0; i < reconcile_count(s->r); i++) {
		struct reconcile_view v;
		reconcile_view(s->r, i, &v);
		n += v.verdict == verdict;
	}
	return n;
}

/* What outlives SIGKILL fails anew, at that very moment. */
static bool is_stuck(const struct sim *s, size_t slot)
{
	const struct told_slot *t = &s->told[slot];
	for (size_t i = 0; i < t->n; i++)
		if (t->items[i].is_killed && t->items[i].patience_us <= s->now_us)
			return true;
	return false;
}

void sim_check_asked(struct sim *s)
{
	for (size_t i = 0; i < reconcile_count(s->r); i++) {
		struct reconcile_view v;
		reconcile_view(s->r, i, &v);
		if (v.verdict == VERDICT_WAIT &&
		    !is_stuck(s, (size_t)sim_slot_index(v.service, v.number)))
			sim_die(s, "waits on although somebody asked");
	}
}

void sim_check_settled(struct sim *s, const struct reconcile_update *up)
{
	if (s->owes_look && !s->is_looking && !count_views(s, VERDICT_UNKNOWN))
		sim_die(s, "forgets an end that it was told of"); /* else it looks again anyway */
	check_claim(s);
	check_counts(s, up);
	check_views(s);
}

/* --- the world --- */

/* Can it come to be, as far as its dependencies go? Else nothing is asked of it. */
static bool must_be(const struct sim *s, unsigned service)
{
	const struct wish_service *ws = &s->wish.services[service];
	if (ws->route != ROUTE_RUNTIME)
		return false;
	for (unsigned j = 0; j < service && ws->patience != PATIENCE_WARN; j++) {
		const struct wish_service *on = &s->wish.services[j];
		for (unsigned i = 0; ws->uses & 1U << j && on->is_there && i < on->replicas; i++) {
			size_t slot = j * WISH_REPLICAS + i;
			bool is_fine = must_be(s, j) && !s->told[slot].is_held && !on->is_job;
			if (!is_fine && !told_is_ready(s, slot, ws->needs_started))
				return false;
		}
	}
	return true;
}

/* A slot as the world has it. */
static struct told_sum sum_of_world(const struct sim *s, const struct world *w, size_t slot)
{
	struct told_slot real = { 0 };
	for (size_t i = 0; i < w->n && real.n < TOLD_MAX; i++)
		if (w->items[i].service * WISH_REPLICAS + w->items[i].slot == slot)
			real.items[real.n++].is = w->items[i];
	return told_sum(s, &real, slot);
}

/* Ended for good: so it was told before, or what is left of it says so. */
static bool is_over(const struct sim *s, const struct world *w, size_t slot)
{
	const struct wish_service *ws = sim_wanted(s, slot);
	const struct told_slot *t = &s->told[slot];
	if (t->has_done && wish_same(&t->done, &ws->config))
		return !told_restarts(ws, t->has_exit_code ? t->exit_code : -1);
	for (size_t i = 0; i < w->n; i++)
		if (w->items[i].service * WISH_REPLICAS + w->items[i].slot == slot)
			return !told_restarts(ws, w->items[i].has_exit_code ? w->items[i].exit_code
									    : -1);
	return false;
}

bool sim_is_right(const struct sim *s, const struct world *w, size_t slot)
{
	const struct wish_service *ws = sim_wanted(s, slot);
	struct told_sum sum = sum_of_world(s, w, slot);
	if (!ws || s->told[slot].is_held)
		return sum.n == 0;
	if (sum.n == 1 && sum.n_right == 1)
		return true;
	return sum.n == sum.n_ended && sum.n <= 1 && is_over(s, w, slot);
}

/* Something that the service uses, and be it through others, does not run. */
static bool lacks_something(const struct sim *s, const struct world *w, unsigned service)
{
	const struct wish_service *ws = &s->wish.services[service];
	for (unsigned j = 0; j < service; j++) {
		const struct wish_service *on = &s->wish.services[j];
		if (!(ws->uses & 1U << j) || !on->is_there)
			continue;
		for (unsigned i = 0; i < on->replicas; i++)
			if (sum_of_world(s, w, j * WISH_REPLICAS + i).n_up == 0)
				return true;
		if (lacks_something(s, w, j))
			return true;
	}
	return false;
}

bool sim_is_planned(const struct sim *s, const struct world *w, size_t slot)
{
	const struct wish_service *ws = sim_wanted(s, slot);
	if (sim_is_right(s, w, slot))
		return true;
	return ws && !s->told[slot].is_held &&
	       (ws->route != ROUTE_RUNTIME ||
		lacks_something(s, w, (unsigned)slot / WISH_REPLICAS));
}

bool sim_check_converged(const struct sim *s)
{
	for (size_t i = 0; i < SIM_SLOTS; i++) {
		bool must = !sim_wanted(s, i) || s->told[i].is_held ||
			    must_be(s, (unsigned)i / WISH_REPLICAS);
		if (must ? !sim_is_right(s, &s->world, i)
			 : sum_of_world(s, &s->world, i).n_broken > 0)
			return false;
	}
	return true;
}
