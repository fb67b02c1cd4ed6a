/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The workers of a shim: four threads and a bounded queue. Two calls for the same instance
 * never run at once, whoever sent them: the later one waits in the queue while others pass.
 * A call whose deadline has gone by before it began is answered and not begun.
 */
#include "backends/runtime.h"
#include "backends/shim_conn.h"

struct shim_work;

/**
 * shim_work_new() - start the workers
 * @rt:      borrowed, outlives the workers
 * @wake_fd: an eventfd that gets 1 written whenever the workers have become idle or
 *           shim_work_ask_empty has an answer; borrowed
 */
int shim_work_new(struct runtime *rt, int wake_fd, struct shim_work **ret, struct error *err);

/** shim_work_free() - drops what waits, waits for what runs: everything has a deadline */
void shim_work_free(struct shim_work *w); /* NULL is fine */
CLEAN_DEFINE(shim_work, struct shim_work *, shim_work_free)

/** shim_work_submit() - a call frame; answers by itself when it cannot be queued. Takes @args */
void shim_work_submit(struct shim_work *w, struct shim_conn *conn, uint64_t id,
		      struct json_object *args);

/** shim_work_cancel() - forget that call if it has not begun */
void shim_work_cancel(struct shim_work *w, struct shim_conn *conn, uint64_t id);

/** shim_work_forget() - the client is gone: drop its calls that have not begun */
void shim_work_forget(struct shim_work *w, struct shim_conn *conn);

/** shim_work_is_idle() - nothing runs and nothing waits (a question about emptiness included) */
bool shim_work_is_idle(struct shim_work *w);

/** shim_work_stop() - begin no more calls; true once none runs, waiting at most until @deadline */
bool shim_work_stop(struct shim_work *w, struct mono deadline);

/** shim_work_ask_empty() - have a worker list the runtime, to know whether it holds anything */
void shim_work_ask_empty(struct shim_work *w);

enum shim_work_empty { SHIM_WORK_NOT_ASKED, SHIM_WORK_ASKING, SHIM_WORK_EMPTY, SHIM_WORK_HOLDS };
/** shim_work_take_empty() - the answer; EMPTY and HOLDS are given once */
enum shim_work_empty shim_work_take_empty(struct shim_work *w);
