/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Exits as events: numbered, each a file of its own until a client acknowledged it, so that the
 * next shim goes on with them and with the count. The files are of this boot: what is durable of
 * an exit is the runtime's own record of it, which is there before the number is.
 *
 * Bounded: the oldest goes first. Not thread-safe: under the server's lock, shim_exits_save apart.
 */
#include "backends/runtime.h"
#include "backends/shim_conn.h"

struct shim_exit;

struct shim_exits {
	const char *dir;         /* borrowed; NULL: in memory only */
	struct shim_exit *first; /* oldest first */
	unsigned n;
	uint64_t last;   /* number of the newest */
	uint64_t marker; /* of an acknowledged one whose file keeps the count; 0: none */
};

/** shim_exits_load() - what earlier shims of this boot left; makes @dir. What cannot be read is
 *  removed: the runtime has its own record. < 0: there is no directory, nothing will be kept */
int shim_exits_load(struct shim_exits *x, const char *dir, struct error *err);

/** shim_exits_done() - release all; files stay */
void shim_exits_done(struct shim_exits *x);

/** shim_exits_next() - a number for an exit */
uint64_t shim_exits_next(struct shim_exits *x);

/** shim_exits_save() - its file; any thread, without the lock. A disk that takes nothing costs only
 *  that the next shim does not tell it again */
void shim_exits_save(const struct shim_exits *x, uint64_t number, const struct runtime_exit *e);

/** shim_exits_add() - keep it until it is acknowledged; the returned one is borrowed */
const struct shim_exit *shim_exits_add(struct shim_exits *x, uint64_t number,
				       const struct runtime_exit *e);

/** shim_exits_send() - as an event frame, without waiting */
void shim_exits_send(const struct shim_exit *e, struct shim_conn *conn);
/** shim_exits_send_all() - all that nobody acknowledged */
void shim_exits_send_all(const struct shim_exits *x, struct shim_conn *conn);
/** shim_exits_ack() - a client has it; a number nobody knows is fine */
void shim_exits_ack(struct shim_exits *x, uint64_t number);
