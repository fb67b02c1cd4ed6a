/* SPDX-License-Identifier: Apache-2.0 */
/* The fast simulation: the core alone, over a disk that is a struct. */
#include "tests/sim/sim_main.h"

int main(int argc, char **argv)
{
	struct sim_program p = { "sim_test", &sim_disk_struct, 500, 60, false, false };
	return sim_main(&p, argc, argv);
}
