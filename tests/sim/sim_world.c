/* SPDX-License-Identifier: Apache-2.0 */
/* The model runtime: what each operation does to the world, without weather. */
#include "tests/sim/sim_world.h"

#include <string.h>

struct world_instance *world_find(struct world *w, const char *id)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->items[i].id, id) == 0)
			return &w->items[i];
	return NULL;
}

void world_drop(struct world *w, const char *id)
{
	struct world_instance *wi = world_find(w, id);
	if (wi)
		*wi = w->items[--w->n];
}

static bool is_alive(const struct world_instance *wi)
{
	return wi->state == INSTANCE_RUNNING || wi->state == INSTANCE_PAUSED ||
	       wi->state == INSTANCE_CREATED;
}

bool world_exit(struct world *w, const char *id, int code, struct wall now)
{
	struct world_instance *wi = world_find(w, id);
	if (!wi || !is_alive(wi))
		return false;
	wi->state = INSTANCE_EXITED;
	wi->has_exit_code = true;
	wi->exit_code = code;
	wi->finished_us = now.us;
	return true;
}

static int create(struct world *w, const struct world_op *op)
{
	if (world_find(w, op->what.id))
		return 2; /* already */
	if (w->n == WORLD_MAX)
		return -ERR_LIMIT;
	w->items[w->n] = op->what;
	w->items[w->n++].state = INSTANCE_CREATED;
	return 0;
}

static int start(struct world_instance *wi, struct wall now)
{
	if (!wi)
		return -ERR_NOT_FOUND;
	if (wi->state == INSTANCE_BROKEN)
		return -ERR_INVALID;
	if (wi->state != INSTANCE_CREATED)
		return 2;
	wi->state = INSTANCE_RUNNING;
	wi->started_us = now.us;
	return 0;
}

int world_apply(struct world *w, const struct world_op *op, struct wall now)
{
	struct world_instance *wi = world_find(w, op->what.id);
	switch (op->kind) {
	case STEP_STAGE:
		return 0;
	case STEP_CREATE:
		return create(w, op);
	case STEP_START:
		return start(wi, now);
	case STEP_SIGNAL:
		if (!wi)
			return 1; /* absent */
		if (!is_alive(wi))
			return 3; /* gone */
		if (wi->state == INSTANCE_PAUSED)
			wi->state = INSTANCE_RUNNING;
		return 0;
	case STEP_UPDATE:
		if (!wi)
			return -ERR_NOT_FOUND;
		if (wi->state == INSTANCE_PAUSED)
			wi->state = INSTANCE_RUNNING;
		return 0;
	case STEP_REMOVE:
		if (!wi)
			return 1;
		if (is_alive(wi))
			return -ERR_CONFLICT;
		world_drop(w, op->what.id);
		return 0;
	case STEP_N_KINDS:
		break;
	}
	return -ERR_INVALID;
}

void world_show(const struct world_instance *wi, const char *deployment, struct instance *ret)
{
	*ret = (struct instance){
		.id = wi->id,
		.deployment = deployment,
		.service = wi->service,
		.slot = wi->slot,
		.generation = wi->generation,
		.runtime = wi->runtime,
		.state = wi->state,
		.pid = is_alive(wi) ? 100 : 0,
		.config_hash = wi->hash[0] ? wi->hash : NULL,
		.image = "local/app:1",
		.has_exit_code = wi->has_exit_code,
		.exit_code = wi->exit_code,
		.started = { wi->started_us },
		.finished = { wi->finished_us },
	};
}

void world_view(const struct world *w, const char *deployment, struct arena *a,
		struct observed *ret)
{
	*ret = (struct observed){ .instances = arena_array(a, w->n, sizeof(struct instance)),
				  .n = w->n };
	for (size_t i = 0; i < w->n; i++)
		world_show(&w->items[i], deployment, &ret->instances[i]);
	observed_sort(ret);
}
