/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Directories of a simulation's stores, and what is in one after a loss of power. */
#include "base/error.h"

#define SIM_PLACE_PATH 64

/** sim_place_make() - a new directory, in memory where there is some: each turn syncs */
int sim_place_make(char ret[SIM_PLACE_PATH], struct error *err);

/** sim_place_copy() - the store's files from one directory to another, as they are now: the
 *  database and what is not yet in it */
int sim_place_copy(const char *from, const char *to, struct error *err);
