/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Inside of the server: libmicrohttpd, which reads requests and writes answers under api_turn().
 * For api_server.c and the fuzz target only.
 */
#include "controller/api/api_conn.h"

/** api_http_new() - a server without socket and thread: who has it calls api_turn() */
int api_http_new(const struct api_options *o, struct api **ret, struct error *err);

/** api_http_free() - every connection is dropped, also those whose request is held; NULL is fine */
void api_http_free(struct api *api);

/** api_http_adopt() - a client: takes @fd, non-blocking; there is room for it */
void api_http_adopt(struct api *api, int fd, const struct api_peer *peer);
