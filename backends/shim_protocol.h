/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The shim's protocol on the wire: frames and the greeting. Pure: bytes in, values out.
 *
 * A frame is u32 length (big endian, of what follows, at most LIMIT_FRAME_BYTES), u64 request
 * id (big endian), u8 kind, and a JSON object as body. Bodies:
 *
 *   hello   both ways, first; see struct shim_hello
 *   call    {"op", "deadline_ms", …arguments}; the id is the caller's choice
 *   result  {"r", "error"?, "value"?, "more"?}: r as the operation returned it; with "more"
 *           another result of the same id follows and continues "value"
 *   event   {"event": "exit", "instance", "code"?, "at_us"}; the id numbers exits from 1
 *   ack     of an event: its id, {}; of data: the exec's id, {"fd", "n"} bytes taken
 *   data    of an exec: its id, {"fd", "data"? (base64), "eof"?} or {"rows", "cols"}
 *   cancel  the call with that id is not waited for any more; an exec is ended
 *
 * Results come in any order. Unknown members are ignored, so that they can be added;
 * anything else that changes raises SHIM_PROTOCOL.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

#define SHIM_PROTOCOL 1

/* Bytes of one direction of an exec that may be under way without an ack. */
#define SHIM_WINDOW (256 << 10)
/* Bytes in one data frame. */
#define SHIM_DATA_BYTES (32 << 10)

#define SHIM_FRAME_KINDS(X)                                                                        \
	X(HELLO, 1) X(CALL, 2) X(RESULT, 3) X(EVENT, 4) X(ACK, 5) X(DATA, 6) X(CANCEL, 7)

enum shim_frame_kind {
#define X(id, number) SHIM_FRAME_##id = number,
	SHIM_FRAME_KINDS(X)
#undef X
};

struct shim_frame {
	uint64_t id;
	enum shim_frame_kind kind;
	const char *body; /* borrowed, not NUL-terminated */
	size_t n_body;
};

#define SHIM_FRAME_HEAD 13 /* length, id and kind */

/** shim_frame_encode() - append the bytes of @f; -ERR_LIMIT when the body is too large */
int shim_frame_encode(const struct shim_frame *f, struct buf *out, struct error *err);

/** shim_frame_encode_json() - the same with @body as text; takes @body */
int shim_frame_encode_json(uint64_t id, enum shim_frame_kind kind, struct json_object *body,
			   struct buf *out, struct error *err);

/**
 * shim_frame_decode() - the first frame in @p
 * @ret:      points into @p
 * @ret_used: bytes it takes there
 *
 * Return: 0; SHIM_FRAME_PARTIAL when its end has not come yet; -ERR_INVALID, -ERR_LIMIT:
 *         the connection cannot be used any more.
 */
enum { SHIM_FRAME_PARTIAL = 1 };
int shim_frame_decode(const char *p, size_t n, struct shim_frame *ret, size_t *ret_used,
		      struct error *err);

/** shim_frame_body() - the body as a JSON object; -ERR_INVALID when it is none */
int shim_frame_body(const struct shim_frame *f, struct json_object **ret, struct error *err);

/* Who is there. Strings are never NULL but for the last. */
struct shim_hello {
	int64_t protocol;
	const char *build;
	const char *runtime;
	const char *owner;
	const char *node_id;
	const char *boot_id;
	int64_t pid;
	const char *state_dir; /* whose bundles it sees; NULL: of a build that did not say it */
};

struct json_object *shim_hello_to_json(const struct shim_hello *h);
/** shim_hello_from_json() - strings live in @a */
int shim_hello_from_json(struct json_object *o, struct arena *a, struct shim_hello *ret,
			 struct error *err);

/**
 * shim_hello_check() - may @mine talk to @theirs? Both sides ask
 *
 * Return: 0; -ERR_UNSUPPORTED for another protocol version, -ERR_LOCKED for another node,
 *         owner, runtime or state directory; with a hint that names the shim's pid (@shim_pid).
 */
int shim_hello_check(const struct shim_hello *mine, const struct shim_hello *theirs,
		     int64_t shim_pid, struct error *err);
