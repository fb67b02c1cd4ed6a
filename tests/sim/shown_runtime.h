/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A runtime that shows what a look of the simulation has read: lists it, answers about one, and
 * does nothing else. Steps reach the simulation's world without it.
 */
#include "backends/runtime.h"
#include "tests/sim/sim_world.h"

struct shown_runtime {
	struct runtime base;      /* first */
	const struct world *seen; /* of all runtimes */
	unsigned number;          /* whose part is shown */
	bool is_away;             /* does not answer */
	const char *lacks;        /* id that its listing lacks, and that it knows; NULL */
};

/** shown_runtime_init() - number @i of the simulation's runtimes; it needs no end */
void shown_runtime_init(struct shown_runtime *rt, unsigned i, const struct world *seen);
