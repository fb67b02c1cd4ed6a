/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One turn: what came is carried out, children are waited for, what is due is answered, all that is
 * to be said is written, who is gone is let go. SIGCHLD, SIGTERM and SIGINT come as data.
 */
#include "backends/hcs_sim/host/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/hcs_sim/host/calls.h"
#include "backends/hcs_sim/host/clients.h"
#include "backends/hcs_sim/host/compute.h"
#include "backends/hcs_sim/host/lifecycle.h"
#include "backends/hcs_sim/place.h"
#include "base/arena.h"
#include "base/clock.h"

enum { LINGER_MS = 300 }; /* with nobody there: a program that comes back right away finds it */

enum { SLOT_LISTENER, SLOT_SIGNALS, N_FIXED_SLOTS };

struct server {
	struct host *host;
	int listener, signals;
	struct pollfd *polled;
	int64_t idle_since_us; /* 0: somebody is there */
};

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void read_signals(struct server *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			s->host->leaving = true;
}

static void reap(struct server *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		compute_reaped(s->host->compute, pid, status);
}

static void accept_clients(struct server *s)
{
	int fd;

	while ((fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		clients_accept(s->host, fd);
}

/* --- one turn --------------------------------------------------------------------------- */

static nfds_t fill(struct server *s)
{
	nfds_t n = N_FIXED_SLOTS;

	for (const struct client *c = s->host->clients; c; c = c->next)
		n++;
	s->polled = xrealloc(s->polled, n, sizeof(*s->polled));
	s->polled[SLOT_LISTENER] = (struct pollfd){ s->listener, POLLIN, 0 };
	s->polled[SLOT_SIGNALS] = (struct pollfd){ s->signals, POLLIN, 0 };
	n = N_FIXED_SLOTS;
	for (const struct client *c = s->host->clients; c; c = c->next)
		s->polled[n++] =
			(struct pollfd){ c->fd, (short)(POLLIN | (c->out.n ? POLLOUT : 0)), 0 };
	return n;
}

static int timeout_ms(const struct server *s)
{
	int64_t now = clock_mono().us;
	int64_t due = calls_due(s->host->calls, now);

	if (s->idle_since_us && s->idle_since_us + LINGER_MS * CLOCK_MS < due)
		due = s->idle_since_us + LINGER_MS * CLOCK_MS;
	if (due == INT64_MAX)
		return -1;
	return due <= now ? 0 : (int)((due - now) / CLOCK_MS) + 1;
}

static void read_clients(struct server *s)
{
	size_t slot = N_FIXED_SLOTS;

	/* New ones are put in front, behind the back of this walk: they have no slot yet. */
	for (struct client *c = s->host->clients; c; c = c->next)
		if (s->polled[slot++].revents & (POLLIN | POLLHUP | POLLERR))
			clients_readable(c);
}

static void turn(struct server *s)
{
	nfds_t n = fill(s);

	if (poll(s->polled, n, timeout_ms(s)) < 0)
		return; /* interrupted */
	read_clients(s);
	if (s->polled[SLOT_LISTENER].revents)
		accept_clients(s);
	read_signals(s);
	reap(s);
	calls_turn(s->host->calls, clock_mono().us);
	for (struct client *c = s->host->clients; c; c = c->next)
		clients_flush(c);
	clients_sweep(s->host);
}

/* Nobody can find the keeper any more; true when nobody has in the last moment. */
static bool hide(struct server *s)
{
	(void)unlinkat(s->host->dirfd, "socket", 0);
	accept_clients(s); /* who had found the socket is in its queue */
	if (!s->host->clients)
		return true;
	close(s->listener);
	s->listener = -1;
	/* Without a socket it serves those who are there, and leaves after them. */
	(void)place_listen(s->host->dirfd, &s->listener, NULL);
	return false;
}

static bool is_time_to_leave(struct server *s)
{
	if (!lifecycle_is_idle(s->host)) {
		s->idle_since_us = 0;
		return false;
	}
	if (s->idle_since_us == 0)
		s->idle_since_us = clock_mono().us;
	return clock_mono().us >= s->idle_since_us + LINGER_MS * CLOCK_MS && hide(s);
}

void server_run(struct host *h, int listener)
{
	struct server s = { .host = h, .listener = listener, .signals = open_signals() };

	while (!h->leaving && !is_time_to_leave(&s))
		turn(&s);
	(void)unlinkat(h->dirfd, "socket", 0);
	if (s.listener >= 0)
		close(s.listener);
	close(s.signals);
	free(s.polled);
}
