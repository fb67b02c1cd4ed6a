/* SPDX-License-Identifier: Apache-2.0 */
/* The loop is the real one; its handlers are a few lines each. */
#include "tests/support/api_world.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/limits.h"
#include "controller/api/api_gate.h"
#include "controller/api/api_reply.h"
#include "controller/api/api_stream.h"

enum { BIG = 1 << 20 };

static void reply_text(struct api_request *r, unsigned status, const char *p, size_t n)
{
	struct buf body CLEAN(buf) = BUF_INIT(LIMIT_API_BODY);

	buf_add(&body, p, n);
	api_reply(r, status, "text/plain", &body);
}

static void reply_big(struct api_request *r)
{
	char *text CLEAN(free) = xcalloc(1, BIG);

	memset(text, 'x', BIG);
	reply_text(r, 200, text, BIG);
}

static void hold(struct api_world *w, struct api_request *r)
{
	pthread_mutex_lock(&w->lock);
	assert_true(w->n_held < API_WORLD_MAX_HELD);
	w->held[w->n_held++] = r;
	pthread_mutex_unlock(&w->lock);
}

static void stream(struct api_world *w, struct api_request *r, const char *type)
{
	if (api_stream_begin(r, type) == 0)
		hold(w, r);
}

static void say_three(struct api_request *r)
{
	const uint64_t from = r->last_event_id ? 10 : 0;

	if (api_stream_begin(r, API_STREAM_EVENTS))
		return;
	for (uint64_t i = 1; i <= 3; i++)
		(void)api_stream_event(r, from + i, "step", "a\nb"); /* whoever reads it or not */
	api_stream_end(r);
}

static void refuse(struct api_request *r)
{
	struct error err = ERROR_INIT;

	(void)error_set(&err, ERR_CONFLICT, 0, "the world moved");
	error_hint(&err, "look again");
	api_reply_error(r, &err);
}

/* Behind the gate: one may be looked at, one changes something. */
static void pass_gate(struct api_request *r)
{
	static const struct api_route routes[] = {
		{ "GET", "/v1/things/{name}", 1, API_READ },
		{ "POST", "/v1/things/{name}", 2, API_WRITE },
	};
	const struct api_table table = { routes, 2 };
	struct arena *arena CLEAN(arena) = arena_new();
	struct api_match m;
	const char *name;

	if (api_gate(&table, r, arena, &m))
		return;
	name = api_route_param(&m, "name");
	reply_text(r, 200, name, strlen(name));
}

static void handle(struct api_world *w, struct api_request *r)
{
	const char *t = r->target;

	if (strncmp(t, "/v1/", 4) == 0)
		pass_gate(r);
	else if (strcmp(t, "/hello") == 0)
		reply_text(r, 200, "hello\n", 6);
	else if (strcmp(t, "/echo") == 0)
		reply_text(r, 200, r->body, r->n_body);
	else if (strcmp(t, "/big") == 0)
		reply_big(r);
	else if (strcmp(t, "/hold") == 0)
		hold(w, r);
	else if (strcmp(t, "/stream") == 0)
		stream(w, r, API_STREAM_EVENTS);
	else if (strcmp(t, "/text") == 0)
		stream(w, r, "text/plain");
	else if (strcmp(t, "/three") == 0)
		say_three(r);
	else if (strcmp(t, "/refuse") == 0)
		refuse(r);
	else
		reply_text(r, 404, "?\n", 2);
}

static bool end_turn(struct api_world *w)
{
	bool stop;

	pthread_mutex_lock(&w->lock);
	stop = w->stop;
	w->n_turns++;
	pthread_cond_broadcast(&w->turned);
	pthread_mutex_unlock(&w->lock);
	return !stop;
}

static void *run(void *arg)
{
	struct api_world *w = arg;
	struct api_request *r;
	struct mono now;

	do {
		(void)loop_turn(w->loop, (struct mono){ 0 }, &now);
		while ((r = api_take(w->api)))
			handle(w, r);
	} while (end_turn(w));
	return NULL;
}

void api_world_open(struct api_world *w, int64_t patience_us)
{
	struct api_options o = { .gid = API_LISTEN_NO_GROUP,
				 .version = "1.2.3",
				 .patience_us = patience_us };
	struct error err = ERROR_INIT;

	*w = (struct api_world){ 0 };
	snprintf(w->dir, sizeof(w->dir), "/tmp/api-world-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/api.sock", w->dir);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->turned, NULL);
	assert_int_equal(loop_new(&w->loop, &err), 0);
	o.path = w->path;
	o.bell = loop_bell(w->loop);
	assert_int_equal(api_open(&o, &w->api, &err), 0);
	assert_int_equal(pthread_create(&w->thread, NULL, run, w), 0);
}

void api_world_close(struct api_world *w)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_mutex_unlock(&w->lock);
	assert_true(write(loop_bell(w->loop), &one, sizeof(one)) > 0);
	pthread_join(w->thread, NULL);
	api_close(w->api);
	loop_free(w->loop);
	assert_int_equal(fs_exists(AT_FDCWD, w->path, NULL), 0); /* its socket went with it */
	assert_int_equal(fs_remove_tree(AT_FDCWD, w->dir, NULL), 0);
	pthread_cond_destroy(&w->turned);
	pthread_mutex_destroy(&w->lock);
}

void api_world_wait(struct api_world *w, bool (*is)(struct api_world *w, void *arg), void *arg)
{
	for (unsigned seen = 0;;) {
		if (is(w, arg))
			return;
		pthread_mutex_lock(&w->lock);
		while (seen == w->n_turns)
			pthread_cond_wait(&w->turned, &w->lock);
		seen = w->n_turns;
		pthread_mutex_unlock(&w->lock);
	}
}

unsigned api_world_n_held(struct api_world *w)
{
	unsigned n;

	pthread_mutex_lock(&w->lock);
	n = w->n_held;
	pthread_mutex_unlock(&w->lock);
	return n;
}

static bool holds(struct api_world *w, void *arg)
{
	return api_world_n_held(w) >= *(unsigned *)arg;
}

struct api_request *api_world_wait_held(struct api_world *w, unsigned n)
{
	struct api_request *r;

	api_world_wait(w, holds, &n);
	pthread_mutex_lock(&w->lock);
	r = w->held[n - 1];
	pthread_mutex_unlock(&w->lock);
	return r;
}

struct api_stats api_world_stats(struct api_world *w)
{
	struct api_stats s;

	api_stats(w->api, &s);
	return s;
}

int api_world_connect(const struct api_world *w)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", w->path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

bool api_world_send(int fd, const void *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = send(fd, (const char *)p + done, n - done, MSG_NOSIGNAL);

		if (r < 0)
			return false;
		done += (size_t)r;
	}
	return true;
}

bool api_world_read(int fd, struct buf *ret, const char *until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char piece[16 << 10];
	ssize_t n;

	for (;;) {
		if (until && strstr(ret->data, until))
			return true;
		if (poll(&p, 1, 30 * 1000) != 1)
			return false;
		n = recv(fd, piece, sizeof(piece), 0);
		if (n <= 0)
			return !until;
		buf_add(ret, piece, (size_t)n);
	}
}

void api_world_call(const struct api_world *w, const char *request, struct buf *ret)
{
	int fd CLEAN(fd) = api_world_connect(w);

	(void)api_world_send(fd, request, strlen(request)); /* it may answer before it has all */
	assert_true(api_world_read(fd, ret, NULL));
}

void api_world_get(const struct api_world *w, const char *target, struct buf *ret)
{
	struct buf request CLEAN(buf) = BUF_INIT(1 << 20);

	buf_printf(&request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
	api_world_call(w, request.data, ret);
}
