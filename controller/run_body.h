/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is in the bodies of requests that change something. Pure: knows neither store nor daemon,
 * and whether a name means anything is not decided here. All that is wrong is -ERR_INVALID.
 */
#include "base/arena.h"
#include "base/json.h"
#include "controller/api/api_server.h"

/** run_body() - a JSON object, the caller's; one with a member that is not among @names is refused:
 * what it says might be the half that matters. @names ends with NULL */
int run_body(const struct api_request *rq, const char *const names[], struct json_object **ret,
	     struct error *err);

/* A file: the body itself, or the member `file` of a JSON body with what goes with it. */
struct run_body_file {
	const char *bytes; /* of the request, or of @body */
	size_t n;
	const char *source;       /* NULL: not said */
	struct json_object *body; /* NULL: only the file was sent */
	struct json_object *env;  /* what $E: means in it; NULL: not said */
};

/** run_body_file() - of plan and apply */
int run_body_file(const struct api_request *rq, struct run_body_file *ret, struct error *err);
/** run_body_file_done() - what it points to is gone, but for the request */
void run_body_file_done(struct run_body_file *f);

struct run_body_names {
	const char **items; /* in the arena; never empty where not all is meant */
	size_t n;
	bool is_all;
};

/** run_body_deployments() - of down: {"deployments": [...]} or {"all": true} */
int run_body_deployments(const struct api_request *rq, struct arena *a, struct run_body_names *ret,
			 struct error *err);

/** run_body_targets() - of stop, start, restart: {"targets": [...]} */
int run_body_targets(const struct api_request *rq, struct arena *a, struct run_body_names *ret,
		     struct error *err);

/** run_body_word() - the one member that counts, like {"plan": "..."}; into the arena */
int run_body_word(const struct api_request *rq, const char *key, struct arena *a, const char **ret,
		  struct error *err);
