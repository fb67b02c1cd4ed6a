/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Assign: what a new instance needs of the node and the core does not know of. Addresses today;
 * chosen from the store, so that two instances never have the same one.
 */
#include "controller/avoid.h"
#include "controller/session.h"
#include "controller/work.h"

/* The networks of this node's runtimes. */
struct assign_slices {
	const struct runtime_slice *items;
	size_t n;
	const struct avoid *avoid; /* what strangers have of them */
	struct mono now;
};

/**
 * assign_address() - an address for the instance that @w will create, if its runtime gives any
 * @a: of the turn
 *
 * Within the transaction that writes the instance's row, and just before it: a row is what takes
 * an address. When there is none the step is refused: it ends with that error, without a call of
 * the runtime.
 *
 * Return: 0; < 0 when the store fails.
 */
int assign_address(struct store *store, const struct assign_slices *slices, struct work_step *w,
		   struct arena *a, struct error *err);

/**
 * assign_layer() - the layer that a person wants back in the slot of @w, if there is one
 *
 * In the same transaction. It stays wanted until an instance that has it was started.
 */
int assign_layer(struct store *store, struct work_step *w, struct arena *a, struct error *err);

/** assign_layer_used() - an instance of the slot was started: nothing is wanted back any more */
int assign_layer_used(struct store *store, const struct step *st, struct arena *a,
		      struct error *err);
