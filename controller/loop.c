/* SPDX-License-Identifier: Apache-2.0 */
/* poll() on the bell and on a self-pipe that the signal handler writes to. */
#include "controller/loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"

struct loop {
	int bell;
	int signals[2]; /* self-pipe: read end, write end */
	int watched;    /* -1: none */
	bool stop, has_hup;
	struct sigaction old_int, old_term, old_pipe, old_hup;
};

/* What the handler needs; a handler gets no argument. */
static volatile int handler_fd = -1;
static volatile sig_atomic_t n_signals;

static void on_signal(int sig)
{
	int saved = errno;
	char byte = (char)sig;

	if (sig != SIGHUP && ++n_signals > 1)
		_exit(130);
	if (write(handler_fd, &byte, 1) < 0)
		errno = saved; /* a full pipe has said it already */
	errno = saved;
}

static void take_signals(struct loop *l)
{
	struct sigaction stop = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	n_signals = 0;
	handler_fd = l->signals[1];
	sigemptyset(&stop.sa_mask);
	(void)sigaction(SIGINT, &stop, &l->old_int);
	(void)sigaction(SIGTERM, &stop, &l->old_term);
	(void)sigaction(SIGPIPE, &ignore, &l->old_pipe);
}

int loop_new(struct loop **ret, struct error *err)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	int e;

	assert(handler_fd < 0);
	l->signals[0] = l->signals[1] = l->watched = -1;
	l->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->bell < 0 || pipe2(l->signals, O_CLOEXEC | O_NONBLOCK) < 0) {
		e = errno;
		if (l->bell >= 0)
			close(l->bell);
		free(l);
		return error_sys(err, e, "set up the event loop");
	}
	take_signals(l);
	*ret = l;
	return 0;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	(void)sigaction(SIGINT, &l->old_int, NULL);
	(void)sigaction(SIGTERM, &l->old_term, NULL);
	(void)sigaction(SIGPIPE, &l->old_pipe, NULL);
	if (l->has_hup)
		(void)sigaction(SIGHUP, &l->old_hup, NULL);
	handler_fd = -1;
	close(l->bell);
	close(l->signals[0]);
	close(l->signals[1]);
	free(l);
}

void loop_hangup(struct loop *l)
{
	struct sigaction told = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	assert(!l->has_hup);
	sigemptyset(&told.sa_mask);
	(void)sigaction(SIGHUP, &told, &l->old_hup);
	l->has_hup = true;
}

void loop_watch(struct loop *l, int fd)
{
	l->watched = fd;
}

int loop_bell(const struct loop *l)
{
	return l->bell;
}

static int timeout_ms(struct mono wake, struct mono now)
{
	int64_t ms;

	if (!wake.us)
		return -1;
	/* Up, so that a turn never comes just before its time and spins. */
	ms = (wake.us - now.us + CLOCK_MS - 1) / CLOCK_MS;
	if (ms < 0)
		return 0;
	return ms > 3600 * 1000 ? 3600 * 1000 : (int)ms;
}

static void drain(int fd)
{
	char bytes[64];

	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
}

/* Which signals came: each wrote its number. */
static unsigned take_signals_told(struct loop *l)
{
	unsigned causes = 0;
	char bytes[64];
	ssize_t n;

	while ((n = read(l->signals[0], bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (bytes[i] == SIGHUP)
				causes |= LOOP_HANGUP;
			else
				l->stop = true;
		}
	return causes;
}

unsigned loop_turn(struct loop *l, struct mono wake, struct mono *ret_now)
{
	/* poll() passes over a negative descriptor. */
	struct pollfd fds[] = { { l->bell, POLLIN, 0 },
				{ l->signals[0], POLLIN, 0 },
				{ l->watched, POLLIN, 0 } };
	unsigned causes = 0;
	int n = poll(fds, 3, timeout_ms(wake, clock_mono()));

	*ret_now = clock_mono();
	if (n > 0 && fds[0].revents) {
		drain(l->bell);
		causes |= LOOP_BELL;
	}
	if (n > 0 && fds[1].revents)
		causes |= take_signals_told(l);
	if (n > 0 && fds[2].revents)
		causes |= LOOP_FILES;
	if (wake.us && mono_cmp(*ret_now, wake) >= 0)
		causes |= LOOP_TIMER;
	return causes | (l->stop ? LOOP_STOP : 0);
}
