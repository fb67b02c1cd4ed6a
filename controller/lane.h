/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Lane: one runtime with its workers, its steps under way and its look. Lanes share nothing:
 * when one hangs, its breaker opens, and the others go on.
 */
#include "controller/ledger.h"
#include "controller/work.h"

struct lane;

/** lane_open() - @rt and @bell (an eventfd, rung when something is done) outlive the lane */
int lane_open(struct runtime *rt, int bell, struct lane **ret, struct error *err);
/** lane_close() - waits for what runs, drops what waits; NULL is fine */
void lane_close(struct lane *l);

/** lane_runtime() - whose lane it is */
struct runtime *lane_runtime(const struct lane *l);

/** lane_room() - steps that lane_submit() takes now; 0 while the breaker is open */
unsigned lane_room(struct lane *l, struct mono now);

/** lane_submit() - hand a step to the workers; there must be room */
void lane_submit(struct lane *l, struct work_step *take);

/** lane_take() - a finished step, the caller's; NULL: none. A finished look stays here */
struct work_step *lane_take(struct lane *l, struct mono now);

/** lane_flight() - steps submitted and not taken back */
unsigned lane_flight(const struct lane *l);
/** lane_touch_flight() - mark the instances of those steps: a look may not know them */
void lane_touch_flight(const struct lane *l, struct ledger_touched *t);

/** lane_is_quiet() - nobody of ours is asking the runtime anything, nor about to */
bool lane_is_quiet(const struct lane *l);

/** lane_is_deaf() - does nothing that is asked of it come back now? */
bool lane_is_deaf(const struct lane *l, struct mono now);

/** lane_can_look() - would a look begin at once (or be answered at once, the breaker being open)?
 */
bool lane_can_look(struct lane *l, struct mono now);

/**
 * lane_look() - begin a look; none may be there
 * @rows: instances that should be on this runtime; copied
 *
 * With an open breaker nobody is asked: every row is UNKNOWN at once.
 */
void lane_look(struct lane *l, const struct instance *rows, size_t n, struct mono now);

/** lane_seen() - the look's result, valid until lane_forget(); NULL while it is under way */
const struct observation *lane_seen(const struct lane *l);

/**
 * lane_patience() - when a look under way has taken so long that others need not wait for it; 0:
 * there is none
 *
 * Seconds, from its beginning or the end of the last step; more for a runtime that has shown that
 * it needs more and answers in the end.
 */
struct mono lane_patience(const struct lane *l);

/** lane_look_since() - when the look under way began; 0: there is none */
struct mono lane_look_since(const struct lane *l);

/**
 * lane_give_up() - answer for a look under way: every row is UNKNOWN
 *
 * What comes of it is dropped, and until then every other look is answered the same way at once:
 * asking again would only cost one more worker.
 */
void lane_give_up(struct lane *l, struct mono now);
void lane_forget(struct lane *l);
