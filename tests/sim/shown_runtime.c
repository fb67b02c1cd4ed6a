/* SPDX-License-Identifier: Apache-2.0 */
/* Two operations over a snapshot. As the OCI programs do, it tells the hash of the create for ever:
 * a change in place is known to the store alone. */
#include "tests/sim/shown_runtime.h"

#include <string.h>

static const struct shown_runtime *shown(struct runtime *rt)
{
	return (const struct shown_runtime *)rt;
}

static void show(const struct world_instance *wi, struct arena *a, struct instance *ret)
{
	world_show(wi, ret);
	ret->id = arena_strdup(a, wi->id);
	ret->config_hash = wish_hash(&wi->made);
}

static int refuse(struct error *err)
{
	return error_set(err, ERR_UNAVAILABLE, 0, "it does not answer");
}

/* The first of them has neighbours, too, of deployments that the store does not know. */
static int list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err)
{
	const struct shown_runtime *s = shown(rt);
	size_t size = s->seen->n + WORLD_NEIGHBOURS;
	struct observed all = { .instances = arena_array(a, size, sizeof(struct instance)) };

	if (s->is_away)
		return refuse(err);
	for (size_t i = 0; i < s->seen->n; i++) {
		const struct world_instance *wi = &s->seen->items[i];
		if (wi->runtime != s->number || (s->lacks && strcmp(s->lacks, wi->id) == 0))
			continue;
		show(wi, a, &all.instances[all.n++]);
	}
	for (unsigned i = 0; s->number == 0 && i < WORLD_NEIGHBOURS; i++)
		world_show_neighbour(i, &all.instances[all.n++]);
	observed_sort(&all);
	*ret = all;
	return 0;
}

static int inspect(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
		   struct error *err)
{
	const struct shown_runtime *s = shown(rt);
	if (s->is_away)
		return refuse(err);
	for (size_t i = 0; i < s->seen->n; i++) {
		const struct world_instance *wi = &s->seen->items[i];
		if (wi->runtime != s->number || strcmp(wi->id, id) != 0)
			continue;
		show(wi, a, ret);
		return 0;
	}
	return RUNTIME_ABSENT;
}

/* --- what nobody asks of it --- */

static int probe(struct runtime *rt, struct arena *a, struct runtime_info *ret, struct error *err)
{
	(void)a, (void)ret;
	return runtime_unsupported(rt, "probe", err);
}

static int stage(struct runtime *rt, const char *digest, struct mono deadline, struct error *err)
{
	(void)digest, (void)deadline;
	return runtime_unsupported(rt, "stage", err);
}

static int create(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
		  struct arena *a, struct instance *ret, struct error *err)
{
	(void)spec, (void)deadline, (void)a, (void)ret;
	return runtime_unsupported(rt, "create", err);
}

static int start(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	(void)id, (void)deadline;
	return runtime_unsupported(rt, "start", err);
}

static int deliver(struct runtime *rt, const char *id, int sig, struct error *err)
{
	(void)id, (void)sig;
	return runtime_unsupported(rt, "signal", err);
}

static int take_away(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	(void)id, (void)deadline;
	return runtime_unsupported(rt, "remove", err);
}

static int run_inside(struct runtime *rt, const struct runtime_exec *x, int *ret_code,
		      struct error *err)
{
	(void)x, (void)ret_code;
	return runtime_unsupported(rt, "exec", err);
}

static int update(struct runtime *rt, const struct instance_spec *spec, struct error *err)
{
	(void)spec;
	return runtime_unsupported(rt, "update", err);
}

static int stats(struct runtime *rt, const char *id, struct runtime_stats *ret, struct error *err)
{
	(void)id, (void)ret;
	return runtime_unsupported(rt, "stats", err);
}

static void close_it(struct runtime *rt)
{
	(void)rt;
}

static const struct runtime_ops shown_ops = {
	.name = "shown",
	.probe = probe,
	.stage = stage,
	.list = list,
	.inspect = inspect,
	.create = create,
	.start = start,
	.signal = deliver,
	.remove = take_away,
	.exec = run_inside,
	.update = update,
	.stats = stats,
	.close = close_it,
};

void shown_runtime_init(struct shown_runtime *rt, unsigned i, const struct world *seen)
{
	*rt = (struct shown_runtime){ .base = { .ops = &shown_ops, .name = wish_runtime(i) },
				      .seen = seen,
				      .number = i };
}
