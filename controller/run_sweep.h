/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The daemon's sweeps: one each interval by itself (what is dead is deleted, what lives is put
 * aside, by the rules of sweep_plan.h), and those that clients ask for, one after the other. What
 * blocks is done by a worker of its own, the rest in the loop's turns.
 */
#include "controller/run_inside.h"
#include "controller/sweep.h"

struct sweeper;

/** sweeper_new() - the first is due an interval after the first look of everything */
int sweeper_new(struct run *r, struct sweeper **ret, struct error *err);
/** sweeper_free() - waits for what the worker does; NULL is fine */
void sweeper_free(struct sweeper *s);

/** sweeper_turn() - go on with the one under way, begin one that is due */
void sweeper_turn(struct sweeper *s);

/** sweeper_wake() - when the next turn is due without a bell; 0: never */
struct mono sweeper_wake(const struct sweeper *s);

/** sweeper_is_idle() - is nothing under way? */
bool sweeper_is_idle(const struct sweeper *s);

/** sweeper_end_all() - those who wait are told why nothing comes */
void sweeper_end_all(struct sweeper *s, const char *why);
