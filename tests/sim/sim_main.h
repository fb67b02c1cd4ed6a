/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The simulations over a world of their own, as programs (sim_seeds.h). A story is chaos, then calm
 * weather in which all must become as it was wished for, and then nothing more may happen; twice
 * over.
 */
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_seeds.h"

/** sim_main_run() - a story; p->arg is its struct sim_disk_ops */
void sim_main_run(const struct sim_seeds *p, struct sim_story *st, struct sim_seeds_total *sum);
