/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Inside of the reconciler: what slots are to each other. Each slot adds its share to
 * the counts of its service; gates are questions about those counts, and a count that
 * changes wakes exactly those who asked.
 */
#include "controller/reconcile_table.h"

/** reconcile_gate_count() - take the slot's share and state into the sums, waking who waited */
void reconcile_gate_count(struct reconciler *r, struct rslot *s, enum reconcile_state state);

/** reconcile_gate_park() - stand in a queue; reconcile_gate_unpark() - leave it */
void reconcile_gate_park(struct reconciler *r, struct rslot *s, struct queue *q, enum gate gate);
void reconcile_gate_unpark(struct reconciler *r, struct rslot *s);

/** reconcile_gate_wake() - the first @n of a queue leave it and are decided about again */
void reconcile_gate_wake(struct reconciler *r, struct queue *q, size_t n);

/** reconcile_gate_pass() - who has decided and takes no turn of its service leaves it to the next
 */
void reconcile_gate_pass(struct reconciler *r, struct rslot *s);

/*
 * Each: true when the slot may go on. Else the gate is set, s->waiting or s->blocked says
 * why, and the slot stands in a queue, has a deadline, or is woken by a count.
 */

/** reconcile_gate_depends() - is what its service depends on satisfied? */
bool reconcile_gate_depends(struct reconciler *r, struct rslot *s);
/** reconcile_gate_order() - are those gone who use what is to be removed? */
bool reconcile_gate_order(struct reconciler *r, struct rslot *s);
/** reconcile_gate_parallel() - may one more slot of the service be replaced? */
bool reconcile_gate_parallel(struct reconciler *r, struct rslot *s);
/** reconcile_gate_stop() - has everything been staged that @rt's slots need? */
bool reconcile_gate_stop(struct reconciler *r, struct rslot *s, struct rruntime *rt);
