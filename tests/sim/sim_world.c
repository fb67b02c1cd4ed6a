/* SPDX-License-Identifier: Apache-2.0 */
/* The model runtime: what each operation does to the world as the core is told, without weather. */
#include "tests/sim/sim_world.h"

#include <string.h>

void world_copy(struct world *to, const struct world *from)
{
	memcpy(to->items, from->items, from->n * sizeof(from->items[0]));
	to->n = from->n;
}

struct world_instance *world_find(struct world *w, const char *id)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->items[i].id, id) == 0)
			return &w->items[i];
	return NULL;
}

bool world_put(struct world *w, const struct world_instance *wi)
{
	struct world_instance *at = world_find(w, wi->id);
	if (!at && w->n == WORLD_MAX)
		return false;
	if (!at)
		at = &w->items[w->n++];
	*at = *wi;
	return true;
}

void world_drop(struct world *w, const char *id)
{
	struct world_instance *wi = world_find(w, id);
	if (wi)
		*wi = w->items[--w->n];
}

bool world_lives(const struct world_instance *wi)
{
	return wi->state == INSTANCE_RUNNING || wi->state == INSTANCE_PAUSED ||
	       wi->state == INSTANCE_CREATED;
}

bool world_exit(struct world *w, const char *id, int code, struct wall now)
{
	struct world_instance *wi = world_find(w, id);
	if (!wi || !world_lives(wi))
		return false;
	wi->state = INSTANCE_EXITED;
	wi->has_exit_code = true;
	wi->exit_code = code;
	wi->finished_us = now.us;
	return true;
}

static int create(struct world *w, const struct world_op *op)
{
	struct world_instance new = op->what;
	const struct world_instance *same = world_find(w, op->what.id);
	if (same) /* already; or somebody gave its name away on the other runtime */
		return same->runtime == op->what.runtime ? 2 : -ERR_CONFLICT;
	new.state = INSTANCE_CREATED;
	new.made = op->what.config;
	new.changed_by = op->wish;
	return world_put(w, &new) ? 0 : -ERR_LIMIT;
}

static int start(struct world_instance *wi, struct wall now)
{
	if (!wi)
		return -ERR_CONFLICT;
	if (wi->state == INSTANCE_BROKEN)
		return -ERR_INVALID;
	if (wi->state != INSTANCE_CREATED)
		return 2;
	wi->state = INSTANCE_RUNNING;
	wi->started_us = now.us;
	return 0;
}

static int update(const struct world *w, struct world_instance *wi, const struct world_op *op)
{
	if (!wi || !world_lives(wi) || (w->is_ordered && op->wish < wi->changed_by))
		return -ERR_CONFLICT;
	if (wi->state == INSTANCE_PAUSED)
		wi->state = INSTANCE_RUNNING;
	wi->config = op->what.config;
	wi->changed_by = op->wish;
	return 0;
}

static int deliver(struct world_instance *wi)
{
	if (!wi)
		return 1; /* absent */
	if (!world_lives(wi))
		return 3; /* gone */
	if (wi->state == INSTANCE_PAUSED)
		wi->state = INSTANCE_RUNNING;
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
		return deliver(wi);
	case STEP_UPDATE:
		return update(w, wi, op);
	case STEP_REMOVE:
		if (!wi)
			return 1;
		if (world_lives(wi))
			return -ERR_CONFLICT;
		world_drop(w, op->what.id);
		return 0;
	case STEP_N_KINDS:
		break;
	}
	return -ERR_INVALID;
}

void world_show(const struct world_instance *wi, struct instance *ret)
{
	*ret = (struct instance){
		.id = wi->id,
		.deployment = WISH_DEPLOYMENT,
		.service = wish_service(wi->service),
		.slot = wi->slot,
		.generation = wi->generation,
		.runtime = wish_runtime(wi->runtime),
		.state = wi->state,
		.pid = world_lives(wi) ? 100 : 0,
		.config_hash = wish_hash(&wi->config),
		.image = "local/app:1",
		.digest = wish_digest(wi->image),
		.has_exit_code = wi->has_exit_code,
		.exit_code = wi->exit_code,
		.started = { wi->started_us },
		.finished = { wi->finished_us },
	};
}

bool world_read(const struct instance *is, struct world_instance *ret)
{
	int service = wish_service_index(is->service);
	int runtime = wish_runtime_index(is->runtime);
	int image = is->digest ? wish_digest_index(is->digest) : 0;
	if (strcmp(is->deployment, WISH_DEPLOYMENT) != 0 || service < 0 || runtime < 0 ||
	    image < 0 || is->slot >= WISH_REPLICAS)
		return false;
	*ret = (struct world_instance){
		.service = (unsigned)service,
		.slot = is->slot,
		.generation = is->generation,
		.runtime = (unsigned)runtime,
		.image = (unsigned)image,
		.state = is->state,
		.has_exit_code = is->has_exit_code,
		.exit_code = is->exit_code,
		.started_us = is->started.us,
		.finished_us = is->finished.us,
	};
	snprintf(ret->id, sizeof(ret->id), "%s", is->id);
	return is->config_hash && wish_hash_parse(is->config_hash, &ret->config);
}

void world_show_neighbour(unsigned i, struct instance *ret)
{
	static const char *const names[WORLD_NEIGHBOURS] = { "other", "simple" };
	static const char *const ids[WORLD_NEIGHBOURS] = { "other.s0-rep-0.1",
							   "simple.s0-rep-0.1" };
	*ret = (struct instance){
		.id = ids[i],
		.deployment = names[i],
		.service = "s0",
		.generation = 1,
		.runtime = wish_runtime(0),
		.state = INSTANCE_RUNNING,
		.pid = 100,
		.config_hash = "h0",
		.image = "local/app:1",
	};
}

void world_view(const struct world *w, struct arena *a, struct observed *ret)
{
	size_t size = w->n + WORLD_NEIGHBOURS;
	*ret = (struct observed){ .instances = arena_array(a, size, sizeof(struct instance)) };
	for (size_t i = 0; i < w->n; i++)
		world_show(&w->items[i], &ret->instances[ret->n++]);
	for (unsigned i = 0; i < WORLD_NEIGHBOURS; i++)
		world_show_neighbour(i, &ret->instances[ret->n++]);
	observed_sort(ret);
}
