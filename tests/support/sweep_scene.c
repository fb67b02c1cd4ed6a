/* SPDX-License-Identifier: Apache-2.0 */
/* The node and its model; whatever has no business to fail ends the test. */
#include "tests/support/sweep_scene.h"

#include <stdlib.h>

#include "specs/runtime_id.h"
#include "specs/spec_service.h"
#include "store/intent_store.h"

static struct runtime *open_runtimes(struct node_world *w, const struct runtime_sink *sink)
{
	struct sweep_scene *s = w->arg;
	const struct runtime_fault_options o = { .seed = 1, .hang_us = 2 * CLOCK_MS };
	struct runtime_composite_options node = { .node = { .os = "linux", .arch = "amd64" } };
	const char *path = arena_printf(w->arena, "%s/world.json", w->dir);

	node_world_ok(w, runtime_memory_open(path, sink, &s->model, &w->err));
	s->fault = node.primary = runtime_fault_new(s->model, &o);
	return runtime_composite_new(&node);
}

int sweep_scene_setup(void **state)
{
	struct sweep_scene *s = xcalloc(1, sizeof(*s));

	s->w = node_world_new(open_runtimes, s);
	*state = s;
	return 0;
}

int sweep_scene_teardown(void **state)
{
	struct sweep_scene *s = *state;

	node_world_free(s->w);
	free(s);
	return 0;
}

void sweep_scene_ok(struct sweep_scene *s, int r)
{
	node_world_ok(s->w, r);
}

/* Made behind the store's back. */
const char *sweep_scene_make(struct sweep_scene *s, unsigned slot, bool is_live)
{
	static const char *const ends[] = { "true" };
	struct service service = { .name = "web", .image = { .name = "web:1" } };
	const struct instance_spec spec = {
		.id = runtime_id_format(s->w->arena, "gone", "web", slot, 1),
		.deployment = "gone",
		.service_name = "web",
		.slot = slot,
		.generation = 1,
		.owner = s->w->session->opt.layout.owner,
		.node_id = s->w->session->node_id,
		.config_hash = "h1:x",
		.image = "web:1",
		.digest = "sha256:0",
		.service = &service,
	};
	struct instance made;

	if (!is_live)
		service.command.entrypoint = (struct strings){ (const char **)(uintptr_t)ends, 1 };
	sweep_scene_ok(s, runtime_create(s->model, &spec, (struct mono){ 0 }, s->w->arena, &made,
					 &s->w->err));
	sweep_scene_ok(s, runtime_start(s->model, spec.id, (struct mono){ 0 }, &s->w->err));
	return spec.id;
}

void sweep_scene_sweep(struct sweep_scene *s, enum sweep_mode mode, bool is_now)
{
	const struct sweep_options o = {
		.mode = mode, .is_now = is_now, .grace_us = 300 * CLOCK_SEC, .stop_us = CLOCK_SEC
	};

	sweep_scene_ok(s, sweep_run(s->w->session, &o, s->w->arena, &s->res, &s->w->err));
}

size_t sweep_scene_there(struct sweep_scene *s, const char *deployment)
{
	struct observed all = { 0 };

	sweep_scene_ok(s, runtime_list(s->model, s->w->arena, &all, &s->w->err));
	return observed_part(&all, deployment).n;
}

struct orphan_rows sweep_scene_rows(struct sweep_scene *s)
{
	struct orphan_rows all = { 0 };

	sweep_scene_ok(s, orphan_store_list(s->w->session->store, s->w->arena, &all, &s->w->err));
	return all;
}

size_t sweep_scene_intents(struct sweep_scene *s)
{
	struct intent_rows open = { 0 };

	sweep_scene_ok(s, intent_store_list(s->w->session->store, s->w->arena, &open, &s->w->err));
	return open.n;
}
