/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulation of models with the real HCS runtime on a simulated Windows host in the place of
 * the second one (models_hcs.c). Its stories are shorter, since each container is some processes.
 */
#include "tests/sim/models.h"

int main(int argc, char **argv)
{
	const struct models_kind kind = { .n_ticks = 80, .has_hcs = true };
	const struct sim_seeds p = { "sim_models_hcs", 5, 300, models_story_run, &kind };

	return sim_seeds_main(&p, argc, argv);
}
