/* SPDX-License-Identifier: Apache-2.0 */
/* Which request is answered by whom. */
#include <string.h>

#include "controller/api/api_problem.h"
#include "controller/run_inside.h"
#include "specs/duration.h"

#define DEFAULT_TIMEOUT_US (300 * CLOCK_SEC) /* as commands wait */

enum { ANSWERED = 1 };

typedef int answer_fn(struct request *q, struct error *err);

/*      method, path, who may, who answers */
#define ROUTES(X)                                                                                  \
	X("GET", "/livez", API_READ, run_livez)                                                    \
	X("GET", "/readyz", API_READ, run_readyz)                                                  \
	X("GET", "/metrics", API_READ, run_metrics)                                                \
	X("GET", "/v1/version", API_READ, run_version)                                             \
	X("GET", "/v1/status", API_READ, run_status)                                               \
	X("GET", "/v1/deployments", API_READ, run_deployments)                                     \
	X("GET", "/v1/deployments/{name}", API_READ, run_deployment)                               \
	X("GET", "/v1/logs", API_READ, run_logs)                                                   \
	X("GET", "/v1/orphans", API_READ, run_orphans)                                             \
	X("GET", "/v1/events", API_READ, run_events)                                               \
	X("POST", "/v1/plan", API_WRITE, run_plan)                                                 \
	X("POST", "/v1/apply", API_WRITE, run_apply)                                               \
	X("POST", "/v1/down", API_WRITE, run_down)                                                 \
	X("POST", "/v1/stop", API_WRITE, run_stop)                                                 \
	X("POST", "/v1/start", API_WRITE, run_start)                                               \
	X("POST", "/v1/restart", API_WRITE, run_restart)                                           \
	X("POST", "/v1/exec", API_WRITE, run_exec)                                                 \
	X("POST", "/v1/restore", API_WRITE, run_restore)                                           \
	X("POST", "/v1/sweep", API_WRITE, run_sweep)                                               \
	X("POST", "/v1/approve", API_WRITE, run_approve)

static answer_fn *const answers[] = {
#define X(method, path, right, answer) answer,
	ROUTES(X)
#undef X
};

enum {
#define X(method, path, right, answer) ROUTE_##answer,
	ROUTES(X)
#undef X
};

static const struct api_route routes[] = {
#define X(method, path, right, answer) { method, path, ROUTE_##answer, right },
	ROUTES(X)
#undef X
};

static const struct api_table table = { routes, sizeof(routes) / sizeof(routes[0]) };

/* The one answer whose status no error has. */
static void refuse_method(struct api_request *rq, const struct api_match *match)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct error err = ERROR_INIT;

	(void)error_set(&err, ERR_UNSUPPORTED, 0, "%.16s cannot be asked of %s", rq->method,
			rq->target);
	error_hint(&err, "allowed: %s", match->allow);
	doc = api_problem_document(&err);
	api_reply_header(rq, "Allow", match->allow);
	api_reply_json(rq, 405, doc);
}

/* 0; ANSWERED; < 0: @err is the answer. */
static int find(struct run *r, struct api_request *rq, struct arena *a, struct api_match *ret,
		struct error *err)
{
	int e = api_route_match(&table, rq->method, rq->target, a, ret, err);

	if (e == API_ROUTE_UNKNOWN) {
		(void)error_set(err, ERR_NOT_FOUND, 0, "there is no %s", rq->target);
		error_hint(err, "paths begin with /v1/, like /v1/status");
		return -ERR_NOT_FOUND;
	}
	if (e == API_ROUTE_NOT_ALLOWED) {
		refuse_method(rq, ret);
		return ANSWERED;
	}
	if (e < 0)
		return e;
	if (!api_may(rq, ret->route->right))
		return error_set(
			err, ERR_UNAUTHORIZED, 0,
			"user %ju may look, but not change: only root and the daemon's own "
			"user may",
			(uintmax_t)rq->peer.uid);
	if (r->is_stopping)
		return error_set(err, ERR_UNAVAILABLE, 0, "the daemon is stopping");
	return 0;
}

static void answer(struct run *r, struct api_request *rq)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct api_match match;
	struct request q = { r, rq, &match, a };
	struct error err = ERROR_INIT;
	int e = find(r, rq, a, &match, &err);

	if (e == 0)
		e = answers[match.route->id](&q, &err);
	if (e < 0)
		api_reply_error(rq, &err);
}

int run_need_driver(const struct request *q, struct error *err)
{
	if (q->run->driver)
		return 0;
	(void)error_set(err, ERR_UNAVAILABLE, 0, "the store cannot be written now");
	error_hint(err, "the daemon's log says why; it goes on by itself when the cause is gone");
	return -ERR_UNAVAILABLE;
}

int run_timeout(const struct request *q, int64_t *ret, struct error *err)
{
	const char *text = api_route_query(q->match, "timeout"), *why;
	struct duration d;

	*ret = DEFAULT_TIMEOUT_US;
	if (!text)
		return 0;
	if (!duration_parse(text, &d, &why))
		return error_set(err, ERR_INVALID, 0, "timeout '%s' is no duration like 30s or 5m",
				 text);
	*ret = duration_us(d);
	return 0;
}

const char *run_author(const struct request *q)
{
	return arena_printf(q->arena, "uid %ju", (uintmax_t)q->rq->peer.uid);
}

void run_requests(struct run *r)
{
	struct api_request *rq;

	while (r->api && (rq = api_take(r->api)))
		answer(r, rq);
}
