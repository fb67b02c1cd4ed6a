/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Exits as events: numbered from 1, kept until a client acknowledged them. The record of an
 * exit is the runtime's file on disk; this only makes sure that somebody hears of it soon.
 * Bounded: the oldest goes first. Not thread-safe: under the server's lock.
 */
#include "backends/runtime.h"
#include "backends/shim_conn.h"

struct shim_exit;

struct shim_exits {
	struct shim_exit *first; /* oldest first */
	unsigned n;
	uint64_t last; /* number of the newest */
};

/** shim_exits_done() - release all */
void shim_exits_done(struct shim_exits *x);

/** shim_exits_add() - number it; the returned one is borrowed */
const struct shim_exit *shim_exits_add(struct shim_exits *x, const struct runtime_exit *e);
/** shim_exits_send() - as an event frame, without waiting */
void shim_exits_send(const struct shim_exit *e, struct shim_conn *conn);
/** shim_exits_send_all() - all that nobody acknowledged */
void shim_exits_send_all(const struct shim_exits *x, struct shim_conn *conn);
/** shim_exits_ack() - a client has it; a number nobody knows is fine */
void shim_exits_ack(struct shim_exits *x, uint64_t number);
