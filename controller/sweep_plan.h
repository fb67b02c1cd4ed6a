/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Sweep, decided: which things with our name are orphans, and what is to be done with each, with
 * the reason. Pure: looks and rows come in as values, what comes out is done by sweep.c.
 *
 * An orphan is a thing of this owner and node that no row of an instance explains. It is acted on
 * only when all of this holds; the first that does not is the reason why it is left:
 *   the node may delete (its store was not rebuilt, restored or taken over since)
 *   the mode is not to report
 *   its runtime answered wholly, in time, and did not lack what is there
 *   no other runtime has an instance with its id, and it is known what state it is in
 *   it is no living instance of a deployment that the store knows: that one is adopted by an apply
 *   it was seen in two complete looks in a row, and is older than the grace
 *   it did not refuse to go a short while ago
 */
#include "specs/leftover.h"
#include "specs/observed.h"

#define SWEEP_MODES(X)                                                                             \
	X(REPORT, "report")         /* do nothing */                                               \
	X(QUARANTINE, "quarantine") /* put writable layers aside, delete the rest */               \
	X(DELETE, "delete")                                                                        \
	X(AUTO, "auto") /* the daemon's: what lives is put aside, what is dead deleted */

enum sweep_mode {
#define X(id, name) SWEEP_##id,
	SWEEP_MODES(X)
#undef X
		SWEEP_N_MODES,
};

/** sweep_plan_mode_name() - its word */
const char *sweep_plan_mode_name(enum sweep_mode mode);

#define SWEEP_SLOW_US       (10 * CLOCK_SEC)        /* a look that takes longer is no look */
#define SWEEP_QUARANTINE_US (24 * 3600 * CLOCK_SEC) /* how long a layer is kept */

/* One runtime, as one pass saw it. */
struct sweep_look {
	const char *runtime;
	const char *failed;      /* why it could not be looked at; NULL: it could */
	struct observed seen;    /* its instances; for their states */
	struct leftovers things; /* everything with our name */
	int64_t took_us;
	size_t n_before;  /* things of a pass ago: rows of instances, orphans */
	size_t n_missing; /* of those, how many the listing lacks */
	size_t n_agreed;  /* of those again, how many are gone by a direct question, too */
	size_t n_lied;    /* instances that are there by a direct question only */
};

struct sweep_input {
	enum sweep_mode mode;
	bool is_now; /* do not wait for the grace, nor for the next try */
	struct wall now;
	int64_t grace_us;
	const char *held;        /* why nothing may be deleted on this node; NULL: it may */
	const char *const *only; /* a person asked for these ids: no other is looked at, and what */
	size_t n_only;           /* is in quarantine goes at once. 0: all */
	const struct sweep_look *looks;
	size_t n_looks;
	const struct instance *rows; /* read after the looks */
	size_t n_rows;
	const char *const *deployments; /* that the store knows */
	size_t n_deployments;
	const struct orphan *orphans; /* as remembered, sorted by (runtime, id) */
	size_t n_orphans;
};

enum sweep_act {
	SWEEP_LEAVE,
	SWEEP_REMOVE, /* all of it */
	SWEEP_KEEP,   /* its writable layer into quarantine, then the rest */
	SWEEP_DROP,   /* what is in quarantine */
};

struct sweep_item {
	struct orphan orphan; /* as it is to be remembered from now on */
	bool has_instance;    /* the runtime shows it as one, in that state */
	enum instance_state state;
	int stop_signal;  /* that its file, else its image wants; 0: nothing said */
	int64_t grace_us; /* that its file gave it; 0: nothing known */
	bool is_live;
	enum sweep_act act;
	const char *why; /* LEAVE: why */
};

struct sweep_foreign {
	const char *runtime;
	const char *id;
	unsigned kinds;
	const char *whose;
};

struct sweep_failure {
	const char *runtime;
	const char *why;
};

/* All arrays and texts are in the arena, or are the input's. */
struct sweep_plan {
	struct sweep_item *items; /* sorted by (runtime, id) as far as the looks are */
	size_t n;
	struct sweep_foreign *foreign;
	size_t n_foreign;
	struct sweep_failure *failures; /* runtimes nothing is known of */
	size_t n_failures;
	const struct orphan **gone; /* remembered, and no orphan any more */
	size_t n_gone;
	size_t n_acts;
};

/** sweep_plan_compute() - decide */
void sweep_plan_compute(const struct sweep_input *in, struct arena *a, struct sweep_plan *ret);

/** sweep_plan_failure() - why a look counts for nothing, in @a; NULL: it counts */
const char *sweep_plan_failure(const struct sweep_look *look, struct arena *a);

/** sweep_plan_stuck() - @o did not go, for @why: when it is tried again is longer each time */
void sweep_plan_stuck(struct orphan *o, const char *why, struct wall now);
