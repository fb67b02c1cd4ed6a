/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A simulation as a program: NAME [SEED [N]] [--trace] [--once]
 *
 * Runs N seeds from SEED on, every fourth and the first one twice, and compares the two stories
 * byte for byte. --trace tells the story, --once runs each once. The first law that is broken ends
 * it, with the end of the story and its seed.
 */
#include "tests/sim/sim_story.h"

struct sim_seeds_total {
	uint64_t steps, faults, crashes, looks, events;
	int64_t longest_us; /* from calm to rest */
};

struct sim_seeds {
	const char *name;
	unsigned n_seeds;    /* when nobody says how many */
	unsigned patience_s; /* seconds on the wall for one seed: longer is for ever */
	/** One story, from beginning to end; @st is ready to be told into. */
	void (*run)(const struct sim_seeds *p, struct sim_story *st, struct sim_seeds_total *sum);
	const void *arg;
};

/** sim_seeds_main() - the exit status; it may end before it returns */
int sim_seeds_main(const struct sim_seeds *p, int argc, char **argv);
