/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Plan hope: which slots cannot be made, since what they depend on will never be there, however
 * long one waits. The same answer as the loop's gate (reconcile_gate.c) gives when it comes to
 * it, before anything is done. Pure.
 */
#include "controller/diff.h"
#include "controller/match.h"

struct plan_hope;

/** plan_hope_new() - nothing is known yet; in @a */
struct plan_hope *plan_hope_new(const struct desired *d, struct arena *a);

/**
 * plan_hope_add() - one slot and its verdict; all of them before the first question
 * @is_meant: somebody works on it; one that nobody works on stays what it is
 */
void plan_hope_add(struct plan_hope *h, const struct match *m, const struct diff_slot *diff,
		   bool is_meant);

struct plan_unmet {
	const char *cause;
	const char *hint; /* NULL: none */
};

/**
 * plan_hope_is_lost() - is something that @m depends on not to come? Then it does not come either
 *
 * To be asked in the order of ranks. Only what would be made or started depends on others.
 */
bool plan_hope_is_lost(struct plan_hope *h, const struct match *m, const struct diff_slot *diff,
		       struct plan_unmet *ret);
