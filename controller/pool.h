/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A fixed number of worker threads with a bounded queue. A job is one heap struct
 * with its inputs, its result and its error inside, owned by exactly one side: by
 * the loop until pool_submit() took it, by the pool until pool_take_done() gave it back.
 */
#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"

struct job {
	struct job *next;            /* the pool's, while it owns the job */
	void (*run)(struct job *j);  /* in a worker; sets whatever result the job has */
	void (*drop)(struct job *j); /* free it */
	struct mono deadline;        /* past this a worker counts as stuck; 0: never */
};

struct pool;

/**
 * pool_new() - start @n_threads workers (1..16) that queue at most @n_queue jobs
 * @notify_fd: an eventfd that gets 1 written whenever a job is done; the caller's, outlives the
 * pool
 */
int pool_new(unsigned n_threads, unsigned n_queue, int notify_fd, struct pool **ret,
	     struct error *err);

/**
 * pool_free() - no new jobs; jobs not begun are dropped; waits for those that run
 *
 * Everything a job does has a deadline, so this ends. Done jobs not taken are dropped.
 */
void pool_free(struct pool *p);

/** pool_submit() - takes @j when there is room; false and @j untouched otherwise */
bool pool_submit(struct pool *p, struct job *j);

/** pool_room() - jobs that can be submitted now without a refusal */
unsigned pool_room(struct pool *p);

/** pool_take_done() - a finished job, the caller's again, in the order they ended; NULL: none */
struct job *pool_take_done(struct pool *p);

/** pool_is_stuck() - every worker is past the deadline of its job: the breaker is open */
bool pool_is_stuck(struct pool *p, struct mono now);
