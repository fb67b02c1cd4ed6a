/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Inside of the reconciler: one slot. What it needs next, and what the answer to a step means. */
#include "controller/reconcile_table.h"

/** reconcile_slot_look() - its verdict by what is known now; counts it, does nothing */
void reconcile_slot_look(struct reconciler *r, struct rslot *s);

/** reconcile_slot_decide() - its next step, or what it waits for */
void reconcile_slot_decide(struct reconciler *r, struct rslot *s);

/** reconcile_slot_has_broken() - is one of its instances half made? */
bool reconcile_slot_has_broken(const struct rslot *s);
