/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals are answered here, so that a route's own code begins with a client that may. */
#include "controller/api/api_gate.h"

#include "controller/api/api_problem.h"
#include "controller/api/api_reply.h"

static int refuse_right(const struct api_request *r, struct error *err)
{
	(void)error_set(err, ERR_UNAUTHORIZED, 0, "user %u may look, and change nothing",
			(unsigned)r->peer.uid);
	error_hint(err, "run the command as root");
	return -ERR_UNAUTHORIZED;
}

static int refuse_path(struct api_request *r, int outcome, const struct api_match *m)
{
	struct error err = ERROR_INIT;
	struct json_object *doc CLEAN(json) = NULL;

	if (outcome == API_ROUTE_NOT_ALLOWED) {
		(void)error_set(&err, ERR_UNSUPPORTED, 0, "no %.16s here: %s", r->method, m->allow);
		api_reply_header(r, "Allow", m->allow);
	} else {
		(void)error_set(&err, ERR_NOT_FOUND, 0, "no such path: %.120s", r->target);
		error_hint(&err, "a daemon of another version may know it");
	}
	doc = api_problem_document(&err);
	api_reply_json(r, outcome == API_ROUTE_NOT_ALLOWED ? 405 : 404, doc);
	return API_GATE_CLOSED;
}

int api_gate(const struct api_table *table, struct api_request *r, struct arena *arena,
	     struct api_match *ret)
{
	struct error err = ERROR_INIT;
	struct api_match m;
	int outcome = api_route_match(table, r->method, r->target, arena, &m, &err);

	if (outcome > 0)
		return refuse_path(r, outcome, &m);
	if (outcome == 0 && !api_may(r, m.route->right))
		outcome = refuse_right(r, &err);
	if (outcome < 0) {
		api_reply_error(r, &err);
		return API_GATE_CLOSED;
	}
	*ret = m;
	return 0;
}
