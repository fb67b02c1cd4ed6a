/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A server of the API with a real loop that answers by simple rules, and raw clients on its
 * socket. Failures of the surroundings are assertions.
 */
#include <pthread.h>
#include <stdbool.h>

#include "base/buf.h"
#include "controller/api/api_server.h"
#include "controller/loop.h"

#define API_WORLD_MAX_HELD 256

struct api_world {
	char dir[64], path[96];
	struct loop *loop;
	struct api *api;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turned;                        /* after each turn of the loop */
	bool stop;                                    /* lock */
	unsigned n_turns;                             /* lock */
	struct api_request *held[API_WORLD_MAX_HELD]; /* lock; of /hold and /stream, as they came */
	unsigned n_held;                              /* lock */
};

/**
 * api_world_open() - @patience_us as in api_options
 *
 * The loop answers /hello (text), /echo (the body), /big (1 MiB), keeps /hold for the test,
 * begins a stream of events for /stream and of text for /text and keeps it, says three events for
 * /three, refuses /refuse with a problem, has GET and POST of /v1/things/{name} behind the gate;
 * the rest gets a bare 404.
 */
void api_world_open(struct api_world *w, int64_t patience_us);
/** api_world_close() - stops the loop, then the server; the directory goes */
void api_world_close(struct api_world *w);

/** api_world_n_held() - requests kept so far */
unsigned api_world_n_held(struct api_world *w);

/** api_world_wait_held() - until so many requests are kept; the last of them */
struct api_request *api_world_wait_held(struct api_world *w, unsigned n);

/** api_world_wait() - until @is says so; it is asked after every turn of the loop */
void api_world_wait(struct api_world *w, bool (*is)(struct api_world *w, void *arg), void *arg);

/** api_world_stats() - the server's numbers now */
struct api_stats api_world_stats(struct api_world *w);

/** api_world_connect() - a blocking client */
int api_world_connect(const struct api_world *w);

/** api_world_send() - all of it; false when the server has closed */
bool api_world_send(int fd, const void *p, size_t n);

/** api_world_read() - appends what comes until the server closes, or @until is among it; false
 *  when nothing comes for half a minute. @until: NULL: to the end */
bool api_world_read(int fd, struct buf *ret, const char *until);

/** api_world_call() - one request as text, its answer to the end into @ret */
void api_world_call(const struct api_world *w, const char *request, struct buf *ret);

/** api_world_get() - "GET @target", whole */
void api_world_get(const struct api_world *w, const char *target, struct buf *ret);
