/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Between the simulator's library and its keeper: frames of u32 length (of this machine) and a JSON
 * object, over a unix socket. Descriptors ride with the first byte of the frame that means them.
 *
 *   call    {"id", "call", "args": {…}, "op"?}     library to keeper; descriptors: stdio of a
 * process reply   {"id", "hr", "value"?: {…}}            keeper to library, in any order event
 * {"event", …}                           keeper to library: host/clients.h
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

enum {
	WIRE_BYTES = 4 << 20, /* of a frame: more than any list of a test */
	WIRE_FDS = 3,         /* with one frame */
};

/** wire_put() - append a frame; the object is taken */
void wire_put(struct buf *out, struct json_object *take);

/**
 * wire_get() - take the first frame off @in
 *
 * Return: 0; WIRE_PARTIAL when its end has not come; -ERR_INVALID, -ERR_LIMIT: the other side is
 *         none of ours.
 */
enum { WIRE_PARTIAL = 1 };
int wire_get(struct buf *in, struct json_object **ret, struct error *err);

/* Descriptors that came; owned by whoever holds this. */
struct wire_fds {
	int fd[WIRE_FDS];
	size_t n;
};

/** wire_fds_close() - close and forget them */
void wire_fds_close(struct wire_fds *fds);
static inline void clean_wire_fds(struct wire_fds *fds)
{
	wire_fds_close(fds);
}

/**
 * wire_receive() - read what is there, once
 * @fds: descriptors that came are added; more than fit are closed
 *
 * Return: 0; WIRE_END at the end of the connection, however it came; WIRE_AGAIN when nothing is
 *         there (non-blocking).
 */
enum { WIRE_END = 1, WIRE_AGAIN = 2 };
int wire_receive(int socket, struct buf *in, struct wire_fds *fds);

/** wire_send() - all of @bytes, blocking, with @fds; WIRE_END when the other side is gone */
int wire_send(int socket, const struct buf *bytes, const int *fds, size_t n_fds);
