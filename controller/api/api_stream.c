/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buffer between whoever appends and the thread that writes. The last event has room of its
 * own behind the limit, so that also a full buffer can say why it ends.
 */
#include "controller/api/api_stream.h"

#include <assert.h>

#include "base/limits.h"
#include "controller/api/api_conn.h"
#include "controller/api/api_reply.h"
#include "controller/api/api_sse.h"

static bool is_events(const struct api_conn *c)
{
	return strcmp(c->answer.type, API_STREAM_EVENTS) == 0;
}

/* Whoever only looks leaves room, so that no crowd of readers keeps a change out. */
static unsigned limit(const struct api_request *r)
{
	return strcmp(r->method, "GET") == 0 ? LIMIT_API_FOLLOWERS : LIMIT_API_STREAMS;
}

/* The lock is held. */
static bool has_room_for(const struct api *api, const struct api_request *r)
{
	unsigned n = 0;

	for (const struct api_conn *c = api->conns; c; c = c->next)
		n += c->stage == API_STREAMING;
	return n < limit(r);
}

static int too_many(const struct api_request *r, struct error *err)
{
	(void)error_set(err, ERR_UNAVAILABLE, 0, "%u streams are open already", limit(r));
	error_hint(err, "try again when another client has left");
	return -ERR_UNAVAILABLE;
}

int api_stream_may(struct api_request *r, struct error *err)
{
	struct api *api = api_conn_of(r)->api;
	bool has_room;

	pthread_mutex_lock(&api->lock);
	has_room = has_room_for(api, r);
	api->stats.n_refused += !has_room;
	pthread_mutex_unlock(&api->lock);
	return has_room ? 0 : too_many(r, err);
}

int api_stream_begin(struct api_request *r, const char *type)
{
	struct api_conn *c = api_conn_of(r);
	struct api *api = c->api;
	struct error err = ERROR_INIT;
	bool has_room;

	pthread_mutex_lock(&api->lock);
	assert(c->is_held && c->stage == API_ASKED);
	has_room = has_room_for(api, r);
	if (has_room) {
		c->answer.status = 200;
		snprintf(c->answer.type, sizeof(c->answer.type), "%s", type);
		c->is_stream = true;
		c->stage = API_STREAMING;
		api_conn_touch(c);
	} else {
		api->stats.n_refused++;
	}
	pthread_mutex_unlock(&api->lock);
	if (has_room)
		return 0;
	(void)too_many(r, &err);
	api_reply_error(r, &err);
	return API_STREAM_REFUSED;
}

/* The lock is held. */
static void break_off(struct api_conn *c, const char *reason)
{
	if (c->stage != API_STREAMING)
		return;
	c->stage = API_ENDED;
	if (is_events(c)) {
		char data[64];

		snprintf(data, sizeof(data), "{\"reason\":\"%s\"}", reason);
		api_sse_event(&c->answer.bytes, 0, "end", data);
		assert(!c->answer.bytes.overflow);
	} else {
		c->is_broken = true;
	}
	api_conn_touch(c);
}

int api_stream_append(struct api_request *r, const void *p, size_t n)
{
	struct api_conn *c = api_conn_of(r);
	struct buf *b = &c->answer.bytes;
	int outcome = 0;

	assert(n <= LIMIT_API_STREAM_BYTES);
	pthread_mutex_lock(&c->api->lock);
	assert(c->is_held && c->is_stream);
	if (c->is_gone || c->stage == API_ENDED) {
		outcome = API_STREAM_GONE;
	} else if (n > LIMIT_API_STREAM_BYTES - b->n) {
		break_off(c, "too slow");
		c->api->stats.n_cut++;
		outcome = API_STREAM_GONE;
	} else {
		buf_add(b, p, n);
		api_conn_touch(c);
	}
	pthread_mutex_unlock(&c->api->lock);
	return outcome;
}

int api_stream_event(struct api_request *r, uint64_t id, const char *event, const char *data)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_API_STREAM_BYTES);

	assert(is_events(api_conn_of(r)));
	api_sse_event(&text, id, event, data);
	assert(!text.overflow);
	return api_stream_append(r, text.data, text.n);
}

size_t api_stream_room(struct api_request *r)
{
	struct api_conn *c = api_conn_of(r);
	size_t room = 0;

	pthread_mutex_lock(&c->api->lock);
	if (!c->is_gone && c->stage == API_STREAMING) {
		room = LIMIT_API_STREAM_BYTES - c->answer.bytes.n;
		c->wants_room = room < LIMIT_API_STREAM_BYTES / 2;
	}
	pthread_mutex_unlock(&c->api->lock);
	return room;
}

static void end(struct api_request *r, const char *reason)
{
	struct api_conn *c = api_conn_of(r);
	struct api *api = c->api;

	pthread_mutex_lock(&api->lock);
	assert(c->is_held && c->is_stream);
	if (reason)
		break_off(c, reason);
	c->stage = API_ENDED;
	api_conn_give_back(c);
	pthread_mutex_unlock(&api->lock);
}

void api_stream_end(struct api_request *r)
{
	end(r, NULL);
}

void api_stream_break(struct api_request *r, const char *reason)
{
	end(r, reason);
}
