/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Inside of the reconciler: what answers to steps and exits mean for a slot and its record. */
#include "controller/reconcile_table.h"

/** reconcile_done_step() - its step was answered by r->ev->done */
void reconcile_done_step(struct reconciler *r, struct rslot *s);

/** reconcile_done_exited() - one of its instances ended, as r->ev says */
void reconcile_done_exited(struct reconciler *r, struct rslot *s, uint64_t generation);

/** reconcile_done_notice() - count the end of an instance that nobody has counted yet */
void reconcile_done_notice(struct reconciler *r, struct rslot *s);

/** reconcile_done_running() - it runs as it shall: what was said of the last try is over */
void reconcile_done_running(struct reconciler *r, struct rslot *s);

/** reconcile_done_clear_retry() - no back-off, and the end of what runs next is not counted yet */
void reconcile_done_clear_retry(struct reconciler *r, struct rslot *s);

/** reconcile_done_stuck() - it lives on after SIGKILL */
void reconcile_done_stuck(struct reconciler *r, struct rslot *s, struct rinstance *ri);

/** reconcile_done_try_again() - forget back-off and failures */
void reconcile_done_try_again(struct reconciler *r, struct rslot *s);

/** reconcile_done_hold() - a person stops it, and it stays so */
void reconcile_done_hold(struct reconciler *r, struct rslot *s);
/** reconcile_done_release() - it may run again, at once */
void reconcile_done_release(struct reconciler *r, struct rslot *s);
/** reconcile_done_restart() - the same, and by a new instance */
void reconcile_done_restart(struct reconciler *r, struct rslot *s);

/** reconcile_done_save() - its record is to be on disk before anything is done */
void reconcile_done_save(struct reconciler *r, struct rslot *s);
