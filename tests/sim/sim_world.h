/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A world of containers for the simulation: they live through every crash of the
 * controller. Knows nothing of the code under test but its value types.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/clock.h"
#include "specs/observed.h"
#include "specs/step.h"
#include "tests/sim/sim_wish.h"

#define WORLD_MAX        256 /* ten times what a calm world holds */
#define WORLD_NEIGHBOURS 2

struct world_instance {
	char id[32]; /* runtime id */
	unsigned service;
	uint32_t slot;
	uint64_t generation;
	unsigned runtime, image;
	struct wish_config config;
	struct wish_config made; /* what it was made with */
	unsigned changed_by;     /* number of the wish that changed it last */
	enum instance_state state;
	bool has_exit_code;
	int exit_code;
	int64_t started_us, finished_us; /* wall; 0: did not happen */
};

struct world {
	struct world_instance items[WORLD_MAX]; /* unsorted */
	size_t n;
	/* Of two changes of an instance the later one stays, also when it comes first. */
	bool is_ordered;
};

/* A step, by value: it outlives the update that carried it. */
struct world_op {
	uint64_t ticket;
	enum step_kind kind;
	struct world_instance what; /* as it is to be made; of others: id and where it is */
	int signal;
	unsigned wish; /* number of the wish it was made for */
};

/** world_copy() - only what is in use */
void world_copy(struct world *to, const struct world *from);

/** world_find() - NULL when there is none */
struct world_instance *world_find(struct world *w, const char *id);

/** world_put() - add it, or replace the one with its id; false when the world is full */
bool world_put(struct world *w, const struct world_instance *wi);

/** world_apply() - let a step take effect; what reconcile.h promises as outcome or error */
int world_apply(struct world *w, const struct world_op *op, struct wall now);

/** world_exit() - its first process ends; false when it did not run */
bool world_exit(struct world *w, const char *id, int code, struct wall now);

/** world_drop() - somebody removed it by hand */
void world_drop(struct world *w, const char *id);

/** world_slot() - the number of its slot, as the simulation counts them */
static inline size_t world_slot(const struct world_instance *wi)
{
	return wi->service * WISH_REPLICAS + wi->slot;
}

/** world_read() - @is as world_show() would show it; false when it is nobody's of ours */
bool world_read(const struct instance *is, struct world_instance *ret);

/** world_lives() - it has a process */
bool world_lives(const struct world_instance *wi);

/** world_view() - as runtimes show it, with two of other deployments; sorted, in @a; points
 * into @w */
void world_view(const struct world *w, struct arena *a, struct observed *ret);
void world_show(const struct world_instance *wi, struct instance *ret);

/** world_show_neighbour() - those two, by number; their names sort before and after ours */
void world_show_neighbour(unsigned i, struct instance *ret);
