/* SPDX-License-Identifier: Apache-2.0 */
/* The thread and the queue. What happens on a connection is in api_http.c, when in api_turn.c. */
#include "controller/api/api_server.h"

#include <signal.h>

#include "base/limits.h"
#include "controller/api/api_home.h"
#include "controller/api/api_http.h"
#include "controller/api/api_reply.h"
#include "controller/api/api_stream.h"
#include "controller/api/api_turn.h"

#define FAREWELL_US CLOCK_SEC /* for clients to read their last answer */

static bool is_stopping(struct api *api)
{
	bool is;

	pthread_mutex_lock(&api->lock);
	is = api->is_stopping;
	pthread_mutex_unlock(&api->lock);
	return is;
}

static bool has_clients(struct api *api)
{
	bool has;

	pthread_mutex_lock(&api->lock);
	has = api->conns != NULL;
	pthread_mutex_unlock(&api->lock);
	return has;
}

static void *serve(void *arg)
{
	struct api *api = arg;
	struct mono end;

	while (!is_stopping(api))
		api_turn(api, (struct mono){ 0 });
	api_listen_close(&api->listen);
	end = mono_add(clock_mono(), FAREWELL_US);
	while (has_clients(api) && mono_cmp(clock_mono(), end) < 0)
		api_turn(api, end);
	return NULL;
}

static int start_thread(struct api *api, struct error *err)
{
	sigset_t all, before;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(&api->thread, NULL, serve, api);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return e ? error_sys(err, e, "start the API's thread") : 0;
}

int api_open(const struct api_options *o, struct api **ret, struct error *err)
{
	struct api *api;
	int r = api_http_new(o, &api, err);

	if (r < 0)
		return r;
	r = api_home_open(api, err);
	if (r == 0)
		r = start_thread(api, err);
	if (r < 0) {
		api_http_free(api);
		return r;
	}
	*ret = api;
	return 0;
}

/* One that the loop has, or had not even taken; NULL: none is left. */
static struct api_conn *find_held(struct api *api)
{
	struct api_conn *c;

	pthread_mutex_lock(&api->lock);
	for (c = api->conns; c && !c->is_held; c = c->next)
		;
	pthread_mutex_unlock(&api->lock);
	return c;
}

/* What becomes whole from here on is refused by the thread itself. */
static void answer_held(struct api *api)
{
	struct error err = ERROR_INIT;
	struct api_conn *c;

	(void)error_set(&err, ERR_CANCELED, 0, "the daemon is stopping");
	error_hint(&err, "try again when it is back");
	while ((c = find_held(api))) {
		if (c->is_stream)
			api_stream_break(&c->req, "shutdown");
		else
			api_reply_error(&c->req, &err);
	}
}

void api_close(struct api *api)
{
	if (!api)
		return;
	pthread_mutex_lock(&api->lock);
	api->is_stopping = true;
	pthread_mutex_unlock(&api->lock);
	answer_held(api);
	api_conn_wake(api);
	pthread_join(api->thread, NULL);
	api_http_free(api);
}

struct api_request *api_take(struct api *api)
{
	struct api_conn *c;

	pthread_mutex_lock(&api->lock);
	c = api->posted;
	if (c) {
		api->posted = c->next_posted;
		if (!api->posted)
			api->posted_end = &api->posted;
	}
	pthread_mutex_unlock(&api->lock);
	return c ? &c->req : NULL;
}

bool api_is_gone(const struct api_request *r)
{
	const struct api_conn *c = api_conn_of(r);
	bool is_gone;

	pthread_mutex_lock(&c->api->lock);
	is_gone = c->is_gone;
	pthread_mutex_unlock(&c->api->lock);
	return is_gone;
}

bool api_may(const struct api_request *r, enum api_right right)
{
	return api_peer_may(&r->peer, api_conn_of(r)->api->own, right);
}

void api_stats(struct api *api, struct api_stats *ret)
{
	pthread_mutex_lock(&api->lock);
	*ret = api->stats;
	ret->n_open = ret->n_streams = 0;
	for (const struct api_conn *c = api->conns; c; c = c->next) {
		ret->n_open += c->mhd != NULL;
		ret->n_streams += c->is_stream;
	}
	pthread_mutex_unlock(&api->lock);
}
