/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Inside of the reconciler: its slots, and how they are made anew from a look or a new
 * desired state. Only the reconcile*.c files include this.
 *
 * Memory: everything of a pass (slots, their instances and texts) is in one of two arenas;
 * a rebuild copies what stays into the other one. What belongs to the desired state
 * (images, services) is in a third.
 */
#include "controller/backoff.h"
#include "controller/reconcile.h"
#include "controller/timers.h"

#define NO_SLOT SIZE_MAX

/* Why a slot that has something to do does not do it. At most one at a time. */
enum gate {
	GATE_NONE,
	GATE_IMAGE,    /* another slot is staging the same image */
	GATE_STOP,     /* its runtime still stages images: nothing is stopped before */
	GATE_PARALLEL, /* max_parallel others of the service are being replaced */
	GATE_CAPACITY, /* its runtime has no worker free */
	GATE_DEPENDS,  /* what it depends on is not ready */
	GATE_ORDER,    /* who uses it must go first */
	GATE_TIME,     /* an exit or a deadline */
	GATE_LOOK,     /* after a failure: the next look */
};

/* Slots behind a gate, in the order they came. Linked through rslot.next and .previous. */
struct queue {
	size_t head, tail; /* NO_SLOT: empty */
	size_t n;
};

/* An instance and what was done to end it. */
struct rinstance {
	struct instance is;
	bool is_stopped;      /* we told it to end, some time */
	bool is_signaled;     /* its stop signal was delivered, in this attempt */
	bool is_killed;       /* SIGKILL was */
	struct mono deadline; /* of the last of the two */
};

/* What a slot adds to the counts of its service. */
struct share {
	bool is_started;  /* wanted and running with what is wanted, or a job that ended well */
	bool is_ready;    /* the same; a job: ended well */
	bool is_hopeless; /* will be neither by waiting */
	bool is_flux;     /* between two configurations, or not up yet */
	bool is_broken;   /* flux that will not end by waiting */
	bool is_leaving;  /* not wanted, and still there */
};

struct rslot {
	const char *service;
	uint32_t number;
	size_t index;
	size_t service_index;            /* NO_SLOT: the service is in neither file */
	const struct desired_slot *want; /* NULL: not wanted */
	const char *remove_cause;        /* not wanted: why */
	bool is_other;                   /* not in the scope: left as it is */
	struct slot record;
	bool is_record_dirty; /* to be saved by this update */

	struct rinstance *instances; /* by generation */
	size_t n, n_max;

	struct diff_slot diff; /* of the last decision */
	enum reconcile_state state;
	struct share share;
	bool is_counted; /* state and share are in the sums */

	uint64_t ticket; /* of the step in flight; 0: none */
	enum step_kind doing;
	uint64_t doing_generation; /* of the instance it is about */
	const char *doing_hash;    /* what an UPDATE makes of it */
	int doing_signal;
	const char *doing_drift; /* what somebody changed, and CREATE or UPDATE sets back */
	size_t doing_image;      /* STAGE: index, NO_SLOT once the wish has changed */
	const char *want_hash;   /* of the wish this slot was last built for; NULL: none */

	bool must_look;      /* a step failed: no step before a look newer than look_after */
	uint64_t look_after; /* number of a look */
	uint64_t touched;    /* looks up to this number know less than we do */
	bool no_update;      /* its runtime refused to change limits in place */
	bool is_vacant;      /* known to have no instance: shown by a look that saw all of its
			      * runtime or by our own removal, and none was asked for since */
	bool is_taken;       /* somebody took its instance away, and there is no other one yet */
	bool is_doubted;     /* a look showed it otherwise, and was too old to be believed */

	const char *change_cause; /* why the change under way began; NULL: none is */
	const char *blocked;      /* a gate that will not open, in words; NULL: none */
	const char *blocked_hint; /* what opens it; NULL: nothing known */
	const char *waiting;      /* a gate that may, in words; NULL: none */
	enum gate gate;
	struct queue *queue; /* the one it stands in; NULL: none */
	size_t next, previous;
	bool is_dirty; /* in the worklist */
};

struct rservice {
	size_t first, n; /* its slots in the table, wanted or not */
	size_t n_wanted, n_started, n_ready, n_hopeless, n_flux, n_broken, n_leaving;
	struct queue parallel;
	struct mono depends_since; /* when its first slot began to wait; 0: none does */
	bool *is_given_up;         /* by depends item: its timeout was reached */
};

enum image_state { IMAGE_NONE, IMAGE_ASKED, IMAGE_STAGING, IMAGE_READY };

struct rimage {
	enum image_state state;
	size_t runtime;
	struct queue waiting;
};

struct rruntime {
	const char *name;
	unsigned room;        /* for steps, in this event */
	size_t n_staging;     /* images asked for or being staged */
	struct queue stop;    /* GATE_STOP */
	struct queue waiting; /* GATE_CAPACITY */
};

#define RUNTIMES_MAX 8 /* a node has two; instances of a replaced configuration may name others */

struct flight {
	uint64_t ticket;
	size_t slot; /* NO_SLOT: answered */
};

struct reconciler {
	uint64_t rng;
	const char *boot_id; /* NULL: not known */
	int64_t resync_us;
	bool keeps_all;

	struct arena *home, *pass, *spare, *wish, *out;
	const struct desired *desired; /* NULL before the first event */
	const struct scope *scope;     /* of it; NULL: all slots */

	struct rslot *slots; /* sorted by (service, number) */
	size_t n;
	struct rservice *services; /* as desired->services */
	struct rimage *images;     /* as desired->images */
	struct rruntime runtimes[RUNTIMES_MAX];
	size_t n_runtimes;
	struct timers timers;

	size_t *work; /* ring of n + 1: slots to decide about */
	size_t work_head, work_n;

	struct flight *flights; /* by ticket */
	size_t n_flights, n_flights_max, n_answered;
	uint64_t last_ticket;

	bool has_look; /* since the last DESIRED */
	bool is_partial;
	bool is_looking, wants_look;
	bool is_asked;          /* somebody asked to try again; until the look after it */
	uint64_t look;          /* number of the last look asked for */
	uint32_t look_fails;    /* in a row */
	uint32_t unclear_looks; /* in a row: that left an instance or a runtime unknown */
	struct mono look_at;    /* no look before; with resync also: a look then. 0: none */

	size_t counts[RECONCILE_N_STATES];

	const struct reconcile_event *ev; /* during reconcile_step() */
	struct reconcile_update *up;      /* likewise */
	size_t *dirty_records, n_dirty_records;
};

/** reconcile_table_build() - all slots anew: from the wish, the records, the look, and what is
 * known
 * @slots: records of a DESIRED event; NULL: those we have
 * @look:  NULL: the instances we know
 */
void reconcile_table_build(struct reconciler *r, const struct slot *slots, size_t n_slots,
			   const struct observed *look);

/** reconcile_table_find() - index of a slot, NO_SLOT when it is not there */
size_t reconcile_table_find(const struct reconciler *r, const char *service, uint32_t number);

/** reconcile_table_instance() - by generation; NULL: none */
struct rinstance *reconcile_table_instance(struct rslot *s, uint64_t generation);

/** reconcile_table_add() - a copy of @is at the end; reconcile_table_drop() - forget it */
struct rinstance *reconcile_table_add(struct reconciler *r, struct rslot *s,
				      const struct instance *is);
void reconcile_table_drop(struct rslot *s, uint64_t generation);

/** reconcile_table_runtime() - its entry, made when new; NULL beyond RUNTIMES_MAX */
struct rruntime *reconcile_table_runtime(struct reconciler *r, const char *name);

/** reconcile_table_starts_first() - is its successor started before it is stopped? */
bool reconcile_table_starts_first(const struct rslot *s);

/** reconcile_table_fly() - the slot's ticket is on its way */
void reconcile_table_fly(struct reconciler *r, const struct rslot *s);

/** reconcile_table_wake() - decide about the slot again in this event */
void reconcile_table_wake(struct reconciler *r, struct rslot *s);

/** reconcile_table_note() - for the event log; its texts live in r->out or longer */
void reconcile_table_note(struct reconciler *r, const struct reconcile_note *note);

/** reconcile_table_now() - the times of the event, as diff wants them */
struct diff_now reconcile_table_now(const struct reconciler *r);
