/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Server-sent events (text/event-stream): writing one, and reading them from pieces of any size.
 * Pure. Format: https://html.spec.whatwg.org/multipage/server-sent-events.html (2026-11).
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/**
 * api_sse_event() - append one event
 * @id:    what a client sends as Last-Event-ID to go on after it; 0: the event moves no mark
 * @event: a word without line ends; NULL: "message"
 * @data:  any text; its lines (\n, \r\n and \r all end one) arrive joined by \n
 */
void api_sse_event(struct buf *ret, uint64_t id, const char *event, const char *data);

#define API_SSE_MAX_NAME 63

/* One event as read; borrowed until the next call. */
struct api_sse_event {
	const char *event; /* "message" when it has no name */
	const char *data;
	const char *id; /* the last one seen, also in an earlier event; "" before the first */
};

struct api_sse_reader {
	struct buf line, data;
	char event[API_SSE_MAX_NAME + 1];
	char id[API_SSE_MAX_NAME + 1];
	bool has_data, after_cr, is_told;
};

/** api_sse_reader_init() - @max: bytes of one event's data, and of a line */
void api_sse_reader_init(struct api_sse_reader *r, size_t max);
void api_sse_reader_done(struct api_sse_reader *r);

enum { API_SSE_MORE = 1, API_SSE_TOO_LONG = 2 };

/**
 * api_sse_read() - take bytes from the front of @p until an event is whole
 * @ret_used: bytes taken (not set when one is too long); go on behind them
 *
 * Return: 0 with an event; API_SSE_MORE when all @n are taken and none is whole; API_SSE_TOO_LONG
 *         when one is longer than the maximum: the reader is of no use any more.
 */
int api_sse_read(struct api_sse_reader *r, const char *p, size_t n, size_t *ret_used,
		 struct api_sse_event *ret);
