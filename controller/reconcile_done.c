/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers. A success is believed and changes the instance we know; a failure changes only
 * the record (back-off, reason) and makes the next look the next thing: it may have taken
 * effect. Decides no step.
 *
 * record.retry_at tells whether the end of the newest instance was counted: 0 while
 * something was made or started and its end not seen; else the time of the next try, where
 * 1 means "at once".
 */
#include "controller/reconcile_done.h"

#include <string.h>

#include "controller/reconcile_drift.h"
#include "controller/reconcile_gate.h"

#define AT_ONCE       1
#define SIGNAL_KILL   9
#define PATIENCE_US   (10 * CLOCK_SEC) /* after SIGKILL */
#define DEFAULT_GRACE (10 * CLOCK_SEC)

void reconcile_done_save(struct reconciler *r, struct rslot *s)
{
	if (s->is_record_dirty)
		return;
	s->is_record_dirty = true;
	r->dirty_records[r->n_dirty_records++] = s->index;
}

/* --- back-off --- */

static int64_t given_delay(const struct rslot *s)
{
	return s->want ? s->want->group->service->policy.restart_delay_us : 0;
}

static void set_retry(struct reconciler *r, struct rslot *s, uint32_t fails)
{
	int64_t us = backoff_length(fails, given_delay(s), &r->rng);
	s->record.retry_at.us = r->ev->boot.us + us;
	s->record.retry_wall.us = r->ev->wall.us + us;
	s->record.retry_length_us = us;
	s->record.boot_id = r->boot_id;
	reconcile_done_save(r, s);
}

/* After years of trouble the wait is still the longest one. */
static void add_failure(struct slot *rec)
{
	if (rec->fails < UINT32_MAX)
		rec->fails++;
}

/* No step that makes an instance run is repeated before the back-off: that is over now, and
 * 0 says that the end of what runs next has not been counted. */
void reconcile_done_clear_retry(struct reconciler *r, struct rslot *s)
{
	if (s->record.retry_at.us == 0)
		return;
	s->record.retry_at.us = 0;
	s->record.retry_wall.us = 0;
	s->record.retry_length_us = 0;
	s->record.boot_id = NULL;
	reconcile_done_save(r, s);
}

static void clear_fault(struct reconciler *r, struct rslot *s)
{
	if (s->record.fault == ERR_OK && !s->record.reason)
		return;
	s->record.fault = ERR_OK;
	s->record.reason = s->record.hint = NULL;
	reconcile_done_save(r, s);
}

/* A start that failed may have taken effect: a look shows it running, no answer does. */
void reconcile_done_running(struct reconciler *r, struct rslot *s)
{
	clear_fault(r, s);
	reconcile_done_clear_retry(r, s);
}

static void retry_at_once(struct rslot *s)
{
	s->record.retry_at.us = AT_ONCE;
	s->record.retry_wall.us = 0;
	s->record.retry_length_us = 0;
}

void reconcile_done_try_again(struct reconciler *r, struct rslot *s)
{
	struct slot *rec = &s->record;
	s->no_update = false;
	if (rec->fails == 0 && rec->fights == 0 && rec->fault == ERR_OK &&
	    rec->retry_at.us <= AT_ONCE)
		return;
	rec->fails = 0;
	rec->fights = 0;
	rec->fault = ERR_OK;
	rec->reason = rec->hint = NULL;
	if (rec->retry_at.us)
		retry_at_once(s);
	reconcile_done_save(r, s);
}

/* --- by hand --- */

void reconcile_done_hold(struct reconciler *r, struct rslot *s)
{
	reconcile_done_try_again(r, s); /* what waits would be removed late */
	s->record.held = true;
	reconcile_done_save(r, s);
}

/* Nothing that there is, or may be by now, stays. */
static void end_all(struct rslot *s)
{
	uint64_t newest = s->n ? s->instances[s->n - 1].is.generation : 0;

	s->record.restart_upto = newest > s->record.generation ? newest : s->record.generation;
}

/* What is left of one that was stopped is no end of its own, whoever remembers the signal. */
void reconcile_done_release(struct reconciler *r, struct rslot *s)
{
	reconcile_done_try_again(r, s);
	if (!s->record.held)
		return;
	s->record.held = false;
	end_all(s);
	reconcile_done_save(r, s);
}

/* What has run to its end runs again. */
void reconcile_done_restart(struct reconciler *r, struct rslot *s)
{
	reconcile_done_release(r, s);
	end_all(s);
	s->record.done_hash = NULL;
	reconcile_done_save(r, s);
}

/* --- failures --- */

static void note_failure(struct reconciler *r, const struct rslot *s, const char *what)
{
	struct reconcile_note note = {
		.service = s->service, .slot = s->number, .is_problem = true, .what = "failed"
	};
	note.text = arena_printf(r->out, "%s %s-rep-%u: %s", what, s->service, s->number,
				 s->record.reason);
	note.hint = arena_strdup(r->out, r->ev->done.hint);
	reconcile_table_note(r, &note);
}

/* Removing is tried for ever: for it every failure is one that may pass. What stands in the way
 * of the slot for good is still so when what is left of a try cannot be removed. */
static void record_failure(struct reconciler *r, struct rslot *s, enum error_code code,
			   const char *message, const char *hint)
{
	struct slot *rec = &s->record;
	bool is_removal = s->doing == STEP_REMOVE || s->doing == STEP_SIGNAL;
	bool is_blocked = s->want && rec->fault != ERR_OK && !error_transient(rec->fault);

	if (!is_removal || !is_blocked) {
		rec->fault = is_removal && !error_transient(code) ? ERR_UNAVAILABLE : code;
		rec->reason = arena_strdup(r->pass, message ? message : error_name(code));
		rec->hint = arena_strdup(r->pass, hint);
	}
	add_failure(rec);
	if (is_removal || error_transient(rec->fault))
		set_retry(r, s, rec->fails);
	reconcile_done_save(r, s);
}

static void look_first(struct reconciler *r, struct rslot *s)
{
	s->must_look = true;
	s->look_after = r->look;
}

static void step_failed(struct reconciler *r, struct rslot *s)
{
	enum error_code code = (enum error_code) - r->ev->done.code;
	look_first(r, s);
	if (code == ERR_CANCELED)
		return; /* somebody asked to stop: no fault of the slot */
	if (s->doing == STEP_UPDATE && code == ERR_UNSUPPORTED) {
		s->no_update = true;
		return;
	}
	record_failure(r, s, code, r->ev->done.message, r->ev->done.hint);
	note_failure(r, s, step_kind_to_string(s->doing));
}

void reconcile_done_stuck(struct reconciler *r, struct rslot *s, struct rinstance *ri)
{
	ri->is_signaled = ri->is_killed = false;
	s->doing = STEP_SIGNAL;
	look_first(r, s);
	record_failure(r, s, ERR_TIMEOUT, "it lives on after SIGKILL", NULL);
	note_failure(r, s, "stop");
	reconcile_table_wake(r, s);
}

/* --- successes --- */

static void image_failed(struct reconciler *r, struct rimage *image)
{
	enum error_code code = (enum error_code) - r->ev->done.code;
	while (image->waiting.head != NO_SLOT && code != ERR_CANCELED) {
		struct rslot *other = &r->slots[image->waiting.head];
		reconcile_gate_unpark(r, other);
		other->doing = STEP_STAGE;
		record_failure(r, other, code, r->ev->done.message, r->ev->done.hint);
		reconcile_table_wake(r, other);
	}
}

static void stage_done(struct reconciler *r, struct rslot *s)
{
	if (s->doing_image == NO_SLOT)
		return; /* of a wish that is no longer */
	struct rimage *image = &r->images[s->doing_image];
	struct rruntime *rt = &r->runtimes[image->runtime];

	s->doing_image = NO_SLOT;
	image->state = r->ev->done.code < 0 ? IMAGE_NONE : IMAGE_READY;
	if (r->ev->done.code < 0)
		image_failed(r, image);
	reconcile_gate_wake(r, &image->waiting, image->waiting.n);
	if (--rt->n_staging == 0)
		reconcile_gate_wake(r, &rt->stop, rt->stop.n);
}

static void created(struct reconciler *r, struct rslot *s)
{
	const struct instance *is = r->ev->done.instance;

	if (is && is->generation == s->doing_generation)
		reconcile_table_add(r, s, is);
	else
		look_first(r, s); /* nobody has seen what came to be */
}

static void started(struct reconciler *r, struct rslot *s, struct rinstance *ri)
{
	if (r->ev->done.code == RECONCILE_ALREADY) {
		look_first(r, s); /* it runs, or has run */
		return;
	}
	if (ri && ri->is.state == INSTANCE_CREATED) { /* else its end was faster */
		ri->is.state = INSTANCE_RUNNING;
		ri->is.started = r->ev->wall;
	}
	clear_fault(r, s);
}

/* It is gone, by proof: an instance that a partial look lacks is not the one we ask for. */
static void drop(struct rslot *s)
{
	reconcile_table_drop(s, s->doing_generation);
	s->is_vacant = s->n == 0;
}

/* What is only half stays that: its end says nothing about the service. */
static void end(struct rinstance *ri)
{
	if (ri->is.state != INSTANCE_BROKEN)
		ri->is.state = INSTANCE_EXITED;
	ri->is.pid = 0;
}

static void signaled(struct reconciler *r, struct rslot *s, struct rinstance *ri)
{
	const struct desired_service *ds =
		s->service_index == NO_SLOT ? NULL : &r->desired->services[s->service_index];
	int64_t patience = s->doing_signal == SIGNAL_KILL ? PATIENCE_US
			   : ds                           ? ds->stop_grace_us
							  : DEFAULT_GRACE;
	if (!ri)
		return;
	if (r->ev->done.code == RECONCILE_ABSENT) {
		drop(s);
	} else if (r->ev->done.code == RECONCILE_GONE) {
		end(ri);
	} else {
		ri->is_stopped = ri->is_signaled = true;
		ri->is_killed = ri->is_killed || s->doing_signal == SIGNAL_KILL;
		ri->deadline = mono_add(r->ev->now, patience);
	}
}

static void updated(struct rslot *s, struct rinstance *ri)
{
	if (!ri)
		return;
	if (ri->is.state == INSTANCE_PAUSED)
		ri->is.state = INSTANCE_RUNNING;
	ri->is.altered = NULL;
	ri->is.is_cut_off = false;
	if (s->doing_hash)
		ri->is.config_hash = s->doing_hash;
}

static void step_succeeded(struct reconciler *r, struct rslot *s)
{
	struct rinstance *ri = reconcile_table_instance(s, s->doing_generation);
	switch (s->doing) {
	case STEP_STAGE:
		break;
	case STEP_CREATE:
		created(r, s);
		break;
	case STEP_START:
		started(r, s, ri);
		break;
	case STEP_SIGNAL:
		signaled(r, s, ri);
		break;
	case STEP_UPDATE:
		updated(s, ri);
		break;
	case STEP_REMOVE:
		drop(s);
		break;
	case STEP_N_KINDS:
		break;
	}
}

void reconcile_done_step(struct reconciler *r, struct rslot *s)
{
	s->ticket = 0;
	if (r->is_looking)
		s->touched = r->look;
	reconcile_table_wake(r, s); /* first: those who waited for it come behind it */
	if (s->doing == STEP_STAGE)
		stage_done(r, s);
	if (r->ev->done.code < 0) {
		step_failed(r, s);
		return;
	}
	step_succeeded(r, s);
	if (s->doing_drift)
		reconcile_drift_healed(r, s);
}

/* --- ends --- */

static void note_exit(struct reconciler *r, const struct rslot *s, const struct instance *is)
{
	struct reconcile_note note = { .service = s->service, .slot = s->number, .what = "exited" };
	note.text = is->has_exit_code ? arena_printf(r->out, "%s %s", is->id,
						     observed_ended(is->exit_code, r->out))
				      : arena_printf(r->out, "%s ended, exit code unknown", is->id);
	reconcile_table_note(r, &note);
}

void reconcile_done_exited(struct reconciler *r, struct rslot *s, uint64_t generation)
{
	struct rinstance *ri = reconcile_table_instance(s, generation);
	if (!ri)
		return;
	if (r->is_looking)
		s->touched = r->look;
	if (ri->is.state != INSTANCE_EXITED || !ri->is.has_exit_code) {
		end(ri);
		ri->is.finished = r->ev->wall;
		ri->is.has_exit_code = r->ev->has_exit_code;
		ri->is.exit_code = r->ev->exit_code;
		note_exit(r, s, &ri->is);
	}
	reconcile_table_wake(r, s);
}

static bool was_well(const struct reconciler *r, const struct instance *is)
{
	int64_t end = is->finished.us ? is->finished.us : r->ev->wall.us;
	return is->started.us && end - is->started.us >= BACKOFF_RESET_US;
}

static void count_end(struct reconciler *r, struct rslot *s, const struct instance *is)
{
	struct slot *rec = &s->record;
	const char *hash = s->want->group->config_hash;

	rec->has_exit_code = is->has_exit_code;
	rec->exit_code = is->has_exit_code ? is->exit_code : 0;
	reconcile_done_save(r, s);
	if (!diff_restarts(s->want->group->service, is)) {
		rec->done_hash = arena_strdup(r->pass, hash);
		return;
	}
	rec->restarts++;
	rec->hint = NULL;
	rec->reason = is->has_exit_code ? observed_ended(is->exit_code, r->pass)
					: "ended, exit code unknown";
	if (was_well(r, is))
		rec->fails = 0;
	if (r->is_asked && !s->is_other) {
		rec->fails = 0;
		retry_at_once(s);
		return;
	}
	add_failure(rec);
	if (given_delay(s))
		set_retry(r, s, rec->fails);
	else if (rec->fails > 1)
		set_retry(r, s, rec->fails - 1);
	else
		retry_at_once(s); /* back-off is for who ends again */
}

/* Has the end of @is been counted? Of what is done: with its code, once somebody knows it. */
static bool is_counted(const struct slot *rec, const struct desired_slot *want,
		       const struct instance *is)
{
	if (diff_is_same(rec->done_hash, want->group->config_hash))
		return rec->has_exit_code || !is->has_exit_code;
	return diff_restarts(want->group->service, is) && rec->retry_at.us != 0;
}

void reconcile_done_notice(struct reconciler *r, struct rslot *s)
{
	const struct slot *rec = &s->record;
	const char *hash = s->want ? s->want->group->config_hash : NULL;
	const struct rinstance *last = s->n ? &s->instances[s->n - 1] : NULL;

	if (!last || rec->held || last->is.generation <= rec->restart_upto ||
	    last->is.state != INSTANCE_EXITED || last->is_stopped ||
	    !diff_is_same(last->is.config_hash, hash))
		return;
	/* By our signal, or just before it: its answer will tell that we meant it. */
	if (s->ticket && s->doing == STEP_SIGNAL && s->doing_generation == last->is.generation)
		return;
	if (!is_counted(rec, s->want, &last->is))
		count_end(r, s, &last->is);
}
