/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A wave: some orphans that are acted on together, so that those which live are waited for
 * together. Each goes through: asked for once more; told to end, and waited for; ended; its layer
 * put aside where that was decided; released; proved gone. Blocks; for workers and commands. Uses
 * no store.
 */
#include "backends/leftovers.h"
#include "controller/sweep_plan.h"

#define SWEEP_ENDS(X)                                                                              \
	X(LEFT, "left")       /* nothing was done to it */                                         \
	X(REMOVED, "removed") /* it is gone */                                                     \
	X(KEPT, "kept")       /* its layer is in quarantine, all else is gone */                   \
	X(STUCK, "stuck")     /* it did not go */

enum sweep_end {
#define X(id, name) SWEEP_END_##id,
	SWEEP_ENDS(X)
#undef X
		SWEEP_N_ENDS,
};

/** sweep_wave_end_name() - its word */
const char *sweep_wave_end_name(enum sweep_end end);

struct sweep_target {
	struct runtime *rt;
	struct sweep_item *item;
	int64_t intent; /* row that says that this is about to be done */

	enum sweep_end end;
	struct error error; /* STUCK, and LEFT where something made it so */
	bool is_over;       /* nothing more is done in this wave */
	bool is_waited_for; /* it was told to end */
	bool is_killed;     /* for good */
	struct mono until;  /* then it is killed, or stuck */
};

/**
 * sweep_wave_run() - act on all of them, and say how each ended
 * @stop_us: how long what lives gets to end by itself, where nobody knows what its file gave it
 */
void sweep_wave_run(struct sweep_target *targets, size_t n, int64_t stop_us);
