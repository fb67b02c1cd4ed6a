/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A shim that hosts the memory runtime, and its clients, for tests: whose main is shim_main() when
 * shim_main_is(). Fails the test by itself.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "backends/runtime_remote.h"
#include "backends/shim_protocol.h"

#define SHIM_WORLD_NODE "node-of-test"
#define SHIM_WORLD_ID   "shop.web-rep-0.1"

struct shim_world {
	char dir[64];
	struct arena *a;
	struct layout layout;
	atomic_int n_lost, n_exits;
	struct runtime_sink sink;
};

/** shim_world_setup() - directories of its own; no shim runs yet */
int shim_world_setup(void **state);

/** shim_world_teardown() - the directories go */
int shim_world_teardown(void **state);

/** shim_world_options() - for a client */
struct runtime_remote_options shim_world_options(struct shim_world *f, bool may_start);

/** shim_world_open() - a client, which starts the shim with its first call */
struct runtime *shim_world_open(struct shim_world *f);

/** shim_world_ok() - fails with what @err says */
void shim_world_ok(int r, const struct error *err);

/** shim_world_count() - how many instances a list has */
size_t shim_world_count(struct shim_world *f, struct runtime *rt);

/** shim_world_soon() - a deadline for anything */
struct mono shim_world_soon(void);

/** shim_world_create() - SHIM_WORLD_ID, running */
void shim_world_create(struct shim_world *f, struct runtime *rt);

/** shim_world_take_away() - ended and removed */
void shim_world_take_away(struct runtime *rt);

/** shim_world_pid() - as its lock file says */
pid_t shim_world_pid(struct shim_world *f);

/** shim_world_is_running() - does it answer? */
bool shim_world_is_running(struct shim_world *f);

/** shim_world_await_gone() - until that process has ended */
void shim_world_await_gone(pid_t pid);

/** shim_world_dial() - a raw connection, which has not greeted */
int shim_world_dial(struct shim_world *f);

/** shim_world_send() - one frame */
void shim_world_send(int fd, uint64_t id, enum shim_frame_kind kind, struct json_object *take);

/** shim_world_hello() - the body of a greeting */
struct json_object *shim_world_hello(struct shim_world *f, int64_t protocol);

/** shim_world_result() - of the call with that id: its r, and what its error says; fails when the
 * connection ends */
int64_t shim_world_result(struct shim_world *f, int fd, uint64_t id, const char **ret_msg);

/** shim_world_await_end() - reads until the shim hangs up */
void shim_world_await_end(int fd);
