/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A node for tests of sweeps: a model behind faults, orphans made on it behind the store's back. */
#include "backends/runtime_fault.h"
#include "backends/runtime_memory.h"
#include "controller/sweep.h"
#include "store/orphan_store.h"
#include "tests/support/node_world.h"

struct sweep_scene {
	struct node_world *w;
	struct runtime *model, *fault; /* the node's is the second */
	struct sweep_result res;       /* of the last sweep */
};

/* cmocka's setup and teardown; *state is the scene. */
int sweep_scene_setup(void **state);
int sweep_scene_teardown(void **state);

/** sweep_scene_ok() - fail with the error's text unless @r is 0 or an outcome */
void sweep_scene_ok(struct sweep_scene *s, int r);

/** sweep_scene_make() - gone.web-rep-SLOT.1, of which the store knows nothing; its id */
const char *sweep_scene_make(struct sweep_scene *s, unsigned slot, bool is_live);

/** sweep_scene_sweep() - as the command does it, with a grace of five minutes */
void sweep_scene_sweep(struct sweep_scene *s, enum sweep_mode mode, bool is_now);

/** sweep_scene_there() - how many instances of @deployment there are */
size_t sweep_scene_there(struct sweep_scene *s, const char *deployment);
/** sweep_scene_rows() - what the store remembers of orphans */
struct orphan_rows sweep_scene_rows(struct sweep_scene *s);
/** sweep_scene_intents() - how many intents are open */
size_t sweep_scene_intents(struct sweep_scene *s);
