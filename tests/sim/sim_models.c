/* SPDX-License-Identifier: Apache-2.0 */
/* The simulation of models as a program (sim_seeds.h, models.h): both are memory. */
#include "tests/sim/models.h"

int main(int argc, char **argv)
{
	const struct models_kind kind = { .n_ticks = 150 };
	const struct sim_seeds p = { "sim_models", 40, 120, models_story_run, &kind };

	return sim_seeds_main(&p, argc, argv);
}
