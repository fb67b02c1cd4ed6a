/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Turn: the inside of the driver. One turn collects what ended, writes it, feeds the core,
 * writes what it decided, commits, and only then hands out the new steps.
 */
#include "controller/driver.h"
#include "controller/lane.h"
#include "controller/manual.h"

struct tracked {
	struct tracked *next;
	char name[LIMIT_DEPLOYMENT_NAME + 1];
	struct reconciler *r;
	struct wanted *wanted;      /* what r points into; NULL: nothing was fed yet */
	struct wanted *coming;      /* what it shall be fed; NULL: nothing new */
	struct wanted *retired;     /* those before, each until none of its steps is under way */
	struct manual_asked *asked; /* by hand, oldest first; after what is coming */
	bool is_planned;            /* wanted has been told as a plan */
	bool was_fed;               /* in this turn */
	bool was_seen;              /* a look has told what is there of it */
	bool wants_next;            /* it asked for a look while one was running: not that one */
	struct mono wake;
	enum reconcile_overall overall;
};

struct driver {
	struct driver_options o;
	struct lane *lanes[RUNTIME_COMPOSITE_MAX];
	unsigned lane_pending[RUNTIME_COMPOSITE_MAX]; /* decided in this turn, not yet submitted */
	size_t n_lanes;
	struct tracked *first;
	struct work_step **pending; /* steps of this turn, in order */
	size_t n_pending, pending_size;
	struct avoid *avoid;            /* addresses that strangers have */
	struct ledger_touched *touched; /* since the look began */
	bool look_wanted, look_running;
	bool stopping; /* no new steps */
	struct mono
		out_of_time;  /* since when nobody waits for what does not come back; 0: not so */
	char partial[256];    /* why the last look was not complete; "" */
	struct arena *arena;  /* of the turn */
	struct ledger ledger; /* of the turn */
	struct mono now;
};

/** turn_run() - one turn; < 0: the store failed, and nothing that it does not know was begun */
int turn_run(struct driver *d, struct error *err);

/** turn_is_idle() - no step and no look is under way */
bool turn_is_idle(const struct driver *d);

/** turn_has_left() - may the driver be left now that it is stopping? Nothing is under way, or it is
 * out of time and what is under way does not come back */
bool turn_has_left(const struct driver *d);

/** turn_patience() - when what is waited for will be given up: a look that others wait for, or out
 * of time anything; 0: nobody waits */
struct mono turn_patience(const struct driver *d);

/** turn_find() - the tracked deployment with that name; NULL */
struct tracked *turn_find(struct driver *d, const char *name);

/** turn_drop_pending() - forget steps that were decided and not handed out */
void turn_drop_pending(struct driver *d);
