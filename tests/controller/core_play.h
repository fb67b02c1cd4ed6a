/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A reconciler on a stage: a world, a store, a clock that moves when it is told to, and one
 * event at a time. Each function feeds one event and gives what the reconciler asked for as a
 * text, steps in their order, then the look: "stage app:1, create web-rep-0.1, look".
 *
 * After every event the laws that hold at any time are checked (core_laws.c); a breach fails
 * the test. core_play_run() answers by itself, each kind of step after its own time.
 */
#include "base/buf.h"
#include "controller/reconcile.h"
#include "tests/controller/core_world.h"

struct core_flight {
	struct reconcile_run run; /* a copy; in the play's arena */
	const char *text;         /* "create web-rep-0.1" */
	struct mono due;
};

/* A step that will fail. */
struct core_fault {
	const char *step; /* the beginning of its text, "create web" */
	enum error_code code;
	bool has_effect; /* it takes effect and reports a failure all the same */
	unsigned times;
};

struct core_law; /* what core_laws.c remembers of a slot */

struct core_play {
	struct arena *arena;
	struct core_world world;
	struct reconciler *r;
	struct mono now;
	int64_t boot_us, wall_us; /* how far those clocks are ahead of `now` */
	const char *boot_id;
	int64_t resync_us;       /* of the next reconciler */
	bool keeps_all;          /* likewise */
	unsigned n_workers;      /* of each runtime */
	struct instance lost[8]; /* taken away by somebody; told by the next look */
	size_t n_lost;
	const char *hidden; /* a runtime that cannot be listed: its instances are UNKNOWN */

	const struct deployment *current, *previous;
	struct desired *desired;
	const struct scope *scope; /* of the next wish, as a command has it; NULL: all slots */
	struct core_flight *flights;
	size_t n_flights;
	bool is_looking;
	struct mono look_due;
	unsigned n_looks;          /* asked for */
	struct observed *snapshot; /* taken before the look is answered; NULL: none */
	struct core_end {
		struct mono due;
		const char *id;
		int code;
	} * ends; /* processes that will end */
	size_t n_ends;
	struct core_fault faults[4];

	struct reconcile_update up;  /* the last one */
	enum reconcile_overall told; /* in the story */
	struct buf said;
	struct buf *story; /* every step and note with its time; NULL: nobody listens */
	struct core_law *laws;
	size_t n_laws;
	uint64_t last_ticket;
};

/** core_play_init() - an empty world, a new reconciler; core_play_done() - release all of it */
void core_play_init(struct core_play *p);
void core_play_done(struct core_play *p);

/** core_play_wish() - a DESIRED event: services as in core_wish_services(), NULL: down */
const char *core_play_wish(struct core_play *p, const char *services);
/** core_play_wish_deployment() - the same with a deployment of the play's arena */
const char *core_play_wish_deployment(struct core_play *p, const struct deployment *d);
/** core_play_restart() - the controller dies and starts anew with what is in the store */
const char *core_play_restart(struct core_play *p);

/** core_play_reboot() - the node goes down and comes up: nothing runs any more, with what code
 * nobody knows, and nothing that was under way happens */
const char *core_play_reboot(struct core_play *p);

/** core_play_look() - the answer to a look; fails the test when none was asked for */
const char *core_play_look(struct core_play *p);
/** core_play_look_failed() - that answer is a failure */
const char *core_play_look_failed(struct core_play *p, const char *why);
/** core_play_snapshot() - what the look now under way will show, whatever happens till its answer
 */
void core_play_snapshot(struct core_play *p);

/** core_play_answer() - the step with that text takes effect and says so */
const char *core_play_answer(struct core_play *p, const char *step);
/** core_play_fail() - it fails; with an effect all the same where @has_effect */
const char *core_play_fail(struct core_play *p, const char *step, enum error_code code,
			   bool has_effect);

/** core_play_reply() - nothing happens, and the answer is @code, without an instance */
const char *core_play_reply(struct core_play *p, const char *step, int code);

/** core_play_take() - somebody takes web-rep-0.1 away; the next look tells, as the driver's does */
void core_play_take(struct core_play *p, const char *name);

const char *core_play_exit(struct core_play *p, const char *name, int code); /* of web-rep-0.1 */
const char *core_play_ask(struct core_play *p);                              /* TRY_AGAIN */
/** core_play_by_hand() - HOLD, RELEASE or RESTART of "web-rep-0", "web" or "" (all) */
const char *core_play_by_hand(struct core_play *p, enum reconcile_event_type type,
			      const char *what);
const char *core_play_lose(struct core_play *p);                         /* LOST */
const char *core_play_wait(struct core_play *p, int64_t us);             /* TIMER after that */
const char *core_play_capacity(struct core_play *p, unsigned n_workers); /* CAPACITY */

/** core_play_run() - answer everything until it has converged, is stuck, or @us have passed */
void core_play_run(struct core_play *p, int64_t us);
/** core_play_pass() - the same for all of @us */
void core_play_pass(struct core_play *p, int64_t us);
/** core_play_next() - only the next thing that is due in @us; false when nothing is */
bool core_play_next(struct core_play *p, int64_t us);

/** core_play_slot() - "running: running", "waiting: waits for db"; "" when there is no such slot */
const char *core_play_slot(struct core_play *p, const char *slot);

/** core_play_scope() - "web-rep-0", "web" or "" (all) as a scope, in the play's arena */
const struct scope *core_play_scope(struct core_play *p, const char *what);

/** core_play_diff_now() - the time, as diff and plan want it */
struct diff_now core_play_diff_now(const struct core_play *p);

/** core_laws_check() - after each event: what holds at any time; called by core_play.c */
void core_laws_check(struct core_play *p);
/** core_laws_answered() - a step of that slot was answered */
void core_laws_answered(struct core_play *p, const struct step *s, bool has_failed);
/** core_laws_looked() - the answer to look number @n was given */
void core_laws_looked(struct core_play *p, unsigned n);
/** core_laws_forget() - a new reconciler */
void core_laws_forget(struct core_play *p);
