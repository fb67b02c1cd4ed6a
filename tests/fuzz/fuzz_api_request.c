/* SPDX-License-Identifier: Apache-2.0 */
/* links: api */
/* Any bytes on a connection: answered with HTTP or closed, never left, and never more than that. */
#include <assert.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/api/api_gate.h"
#include "controller/api/api_http.h"
#include "controller/api/api_reply.h"
#include "controller/api/api_stream.h"
#include "controller/api/api_turn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 64 << 10, MAX_TURNS = 2000 };
enum { TEXT, EVENTS, REFUSE };

static const struct api_route routes[] = {
	{ "GET", "/v1/things/{name}", TEXT, API_READ },
	{ "POST", "/v1/things/{name}/{part}", TEXT, API_WRITE },
	{ "GET", "/v1/events", EVENTS, API_READ },
	{ "PUT", "/v1/refuse", REFUSE, API_READ },
};

static void say_events(struct api_request *r)
{
	if (api_stream_begin(r, API_STREAM_EVENTS))
		return;
	(void)api_stream_event(r, 1, "echo", r->last_event_id ? r->last_event_id : "");
	api_stream_end(r);
}

static void handle(struct api_request *r)
{
	const struct api_table table = { routes, sizeof(routes) / sizeof(routes[0]) };
	struct arena *arena CLEAN(arena) = arena_new();
	struct buf body CLEAN(buf) = BUF_INIT(LIMIT_API_BODY);
	struct error err = ERROR_INIT;
	struct api_match m;

	assert(r->method && r->target && r->body && r->body[r->n_body] == '\0');
	if (api_gate(&table, r, arena, &m))
		return;
	buf_add(&body, r->body, r->n_body);
	switch (m.route->id) {
	case TEXT:
		api_reply(r, 200, r->content_type ? r->content_type : "text/plain", &body);
		break;
	case EVENTS:
		say_events(r);
		break;
	default:
		(void)error_set(&err, ERR_CONFLICT, 0, "%.100s", r->body);
		api_reply_error(r, &err);
	}
}

/* Turns until the connection is closed; what came back is HTTP. */
static void serve(struct api *api, int client)
{
	struct api_request *r;
	struct api_stats s;
	char got[MAX_BYTES];
	ssize_t n;

	for (int i = 0;; i++) {
		assert(i < MAX_TURNS);
		api_turn(api, clock_mono());
		while ((r = api_take(api)))
			handle(r);
		api_stats(api, &s);
		if (s.n_open == 0)
			break;
	}
	n = recv(client, got, sizeof(got), MSG_DONTWAIT);
	assert(n <= 0 || (n > 12 && memcmp(got, "HTTP/1.", 7) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct api_peer peer = { 0 };
	struct api_options o = { .gid = API_LISTEN_NO_GROUP, .version = "fuzz" };
	struct api *api;
	int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int fds[2], e;

	if (size > MAX_BYTES)
		size = MAX_BYTES;
	o.bell = bell;
	e = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds);
	assert(bell >= 0 && e == 0);
	e = api_http_new(&o, &api, NULL);
	assert(e == 0);
	(void)send(fds[0], data, size, MSG_NOSIGNAL); /* it has room for all of it */
	(void)shutdown(fds[0], SHUT_WR);
	api_http_adopt(api, fds[1], &peer);
	serve(api, fds[0]);
	api_http_free(api);
	close(fds[0]);
	close(bell);
	return 0;
}
