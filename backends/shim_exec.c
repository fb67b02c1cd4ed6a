/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The carrier thread owns an exec from start to result; the runner thread only calls the
 * runtime and says when it is back. Between the loop and the carrier: input, acks and
 * flags under one lock, and an eventfd to wake the carrier's poll.
 */
#include "backends/shim_exec.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backends/shim_call.h"
#include "backends/shim_exec_streams.h"
#include "backends/shim_values.h"
#include "base/base64.h"
#include "base/limits.h"

struct exec {
	struct exec *next;
	struct shim_execs *all;
	struct shim_conn *conn;
	uint64_t id;
	struct arena *a;
	struct runtime_exec x;
	struct shim_exec_streams streams;
	int wake;
	/* under the lock */
	volatile bool cancel;
	struct buf input; /* not yet given to the program */
	bool input_ended;
	size_t n_unacked; /* output on its way to the client */
	bool done;
	int r, code;
	struct error err;
};

struct shim_execs {
	struct runtime *rt;
	int wake_fd;
	pthread_mutex_t lock;
	pthread_cond_t none;
	struct exec *first;
	unsigned n;
};

static void poke(int fd)
{
	const uint64_t one = 1;

	/* A full eventfd wakes as well. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

/* --- the runner ---------------------------------------------------------------------- */

static void *run_exec(void *arg)
{
	struct exec *e = arg;
	struct error err = ERROR_INIT;
	int code = 0;
	int r = e->all->rt->ops->exec(e->all->rt, &e->x, &code, &err);

	pthread_mutex_lock(&e->all->lock);
	/* The program's ends go now, so that the streams come to their end. */
	shim_exec_streams_close_theirs(&e->streams);
	e->r = r;
	e->code = code;
	e->err = err;
	e->done = true;
	poke(e->wake);
	pthread_mutex_unlock(&e->all->lock);
	return NULL;
}

/* --- the carrier --------------------------------------------------------------------- */

static void close_stream(struct exec *e, int which)
{
	if (e->streams.ours[which] >= 0)
		close(e->streams.ours[which]);
	e->streams.ours[which] = -1;
}

static void send_ack(struct exec *e, size_t n)
{
	struct json_object *body = json_object_new_object();

	json_put_i64(body, "fd", 0);
	json_put_i64(body, "n", (int64_t)n);
	shim_conn_send(e->conn, e->id, SHIM_FRAME_ACK, body, true);
}

/* Gives the program what it takes; what it will never take counts as taken. */
static void feed(struct exec *e)
{
	size_t taken = 0;

	pthread_mutex_lock(&e->all->lock);
	if (e->input.n && e->streams.ours[0] >= 0) {
		ssize_t n = write(e->streams.ours[0], e->input.data, e->input.n);

		if (n > 0)
			taken = (size_t)n;
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			close_stream(e, 0);
	}
	if (e->streams.ours[0] < 0)
		taken = e->input.n;
	buf_drop(&e->input, taken);
	/* A terminal goes on without input: its client is only not typing any more. */
	if (e->input_ended && e->input.n == 0 && !e->streams.tty)
		close_stream(e, 0);
	pthread_mutex_unlock(&e->all->lock);
	if (taken)
		send_ack(e, taken);
}

/* One piece of output; false when there is none now. */
static bool carry(struct exec *e, int which)
{
	struct buf text CLEAN(buf) = BUF_INIT(2 * SHIM_DATA_BYTES);
	struct json_object *body;
	char chunk[SHIM_DATA_BYTES];
	ssize_t n = read(e->streams.ours[which], chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		close_stream(e, which);
		return false;
	}
	base64_encode(chunk, (size_t)n, &text);
	body = json_object_new_object();
	json_put_i64(body, "fd", which);
	json_put_str(body, "data", text.data);
	pthread_mutex_lock(&e->all->lock);
	e->n_unacked += (size_t)n;
	pthread_mutex_unlock(&e->all->lock);
	shim_conn_send(e->conn, e->id, SHIM_FRAME_DATA, body, true);
	return true;
}

struct view {
	bool done, has_input, has_window;
};

static struct view look(struct exec *e)
{
	struct view v;

	pthread_mutex_lock(&e->all->lock);
	v.done = e->done;
	v.has_input =
		e->input.n > 0 || (e->input_ended && e->streams.ours[0] >= 0 && !e->streams.tty);
	v.has_window = e->n_unacked < SHIM_WINDOW;
	pthread_mutex_unlock(&e->all->lock);
	return v;
}

/* Carries what there is; true when something was. */
static bool carry_outputs(struct exec *e)
{
	bool any = false;

	for (int i = 1; i < 3; i++)
		if (e->streams.ours[i] >= 0 && look(e).has_window)
			any |= carry(e, i);
	return any;
}

static void wait_for_news(struct exec *e, const struct view *v)
{
	struct pollfd fds[4] = { { e->wake, POLLIN, 0 }, { -1, 0, 0 }, { -1, 0, 0 }, { -1, 0, 0 } };
	uint64_t count;

	if (v->has_input && e->streams.ours[0] >= 0)
		fds[1] = (struct pollfd){ e->streams.ours[0], POLLOUT, 0 };
	for (int i = 1; i < 3 && v->has_window; i++)
		fds[i + 1] = (struct pollfd){ e->streams.ours[i], POLLIN, 0 };
	if (poll(fds, 4, -1) > 0 && fds[0].revents && read(e->wake, &count, sizeof(count)) < 0)
		return; /* nothing counted: somebody else's news */
}

static void carry_all(struct exec *e)
{
	for (;;) {
		struct view v = look(e);

		/* A descendant may keep the pipe: after the end only what is in it is waited for.
		 */
		if (v.done && (shim_conn_is_broken(e->conn) ||
			       (v.has_window && !carry_outputs(e) && look(e).has_window)))
			return;
		if (!v.done || !v.has_window)
			wait_for_news(e, &v);
		if (v.has_input || look(e).has_input)
			feed(e);
		(void)carry_outputs(e);
	}
}

static void free_exec(struct exec *e)
{
	shim_exec_streams_close(&e->streams);
	if (e->wake >= 0)
		close(e->wake);
	buf_done(&e->input);
	shim_conn_unref(e->conn);
	arena_free(e->a);
	free(e);
}
CLEAN_DEFINE(exec, struct exec *, free_exec)

static void unlink_exec(struct exec *e)
{
	struct shim_execs *all = e->all;
	struct exec **at = &all->first;

	pthread_mutex_lock(&all->lock);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	pthread_mutex_unlock(&all->lock);
}

static void *carrier(void *arg)
{
	struct exec *e = arg;
	struct shim_execs *all = e->all;
	struct json_object *value = NULL;
	pthread_t runner;
	int rc = pthread_create(&runner, NULL, run_exec, e);

	if (rc) {
		e->r = error_sys(&e->err, rc, "start a thread");
		e->done = true;
	}
	carry_all(e);
	if (!rc)
		pthread_join(runner, NULL);
	if (e->r >= 0) {
		value = json_object_new_object();
		json_put_i64(value, "code", e->code);
	}
	unlink_exec(e);
	shim_call_answer(e->conn, e->id, e->r, &e->err, value);
	free_exec(e);
	pthread_mutex_lock(&all->lock);
	if (--all->n == 0)
		pthread_cond_broadcast(&all->none);
	poke(all->wake_fd);
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

/* --- for the loop -------------------------------------------------------------------- */

struct shim_execs *shim_execs_new(struct runtime *rt, int wake_fd)
{
	struct shim_execs *x = xcalloc(1, sizeof(*x));
	pthread_condattr_t attr;

	x->rt = rt;
	x->wake_fd = wake_fd;
	pthread_mutex_init(&x->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&x->none, &attr);
	pthread_condattr_destroy(&attr);
	return x;
}

bool shim_execs_stop(struct shim_execs *x, struct mono deadline)
{
	struct timespec until = { .tv_sec = deadline.us / CLOCK_SEC,
				  .tv_nsec = deadline.us % CLOCK_SEC * 1000 };
	bool none;
	int e = 0;

	pthread_mutex_lock(&x->lock);
	for (struct exec *at = x->first; at; at = at->next) {
		__atomic_store_n(&at->cancel, true, __ATOMIC_RELAXED);
		poke(at->wake);
	}
	while (x->n && e != ETIMEDOUT)
		e = pthread_cond_timedwait(&x->none, &x->lock, &until);
	none = x->n == 0;
	pthread_mutex_unlock(&x->lock);
	return none;
}

void shim_execs_free(struct shim_execs *x)
{
	if (!x)
		return;
	(void)shim_execs_stop(x, (struct mono){ INT64_MAX });
	pthread_mutex_destroy(&x->lock);
	pthread_cond_destroy(&x->none);
	free(x);
}

static int prepare(struct exec *e, struct json_object *args, struct error *err)
{
	int r = shim_values_to_exec(args, e->a, &e->x, err);

	if (r == 0)
		r = runtime_check_id(e->x.id, err);
	if (r == 0)
		r = shim_exec_streams_open(e->x.fds, e->x.tty, &e->streams, err);
	if (r < 0)
		return r;
	e->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->wake < 0)
		return error_sys(err, errno, "start an exec");
	memcpy(e->x.fds, e->streams.theirs, sizeof(e->x.fds));
	e->x.cancel = &e->cancel;
	return 0;
}

/* Into the list, and a thread of its own; on success the exec belongs to that thread. */
static int launch(struct shim_execs *x, struct exec **take, struct error *err)
{
	struct exec *e = *take;
	pthread_attr_t attr;
	pthread_t thread;
	int rc = 0;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_mutex_lock(&x->lock);
	if (x->n >= LIMIT_SHIM_EXECS)
		rc = EAGAIN;
	else
		rc = pthread_create(&thread, &attr, carrier, e);
	if (rc == 0) {
		e->next = x->first;
		x->first = TAKE(*take);
		x->n++;
	}
	pthread_mutex_unlock(&x->lock);
	pthread_attr_destroy(&attr);
	return rc ? error_set(err, ERR_UNAVAILABLE, rc, "the shim has too many execs running") : 0;
}

void shim_execs_start(struct shim_execs *x, struct shim_conn *conn, uint64_t id,
		      struct json_object *args)
{
	struct json_object *owned CLEAN(json) = args;
	struct exec *e CLEAN(exec) = xcalloc(1, sizeof(*e));
	struct json_object *body;
	struct error err = ERROR_INIT;
	int r;

	*e = (struct exec){ .all = x, .id = id, .wake = -1, .streams = SHIM_EXEC_STREAMS_INIT };
	e->conn = shim_conn_ref(conn);
	e->a = arena_new();
	buf_init(&e->input, SHIM_WINDOW);
	r = prepare(e, owned, &err);
	if (r == 0)
		r = launch(x, &e, &err);
	if (r == 0)
		return;
	body = json_object_new_object();
	json_put_i64(body, "r", r);
	json_put_obj(body, "error", shim_values_error(&err));
	shim_conn_send(conn, id, SHIM_FRAME_RESULT, body, false);
}

/* With the lock held; NULL when it has ended. */
static struct exec *find(struct shim_execs *x, const struct shim_conn *conn, uint64_t id)
{
	struct exec *e = x->first;

	while (e && (e->conn != conn || e->id != id))
		e = e->next;
	return e;
}

static int add_input(struct exec *e, struct json_object *body, struct error *err)
{
	const char *text = NULL;
	int64_t rows = 0, cols = 0;
	bool ended = false;
	int r = json_get_str(body, "data", &text, err);

	if (r == 0)
		r = base64_decode(text, &e->input, err);
	if (r >= 0)
		r = json_get_bool(body, "eof", &ended, err);
	if (r >= 0)
		r = json_get_i64(body, "rows", &rows, err);
	if (r >= 0)
		r = json_get_i64(body, "cols", &cols, err);
	if (r < 0)
		return r;
	e->input_ended |= ended;
	if (rows > 0 && rows <= UINT16_MAX && cols > 0 && cols <= UINT16_MAX)
		shim_exec_streams_resize(&e->streams, (unsigned short)rows, (unsigned short)cols);
	return 0;
}

int shim_execs_data(struct shim_execs *x, struct shim_conn *conn, uint64_t id,
		    struct json_object *body, struct error *err)
{
	struct exec *e;
	int r = 0;

	pthread_mutex_lock(&x->lock);
	e = find(x, conn, id);
	if (e) {
		r = add_input(e, body, err);
		poke(e->wake);
	}
	pthread_mutex_unlock(&x->lock);
	return r < 0 ? error_wrap(err, r, "data of an exec") : 0;
}

int shim_execs_ack(struct shim_execs *x, struct shim_conn *conn, uint64_t id,
		   struct json_object *body, struct error *err)
{
	struct exec *e;
	int64_t n = 0;
	int r = json_need_i64(body, "n", &n, err);

	if (r < 0)
		return r;
	pthread_mutex_lock(&x->lock);
	e = find(x, conn, id);
	if (e && (n < 0 || (uint64_t)n > e->n_unacked))
		r = error_set(err, ERR_INVALID, 0, "an ack for more than was sent");
	else if (e)
		e->n_unacked -= (size_t)n;
	if (e)
		poke(e->wake);
	pthread_mutex_unlock(&x->lock);
	return r;
}

static void cancel_matching(struct shim_execs *x, const struct shim_conn *conn, const uint64_t *id)
{
	pthread_mutex_lock(&x->lock);
	for (struct exec *e = x->first; e; e = e->next) {
		if (e->conn != conn || (id && e->id != *id))
			continue;
		__atomic_store_n(&e->cancel, true, __ATOMIC_RELAXED);
		poke(e->wake);
	}
	pthread_mutex_unlock(&x->lock);
}

void shim_execs_cancel(struct shim_execs *x, struct shim_conn *conn, uint64_t id)
{
	cancel_matching(x, conn, &id);
}

void shim_execs_forget(struct shim_execs *x, struct shim_conn *conn)
{
	cancel_matching(x, conn, NULL);
}

bool shim_execs_is_idle(struct shim_execs *x)
{
	bool idle;

	pthread_mutex_lock(&x->lock);
	idle = x->n == 0;
	pthread_mutex_unlock(&x->lock);
	return idle;
}
