/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The other end of the API: one call, or one stream, to the daemon behind a unix socket. Blocks
 * its thread; a cancel flag, which a signal handler may set, ends the wait within a second.
 *
 * That no daemon is there is an outcome of its own: the command does the work itself then. What the
 * daemon says no to is no failure of the call: api_client_refusal() makes an error of it.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "controller/api/api_sse.h"

enum {
	API_CLIENT_NO_DAEMON = 1, /* nobody listens at the socket, or there is none */
	API_CLIENT_STOPPED = 2,   /* by the flag or by the caller's own function */
};

struct api_client {
	const char *path;    /* of the socket */
	const char *version; /* ours, sent along; NULL: not */
	int64_t timeout_us;  /* for a whole call, or until a stream begins; 0: no end */
	const volatile sig_atomic_t *cancel; /* not 0: stop; NULL: no such flag */
};

struct api_call {
	const char *method;
	const char *target; /* "/v1/deployments/shop?wait=1", encoded (api_route_encode) */
	const char *type;   /* of the body; NULL: none */
	const void *body;   /* NULL: none */
	size_t n_body;
	const char *last_event_id; /* go on after it; NULL or "": from now on */
};

#define API_CLIENT_MAX_VERSION 63

struct api_result {
	unsigned status; /* 200..599 */
	char type[80];
	char version[API_CLIENT_MAX_VERSION + 1]; /* of the daemon; "" when it did not say */
	struct buf body; /* whole; of a stream only when the daemon refused it */
};

/** api_result_init() - @max: bytes of a body; more is -ERR_LIMIT */
void api_result_init(struct api_result *r, size_t max);
void api_result_done(struct api_result *r);
static inline void clean_result(struct api_result *r)
{
	api_result_done(r);
}

/** api_client_knock() - 0 when a daemon listens at @path; API_CLIENT_NO_DAEMON; or why nobody
 * knows: -ERR_UNAUTHORIZED, -ERR_UNAVAILABLE when it takes no more clients */
int api_client_knock(const char *path, struct error *err);

/**
 * api_client_call() - ask, and wait for the whole answer
 *
 * Return: 0 with any status; the outcomes above; -ERR_UNAUTHORIZED when the socket is not ours to
 *         use; -ERR_TIMEOUT; -ERR_UNAVAILABLE when the daemon went away in the middle: the effect
 *         of the call is unknown; -ERR_LIMIT.
 */
int api_client_call(const struct api_client *c, const struct api_call *call, struct api_result *ret,
		    struct error *err);

/* What a stream is handed to. Each returns false to stop. NULL: not wanted. */
struct api_client_sink {
	bool (*event)(void *arg, const struct api_sse_event *e); /* of text/event-stream */
	bool (*bytes)(void *arg, const char *p, size_t n);       /* of any other type */
	void *arg;
};

/**
 * api_client_stream() - ask, and hand on what comes until the daemon ends it
 * @ret: status and headers; the body only of a refusal (a status of 300 and above)
 *
 * Return: as api_client_call(); 0 when the stream came to its proper end.
 */
int api_client_stream(const struct api_client *c, const struct api_call *call,
		      const struct api_client_sink *sink, struct api_result *ret,
		      struct error *err);

/** api_client_refusal() - 0 for a status below 300; else the error that the daemon answered with,
 *  or one that stands for the status */
int api_client_refusal(const struct api_result *r, struct error *err);

/** api_client_is_other() - does the daemon run another version than ours? */
bool api_client_is_other(const struct api_client *c, const struct api_result *r);
