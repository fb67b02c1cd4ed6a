/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One client of a shim: bytes in for the loop, frames out from any thread. Referenced by
 * the loop while it is open and by every call until it is answered; sending to one that is
 * gone does nothing.
 */
#include <stdbool.h>
#include <stdint.h>

#include "backends/shim_protocol.h"
#include "base/clock.h"

struct shim_conn;

/**
 * shim_conn_new() - takes @fd, a connected socket; registers it with @epoll
 * @key: epoll data of its events
 */
struct shim_conn *shim_conn_new(int fd, int epoll, uint64_t key);
struct shim_conn *shim_conn_ref(struct shim_conn *c);
void shim_conn_unref(struct shim_conn *c); /* NULL is fine */
CLEAN_DEFINE(shim_conn, struct shim_conn *, shim_conn_unref)

/**
 * shim_conn_send() - queue a frame; takes @body
 * @may_wait: a worker, that waits (at most 10 s, then the client is given up) while the
 *            client has much left to read; the loop and the reaper never wait
 */
void shim_conn_send(struct shim_conn *c, uint64_t id, enum shim_frame_kind kind,
		    struct json_object *body, bool may_wait);

/** shim_conn_answer() - a result without a value, without waiting: @r, and @e with it when negative
 */
void shim_conn_answer(struct shim_conn *c, uint64_t id, int r, const struct error *e);

/** shim_conn_refuse() - a result with id 0 that carries @e: the greeting's answer when it is no */
void shim_conn_refuse(struct shim_conn *c, const struct error *e);

/**
 * shim_conn_read() - loop only: take what has come
 *
 * Return: 0; SHIM_CONN_END when the client will send no more.
 */
enum { SHIM_CONN_END = 1 };
int shim_conn_read(struct shim_conn *c);

/** shim_conn_next() - loop only: the next whole frame; borrowed until the next shim_conn_read.
 *  SHIM_FRAME_PARTIAL when there is none; -ERR_INVALID, -ERR_LIMIT for garbage. */
int shim_conn_next(struct shim_conn *c, struct shim_frame *ret, struct error *err);

/** shim_conn_flush() - loop only: the socket takes bytes again */
void shim_conn_flush(struct shim_conn *c);

/** shim_conn_mute() - loop only: no input events, or again; output goes on */
void shim_conn_mute(struct shim_conn *c, bool must);

/** shim_conn_is_sent() - the socket has taken all that was to be sent */
bool shim_conn_is_sent(struct shim_conn *c);

/** shim_conn_shut() - end it now; later frames are dropped. The last unref closes it */
void shim_conn_shut(struct shim_conn *c);

/** shim_conn_leave() - loop only: end it, and hear of it no more: while a call still holds it, its
 *  hang-up would wake the loop for ever */
void shim_conn_leave(struct shim_conn *c);

/** shim_conn_is_broken() - what is sent now goes nowhere */
bool shim_conn_is_broken(struct shim_conn *c);
