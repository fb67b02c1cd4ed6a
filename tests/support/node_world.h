/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A node of its own for tests of the real driver: a store in a directory, runtimes of the test's
 * choice over models, and the moves of `apply` and `down`. Needs no rights; leaves nothing.
 */
#include "controller/driver.h"

struct node_world;

/** The node's runtimes, a composite, as the test wants them; called at every open */
typedef struct runtime *node_world_runtimes(struct node_world *w, const struct runtime_sink *sink);

struct node_world {
	char dir[64];
	struct arena *arena; /* as long as the world */
	struct error err;
	node_world_runtimes *runtimes;
	void *arg; /* the test's */
	struct loop *loop;
	struct inbox *inbox;
	struct session *session;
	struct driver *driver;
};

/** node_world_new() - an empty node, open */
struct node_world *node_world_new(node_world_runtimes *runtimes, void *arg);
/** node_world_free() - with its directory */
void node_world_free(struct node_world *w);

/* A process that ends, and the next one: the store and what the runtimes keep in files stay. */
void node_world_close(struct node_world *w);
void node_world_open(struct node_world *w);

/** node_world_apply() - that file is the deployment's revision from now on, and wanted */
void node_world_apply(struct node_world *w, const char *yaml);
/** node_world_again() - what the store says is wanted of @name, once more */
void node_world_again(struct node_world *w, const char *name);
/** node_world_down() - nothing of @name is wanted */
void node_world_down(struct node_world *w, const char *name);

/** node_world_run() - until it is settled, at most @limit_us */
enum driver_end node_world_run(struct node_world *w, int64_t limit_us);

/** node_world_ok() - fail with the error's text unless @r is 0 or an outcome */
void node_world_ok(struct node_world *w, int r);
