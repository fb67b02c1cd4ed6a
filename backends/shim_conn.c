/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output is written at once as far as the socket takes it; the rest waits for EPOLLOUT.
 * A broken connection stays an object until nobody refers to it; its socket is shut
 * down, which the loop sees as an end of input.
 */
#include "backends/shim_conn.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/shim_values.h"
#include "base/limits.h"

enum {
	UNSENT_WAIT = 1 << 20, /* a worker goes on once less than this is left */
	WAIT_S = 10,
	READ_CHUNK = 64 << 10,
};

struct shim_conn {
	atomic_uint refs;
	int fd, epoll;
	uint64_t key;
	/* the loop's */
	struct buf in;
	size_t n_used; /* bytes at the start of in that were handed out */
	/* everybody's */
	pthread_mutex_t lock;
	pthread_cond_t drained;
	struct buf out;
	bool broken, muted, wants_out;
};

struct shim_conn *shim_conn_new(int fd, int epoll, uint64_t key)
{
	struct shim_conn *c = xcalloc(1, sizeof(*c));
	struct epoll_event ev = { .events = EPOLLIN };
	pthread_condattr_t attr;

	atomic_init(&c->refs, 1);
	c->fd = fd;
	c->epoll = epoll;
	c->key = key;
	buf_init(&c->in, LIMIT_FRAME_BYTES + SHIM_FRAME_HEAD + READ_CHUNK);
	buf_init(&c->out, LIMIT_SHIM_UNSENT);
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->drained, &attr);
	pthread_condattr_destroy(&attr);
	ev.data.u64 = key;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		shim_conn_shut(c);
	return c;
}

struct shim_conn *shim_conn_ref(struct shim_conn *c)
{
	atomic_fetch_add(&c->refs, 1);
	return c;
}

void shim_conn_unref(struct shim_conn *c)
{
	if (!c || atomic_fetch_sub(&c->refs, 1) > 1)
		return;
	(void)epoll_ctl(c->epoll, EPOLL_CTL_DEL, c->fd, NULL);
	close(c->fd);
	buf_done(&c->in);
	buf_done(&c->out);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->drained);
	free(c);
}

/* --- with the lock ------------------------------------------------------------------- */

static void set_events(struct shim_conn *c)
{
	struct epoll_event ev = { .events = 0 };

	if (!c->muted)
		ev.events |= EPOLLIN;
	if (c->wants_out)
		ev.events |= EPOLLOUT;
	ev.data.u64 = c->key;
	(void)epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

static void break_off(struct shim_conn *c)
{
	c->broken = true;
	buf_clear(&c->out);
	(void)shutdown(c->fd, SHUT_RDWR);
	pthread_cond_broadcast(&c->drained);
}

static void write_some(struct shim_conn *c)
{
	size_t done = 0;

	while (done < c->out.n) {
		ssize_t n = send(c->fd, c->out.data + done, c->out.n - done,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			break_off(c);
			return;
		}
		if (n < 0)
			break;
		done += (size_t)n;
	}
	buf_drop(&c->out, done);
	if (c->out.n < UNSENT_WAIT)
		pthread_cond_broadcast(&c->drained);
	if (c->wants_out != (c->out.n > 0)) {
		c->wants_out = c->out.n > 0;
		set_events(c);
	}
}

static void wait_for_room(struct shim_conn *c)
{
	struct mono until = mono_add(clock_mono(), WAIT_S * CLOCK_SEC);
	struct timespec ts = { .tv_sec = until.us / CLOCK_SEC,
			       .tv_nsec = until.us % CLOCK_SEC * 1000 };

	while (!c->broken && c->out.n >= UNSENT_WAIT)
		if (pthread_cond_timedwait(&c->drained, &c->lock, &ts) == ETIMEDOUT)
			break_off(c);
}

/* --- output -------------------------------------------------------------------------- */

void shim_conn_send(struct shim_conn *c, uint64_t id, enum shim_frame_kind kind,
		    struct json_object *body, bool may_wait)
{
	struct buf frame CLEAN(buf) = BUF_INIT(LIMIT_FRAME_BYTES + SHIM_FRAME_HEAD);
	int r = shim_frame_encode_json(id, kind, body, &frame, NULL);

	pthread_mutex_lock(&c->lock);
	if (may_wait)
		wait_for_room(c);
	if (!c->broken) {
		buf_add(&c->out, frame.data, frame.n);
		/* A client that never reads, or an answer that cannot be sent whole. */
		if (r < 0 || c->out.overflow)
			break_off(c);
		else
			write_some(c);
	}
	pthread_mutex_unlock(&c->lock);
}

void shim_conn_answer(struct shim_conn *c, uint64_t id, int r, const struct error *e)
{
	struct json_object *body = json_object_new_object();

	json_put_i64(body, "r", r);
	if (r < 0)
		json_put_obj(body, "error", shim_values_error(e));
	shim_conn_send(c, id, SHIM_FRAME_RESULT, body, false);
}

void shim_conn_refuse(struct shim_conn *c, const struct error *e)
{
	shim_conn_answer(c, 0, -(int)e->code, e);
}

void shim_conn_flush(struct shim_conn *c)
{
	pthread_mutex_lock(&c->lock);
	if (!c->broken)
		write_some(c);
	pthread_mutex_unlock(&c->lock);
}

void shim_conn_mute(struct shim_conn *c, bool must)
{
	pthread_mutex_lock(&c->lock);
	c->muted = must;
	set_events(c);
	pthread_mutex_unlock(&c->lock);
}

bool shim_conn_is_sent(struct shim_conn *c)
{
	bool sent;

	pthread_mutex_lock(&c->lock);
	sent = c->broken || c->out.n == 0;
	pthread_mutex_unlock(&c->lock);
	return sent;
}

void shim_conn_shut(struct shim_conn *c)
{
	pthread_mutex_lock(&c->lock);
	if (!c->broken)
		break_off(c);
	pthread_mutex_unlock(&c->lock);
}

void shim_conn_leave(struct shim_conn *c)
{
	shim_conn_shut(c);
	(void)epoll_ctl(c->epoll, EPOLL_CTL_DEL, c->fd, NULL);
}

bool shim_conn_is_broken(struct shim_conn *c)
{
	bool broken;

	pthread_mutex_lock(&c->lock);
	broken = c->broken;
	pthread_mutex_unlock(&c->lock);
	return broken;
}

/* --- input --------------------------------------------------------------------------- */

int shim_conn_read(struct shim_conn *c)
{
	ssize_t n;

	buf_drop(&c->in, c->n_used);
	c->n_used = 0;
	/* Frames are taken out after each read, so there is always room for a chunk. */
	if (!buf_reserve(&c->in, READ_CHUNK))
		return SHIM_CONN_END;
	n = recv(c->fd, c->in.data + c->in.n, READ_CHUNK, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return SHIM_CONN_END;
	c->in.n += (size_t)n;
	c->in.data[c->in.n] = '\0';
	return 0;
}

int shim_conn_next(struct shim_conn *c, struct shim_frame *ret, struct error *err)
{
	size_t used = 0;
	int r = shim_frame_decode(c->in.data + c->n_used, c->in.n - c->n_used, ret, &used, err);

	if (r == 0)
		c->n_used += used;
	return r;
}
