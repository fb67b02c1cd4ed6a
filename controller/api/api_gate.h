/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What stands before every route: is there one, may this client use it. */
#include "controller/api/api_route.h"
#include "controller/api/api_server.h"

enum { API_GATE_CLOSED = 1 };

/**
 * api_gate() - the route of a request, or the answer that it has none
 *
 * Return: 0; API_GATE_CLOSED: answered (400 not well formed, 403 not allowed to this client, 404
 *         no such route, 405 with Allow), and given back.
 */
int api_gate(const struct api_table *table, struct api_request *r, struct arena *arena,
	     struct api_match *ret);
