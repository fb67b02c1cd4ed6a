/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Execs of a shim: each has a thread that runs it and one that carries its streams as data
 * frames, both ways with a window of SHIM_WINDOW bytes that acks open again. Bounded in
 * number; workers are not used. All functions are for the loop and never wait, except
 * shim_execs_free.
 */
#include "backends/runtime.h"
#include "backends/shim_conn.h"

struct shim_execs;

/** shim_execs_new() - @wake_fd: an eventfd that gets 1 written when an exec ended; borrowed */
struct shim_execs *shim_execs_new(struct runtime *rt, int wake_fd);

/** shim_execs_free() - cancel all and wait for their end */
void shim_execs_free(struct shim_execs *x); /* NULL is fine */
CLEAN_DEFINE(shim_execs, struct shim_execs *, shim_execs_free)

/** shim_execs_start() - a call frame with "op": "exec"; answers by itself. Takes @args */
void shim_execs_start(struct shim_execs *x, struct shim_conn *conn, uint64_t id,
		      struct json_object *args);

/** shim_execs_data() - input or a window size; -ERR_INVALID, -ERR_LIMIT: end the connection */
int shim_execs_data(struct shim_execs *x, struct shim_conn *conn, uint64_t id,
		    struct json_object *body, struct error *err);

/** shim_execs_ack() - the client took output; -ERR_INVALID: end the connection */
int shim_execs_ack(struct shim_execs *x, struct shim_conn *conn, uint64_t id,
		   struct json_object *body, struct error *err);

/** shim_execs_cancel() - nobody waits for that exec any more: end it */
void shim_execs_cancel(struct shim_execs *x, struct shim_conn *conn, uint64_t id);

/** shim_execs_forget() - the client is gone: cancel its execs */
void shim_execs_forget(struct shim_execs *x, struct shim_conn *conn);

/** shim_execs_is_idle() - none is running */
bool shim_execs_is_idle(struct shim_execs *x);

/** shim_execs_stop() - cancel all; true once none is left, waiting at most until @deadline */
bool shim_execs_stop(struct shim_execs *x, struct mono deadline);
