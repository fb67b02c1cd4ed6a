/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Reconcile: the loop's decisions for one deployment, as a state machine without I/O.
 *
 * The driver feeds one event at a time and does what the update says, in this order:
 *   1. PERSIST: write every record of `slots` (and what it keeps of steps: intents);
 *   2. RUN: hand each of `steps` to its runtime, each answered by one STEP_DONE event;
 *   3. OBSERVE: list all runtimes, answered by one OBSERVED event;
 *   4. write `notes` to the event log; send a TIMER event at `wake`.
 * Every decision comes from the newest look, brought up to date by the results of steps
 * and by exits. A failed step proves nothing: its slot is not touched before a new look.
 *
 * States of a slot, and what moves it (reconcile_slot.c; the table is next to the code):
 *
 *   is             next step        by                  then
 *   -------------  ---------------  ------------------  -----------------------------------
 *   nothing there  STAGE its image  want_stage()        staged; failed: back-off, old one stays
 *                  CREATE           want_create()       created
 *   created        START            want_start()        running
 *   running, fits  -                                    settled
 *   limits differ  UPDATE           want_update()       running
 *   to be stopped  SIGNAL           want_stop()         stopping, deadline = now + grace
 *   stopping       (wait)           want_stop()         exited by EXITED, or at the deadline:
 *                  SIGNAL SIGKILL   want_stop()         stopping, then a look if nothing comes
 *   exited         REMOVE           want_remove()       nothing there
 *   any step failed                 step_failed()       look first, after the back-off
 *
 * Gates between slots (reconcile_gate.c): nothing is stopped while an image is still being
 * staged; no create before what it depends on is satisfied; no stop of what others still
 * use on the way down; at most max_parallel slots of a service are replaced at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "controller/diff.h"
#include "controller/expand.h"
#include "controller/scope.h"
#include "specs/observed.h"
#include "specs/step.h"

struct reconciler;

enum reconcile_event_type {
	RECONCILE_DESIRED,   /* a new desired state; also the first event */
	RECONCILE_OBSERVED,  /* answer to OBSERVE */
	RECONCILE_STEP_DONE, /* answer to one step of RUN */
	RECONCILE_EXITED,    /* an instance's first process ended; also for ids not known here */
	RECONCILE_TIMER,     /* `wake` was reached; harmless at any other time */
	RECONCILE_TRY_AGAIN, /* somebody asked: forget back-off and failures */
	RECONCILE_LOST,     /* exits may have been missed (a shim's connection broke): look again */
	RECONCILE_CAPACITY, /* a runtime has room again; only `capacity` is new */
	RECONCILE_HOLD,     /* a person: stop the slots in `scope`, and keep them so */
	RECONCILE_RELEASE,  /* a person: no longer; forget their back-off and failures */
	RECONCILE_RESTART,  /* a person: the same, and a new instance for each */
};

/* Outcomes of steps: the numbers of enum runtime_outcome. */
enum {
	RECONCILE_ABSENT = 1,  /* no such instance: proved */
	RECONCILE_ALREADY = 2, /* it is so already */
	RECONCILE_GONE = 3,    /* SIGNAL: its process has ended */
};

/* How many steps a runtime takes now, over all deployments. Runtimes not named: none. */
struct reconcile_capacity {
	const char *runtime;
	unsigned n;
};

struct reconcile_step_done {
	uint64_t ticket;     /* of the reconcile_run that was carried out */
	int code;            /* 0, an enum runtime_outcome (> 0), or -(enum error_code); CONFLICT:
				what was to be started or changed is not there any more */
	const char *message; /* failed: one line; else NULL */
	const char *hint;    /* NULL: none */
	const struct instance *instance; /* CREATE done: as it is now; NULL: not seen, so look */
};

/* Everything a pointer shows is borrowed for the call, except `desired`. */
struct reconcile_event {
	enum reconcile_event_type type;
	struct mono now;
	struct boot boot;
	struct wall wall;
	const struct reconcile_capacity *capacity; /* valid in every event */
	size_t n_capacity;

	/* DESIRED. Kept until the next DESIRED event and until no step made from it is under way:
	 * the driver keeps the arena so long. */
	const struct desired *desired;
	const struct slot *slots; /* records of this deployment, sorted by (service, number) */
	size_t n_slots;
	/* DESIRED: the slots to work on, kept as `desired` is; the others are looked at, counted
	 * for who depends on them, and left as they are. NULL: all. HOLD, RELEASE, RESTART: those
	 * of the wanted slots that are meant; the records say so before the first step. */
	const struct scope *scope;

	/* OBSERVED: sorted. NULL: the look failed, `message` says why. Instances of runtimes that
	 * could not be listed but stand in the store are in it with state UNKNOWN. Other
	 * deployments in it are skipped. */
	const struct observed *observed;
	const char *message;

	struct reconcile_step_done done; /* STEP_DONE */

	const char *instance_id; /* EXITED */
	bool has_exit_code;
	int exit_code;
};

enum {
	RECONCILE_PERSIST = 1 << 0,
	RECONCILE_OBSERVE = 1 << 1,
	RECONCILE_RUN = 1 << 2,
};

struct reconcile_run {
	uint64_t ticket;  /* never 0, never used twice by one reconciler */
	struct step step; /* spec of CREATE and UPDATE: owner, node_id, address are NULL, the
			     driver's */
};

struct reconcile_note {
	const char *service; /* NULL: the deployment */
	uint32_t slot;
	bool is_problem;
	const char *what; /* a word: "plan", "failed", "exited", "converged" … */
	const char *text; /* a sentence */
	const char *hint; /* NULL: none */
};

/* What a slot is doing; the order is by interest. */
#define RECONCILE_STATES(X)                                                                        \
	X(WORKING, "working") /* a step runs, may run, or waits for its turn */                    \
	X(WAITING, "waiting") /* back-off, another service, a runtime that does not answer */      \
	X(RUNNING, "running")                                                                      \
	X(DONE, "done")                                                                            \
	X(HELD, "held")                                                                            \
	X(NEEDS_PEER, "needs_peer")                                                                \
	X(UNSUPPORTED, "unsupported")                                                              \
	X(BLOCKED, "blocked") /* failed or cannot be made; waiting changes nothing */              \
	X(GONE, "gone")       /* was removed, as it shall be */

enum reconcile_state {
#define X(id, name) RECONCILE_STATE_##id,
	RECONCILE_STATES(X)
#undef X
		RECONCILE_N_STATES,
};

enum reconcile_overall {
	RECONCILE_BUSY,      /* something is under way */
	RECONCILE_PAUSING,   /* nothing is under way, something waits for time or for others */
	RECONCILE_CONVERGED, /* all slots are right: exit 0 */
	RECONCILE_STUCK,     /* what is left cannot change by waiting: exit 4 */
};

struct reconcile_update {
	unsigned flags;
	const struct slot **slots; /* PERSIST: changed records, to be on disk before any step */
	size_t n_slots;
	struct reconcile_run *steps; /* RUN */
	size_t n_steps;
	struct reconcile_note *notes;
	size_t n_notes;
	size_t n_decided; /* slots decided about, each time anew: the cost of the event */
	struct mono wake; /* when to send TIMER; replaces the one before. 0: none */
	enum reconcile_overall overall;
	size_t counts[RECONCILE_N_STATES]; /* of all slots worked on, wanted or still there */
};
/* The update and what it points to are valid until the next call for the same reconciler;
 * services and env of steps as long as `desired`. */

struct reconcile_options {
	uint64_t seed;       /* of the jitter */
	const char *boot_id; /* of this boot; copied; NULL: not known */
	int64_t resync_us;   /* look again this long after the last look; 0: only when asked */
	bool keeps_all;      /* the store waits for `recover --accept`: nothing is taken away */
};

struct reconciler *reconcile_new(const struct reconcile_options *o);
void reconcile_free(struct reconciler *r); /* NULL is fine */
CLEAN_DEFINE(reconciler, struct reconciler *, reconcile_free)

/** reconcile_step() - one event in, what is to be done out; never fails */
void reconcile_step(struct reconciler *r, const struct reconcile_event *ev,
		    struct reconcile_update *ret);

/** reconcile_overall_of() - as `overall` of the last update, of the slots in @scope alone */
enum reconcile_overall reconcile_overall_of(const struct reconciler *r, const struct scope *scope);

/* One slot, for status and progress. Valid until the next call of reconcile_step(). */
struct reconcile_view {
	const char *service;
	uint32_t number;
	enum reconcile_state state;
	bool is_other; /* not in the scope: left as it is */
	enum verdict verdict;
	const char *cause;               /* why it is so; never NULL */
	const char *hint;                /* NULL: none */
	const char *os;                  /* NEEDS_PEER; else NULL */
	const struct instance *instance; /* NULL: none */
	const struct slot *record;       /* never NULL */
};

/** reconcile_count() - slots known; reconcile_view() - one of them, by (service, number) */
size_t reconcile_count(const struct reconciler *r);
void reconcile_view(const struct reconciler *r, size_t i, struct reconcile_view *ret);

/** reconcile_state_to_string() - its name in text and JSON */
const char *reconcile_state_to_string(enum reconcile_state s);
