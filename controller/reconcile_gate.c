/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gates between slots: images before stops, dependencies before creates, users before what
 * they use on the way down, batches. Gives no step; reconcile_slot.c asks here before it does.
 */
#include "controller/reconcile_gate.h"

#include <string.h>

#include "controller/match.h"

/* --- queues --- */

void reconcile_gate_unpark(struct reconciler *r, struct rslot *s)
{
	struct queue *q = s->queue;
	if (!q)
		return;
	if (s->previous == NO_SLOT)
		q->head = s->next;
	else
		r->slots[s->previous].next = s->next;
	if (s->next == NO_SLOT)
		q->tail = s->previous;
	else
		r->slots[s->next].previous = s->previous;
	q->n--;
	s->next = s->previous = NO_SLOT;
	s->queue = NULL;
}

void reconcile_gate_park(struct reconciler *r, struct rslot *s, struct queue *q, enum gate gate)
{
	s->gate = gate;
	reconcile_gate_unpark(r, s);
	s->queue = q;
	s->previous = q->tail;
	if (q->tail == NO_SLOT)
		q->head = s->index;
	else
		r->slots[q->tail].next = s->index;
	q->tail = s->index;
	q->n++;
}

void reconcile_gate_wake(struct reconciler *r, struct queue *q, size_t n)
{
	while (n-- > 0 && q->head != NO_SLOT) {
		struct rslot *s = &r->slots[q->head];
		reconcile_gate_unpark(r, s);
		reconcile_table_wake(r, s);
	}
}

/* --- counts --- */

static bool is_alive(const struct instance *is)
{
	return is->state == INSTANCE_RUNNING || is->state == INSTANCE_PAUSED;
}

/* A replacement has begun when its old instance was touched, or does not run, or its successor
 * was made beside it. */
static bool is_begun(const struct rslot *s)
{
	if (!s->diff.keep || !is_alive(s->diff.keep))
		return true;
	if (s->ticket && s->doing != STEP_STAGE)
		return true;
	for (size_t i = 0; i < s->n; i++)
		if (s->instances[i].is_stopped && is_alive(&s->instances[i].is))
			return true;
	return reconcile_table_starts_first(s) &&
	       s->instances[s->n - 1].is.generation > s->diff.keep->generation;
}

static bool is_in_flux(const struct rslot *s)
{
	switch (s->diff.verdict) {
	case VERDICT_CREATE:
	case VERDICT_START:
		return true;
	case VERDICT_REPLACE:
	case VERDICT_WAIT:
	case VERDICT_FAILED:
		return is_begun(s);
	case VERDICT_UNKNOWN: /* did what we tried to make come to be? */
		return s->n == 0 && s->doing == STEP_CREATE &&
		       s->doing_generation == s->record.generation;
	case VERDICT_NOTHING:
	case VERDICT_DONE:
	case VERDICT_HELD:
	case VERDICT_UPDATE:
	case VERDICT_REMOVE:
	case VERDICT_NEEDS_PEER:
	case VERDICT_UNSUPPORTED:
	case VERDICT_BLOCKED:
	case VERDICT_N:
		break;
	}
	return false;
}

/* Nobody works on it, so it is what it is; and nobody waits for it to leave or to come back. */
static struct share share_of_other(const struct rslot *s)
{
	struct share share = { 0 };
	bool is_ended = s->diff.verdict == VERDICT_DONE;

	if (!s->want)
		return share;
	share.is_started = is_ended ? s->diff.is_success : s->diff.is_up;
	share.is_ready =
		share.is_started && (is_ended || s->want->group->service->rtype != RTYPE_JOB);
	share.is_hopeless = !share.is_started && s->diff.verdict != VERDICT_UNKNOWN;
	return share;
}

static struct share share_of(const struct rslot *s)
{
	struct share share = { 0 };
	enum verdict v = s->diff.verdict;
	bool is_up = s->diff.is_up;

	if (s->is_other)
		return share_of_other(s);
	share.is_leaving = (!s->want || s->record.held) && (s->n > 0 || s->ticket != 0);
	if (!s->want)
		return share;
	if (v == VERDICT_DONE) {
		share.is_ready = s->diff.is_success;
		share.is_started = share.is_ready;
		share.is_hopeless = !share.is_ready;
		return share;
	}
	share.is_started = is_up;
	share.is_ready = is_up && s->want->group->service->rtype != RTYPE_JOB;
	share.is_hopeless = !is_up && (v == VERDICT_HELD || v == VERDICT_NEEDS_PEER ||
				       v == VERDICT_UNSUPPORTED || v == VERDICT_BLOCKED ||
				       v == VERDICT_FAILED || s->blocked);
	share.is_flux = !is_up && is_in_flux(s);
	share.is_broken = share.is_flux && (v == VERDICT_FAILED || s->blocked);
	return share;
}

static void add(size_t *sum, bool before, bool after)
{
	if (after && !before)
		++*sum;
	else if (before && !after)
		--*sum;
}

static void wake_service(struct reconciler *r, size_t service, enum gate gate)
{
	const struct rservice *rs = &r->services[service];
	for (size_t i = rs->first; i < rs->first + rs->n; i++)
		if (r->slots[i].gate == gate)
			reconcile_table_wake(r, &r->slots[i]);
}

static bool has_all(const struct rservice *rs, size_t n)
{
	return n >= rs->n_wanted;
}

static void wake_others(struct reconciler *r, size_t index, const struct rservice *before)
{
	const struct desired_service *ds = &r->desired->services[index];
	struct rservice *rs = &r->services[index];

	if (has_all(rs, rs->n_started) != has_all(before, before->n_started) ||
	    has_all(rs, rs->n_ready) != has_all(before, before->n_ready) ||
	    (rs->n_hopeless > 0) != (before->n_hopeless > 0))
		for (size_t i = 0; i < ds->n_users; i++)
			wake_service(r, ds->users[i], GATE_DEPENDS);
	if (rs->n_leaving == 0 && before->n_leaving > 0)
		for (size_t i = 0; i < ds->depends->n; i++)
			if (ds->needs[i] != SIZE_MAX)
				wake_service(r, ds->needs[i], GATE_ORDER);
	if (rs->n_broken != before->n_broken)
		reconcile_gate_wake(r, &rs->parallel, rs->parallel.n);
}

void reconcile_gate_count(struct reconciler *r, struct rslot *s, enum reconcile_state state)
{
	struct share now = share_of(s);
	struct share was = s->share;

	if (s->is_counted)
		r->counts[s->state]--;
	s->is_counted = !s->is_other;
	if (s->is_counted)
		r->counts[state]++;
	s->state = state;
	s->share = now;
	if (s->service_index == NO_SLOT)
		return;
	struct rservice *rs = &r->services[s->service_index];
	struct rservice before = *rs;
	add(&rs->n_started, was.is_started, now.is_started);
	add(&rs->n_ready, was.is_ready, now.is_ready);
	add(&rs->n_hopeless, was.is_hopeless, now.is_hopeless);
	add(&rs->n_flux, was.is_flux, now.is_flux);
	add(&rs->n_broken, was.is_broken, now.is_broken);
	add(&rs->n_leaving, was.is_leaving, now.is_leaving);
	wake_others(r, s->service_index, &before);
}

/* --- gates --- */

static int64_t duration_us(const struct duration *d)
{
	const uint64_t longest = 365 * UINT64_C(86400); /* and every sum stays in 63 bits */
	uint64_t sec = d->sec < longest ? d->sec : longest;
	return (int64_t)sec * CLOCK_SEC + d->nsec / 1000;
}

static void give_up(struct reconciler *r, const struct desired_service *ds,
		    const struct depend *dep)
{
	struct reconcile_note note = { .service = ds->name, .is_problem = true, .what = "depends" };
	note.text = arena_printf(r->out, "%s: %s was not %s in time", ds->name, dep->service,
				 spec_enum_name(&spec_enum_condition, dep->condition));
	reconcile_table_note(r, &note);
}

enum depends_answer { DEPENDS_READY, DEPENDS_WAITS, DEPENDS_NEVER };

/* One line of `depends`. After its timeout: fail holds the slot back for good, the others go on. */
static enum depends_answer ask_depend(struct reconciler *r, struct rservice *rs,
				      const struct desired_service *ds, size_t i)
{
	const struct depend *dep = &ds->depends->items[i];
	if (ds->needs[i] == SIZE_MAX)
		return DEPENDS_READY;
	const struct rservice *on = &r->services[ds->needs[i]];
	if (has_all(on, dep->condition == CONDITION_STARTED ? on->n_started : on->n_ready))
		return DEPENDS_READY;
	bool is_over = rs->is_given_up[i];
	if (!is_over && dep->timeout.has && rs->depends_since.us)
		is_over = mono_cmp(r->ev->now, mono_add(rs->depends_since,
							duration_us(&dep->timeout.value))) >= 0;
	if (is_over) {
		if (!rs->is_given_up[i] && dep->on_timeout != ON_FAILURE_CONTINUE)
			give_up(r, ds, dep);
		rs->is_given_up[i] = true;
		return dep->on_timeout == ON_FAILURE_FAIL ? DEPENDS_NEVER : DEPENDS_READY;
	}
	if (on->n_hopeless && (!dep->timeout.has || dep->on_timeout == ON_FAILURE_FAIL))
		return DEPENDS_NEVER;
	return DEPENDS_WAITS;
}

static void set_patience(struct reconciler *r, struct rslot *s, struct rservice *rs,
			 const struct depend *dep)
{
	struct mono at;
	if (rs->depends_since.us == 0)
		rs->depends_since = r->ev->now;
	if (!dep->timeout.has)
		return;
	at = mono_add(rs->depends_since, duration_us(&dep->timeout.value));
	if (r->timers.place[s->index] == SIZE_MAX || mono_cmp(at, r->timers.at[s->index]) < 0)
		timers_set(&r->timers, s->index, at);
}

/* Said so that a person knows what to type: of what is held or left alone only a person starts. */
static void block(struct reconciler *r, struct rslot *s, const struct depend *dep,
		  const struct rservice *on)
{
	bool is_held = false;
	bool is_other = false;

	for (size_t i = on->first; i < on->first + on->n; i++) {
		is_held |= r->slots[i].record.held;
		is_other |= r->slots[i].is_other;
	}
	s->blocked = match_unmet_cause(dep, is_held, r->pass);
	if (is_held || is_other)
		s->blocked_hint = match_unmet_hint(r->desired, dep, r->pass);
}

bool reconcile_gate_depends(struct reconciler *r, struct rslot *s)
{
	const struct desired_service *ds = &r->desired->services[s->service_index];
	struct rservice *rs = &r->services[s->service_index];

	for (size_t i = 0; i < ds->depends->n; i++) {
		const struct depend *dep = &ds->depends->items[i];
		switch (ask_depend(r, rs, ds, i)) {
		case DEPENDS_READY:
			break;
		case DEPENDS_WAITS:
			set_patience(r, s, rs, dep);
			s->gate = GATE_DEPENDS;
			s->waiting = arena_printf(r->pass, "waits for %s", dep->service);
			break;
		case DEPENDS_NEVER:
			s->gate = GATE_DEPENDS;
			block(r, s, dep, &r->services[ds->needs[i]]);
			break;
		}
	}
	if (s->gate == GATE_DEPENDS)
		return false;
	rs->depends_since.us = 0;
	return true;
}

bool reconcile_gate_order(struct reconciler *r, struct rslot *s)
{
	if (s->service_index == NO_SLOT)
		return true;
	const struct desired_service *ds = &r->desired->services[s->service_index];
	for (size_t i = 0; i < ds->n_users; i++) {
		if (r->services[ds->users[i]].n_leaving == 0)
			continue;
		s->gate = GATE_ORDER;
		s->waiting = arena_printf(r->pass, "waits until %s is gone",
					  r->desired->services[ds->users[i]].name);
		return false;
	}
	return true;
}

static size_t max_parallel(const struct rslot *s)
{
	int64_t most = s->want->group->service->policy.update_max_parallel;
	return most > 0 ? (size_t)most : 1;
}

void reconcile_gate_pass(struct reconciler *r, struct rslot *s)
{
	if (!s->want || s->service_index == NO_SLOT)
		return;
	struct rservice *rs = &r->services[s->service_index];
	if (rs->n_flux < max_parallel(s))
		reconcile_gate_wake(r, &rs->parallel, 1);
}

bool reconcile_gate_parallel(struct reconciler *r, struct rslot *s)
{
	struct rservice *rs = &r->services[s->service_index];
	size_t max = max_parallel(s);

	if (s->share.is_flux || rs->n_flux < max)
		return true;
	reconcile_gate_park(r, s, &rs->parallel, GATE_PARALLEL);
	if (rs->n_broken >= max)
		s->blocked = "the update stops here: others of the service failed with it";
	return false;
}

bool reconcile_gate_stop(struct reconciler *r, struct rslot *s, struct rruntime *rt)
{
	if (rt->n_staging == 0)
		return true;
	reconcile_gate_park(r, s, &rt->stop, GATE_STOP);
	return false;
}
