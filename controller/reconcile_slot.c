/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One slot, level by level: its verdict says what is wrong, the first move that is due is
 * made a step, and the slot is looked at again when the step is answered. What the answers
 * mean is in reconcile_done.c; whether other slots stand in the way in reconcile_gate.c.
 */
#include "controller/reconcile_slot.h"

#include <string.h>

#include "controller/match.h"
#include "controller/reconcile_done.h"
#include "controller/reconcile_drift.h"
#include "controller/reconcile_gate.h"
#include "specs/runtime_id.h"

#define SIGNAL_KILL      9
#define DEFAULT_GRACE_US (10 * CLOCK_SEC)
/* What SIGKILL hit is gone at once, or sits in the kernel: then only looking again helps. */
#define KILL_PATIENCE_US (10 * CLOCK_SEC)

/* --- verdict --- */

static const enum reconcile_state states[VERDICT_N] = {
	[VERDICT_NOTHING] = RECONCILE_STATE_RUNNING,
	[VERDICT_DONE] = RECONCILE_STATE_DONE,
	[VERDICT_HELD] = RECONCILE_STATE_HELD,
	[VERDICT_CREATE] = RECONCILE_STATE_WORKING,
	[VERDICT_START] = RECONCILE_STATE_WORKING,
	[VERDICT_UPDATE] = RECONCILE_STATE_WORKING,
	[VERDICT_REPLACE] = RECONCILE_STATE_WORKING,
	[VERDICT_REMOVE] = RECONCILE_STATE_WORKING,
	[VERDICT_WAIT] = RECONCILE_STATE_WAITING,
	[VERDICT_UNKNOWN] = RECONCILE_STATE_WAITING,
	[VERDICT_NEEDS_PEER] = RECONCILE_STATE_NEEDS_PEER,
	[VERDICT_UNSUPPORTED] = RECONCILE_STATE_UNSUPPORTED,
	[VERDICT_BLOCKED] = RECONCILE_STATE_BLOCKED,
	[VERDICT_FAILED] = RECONCILE_STATE_BLOCKED,
};

static enum reconcile_state state_of(const struct rslot *s)
{
	if (s->ticket)
		return RECONCILE_STATE_WORKING;
	if (!s->want && s->diff.verdict == VERDICT_NOTHING)
		return RECONCILE_STATE_GONE;
	if (s->blocked)
		return RECONCILE_STATE_BLOCKED;
	if (s->gate == GATE_DEPENDS || s->gate == GATE_ORDER)
		return RECONCILE_STATE_WAITING;
	if (s->gate == GATE_TIME)
		return RECONCILE_STATE_WORKING;
	/* The driver asks again for what could not be found out, and comes with a new wish. */
	if (s->diff.verdict == VERDICT_BLOCKED && s->want &&
	    error_transient(s->want->group->route.code))
		return RECONCILE_STATE_WAITING;
	return states[s->diff.verdict];
}

/* For the diff. What we have ended is a leftover: its end is not one of the service's own. */
static const struct instance *judged(struct reconciler *r, const struct rinstance *ri)
{
	struct instance *leftover;

	if (ri->is.state != INSTANCE_EXITED || !ri->is_stopped)
		return &ri->is;
	leftover = arena_alloc(r->pass, sizeof(*leftover));
	*leftover = ri->is;
	leftover->state = INSTANCE_BROKEN;
	return leftover;
}

void reconcile_slot_look(struct reconciler *r, struct rslot *s)
{
	const struct instance **list = arena_array(r->pass, s->n, sizeof(*list));
	struct diff_input in = {
		.want = s->want,
		.remove_cause = s->remove_cause,
		.record = &s->record,
		.instances = list,
		.n = s->n,
		/* While a step is under way what is there is ours. */
		.is_partial = r->is_partial && !s->is_vacant && !s->ticket,
		.is_taken = s->is_taken,
		.no_update = s->no_update,
		.keeps_all = r->keeps_all,
		.now = reconcile_table_now(r),
	};
	for (size_t i = 0; i < s->n; i++)
		list[i] = judged(r, &s->instances[i]);
	reconcile_done_notice(r, s);
	diff_compute(&in, r->pass, &s->diff);
	s->blocked = s->blocked_hint = s->waiting = NULL;
	s->gate = GATE_NONE;
	reconcile_gate_count(r, s, state_of(s));
}

/* --- steps --- */

static void announce(struct reconciler *r, struct rslot *s)
{
	struct diff_sentence d = { s->diff.verdict, s->service,     s->number,
				   s->diff.cause,   s->diff.fields, NULL };
	struct reconcile_note note = { .service = s->service, .slot = s->number };
	if (s->change_cause)
		return;
	s->change_cause = s->diff.cause;
	note.what = verdict_to_string(s->diff.verdict);
	note.text = diff_sentence(&d, r->out);
	reconcile_table_note(r, &note);
}

/* A step for the slot, if its runtime has room; NULL: the slot stands in the queue for it. */
static struct step *issue(struct reconciler *r, struct rslot *s, enum step_kind kind,
			  const char *runtime)
{
	struct reconcile_update *up = r->up;
	struct rruntime *rt = reconcile_table_runtime(r, runtime);

	if (!rt) {
		s->blocked = "its runtime is one too many for a node";
		return NULL;
	}
	if (rt->room == 0) {
		reconcile_gate_park(r, s, &rt->waiting, GATE_CAPACITY);
		return NULL;
	}
	announce(r, s);
	rt->room--;
	s->ticket = ++r->last_ticket;
	s->doing = kind;
	s->doing_drift = kind == STEP_CREATE || kind == STEP_UPDATE ? s->diff.drift : NULL;
	s->doing_image = NO_SLOT;
	s->doing_hash = NULL;
	if (r->is_looking)
		s->touched = r->look;
	reconcile_table_fly(r, s);
	up->steps = arena_grow(r->out, up->steps, up->n_steps, sizeof(*up->steps));
	struct reconcile_run *run = &up->steps[up->n_steps++];
	run->ticket = s->ticket;
	run->step = (struct step){
		.kind = kind,
		.runtime = rt->name,
		.deployment = r->desired->deployment,
		.service = s->service,
		.slot = s->number,
		.cause = s->change_cause,
	};
	return &run->step;
}

static void about(struct rslot *s, struct step *step, const struct rinstance *ri)
{
	step->instance_id = ri->is.id;
	s->doing_generation = ri->is.generation;
}

static const struct instance_spec *fill_spec(struct reconciler *r, const struct rslot *s,
					     const char *id, uint64_t generation)
{
	const struct expand_group *g = s->want->group;
	struct instance_spec *spec = arena_alloc(r->out, sizeof(*spec));
	*spec = (struct instance_spec){
		.id = id,
		.deployment = r->desired->deployment,
		.service_name = s->service,
		.slot = s->number,
		.generation = generation,
		.config_hash = g->config_hash,
		.image = g->service->image.name,
		.digest = g->digest,
		.service = g->service,
		.env = g->env,
		.n_env = g->n_env,
	};
	return spec;
}

/* True when the image is at hand. */
static bool want_stage(struct reconciler *r, struct rslot *s)
{
	size_t index = s->want->group->image;
	struct rimage *image = &r->images[index];
	const struct desired_image *what = &r->desired->images[index];
	struct step *step;

	if (image->state == IMAGE_READY)
		return true;
	if (image->state == IMAGE_STAGING) {
		reconcile_gate_park(r, s, &image->waiting, GATE_IMAGE);
		return false;
	}
	step = issue(r, s, STEP_STAGE, what->runtime);
	if (!step)
		return false;
	step->digest = what->digest;
	s->doing_image = index;
	if (image->state == IMAGE_NONE)
		r->runtimes[image->runtime].n_staging++;
	image->state = IMAGE_STAGING;
	return false;
}

static void want_create(struct reconciler *r, struct rslot *s)
{
	const struct instance **list = arena_array(r->out, s->n, sizeof(*list));
	for (size_t i = 0; i < s->n; i++)
		list[i] = &s->instances[i].is;
	uint64_t generation = match_generation(&s->record, list, s->n);
	struct step *step = issue(r, s, STEP_CREATE, s->want->group->route.runtime);
	if (!step)
		return;
	step->instance_id = runtime_id_format(r->pass, r->desired->deployment, s->service,
					      s->number, generation);
	step->digest = s->want->group->digest;
	step->spec = fill_spec(r, s, step->instance_id, generation);
	s->doing_generation = generation;
	s->record.generation = generation;
	s->is_vacant = false;
	/* A job runs once for each configuration. That a service ended well counts until it is made
	 * anew: its file may come back to what it was. */
	if (s->want->group->service->rtype != RTYPE_JOB)
		s->record.done_hash = NULL;
	reconcile_done_save(r, s);
	reconcile_done_clear_retry(r, s);
}

static void want_start(struct reconciler *r, struct rslot *s, const struct rinstance *ri)
{
	struct step *step = issue(r, s, STEP_START, ri->is.runtime);
	if (!step)
		return;
	about(s, step, ri);
	reconcile_done_clear_retry(r, s);
}

static void want_update(struct reconciler *r, struct rslot *s, const struct rinstance *ri)
{
	struct step *step = issue(r, s, STEP_UPDATE, ri->is.runtime);
	if (!step)
		return;
	about(s, step, ri);
	step->spec = fill_spec(r, s, ri->is.id, ri->is.generation);
	s->doing_hash = s->want_hash;
}

static void want_remove(struct reconciler *r, struct rslot *s, const struct rinstance *ri)
{
	struct step *step = issue(r, s, STEP_REMOVE, ri->is.runtime);
	if (step)
		about(s, step, ri);
}

static void send_signal(struct reconciler *r, struct rslot *s, const struct rinstance *ri, int sig)
{
	struct step *step = issue(r, s, STEP_SIGNAL, ri->is.runtime);
	if (!step)
		return;
	about(s, step, ri);
	step->signal = sig;
	s->doing_signal = sig;
}

/* Its process lives: signal, wait, kill, wait. */
static void want_stop(struct reconciler *r, struct rslot *s, struct rinstance *ri)
{
	const struct desired_service *ds =
		s->service_index == NO_SLOT ? NULL : &r->desired->services[s->service_index];
	int64_t grace = ds ? ds->stop_grace_us : DEFAULT_GRACE_US;
	bool is_over = mono_cmp(ri->deadline, r->ev->now) <= 0;

	if (!ri->is_signaled && ri->is.state != INSTANCE_CREATED && grace > 0) {
		send_signal(r, s, ri, expand_stop_signal(ds, &ri->is));
	} else if (!ri->is_killed && (!ri->is_signaled || is_over)) {
		send_signal(r, s, ri, SIGNAL_KILL);
	} else if (is_over) {
		reconcile_done_stuck(r, s, ri);
	} else {
		s->gate = GATE_TIME;
		timers_set(&r->timers, s->index, ri->deadline);
	}
}

static bool is_alive(const struct instance *is)
{
	return is->state == INSTANCE_RUNNING || is->state == INSTANCE_PAUSED;
}

/* Half an instance may have a process all the same: what it runs on was taken away. */
static bool has_process(const struct instance *is)
{
	return is->state == INSTANCE_BROKEN ? is->pid > 0 : is->state != INSTANCE_EXITED;
}

/* It ends, then it goes. Gates hold only what still serves. */
static void want_end(struct reconciler *r, struct rslot *s, struct rinstance *ri)
{
	struct rruntime *rt = reconcile_table_runtime(r, ri->is.runtime);

	if (!has_process(&ri->is))
		want_remove(r, s, ri);
	else if (ri->is_signaled || ri->is_killed || !is_alive(&ri->is) || !rt ||
		 reconcile_gate_stop(r, s, rt))
		want_stop(r, s, ri);
}

/* One instance less: the first that is not @keep. */
static void want_gone(struct reconciler *r, struct rslot *s, const struct instance *keep)
{
	for (size_t i = 0; i < s->n; i++) {
		if (keep && s->instances[i].is.generation == keep->generation)
			continue;
		want_end(r, s, &s->instances[i]);
		return;
	}
}

/* --- moves, by verdict --- */

static struct rinstance *kept(struct rslot *s)
{
	return reconcile_table_instance(s, s->diff.keep->generation);
}

static void move_create(struct reconciler *r, struct rslot *s)
{
	if (want_stage(r, s) && reconcile_gate_depends(r, s))
		want_create(r, s);
}

static void move_replace(struct reconciler *r, struct rslot *s)
{
	if (!want_stage(r, s) || !reconcile_gate_depends(r, s))
		return;
	if (is_alive(s->diff.keep) && !reconcile_gate_parallel(r, s))
		return;
	if (reconcile_table_starts_first(s) && is_alive(s->diff.keep) && s->n == 1)
		want_create(r, s);
	else if (reconcile_table_starts_first(s) && s->n > 1)
		want_gone(r, s, s->diff.keep);
	else
		want_gone(r, s, NULL);
}

static void move_start(struct reconciler *r, struct rslot *s)
{
	if (s->n > 1 && !reconcile_table_starts_first(s))
		want_gone(r, s, s->diff.keep);
	else if (reconcile_gate_depends(r, s))
		want_start(r, s, kept(s));
}

static void move_remove(struct reconciler *r, struct rslot *s)
{
	if ((!s->want || s->record.held) && !reconcile_gate_order(r, s))
		return;
	want_gone(r, s, s->diff.keep);
}

static void settle(struct reconciler *r, struct rslot *s)
{
	if (s->want && s->diff.verdict == VERDICT_NOTHING)
		reconcile_done_running(r, s);
	if (s->is_doubted) {
		s->is_doubted = false;
		r->wants_look = true;
	}
	if (s->diff.verdict == VERDICT_WAIT)
		timers_set(&r->timers, s->index,
			   mono_add(r->ev->now, s->diff.retry_at.us - r->ev->boot.us));
	if (s->diff.verdict != VERDICT_WAIT)
		s->change_cause = NULL;
}

static void move(struct reconciler *r, struct rslot *s)
{
	switch (s->diff.verdict) {
	case VERDICT_CREATE:
		move_create(r, s);
		break;
	case VERDICT_START:
		move_start(r, s);
		break;
	case VERDICT_UPDATE:
		want_update(r, s, kept(s));
		break;
	case VERDICT_REPLACE:
		move_replace(r, s);
		break;
	case VERDICT_REMOVE:
		move_remove(r, s);
		break;
	case VERDICT_NOTHING:
	case VERDICT_DONE:
	case VERDICT_HELD:
	case VERDICT_WAIT:
	case VERDICT_UNKNOWN:
	case VERDICT_NEEDS_PEER:
	case VERDICT_UNSUPPORTED:
	case VERDICT_BLOCKED:
	case VERDICT_FAILED:
	case VERDICT_N:
		settle(r, s);
		break;
	}
}

/* After a failure nothing is believed: wait for the end of the back-off, then look. */
static void wait_for_look(struct reconciler *r, struct rslot *s)
{
	struct diff_now now = reconcile_table_now(r);
	int64_t left = diff_retry_left(&s->record, &now);
	s->gate = GATE_LOOK;
	if (left > 0)
		timers_set(&r->timers, s->index, mono_add(r->ev->now, left));
	else
		r->wants_look = true;
	reconcile_gate_count(r, s, left > 0 ? RECONCILE_STATE_WAITING : RECONCILE_STATE_WORKING);
}

static struct rinstance *find_broken(const struct rslot *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->instances[i].is.state == INSTANCE_BROKEN)
			return &s->instances[i];
	return NULL;
}

bool reconcile_slot_has_broken(const struct rslot *s)
{
	return find_broken(s) != NULL;
}

/* Half-made instances go whatever else is the matter with the slot. */
static struct rinstance *broken_to_remove(const struct reconciler *r, const struct rslot *s)
{
	struct diff_now now = reconcile_table_now(r);
	if (r->keeps_all || s->diff.verdict == VERDICT_UNKNOWN ||
	    diff_retry_left(&s->record, &now) > 0)
		return NULL;
	return find_broken(s);
}

static void decide(struct reconciler *r, struct rslot *s)
{
	if (s->ticket) {
		reconcile_slot_look(r, s); /* an end is an end, whatever is under way */
		return;
	}
	reconcile_gate_unpark(r, s);
	timers_set(&r->timers, s->index, (struct mono){ 0 });
	reconcile_slot_look(r, s);
	if (!r->has_look || s->is_other)
		return;
	if (s->must_look) {
		wait_for_look(r, s);
		return;
	}
	struct rinstance *broken = broken_to_remove(r, s);
	if (broken)
		want_end(r, s, broken);
	else if (reconcile_drift_is_fight(r, s))
		reconcile_slot_look(r, s);
	else
		move(r, s);
	reconcile_gate_count(r, s, state_of(s));
}

void reconcile_slot_decide(struct reconciler *r, struct rslot *s)
{
	decide(r, s);
	reconcile_gate_pass(r, s);
}
