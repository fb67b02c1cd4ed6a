/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Answers of one piece. Each of api_reply(), api_reply_json() and api_reply_error() gives the
 * request back: it must not be used afterwards. None of them waits for the client.
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "controller/api/api_server.h"

/** api_reply_header() - a header of the answer to come; at most 4, each value below 200 bytes
 *  @name: outlives the request; a literal */
void api_reply_header(struct api_request *r, const char *name, const char *value);

/**
 * api_reply() - answer, and give the request back
 * @status: 200..599
 * @type:   of the body; NULL: there is none
 * @body:   its bytes are moved out; NULL: none
 */
void api_reply(struct api_request *r, unsigned status, const char *type, struct buf *body);

/** api_reply_json() - answer with the text of @doc, which stays the caller's */
void api_reply_json(struct api_request *r, unsigned status, struct json_object *doc);

/** api_reply_error() - answer with the problem document of @err and the status of its code.
 *  Logs those that are ours (5xx), and nobody else need */
void api_reply_error(struct api_request *r, const struct error *err);
