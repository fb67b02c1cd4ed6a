/* SPDX-License-Identifier: Apache-2.0 */
/* The slow simulation: the core with the real store and the real ledger. */
#include "tests/sim/sim_main.h"

int main(int argc, char **argv)
{
	struct sim_program p = { "sim_store", &sim_disk_store, 40, 120, false, false };
	return sim_main(&p, argc, argv);
}
