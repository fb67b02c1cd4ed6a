/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Inside of the driver: plans for those who listen (driver_options.planned), in the turn's
 * transaction. */
#include "controller/turn.h"

/** turn_plan_first() - what a look, @part of which is @t's, means for a desired state that has not
 *  been planned yet */
int turn_plan_first(struct driver *d, struct tracked *t, const struct observed *part,
		    struct error *err);

/**
 * turn_plan_asked() - what @m, written down already, means for the slots that are meant
 *
 * As they are known now: who asks gets no look of his own. Of what was not planned yet the whole
 * is, after its first look.
 */
int turn_plan_asked(struct driver *d, struct tracked *t, const struct manual *m, struct error *err);
