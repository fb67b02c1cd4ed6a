/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Routes: a table of methods and path patterns, and what a request means by it. Pure.
 *
 * A pattern is a path whose segments are words or {parameters}: "/v1/deployments/{name}". Words
 * beat parameters, so "/v1/images/prune" may stand beside "/v1/images/{ref}" in any order.
 * Segments are split before they are decoded: a parameter may hold an encoded slash
 * (docker.io%2Flibrary%2Falpine). An empty segment matches nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "controller/api/api_peer.h"

struct api_route {
	const char *method; /* HEAD is answered by the route of GET */
	const char *pattern;
	int id; /* the table owner's */
	enum api_right right;
};

struct api_table {
	const struct api_route *routes;
	size_t n;
};

struct api_value {
	const char *name;
	const char *value; /* decoded: valid UTF-8 without NUL; "" for a name without = */
};

#define API_ROUTE_MAX_ALLOW 64

struct api_match {
	const struct api_route *route;
	struct api_value params[LIMIT_API_PARAMS];
	size_t n_params;
	struct api_value query[LIMIT_API_QUERY]; /* as they came, a name may come twice */
	size_t n_query;
	char allow[API_ROUTE_MAX_ALLOW]; /* for API_ROUTE_NOT_ALLOWED: "GET, HEAD, POST" */
};

enum {
	API_ROUTE_UNKNOWN = 1,    /* no pattern has this path */
	API_ROUTE_NOT_ALLOWED = 2 /* one has, with another method */
};

/**
 * api_route_match() - the route of a request
 * @target: path and query as sent
 * @ret:    its strings live in the arena, the route in @table; only `allow` is set when the method
 *          is not allowed
 *
 * Return: 0; the outcomes above; -ERR_INVALID when path or query are not well encoded;
 *         -ERR_LIMIT for more than LIMIT_API_QUERY names.
 */
int api_route_match(const struct api_table *table, const char *method, const char *target,
		    struct arena *arena, struct api_match *ret, struct error *err);

/** api_route_param() - value of a parameter that the route's pattern has; never NULL */
const char *api_route_param(const struct api_match *m, const char *name);

/** api_route_query() - the last value of that name; NULL when it was not given */
const char *api_route_query(const struct api_match *m, const char *name);

/** api_route_flag() - "", "1" and "true" say yes, "0" and "false" no, as absence does.
 *  -ERR_INVALID for another value */
int api_route_flag(const struct api_match *m, const char *name, bool *ret, struct error *err);

/** api_route_u64() - a number of at most @max. 0; API_ROUTE_UNKNOWN when it was not given (*ret
 *  untouched); -ERR_INVALID */
int api_route_u64(const struct api_match *m, const char *name, uint64_t max, uint64_t *ret,
		  struct error *err);

/** api_route_check() - -ERR_INVALID when the query has a name that is not among @names (NULL
 *  ends them): a typing error must not be taken for a default */
int api_route_check(const struct api_match *m, const char *const *names, struct error *err);

/** api_route_encode() - append @text as one segment or one value: what a client does */
void api_route_encode(struct buf *ret, const char *text);
