/* SPDX-License-Identifier: Apache-2.0 */
/* The slow simulation: the core with the real store and the real ledger. */
#include "tests/sim/sim_main.h"

int main(int argc, char **argv)
{
	const struct sim_seeds p = { "sim_store", 40, 120, sim_main_run, &sim_disk_store };
	return sim_seeds_main(&p, argc, argv);
}
