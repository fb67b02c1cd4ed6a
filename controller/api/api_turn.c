/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One poll() for everything: libmicrohttpd's descriptors (its epoll), new clients, our own wake-up,
 * what happens to the socket's path, and the clients that wait for an answer, which libmicrohttpd
 * does not look at meanwhile. What limits connections, looks at the clock and notices who has left
 * is here.
 */
#include "controller/api/api_turn.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "controller/api/api_home.h"
#include "controller/api/api_http.h"
#include "controller/api/api_mhd.h"

#define ACCEPT_PAUSE_US (100 * CLOCK_MS) /* when there are no descriptors left */

static bool has_room(struct api *api)
{
	bool has;

	pthread_mutex_lock(&api->lock);
	has = api->n_conns < API_MAX_CONNS;
	pthread_mutex_unlock(&api->lock);
	return has;
}

static void accept_all(struct api *api, struct mono now)
{
	struct api_peer peer;
	int fd, r = 0;

	while (r == 0 && has_room(api)) {
		r = api_listen_accept(&api->listen, &fd, &peer);
		if (r == 0)
			api_http_adopt(api, fd, &peer);
		else if (r == API_LISTEN_FULL)
			api->accept_after = mono_add(now, ACCEPT_PAUSE_US);
	}
}

enum { FD_WAKE, FD_HTTP, FD_LISTEN, FD_HOME, N_OWN };

/* What one turn waits for: our own four, and clients that leave. */
struct turn {
	struct pollfd fds[N_OWN + API_MAX_CONNS];
	struct api_conn *watched[API_MAX_CONNS]; /* by fds[N_OWN + i] */
	nfds_t n_watched;
	struct mono wake; /* 0: no end */
	bool is_due;      /* something was resumed: MHD_get_timeout() does not know that */
};

static void sooner(struct mono *wake, struct mono t)
{
	if (t.us && (!wake->us || mono_cmp(t, *wake) < 0))
		*wake = t;
}

/*
 * POLLHUP comes unasked. A client that only says no more is done with its request, and waits like
 * any other; before it is whole that is the end of it.
 */
static void watch(struct api_conn *c, struct turn *t)
{
	if (c->is_gone || (!c->is_suspended && c->stage != API_READING))
		return;
	t->watched[t->n_watched] = c;
	t->fds[N_OWN + t->n_watched++] =
		(struct pollfd){ .fd = c->fd, .events = c->is_suspended ? 0 : POLLRDHUP };
}

/* Those with news go on. The lock is held. */
static void visit(struct api_conn *c, struct turn *t)
{
	bool is_touched = c->is_touched;

	if (!c->mhd)
		return;
	c->is_touched = false;
	if (is_touched && c->stage == API_ENDED && !c->deadline.us)
		api_conn_set_deadline(c);
	if (c->is_suspended && is_touched) {
		c->is_suspended = false;
		libmicrohttpd.resume_connection(c->mhd);
		t->is_due = true;
	}
	watch(c, t);
	sooner(&t->wake, c->deadline);
}

static void prepare(struct api *api, struct mono now, struct turn *t)
{
	bool may_accept = mono_cmp(now, api->accept_after) >= 0;
	MHD_UNSIGNED_LONG_LONG ms;

	t->n_watched = 0;
	t->is_due = false;
	pthread_mutex_lock(&api->lock);
	for (struct api_conn *c = api->conns; c; c = c->next)
		visit(c, t);
	pthread_mutex_unlock(&api->lock);
	if (!may_accept)
		sooner(&t->wake, api->accept_after);
	if (libmicrohttpd.get_timeout(api->mhd, &ms) == MHD_YES)
		sooner(&t->wake, mono_add(now, (int64_t)ms * CLOCK_MS));
	t->fds[FD_WAKE] = (struct pollfd){ .fd = api->wake, .events = POLLIN };
	t->fds[FD_HTTP] = (struct pollfd){ .fd = api->epoll, .events = POLLIN };
	t->fds[FD_LISTEN] =
		(struct pollfd){ .fd = may_accept && has_room(api) ? api->listen.fd : -1,
				 .events = POLLIN };
	t->fds[FD_HOME] =
		(struct pollfd){ .fd = api->watch ? watch_fd(api->watch) : -1, .events = POLLIN };
}

/* libmicrohttpd does not see an end that came together with the bytes before it. */
static void end_reading(struct api_conn *c)
{
	int left = 0;

	if (ioctl(c->fd, FIONREAD, &left) == 0 && left == 0)
		(void)shutdown(c->fd, SHUT_RDWR);
}

static void notice_gone(struct api *api, const struct turn *t)
{
	bool any = false;

	pthread_mutex_lock(&api->lock);
	for (nfds_t i = 0; i < t->n_watched; i++) {
		struct api_conn *c = t->watched[i];
		const short seen = t->fds[N_OWN + i].revents;

		if (seen && !c->is_suspended) {
			end_reading(c);
		} else if (seen & (POLLHUP | POLLERR)) {
			c->is_gone = true;
			api->stats.n_gone++;
			any = true;
		}
	}
	pthread_mutex_unlock(&api->lock);
	if (any)
		api_conn_ring(api);
}

/* A connection that is shut down is closed by libmicrohttpd in the same turn. */
static void drop_late(struct api *api, struct mono now)
{
	pthread_mutex_lock(&api->lock);
	for (struct api_conn *c = api->conns; c; c = c->next) {
		if (!c->mhd || !c->deadline.us || mono_cmp(now, c->deadline) < 0)
			continue;
		c->deadline = (struct mono){ 0 };
		api->stats.n_too_late++;
		(void)shutdown(c->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&api->lock);
}

static int timeout_ms(struct mono wake, struct mono now)
{
	int64_t ms;

	if (!wake.us)
		return -1;
	ms = (wake.us - now.us + CLOCK_MS - 1) / CLOCK_MS;
	return ms < 0 ? 0 : ms > 3600 * 1000 ? 3600 * 1000 : (int)ms;
}

void api_turn(struct api *api, struct mono until)
{
	struct turn t;
	struct mono now = clock_mono();
	uint64_t unused;

	t.wake = until;
	prepare(api, now, &t);
	if (poll(t.fds, N_OWN + t.n_watched, t.is_due ? 0 : timeout_ms(t.wake, now)) < 0)
		return; /* a signal; the next turn asks again */
	now = clock_mono();
	if (t.fds[FD_WAKE].revents && read(api->wake, &unused, sizeof(unused)) < 0)
		return; /* somebody else cannot have read it */
	notice_gone(api, &t);
	drop_late(api, now);
	if (t.fds[FD_LISTEN].revents)
		accept_all(api, now);
	if (t.fds[FD_HOME].revents)
		api_home_turn(api);
	(void)libmicrohttpd.run(api->mhd); /* fails for a daemon of another kind only */
}
