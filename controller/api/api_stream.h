/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Answers that go on: events, logs. What is appended waits in a bounded buffer until the client
 * reads it. A client that does not read loses its stream, never the server its memory: the stream
 * is cut, which the client can tell from an end (below), and it comes again with the id of the
 * last event that it got.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "controller/api/api_server.h"

/* Server-sent events: api_stream_event() may be used, and a stream that is cut or ends with the
 * server gets a last event "end" whose data is {"reason":"too slow"} or {"reason":"shutdown"}. */
#define API_STREAM_EVENTS "text/event-stream"

enum {
	API_STREAM_REFUSED = 1, /* too many streams */
	API_STREAM_GONE = 2,    /* the client left, or the stream was cut */
};

/**
 * api_stream_begin() - answer 200 with what will be appended
 * @type: content type. Of another one than API_STREAM_EVENTS a stream that is cut, or ends with
 *        the server, breaks off without HTTP's mark of the end: clients report it as incomplete
 *
 * Return: 0; API_STREAM_REFUSED: there are LIMIT_API_STREAMS already, or LIMIT_API_FOLLOWERS and
 *         this is a GET; the request was answered with a 503 and given back.
 */
int api_stream_begin(struct api_request *r, const char *type);

/**
 * api_stream_may() - would api_stream_begin() refuse? To be asked before something is changed that
 * a refusal could not take back
 *
 * Return: 0, and it stays so until the caller's thread begins another stream, if no other thread
 *         begins any; -ERR_UNAVAILABLE.
 */
int api_stream_may(struct api_request *r, struct error *err);

/**
 * api_stream_append() - more bytes for the client; all of them or none
 * @n: at most LIMIT_API_STREAM_BYTES; no room for them cuts the stream
 *
 * Return: 0; API_STREAM_GONE: nothing will reach the client any more; call api_stream_end().
 */
int api_stream_append(struct api_request *r, const void *p, size_t n);

/** api_stream_event() - append one server-sent event, see api_sse_event(); the same outcomes */
int api_stream_event(struct api_request *r, uint64_t id, const char *event, const char *data);

/**
 * api_stream_room() - bytes that can be appended without cutting the stream
 *
 * For who has more than that at hand: when less than half of the buffer is free, the bell rings
 * once half of it is. 0 too when the client is gone.
 */
size_t api_stream_room(struct api_request *r);

/** api_stream_end() - no more bytes: the client gets what there is, then the end. Gives the
 *  request back */
void api_stream_end(struct api_request *r);

/** api_stream_break() - the same for an end that is none of the matter's: as a stream that is cut,
 *  with @reason (a literal, plain letters) in its last event */
void api_stream_break(struct api_request *r, const char *reason);
