/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Inside of the server: the connections, and who may touch what of them. For the parts of the
 * server only.
 *
 * A connection's way, and who moves it on:
 *
 *   READING    head and body come in                     api thread
 *   ASKED      whole; in the queue, or taken             api thread: on_request()
 *   ANSWERED   the whole answer is there                 holder: api_reply()
 *   STREAMING  begun, more may be appended               holder: api_stream_begin()
 *   ENDED      no more comes                             holder: api_stream_append() without room,
 *                                                        api_stream_end()
 *
 * libmicrohttpd suspends what waits for us; we resume it. A suspended connection is ours
 * alone, so its descriptor stays valid, and we look ourselves whether its client hangs up.
 *
 * Locks: one. Fields of a connection that are marked "lock" belong to whoever holds api->lock;
 * those marked "thread" to the API's thread; the request itself to its holder while there is one.
 */
#include <pthread.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/watch.h"
#include "controller/api/api_mhd.h"
#include "controller/api/api_server.h"

enum api_stage { API_READING, API_ASKED, API_ANSWERED, API_STREAMING, API_ENDED };

#define API_MAX_HEADERS 4
#define API_MAX_CONNS   (LIMIT_API_CONNECTIONS + LIMIT_API_REFUSALS)

/* A stream's buffer, and its last event beyond the limit. */
#define API_MAX_STREAM (LIMIT_API_STREAM_BYTES + 256)

struct api_header {
	const char *name; /* a literal */
	char value[200];
};

struct api_answer {
	unsigned status;
	char type[80];
	struct api_header headers[API_MAX_HEADERS];
	unsigned n_headers;
	struct buf bytes; /* all of it; of a stream: what the client has not got */
};

struct api_conn {
	struct api_request req; /* first: a request is its connection */
	struct api *api;
	struct api_conn *next;        /* of all; lock */
	struct api_conn *next_posted; /* lock */
	int fd;
	bool is_extra; /* one too many: it gets a 503; never changes */

	struct MHD_Connection *mhd; /* thread; NULL: closed */
	struct mono deadline;       /* thread; 0: none */
	struct buf body;            /* thread, until it is asked */
	size_t n_dropped;           /* thread; bytes of a body that is refused anyway */
	unsigned refusal;           /* thread; status of our own no */
	bool has_begun;             /* thread; the head is read */
	bool is_suspended;          /* thread */

	enum api_stage stage;     /* lock */
	bool is_held;             /* lock; given to the loop and not given back */
	bool is_gone;             /* lock */
	bool is_touched;          /* lock; there is something new for the thread */
	bool is_stream;           /* lock */
	bool is_broken;           /* lock; the end is to look like none */
	bool wants_room;          /* lock; ring when half of the buffer is free */
	struct api_answer answer; /* lock; the holder's until it is answered */
};

struct api {
	struct api_options opt;
	uid_t own;
	struct MHD_Daemon *mhd;
	int epoll; /* libmicrohttpd's */
	int wake;  /* eventfd: the thread has something to do */
	struct api_listen listen;
	struct watch *watch; /* of its path; NULL: this server has none */
	pthread_t thread;
	struct mono accept_after; /* thread; no descriptors were left */
	struct api_conn *adding;  /* thread; what libmicrohttpd is being given */

	pthread_mutex_t lock;
	struct api_conn *conns;
	struct api_conn *posted, **posted_end;
	struct api_stats stats;
	unsigned n_conns;  /* of all, closed ones that are held too */
	unsigned n_served; /* without the extra ones */
	bool is_stopping;
};

/** api_conn_forget() - free a closed connection that nobody holds; the lock is held */
void api_conn_forget(struct api_conn *c);

/** api_conn_touch() - @c has news for the thread; the lock is held */
void api_conn_touch(struct api_conn *c);

/** api_conn_give_back() - the holder is done with @c, which may be freed here; the lock is held */
void api_conn_give_back(struct api_conn *c);

/** api_conn_set_deadline() - the client's patience begins now; the thread's */
void api_conn_set_deadline(struct api_conn *c);

/** api_conn_ring() - wake the loop; from any thread, as is the next */
void api_conn_ring(const struct api *api);

/** api_conn_wake() - wake the thread */
void api_conn_wake(const struct api *api);

static inline struct api_conn *api_conn_of(const struct api_request *r)
{
	return (struct api_conn *)r;
}
