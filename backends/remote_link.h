/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A client's connection to a shim with the calls under way on it. Any thread may begin and
 * wait for calls of its own; one reader thread takes what the shim sends.
 */
#include "backends/runtime_remote.h"
#include "backends/shim_protocol.h"

struct remote_link;

/* One call. On the stack of the thread that waits for it; remote_link_end before it goes. */
struct remote_call {
	struct remote_call *next;
	uint64_t id;
	bool done;
	int r; /* when done */
	struct error err;
	struct json_object *values; /* array of the result's parts; owned by the call */
	/* For an exec: data and acks of this call, and its end (@body NULL). Called by the reader
	 * with the link's lock held: must be short and call nothing here. NULL: not wanted. */
	void (*on_frame)(struct remote_call *c, enum shim_frame_kind kind,
			 struct json_object *body);
};

/** remote_link_new() - does not connect yet; strings in @o are copied */
struct remote_link *remote_link_new(const struct runtime_remote_options *o,
				    const struct runtime_sink *sink);

/** remote_link_free() - no call may be under way. Waits (at most 2 s) until the shim knows
 *  whether it leaves now, so that "the last client has ended" is over when this returns */
void remote_link_free(struct remote_link *l);

/** remote_link_hang_up() - whoever waits here is let go, and nobody waits any more: -ERR_CANCELED
 */
void remote_link_hang_up(struct remote_link *l);

/**
 * remote_link_begin() - connect if need be, and send the call; takes @body
 *
 * Return: 0: @c is under way and must be given to remote_link_end.
 */
int remote_link_begin(struct remote_link *l, struct remote_call *c, struct json_object *body,
		      struct mono deadline, struct error *err);

/** remote_link_wait() - the result (also in c->r); at @deadline the call is canceled: -ERR_TIMEOUT,
 *  its effect is unknown */
int remote_link_wait(struct remote_link *l, struct remote_call *c, struct mono deadline,
		     struct error *err);

/** remote_link_send() - another frame of a call under way; takes @body. Failure: the connection is
 *  broken, the call ends by itself */
int remote_link_send(struct remote_link *l, const struct remote_call *c, enum shim_frame_kind kind,
		     struct json_object *body);

/** remote_link_end() - forget the call: no frame of it is looked at any more */
void remote_link_end(struct remote_link *l, struct remote_call *c);
