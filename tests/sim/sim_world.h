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

#define WORLD_MAX 4096

struct world_instance {
	char id[64];
	char service[16];
	uint32_t slot;
	uint64_t generation;
	char runtime[8];
	char hash[16];
	enum instance_state state;
	bool has_exit_code;
	int exit_code;
	int64_t started_us, finished_us;
};

struct world {
	struct world_instance items[WORLD_MAX]; /* unsorted */
	size_t n;
};

/* A step, by value: it outlives the update that carried it. */
struct world_op {
	uint64_t ticket; /* 0: a look */
	enum step_kind kind;
	struct world_instance what; /* id, service, slot, generation, runtime, hash */
	int signal;
};

/** world_find() - NULL when there is none */
struct world_instance *world_find(struct world *w, const char *id);

/** world_apply() - let a step take effect; what runtime.h promises as outcome or error */
int world_apply(struct world *w, const struct world_op *op, struct wall now);

/** world_exit() - its first process ends; false when it did not run */
bool world_exit(struct world *w, const char *id, int code, struct wall now);

/** world_drop() - somebody removed it by hand */
void world_drop(struct world *w, const char *id);

/** world_view() - as runtimes show it; sorted, in @a; pointers into @w */
void world_view(const struct world *w, const char *deployment, struct arena *a,
		struct observed *ret);
void world_show(const struct world_instance *wi, const char *deployment, struct instance *ret);
