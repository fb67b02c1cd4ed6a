/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Deadlines of numbered things, the nearest first: a heap in which each has one place. */
#include <stddef.h>

#include "base/arena.h"
#include "base/clock.h"

struct timers {
	size_t *heap; /* numbers, the root has the nearest deadline */
	size_t n;
	size_t *place;   /* by number: where in the heap, or SIZE_MAX */
	struct mono *at; /* by number */
};

/** timers_init() - for numbers 0..@n_max-1, none set; lives in @a */
void timers_init(struct timers *t, size_t n_max, struct arena *a);

/** timers_set() - replaces what was set for @i; us 0: no deadline */
void timers_set(struct timers *t, size_t i, struct mono at);

/** timers_first() - the nearest deadline; us 0: none */
struct mono timers_first(const struct timers *t);

/** timers_take() - one whose deadline is not after @now, unset by this; SIZE_MAX: none */
size_t timers_take(struct timers *t, struct mono now);
