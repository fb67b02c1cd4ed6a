/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What survives a crash of the controller, behind one table: a struct for speed, or the real store
 * with the real ledger. The driver keeps its law with either.
 *
 * A turn is begin, any of report, exited, look, save, intents, and commit. What a turn has written
 * is there for the next life of the controller when commit has returned, and not at all when the
 * connection was closed before. Each dies when its part of the law is broken.
 */
#include "controller/reconcile.h"
#include "tests/sim/sim_world.h"

struct sim;

struct sim_disk_ops {
	const char *name;
	/** Empty; or, after a crash, what was committed. */
	void (*open)(struct sim *s);
	/** @is_crash: in the middle of whatever it does; else all is at rest, and that is checked.
	 */
	void (*close)(struct sim *s, bool is_crash);
	/** s->wish is accepted, in a turn of its own. */
	void (*wish)(struct sim *s);

	void (*begin)(struct sim *s);
	/** What came of a step; @wi: as it is now, NULL when nobody can see it. */
	void (*report)(struct sim *s, const struct world_op *op, int code,
		       const struct world_instance *wi);
	void (*exited)(struct sim *s, const struct world_instance *wi, int code);
	/** The world as s->snapshot has it, in s->event. False: the look failed. */
	bool (*look)(struct sim *s, struct observed *ret);
	void (*save)(struct sim *s, const struct reconcile_update *up);
	/** Before any of its steps is begun. */
	void (*intents)(struct sim *s, const struct reconcile_update *up);
	void (*commit)(struct sim *s);

	/** The look is reading the world: s->snapshot is new. Outside of a turn. */
	void (*take)(struct sim *s);
	/** All slots that are on disk, sorted, SIM_SLOTS at most; texts in s->event. */
	size_t (*load)(struct sim *s, struct slot *ret);
};

extern const struct sim_disk_ops sim_disk_struct; /* a struct */
extern const struct sim_disk_ops sim_disk_store;  /* the store; in sim_store only */
