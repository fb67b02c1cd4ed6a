/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One complete look at a runtime for a sweep: both of its listings, and a direct question for
 * whatever one of them should show and does not. Blocks; for workers and commands. Uses no store.
 */
#include "backends/leftovers.h"
#include "controller/sweep_plan.h"

/* What the store knew before the look. Values; copied where another thread looks. */
struct sweep_known {
	const struct instance *rows;
	size_t n_rows;
	const struct orphan *orphans;
	size_t n_orphans;
};

/** sweep_look_runtime() - @ret is filled in every case; all in @a */
void sweep_look_runtime(struct runtime *rt, const struct sweep_known *known, struct arena *a,
			struct sweep_look *ret);
