/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the whole answer into the connection and hands it back; the thread writes it. */
#include "controller/api/api_reply.h"

#include <assert.h>

#include "base/log.h"
#include "controller/api/api_conn.h"
#include "controller/api/api_problem.h"

enum { MAX_DOCUMENT = 64 << 20 };

void api_reply_header(struct api_request *r, const char *name, const char *value)
{
	struct api_answer *a = &api_conn_of(r)->answer;
	struct api_header *h = &a->headers[a->n_headers];

	assert(a->n_headers < API_MAX_HEADERS && strlen(value) < sizeof(h->value));
	h->name = name;
	snprintf(h->value, sizeof(h->value), "%s", value);
	a->n_headers++;
}

void api_reply(struct api_request *r, unsigned status, const char *type, struct buf *body)
{
	struct api_conn *c = api_conn_of(r);
	struct api *api = c->api;

	assert(status >= 200 && status <= 599);
	pthread_mutex_lock(&api->lock);
	assert(c->is_held && c->stage == API_ASKED);
	c->answer.status = status;
	snprintf(c->answer.type, sizeof(c->answer.type), "%s", type ? type : "");
	if (body) {
		buf_done(&c->answer.bytes);
		c->answer.bytes = *body;
		buf_init(body, body->max);
	}
	c->stage = API_ANSWERED;
	api_conn_give_back(c);
	pthread_mutex_unlock(&api->lock);
}

void api_reply_json(struct api_request *r, unsigned status, struct json_object *doc)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_DOCUMENT);
	struct error err = ERROR_INIT;

	json_pretty(doc, &text);
	if (!text.overflow) {
		api_reply(r, status, "application/json", &text);
		return;
	}
	(void)error_set(&err, ERR_LIMIT, 0, "the answer is longer than %d MiB", MAX_DOCUMENT >> 20);
	api_reply_error(r, &err);
}

/* What a client wrote goes into one field of one line. */
static void log_failure(const struct api_request *r, const struct error *err)
{
	char target[128];
	size_t n = 0;

	for (const char *p = r->target; *p && n + 1 < sizeof(target); p++)
		target[n++] = *p > ' ' && *p < 0x7f ? *p : '?';
	target[n] = '\0';
	log_error(LOG_ERROR, err, "request=%.16s target=%s uid=%u", r->method, target,
		  (unsigned)r->peer.uid);
}

void api_reply_error(struct api_request *r, const struct error *err)
{
	struct json_object *doc CLEAN(json) = api_problem_document(err);
	const unsigned status = api_problem_status(err->code);

	if (status == 500)
		log_failure(r, err);
	if (status == 503)
		api_reply_header(r, "Retry-After", "1");
	api_reply_json(r, status, doc);
}
