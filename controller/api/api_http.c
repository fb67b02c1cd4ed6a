/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd's callbacks, and its beginning and end. It runs without threads of its own, under
 * the poll() of api_turn.c.
 *
 * A body that will be refused is read on for a while: who sends one reads our answer only
 * afterwards, and a connection closed before would take it along.
 */
#include "controller/api/api_http.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/limits.h"
#include "controller/api/api_mhd.h"
#include "controller/api/api_problem.h"

enum {
	STREAM_BLOCK = 16 << 10, /* what is written at once; comes out of LIMIT_API_HEAD */
	MAX_DROPPED = 4 * LIMIT_API_BODY,
};

/* ------------------------------------------------------------------ reading a request -- */

/* @uri is as sent; what libmicrohttpd makes of it (decoded in place) is of no use to us. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		libmicrohttpd.get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct api_conn *c = info->socket_context;

	(void)cls;
	free((char *)c->req.target);
	c->req.target = xstrdup(uri);
	return c;
}

static char *copy_header(const struct api_conn *c, const char *name)
{
	return xstrdup(libmicrohttpd.lookup_connection_value(c->mhd, MHD_HEADER_KIND, name));
}

static size_t body_limit(const struct api_conn *c)
{
	return api_may(&c->req, API_WRITE) ? LIMIT_API_BODY : LIMIT_API_READER_BODY;
}

static void begin(struct api_conn *c, const char *method)
{
	c->has_begun = true;
	c->req.method = xstrdup(method);
	c->req.content_type = copy_header(c, MHD_HTTP_HEADER_CONTENT_TYPE);
	c->req.last_event_id = copy_header(c, "Last-Event-ID");
	c->req.client_version = copy_header(c, "Tallyman-Version");
	buf_init(&c->body, body_limit(c));
	if (c->is_extra)
		c->refusal = MHD_HTTP_SERVICE_UNAVAILABLE;
}

static bool take_body(struct api_conn *c, const char *p, size_t n)
{
	if (!c->refusal) {
		buf_add(&c->body, p, n);
		if (!c->body.overflow)
			return true;
		c->refusal = MHD_HTTP_CONTENT_TOO_LARGE;
		buf_done(&c->body);
	}
	c->n_dropped += n;
	return c->n_dropped <= MAX_DROPPED;
}

/* Whole: from here on it waits for the loop. False when nobody will answer any more. */
static bool ask(struct api_conn *c)
{
	struct api *api = c->api;
	bool is_stopping;

	c->req.body = c->body.data;
	c->req.n_body = c->body.n;
	pthread_mutex_lock(&api->lock);
	is_stopping = api->is_stopping;
	if (!is_stopping) {
		libmicrohttpd.suspend_connection(c->mhd);
		c->is_suspended = true;
		c->deadline = (struct mono){ 0 };
		c->stage = API_ASKED;
		c->is_held = true;
		*api->posted_end = c;
		api->posted_end = &c->next_posted;
		api->stats.n_requests++;
		api_conn_ring(api);
	}
	pthread_mutex_unlock(&api->lock);
	return !is_stopping;
}

/* ------------------------------------------------------------------ writing the answer -- */

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	/* Refused for what is no header; then the answer is fine without it. */
	if (value && *value)
		(void)libmicrohttpd.add_response_header(response, name, value);
}

static enum MHD_Result queue(struct api_conn *c, unsigned status, struct MHD_Response *response)
{
	enum MHD_Result r;

	if (!response)
		return MHD_NO;
	add_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	add_header(response, "Tallyman-Version", c->api->opt.version);
	r = libmicrohttpd.queue_response(c->mhd, status, response);
	libmicrohttpd.destroy_response(response);
	return r;
}

static struct MHD_Response *make_refusal(bool is_busy)
{
	enum { MAX_PROBLEM = 4096 };
	struct error err = ERROR_INIT;
	struct buf text CLEAN(buf) = BUF_INIT(MAX_PROBLEM);
	struct json_object *doc CLEAN(json) = NULL;
	size_t n;

	if (is_busy) {
		(void)error_set(&err, ERR_UNAVAILABLE, 0, "the daemon is busy, or is stopping");
		error_hint(&err, "try again in a moment");
	} else {
		(void)error_set(&err, ERR_LIMIT, 0, "the request is too large");
	}
	doc = api_problem_document(&err);
	json_canonical(doc, &text);
	n = text.n;
	return libmicrohttpd.create_response_from_buffer_with_free_callback(n, buf_take(&text),
									    free);
}

/* Our own no, which costs the loop nothing. */
static enum MHD_Result refuse(struct api_conn *c)
{
	const bool is_busy = c->refusal == MHD_HTTP_SERVICE_UNAVAILABLE;
	struct MHD_Response *response = make_refusal(is_busy);

	if (response)
		add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	if (response && is_busy)
		add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	if (is_busy) {
		pthread_mutex_lock(&c->api->lock);
		c->api->stats.n_refused++;
		pthread_mutex_unlock(&c->api->lock);
	}
	api_conn_set_deadline(c);
	return queue(c, c->refusal, response);
}

/* The lock is held. A client that has read makes room for whoever waits for it. */
static void tell_room(struct api_conn *c)
{
	if (!c->wants_room || c->answer.bytes.n > LIMIT_API_STREAM_BYTES / 2)
		return;
	c->wants_room = false;
	api_conn_ring(c->api);
}

static ssize_t read_stream(void *cls, uint64_t pos, char *to, size_t max)
{
	struct api_conn *c = cls;
	struct buf *b = &c->answer.bytes;
	ssize_t n;

	(void)pos;
	pthread_mutex_lock(&c->api->lock);
	n = (ssize_t)(b->n < max ? b->n : max);
	if (n > 0) {
		memcpy(to, b->data, (size_t)n);
		buf_drop(b, (size_t)n);
		tell_room(c);
	} else if (c->stage == API_ENDED) {
		n = c->is_broken ? MHD_CONTENT_READER_END_WITH_ERROR
				 : MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		libmicrohttpd.suspend_connection(c->mhd);
		c->is_suspended = true;
	}
	pthread_mutex_unlock(&c->api->lock);
	return n;
}

static struct MHD_Response *make_response(struct api_conn *c)
{
	struct api_answer *a = &c->answer;
	struct MHD_Response *response;
	size_t n = a->bytes.n;

	if (c->is_stream)
		response = libmicrohttpd.create_response_from_callback(
			MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, c, NULL);
	else
		response = libmicrohttpd.create_response_from_buffer_with_free_callback(
			n, buf_take(&a->bytes), free);
	if (!response)
		return NULL;
	add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
	for (unsigned i = 0; i < a->n_headers; i++)
		add_header(response, a->headers[i].name, a->headers[i].value);
	return response;
}

static enum MHD_Result answer(struct api_conn *c)
{
	struct MHD_Response *response = NULL;
	enum api_stage stage;
	unsigned status;

	pthread_mutex_lock(&c->api->lock);
	stage = c->stage;
	status = c->answer.status;
	if (stage >= API_ANSWERED)
		response = make_response(c);
	pthread_mutex_unlock(&c->api->lock);
	if (stage != API_STREAMING)
		api_conn_set_deadline(c);
	return queue(c, status, response);
}

/* The signature is libmicrohttpd's. */
#define ON_REQUEST(name)                                                                           \
	static enum MHD_Result name(void *cls, struct MHD_Connection *mhd, const char *url,        \
				    const char *method, const char *version, const char *data,     \
				    size_t *n_data, void **context)

/* Called when the head is read, for each piece of the body, at its end, and when we resume. */
ON_REQUEST(on_request)
{
	struct api_conn *c = *context;
	bool goes_on;

	(void)cls, (void)mhd, (void)url, (void)version;
	if (!c->has_begun) {
		begin(c, method);
		/* A client that asks first need not send what will be refused. */
		if (c->refusal &&
		    libmicrohttpd.lookup_connection_value(c->mhd, MHD_HEADER_KIND, "Expect"))
			return refuse(c);
		return MHD_YES;
	}
	if (*n_data) {
		goes_on = take_body(c, data, *n_data);
		*n_data = 0;
		return goes_on ? MHD_YES : MHD_NO;
	}
	if (c->refusal)
		return refuse(c);
	if (c->stage > API_READING) /* only we move it on from there */
		return answer(c);
	if (ask(c))
		return MHD_YES;
	c->refusal = MHD_HTTP_SERVICE_UNAVAILABLE;
	return refuse(c);
}

/* ------------------------------------------------------------------------- connections -- */

static void on_closed(struct api_conn *c)
{
	struct api *api = c->api;
	bool is_held;

	pthread_mutex_lock(&api->lock);
	is_held = c->is_held;
	api->stats.n_gone += is_held && !c->is_gone;
	c->mhd = NULL;
	c->is_gone = true;
	if (!is_held)
		api_conn_forget(c);
	pthread_mutex_unlock(&api->lock);
	if (is_held)
		api_conn_ring(api);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct api *api = cls;
	struct api_conn *c = *context;

	switch (what) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		*context = api->adding;
		pthread_mutex_lock(&api->lock);
		api->adding->mhd = mhd;
		pthread_mutex_unlock(&api->lock);
		api->adding = NULL;
		break;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		on_closed(c);
		break;
	}
}

void api_http_adopt(struct api *api, int fd, const struct api_peer *peer)
{
	struct api_conn *c = xcalloc(1, sizeof(*c));
	struct sockaddr addr = { .sa_family = AF_UNIX };

	c->api = api;
	c->fd = fd;
	c->req.peer = *peer;
	c->req.body = "";
	buf_init(&c->body, 0);
	buf_init(&c->answer.bytes, API_MAX_STREAM);
	api_conn_set_deadline(c);
	pthread_mutex_lock(&api->lock);
	c->is_extra = api->n_served >= LIMIT_API_CONNECTIONS;
	api->n_served += !c->is_extra;
	api->n_conns++;
	api->stats.n_accepted++;
	c->next = api->conns;
	api->conns = c;
	pthread_mutex_unlock(&api->lock);
	api->adding = c;
	if (libmicrohttpd.add_connection(api->mhd, fd, &addr, sizeof(addr)) == MHD_YES ||
	    !api->adding)
		return;
	api->adding = NULL;
	pthread_mutex_lock(&api->lock);
	api_conn_forget(c);
	pthread_mutex_unlock(&api->lock);
}

/* ------------------------------------------------------------------------ begin and end -- */

static struct MHD_Daemon *start_daemon(struct api *api)
{
	const unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			       MHD_USE_SUPPRESS_DATE_NO_CLOCK;

	return libmicrohttpd.start_daemon(
		flags, 0, NULL, NULL, on_request, api, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
		api, MHD_OPTION_URI_LOG_CALLBACK, on_uri, api, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)LIMIT_API_HEAD, MHD_OPTION_CONNECTION_LIMIT, (unsigned)API_MAX_CONNS + 1,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

int api_http_new(const struct api_options *o, struct api **ret, struct error *err)
{
	const union MHD_DaemonInfo *info;
	struct api *api;
	int r = api_mhd_load(err);

	if (r < 0)
		return r;
	api = xcalloc(1, sizeof(*api));
	api->opt = *o;
	api->own = geteuid();
	api->listen = API_LISTEN_INIT;
	api->posted_end = &api->posted;
	pthread_mutex_init(&api->lock, NULL);
	if (!api->opt.patience_us)
		api->opt.patience_us = 10 * CLOCK_SEC;
	api->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	api->mhd = api->wake < 0 ? NULL : start_daemon(api);
	info = api->mhd ? libmicrohttpd.get_daemon_info(api->mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		api_http_free(api);
		return error_set(err, ERR_UNAVAILABLE, 0, "cannot start the API's HTTP server");
	}
	api->epoll = info->epoll_fd;
	*ret = api;
	return 0;
}

/* libmicrohttpd wants none suspended when it stops; then it closes all. */
static void resume_all(struct api *api)
{
	for (struct api_conn *c = api->conns; c; c = c->next) {
		c->is_held = false;
		if (!c->mhd || !c->is_suspended)
			continue;
		c->is_suspended = false;
		(void)shutdown(c->fd, SHUT_RDWR);
		libmicrohttpd.resume_connection(c->mhd);
	}
}

void api_http_free(struct api *api)
{
	if (!api)
		return;
	resume_all(api);
	if (api->mhd) {
		(void)libmicrohttpd.run(api->mhd); /* resumed they are from here on */
		libmicrohttpd.stop_daemon(api->mhd);
	}
	while (api->conns)
		api_conn_forget(api->conns); /* closed long ago, and never given back */
	api_listen_close(&api->listen);
	watch_free(api->watch);
	if (api->wake >= 0)
		close(api->wake);
	pthread_mutex_destroy(&api->lock);
	free(api);
}
