/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The two jobs workers do for the driver: carry out one step, and look at one runtime.
 * A job owns copies of everything it needs, but for the runtime and for the desired value a
 * step's spec points into: those outlive the pools.
 */
#include "controller/observe.h"
#include "controller/pool.h"

struct wanted;

struct work_step {
	struct job job;      /* first: the pool hands this back */
	struct arena *arena; /* of this job; strings of step and after live here */
	struct runtime *rt;
	struct step step;
	int64_t intent;                /* row that says that this is about to be done; 0: none */
	uint64_t ticket;               /* of the reconciler that asked for it */
	void *owner;                   /* the driver's: whose step it is */
	struct wanted *wanted;         /* what it was made from, and points into */
	struct work_step *next_flight; /* the lane\'s */
	bool is_refused;               /* result is set already: no call is made */
	int result;                    /* of the runtime call: 0, an outcome > 0, -code */
	struct error error;
	bool has_after;
	struct instance after; /* CREATE: what came to be */
	const char *before;    /* UPDATE: the hash of the row, ere this one put it in doubt */
};

struct work_look {
	struct job job;
	struct arena *arena;
	struct runtime *rt;
	struct instance *rows;
	size_t n_rows;
	struct observation result;
};

/**
 * work_step_new() - a job for @step on @rt; strings are copied, step->spec is borrowed
 *
 * Its result is the runtime's, but for one: a start or update of what is not there (any more)
 * ends with -ERR_CONFLICT.
 */
struct work_step *work_step_new(struct runtime *rt, const struct step *step, struct mono now);

/** work_look_new() - a job that looks at @rt, where @rows should be */
struct work_look *work_look_new(struct runtime *rt, const struct instance *rows, size_t n_rows,
				struct mono now);

/** work_copy_instance() - a copy of @i with all its strings in @a */
struct instance work_copy_instance(const struct instance *i, struct arena *a);
