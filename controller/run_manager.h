/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the daemon tells the service manager that started it: ready, alive, stopping. */
#include "controller/run_inside.h"

/** run_manager_begin() - requests are answered from now on */
void run_manager_begin(struct run *r);

/** run_manager_turn() - a sign of life when it is time for one: the loop turns */
void run_manager_turn(struct run *r);

/** run_manager_wake() - when the next one is due; 0: nobody waits for it */
struct mono run_manager_wake(const struct run *r);

/** run_manager_stop() - nothing new is begun; signs of life go on until the end */
void run_manager_stop(struct run *r);
