/* SPDX-License-Identifier: Apache-2.0 */
/* The fast simulation: the core alone, over a disk that is a struct. */
#include "tests/sim/sim_main.h"

int main(int argc, char **argv)
{
	const struct sim_seeds p = { "sim_test", 500, 60, sim_main_run, &sim_disk_struct };
	return sim_seeds_main(&p, argc, argv);
}
