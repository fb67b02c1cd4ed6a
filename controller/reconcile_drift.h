/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Inside of the reconciler: what somebody else changed and was set back is counted, and told; and
 * when the same slot is changed again and again, somebody else has another wish for it: a fight,
 * which nobody wins. Then the slot is left as it is until a person has looked.
 */
#include "controller/reconcile_table.h"

/* So often in so long is no accident any more: a person who tries something out does it a few
 * times, a program does it for ever. What nobody tells is found by a look that a daemon takes every
 * five minutes: twelve times in such a window. */
#define DRIFT_FIGHT_MAX       5
#define DRIFT_FIGHT_WINDOW_US (60 * 60 * CLOCK_SEC)

/** reconcile_drift_healed() - the step that set @s back was done */
void reconcile_drift_healed(struct reconciler *r, struct rslot *s);

/** reconcile_drift_is_fight() - it was changed once more than that: its record says so now */
bool reconcile_drift_is_fight(struct reconciler *r, struct rslot *s);
