/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Inside of the daemon: what its parts share. For run*.c only. */
#include "controller/api/api_reply.h"
#include "controller/api/api_route.h"
#include "controller/api/api_stream.h"
#include "controller/backups.h"
#include "controller/driver.h"
#include "controller/pool.h"
#include "controller/run.h"
#include "controller/sources.h"
#include "controller/target.h"

struct wait;
struct follower;
struct sweeper;

struct run {
	const struct run_options *o;
	struct loop *loop;
	struct inbox *inbox;
	struct session *session;
	struct driver *driver; /* NULL: the store failed; it is made again at retry */
	struct sources *sources;
	struct api *api;
	struct sweeper *sweeper;
	struct backups backups;
	struct pool *clients;       /* workers for those who read logs and run programs */
	volatile bool is_leaving;   /* those workers end */
	struct wait *waits;         /* clients that wait for something to be done */
	struct follower *followers; /* clients that follow events */
	struct mono now;            /* of the turn */
	struct mono retry;
	struct mono alive;                  /* when the service manager last heard that */
	unsigned n_failed;                  /* in a row */
	uint64_t n_turns, n_store_failures; /* since the start, for /metrics */
	bool is_ready;                      /* the first look of everything has come back */
	bool is_stopping;
};

/** run_requests() - take and begin to answer what clients ask */
void run_requests(struct run *r);

/* A request under way: freed with its arena once it is answered. */
struct request {
	struct run *run;
	struct api_request *rq;
	const struct api_match *match;
	struct arena *arena;
};

/** run_need_driver() - -ERR_UNAVAILABLE while the store cannot be written */
int run_need_driver(const struct request *q, struct error *err);
/** run_timeout() - how long its client waits, microseconds */
int run_timeout(const struct request *q, int64_t *ret, struct error *err);
/** run_author() - who asks, for history; in the request's arena */
const char *run_author(const struct request *q);

/*
 * The routes. Each answers, keeps the request for later, or returns the error that is the answer.
 */

/* POST: what changes the node. */
int run_apply(struct request *q, struct error *err);
int run_down(struct request *q, struct error *err);
int run_approve(struct request *q, struct error *err);
int run_stop(struct request *q, struct error *err);
int run_start(struct request *q, struct error *err);
int run_restart(struct request *q, struct error *err);
int run_restore(struct request *q, struct error *err);
int run_sweep(struct request *q, struct error *err);
int run_exec(struct request *q, struct error *err);

/* GET: what the daemon knows. */
int run_status(struct request *q, struct error *err);
int run_deployments(struct request *q, struct error *err);
int run_deployment(struct request *q, struct error *err);
int run_plan(struct request *q, struct error *err);
int run_logs(struct request *q, struct error *err);
int run_orphans(struct request *q, struct error *err);
int run_events(struct request *q, struct error *err);
int run_metrics(struct request *q, struct error *err);
int run_livez(struct request *q, struct error *err);
int run_readyz(struct request *q, struct error *err);
int run_version(struct request *q, struct error *err);

/** run_events_turn() - tell followers what is new; run_events_end() - and that this is all */
void run_events_turn(struct run *r);
void run_events_end(struct run *r);
