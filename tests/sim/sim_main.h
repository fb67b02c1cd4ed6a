/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A simulation as a program: NAME [SEED [N]] [--trace] [--once]
 *
 * Runs N seeds from SEED on, every fourth and the first one twice, and compares the two stories
 * byte for byte. A story is chaos, then calm weather in which all must become as it was wished
 * for, and then nothing more may happen; twice over. --trace tells the story, --once runs each
 * once. The first law that is broken ends it, with the end of the story and its seed.
 */
#include "tests/sim/sim.h"

struct sim_program {
	const char *name;
	const struct sim_disk_ops *disk;
	unsigned n_seeds;    /* when nobody says how many */
	unsigned patience_s; /* seconds on the wall for one seed: longer is for ever */
	bool is_verbose, is_once;
};

/** sim_main() - the exit status; it may end before it returns */
int sim_main(struct sim_program *p, int argc, char **argv);
