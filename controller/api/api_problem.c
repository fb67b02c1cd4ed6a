/* SPDX-License-Identifier: Apache-2.0 */
/* Two tables and a document. */
#include "controller/api/api_problem.h"

#include <string.h>

#define SCHEMA "tallyman.error.v1"

/* What a client should do about it is in the status as it is in the code. */
static const unsigned statuses[ERR_N] = {
	[ERR_OK] = 200,          [ERR_INVALID] = 400, [ERR_NOT_FOUND] = 404,    [ERR_EXISTS] = 409,
	[ERR_CONFLICT] = 409,    [ERR_LOCKED] = 423,  [ERR_UNAUTHORIZED] = 403, [ERR_LIMIT] = 413,
	[ERR_UNAVAILABLE] = 503, [ERR_TIMEOUT] = 504, [ERR_CANCELED] = 503, /* it was the server
									       that stopped, or
									       somebody else */
	[ERR_IO] = 500,          [ERR_CORRUPT] = 500, [ERR_UNSUPPORTED] = 501,
};

unsigned api_problem_status(enum error_code code)
{
	return (unsigned)code < ERR_N ? statuses[code] : 500;
}

enum error_code api_problem_code(unsigned status)
{
	static const struct {
		unsigned status;
		enum error_code code;
	} map[] = {
		{ 401, ERR_UNAUTHORIZED }, { 403, ERR_UNAUTHORIZED }, { 404, ERR_NOT_FOUND },
		{ 405, ERR_UNSUPPORTED },  { 408, ERR_TIMEOUT },      { 409, ERR_CONFLICT },
		{ 413, ERR_LIMIT },        { 414, ERR_LIMIT },        { 423, ERR_LOCKED },
		{ 429, ERR_UNAVAILABLE },  { 431, ERR_LIMIT },        { 501, ERR_UNSUPPORTED },
		{ 502, ERR_UNAVAILABLE },  { 503, ERR_UNAVAILABLE },  { 504, ERR_TIMEOUT },
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].status == status)
			return map[i].code;
	return status >= 500 ? ERR_IO : ERR_INVALID;
}

struct json_object *api_problem_document(const struct error *err)
{
	struct json_object *doc = json_object_new_object();

	json_put_str(doc, "schema", SCHEMA);
	json_put_str(doc, "code", error_name(err->code));
	json_put_str(doc, "message", err->msg);
	json_put_str(doc, "cause", err->cause);
	json_put_str(doc, "hint", err->hint[0] ? err->hint : NULL);
	return doc;
}

static int read_members(struct json_object *doc, struct error *ret, struct error *err)
{
	const char *schema, *code, *message, *text = "";
	int r = json_need_str(doc, "schema", &schema, err);

	if (r == 0 && strcmp(schema, SCHEMA) != 0)
		r = error_set(err, ERR_INVALID, 0, "no %s but %.60s", SCHEMA, schema);
	if (r == 0)
		r = json_need_str(doc, "code", &code, err);
	if (r == 0)
		r = json_need_str(doc, "message", &message, err);
	if (r < 0)
		return r;
	/* error_set() also makes one line of what may hold anything. */
	(void)error_set(ret, error_from_name(code), 0, "%s", message);
	r = json_get_str(doc, "cause", &text, err);
	if (r < 0)
		return r;
	if (r == 0)
		snprintf(ret->cause, sizeof(ret->cause), "%s", text);
	r = json_get_str(doc, "hint", &text, err);
	if (r == 0)
		error_hint(ret, "%s", text);
	return r < 0 ? r : 0;
}

int api_problem_read(const char *text, size_t n, struct error *ret, struct error *err)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct error read = ERROR_INIT;
	int r = json_parse(text, n, &doc, err);

	if (r == 0)
		r = read_members(doc, &read, err);
	if (r == 0)
		*ret = read;
	return r;
}
