/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The API's server: HTTP/1.1 over a unix socket, one thread of its own that reads requests and
 * writes answers, and nothing else. Whole requests wait in a queue for the loop, which is woken
 * by its bell, decides, and answers: at once, later, or with a stream (api_reply.h, api_stream.h).
 * Knows no route and no deployment. A socket that is taken away is made again.
 *
 * A connection carries one request. Everything a client can do is bounded: connections
 * (LIMIT_API_CONNECTIONS, then 503 with Retry-After, then they wait to be accepted), head, body,
 * the time until a request is whole and the time to take an answer. What is no HTTP gets a 400, or
 * is closed.
 *
 * Every request that api_take() gave out is given back once: by api_reply() and its kin, or by
 * api_stream_end(); also when its client is gone. Until then it lives, whatever the client does. A
 * request belongs to one thread at a time, which need not be the loop's.
 */
#include <stdint.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/error.h"
#include "controller/api/api_listen.h"
#include "controller/api/api_peer.h"

struct api;

/* As it came. Strings are NUL-terminated and live as long as the request; NULL: not given. */
struct api_request {
	const char *method; /* "GET" */
	const char *target; /* "/v1/deployments/shop?wait=1": api_route_match() takes it apart */
	const char *body;   /* never NULL; any bytes, n_body of them and a NUL */
	size_t n_body;
	struct api_peer peer;
	const char *content_type;
	const char *last_event_id;  /* where a stream that broke is to go on */
	const char *client_version; /* of a tallyman: Tallyman-Version */
	void *data;                 /* the taker's own; NULL at first, never looked at here */
};

struct api_options {
	const char *path;    /* of the socket, absolute; outlives the server */
	gid_t gid;           /* its group; API_LISTEN_NO_GROUP */
	int bell;            /* eventfd that gets 1 written when there is something to look at; the
			      * caller's, outlives the server */
	const char *version; /* ours, sent with every answer; outlives the server */
	int64_t patience_us; /* for a request to arrive, and for an answer to be taken; 0: 10 s */
};

/**
 * api_open() - listen, and start the thread
 *
 * The caller holds the lock that makes it the only daemon of that path. Signals are blocked in
 * the thread: they are for the loop.
 *
 * Return: 0; errors of api_listen_open(); -ERR_UNAVAILABLE when there is no thread to be had.
 */
int api_open(const struct api_options *o, struct api **ret, struct error *err);

/**
 * api_close() - stop listening, answer what is open, end the thread; NULL is fine
 *
 * Requests not yet answered get a 503, streams end with an event that says so; clients have a
 * second to read that. All requests are gone afterwards, also those that were taken: no thread may
 * use one any more.
 */
void api_close(struct api *api);
CLEAN_DEFINE(api, struct api *, api_close)

/** api_take() - the oldest request that nobody has taken; NULL: none. The bell rings for each */
struct api_request *api_take(struct api *api);

/** api_is_gone() - has the client left? The bell rings when one leaves. Nobody will read the
 *  answer, which must be given all the same */
bool api_is_gone(const struct api_request *r);

/** api_may() - has the client that right with this daemon? */
bool api_may(const struct api_request *r, enum api_right right);

/* Since api_open(); for /metrics. */
struct api_stats {
	uint64_t n_accepted; /* connections */
	uint64_t n_requests; /* whole ones, given to the loop */
	uint64_t n_refused;  /* 503: too many connections, or streams */
	uint64_t n_too_late; /* dropped: a request that did not come, an answer not taken */
	uint64_t n_gone;     /* clients that left before their answer */
	uint64_t n_cut;      /* streams ended because their client did not read */
	unsigned n_open;     /* connections now */
	unsigned n_streams;  /* of these, streams */
};

/** api_stats() - from any thread */
void api_stats(struct api *api, struct api_stats *ret);
