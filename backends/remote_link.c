/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two locks: `lock` for the state and the list of calls, `sending` so that frames do not
 * mix (taken alone, or inside nothing). A connection has a number; whoever finds it broken
 * shuts its socket down, and the reader does all that follows from it.
 */
#include "backends/remote_link.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/remote_start.h"
#include "backends/shim_values.h"
#include "base/limits.h"

enum { SEND_S = 10, PART_MS = 2000, READ_CHUNK = 64 << 10 };

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_UP };

struct remote_link {
	struct arena *a;
	struct runtime_remote_options o;
	struct runtime_sink sink;
	pthread_mutex_t lock, sending;
	pthread_cond_t changed;
	enum link_state state;
	int fd;          /* while a reader exists; -1 else */
	bool has_reader; /* reader must be joined before the next one */
	bool closing;    /* the end is ours: nobody is told */
	bool is_hung_up; /* atomic, since whoever connects has no lock */
	struct buf in;   /* the reader's */
	struct remote_call *calls;
	uint64_t last_id;
	pthread_t reader;
};

/* --- sending ------------------------------------------------------------------------- */

static bool wait_writable(int fd, struct mono until)
{
	struct pollfd p = { fd, POLLOUT, 0 };
	int64_t left = until.us - clock_mono().us;

	return left > 0 && poll(&p, 1, (int)(left / CLOCK_MS) + 1) >= 0;
}

/* All of it, or the connection is broken: half a frame cannot be taken back. */
static bool send_bytes(int fd, const struct buf *b)
{
	struct mono until = mono_add(clock_mono(), SEND_S * CLOCK_SEC);
	size_t done = 0;

	while (done < b->n) {
		ssize_t n = send(fd, b->data + done, b->n - done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			done += (size_t)n;
		else if (errno == EAGAIN ? !wait_writable(fd, until) : errno != EINTR)
			return false;
	}
	return true;
}

static int send_frame(struct remote_link *l, uint64_t id, enum shim_frame_kind kind,
		      struct json_object *body, struct error *err)
{
	struct buf b CLEAN(buf) = BUF_INIT(LIMIT_FRAME_BYTES + SHIM_FRAME_HEAD);
	int r = shim_frame_encode_json(id, kind, body, &b, err);

	if (r < 0)
		return r;
	/* The descriptor is closed under this lock only. */
	pthread_mutex_lock(&l->sending);
	if (l->fd < 0 || !send_bytes(l->fd, &b)) {
		if (l->fd >= 0)
			(void)shutdown(l->fd, SHUT_RDWR);
		r = error_set(err, ERR_UNAVAILABLE, 0, "the connection to the shim broke");
	}
	pthread_mutex_unlock(&l->sending);
	return r;
}

/* --- the reader ---------------------------------------------------------------------- */

static struct remote_call *find_call(struct remote_link *l, uint64_t id)
{
	struct remote_call *c = l->calls;

	while (c && c->id != id)
		c = c->next;
	return c;
}

static void finish_call(struct remote_link *l, struct remote_call *c)
{
	c->done = true;
	if (c->on_frame)
		c->on_frame(c, SHIM_FRAME_RESULT, NULL);
	pthread_cond_broadcast(&l->changed);
}

static int take_result(struct remote_link *l, struct remote_call *c, struct json_object *body,
		       struct error *err)
{
	struct json_object *value = NULL, *error = NULL;
	int64_t result = 0;
	bool more = false;
	int r = json_need_i64(body, "r", &result, err);

	if (r == 0)
		r = json_get_obj(body, "value", &value, err);
	if (r >= 0)
		r = json_get_obj(body, "error", &error, err);
	if (r >= 0)
		r = json_get_bool(body, "more", &more, err);
	if (r >= 0 && (result > RUNTIME_GONE || (result < 0 && !error)))
		r = error_set(err, ERR_INVALID, 0, "the shim's result is odd");
	if (r < 0)
		return r;
	if (value)
		json_object_array_add(c->values, json_object_get(value));
	if (more)
		return 0;
	c->r = result < 0 ? shim_values_to_error(error, (int)result, &c->err) : (int)result;
	finish_call(l, c);
	return 0;
}

static int take_event(struct remote_link *l, uint64_t id, struct json_object *body,
		      struct error *err)
{
	struct runtime_exit e = { 0 };
	const char *what = NULL;
	int64_t code = 0;
	int r = json_need_str(body, "event", &what, err);

	if (r < 0 || strcmp(what, "exit") != 0)
		return r; /* a later shim may tell more */
	r = json_need_str(body, "instance", &e.id, err);
	if (r == 0)
		r = json_need_i64(body, "at_us", &e.at.us, err);
	if (r < 0)
		return r;
	r = json_get_i64(body, "code", &code, err);
	if (r < 0)
		return r;
	e.has_code = r == 0;
	e.code = (int)code;
	/* Whoever has no ear for it leaves it to the next one. */
	if (!l->sink.exited)
		return 0;
	l->sink.exited(l->sink.arg, &e);
	(void)send_frame(l, id, SHIM_FRAME_ACK, json_object_new_object(), NULL);
	return 0;
}

static int take_frame(struct remote_link *l, const struct shim_frame *f, struct error *err)
{
	struct json_object *body CLEAN(json) = NULL;
	struct remote_call *c;
	int r = shim_frame_body(f, &body, err);

	if (r < 0)
		return r;
	if (f->kind == SHIM_FRAME_EVENT)
		return take_event(l, f->id, body, err);
	pthread_mutex_lock(&l->lock);
	c = find_call(l, f->id);
	/* A call that nobody waits for any more is nothing. */
	if (c && f->kind == SHIM_FRAME_RESULT)
		r = take_result(l, c, body, err);
	else if (c && c->on_frame)
		c->on_frame(c, f->kind, body);
	/* The call now shares parts of it, and json-c's counts are not atomic: ours goes first. */
	json_object_put(TAKE(body));
	pthread_mutex_unlock(&l->lock);
	return r;
}

/* More bytes; false at the end of the connection. */
static bool read_more(struct remote_link *l)
{
	ssize_t n;

	if (!buf_reserve(&l->in, READ_CHUNK))
		return false;
	for (;;) {
		struct pollfd p = { l->fd, POLLIN, 0 };

		n = recv(l->fd, l->in.data + l->in.n, READ_CHUNK, MSG_DONTWAIT);
		if (n >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
		(void)poll(&p, 1, -1);
	}
	if (n <= 0)
		return false;
	l->in.n += (size_t)n;
	l->in.data[l->in.n] = '\0';
	return true;
}

static int take_frames(struct remote_link *l, struct error *err)
{
	size_t at = 0, used;
	struct shim_frame f;
	int r;

	while ((r = shim_frame_decode(l->in.data + at, l->in.n - at, &f, &used, err)) == 0) {
		at += used;
		r = take_frame(l, &f, err);
		if (r < 0)
			return r;
	}
	buf_drop(&l->in, at);
	return r < 0 ? r : 0;
}

static void fail_calls(struct remote_link *l, const struct error *why)
{
	const enum error_code code = l->is_hung_up ? ERR_CANCELED : ERR_UNAVAILABLE;

	for (struct remote_call *c = l->calls; c; c = c->next) {
		if (c->done)
			continue;
		c->r = error_set(&c->err, code, 0,
				 "the connection to the shim broke%s%s: the effect is unknown",
				 why->code ? ": " : "", why->code ? why->msg : "");
		finish_call(l, c);
	}
}

static void *read_all(void *arg)
{
	struct remote_link *l = arg;
	struct error err = ERROR_INIT;
	bool closing;

	while (take_frames(l, &err) == 0 && read_more(l))
		;
	(void)shutdown(l->fd, SHUT_RDWR);
	pthread_mutex_lock(&l->lock);
	l->state = LINK_DOWN;
	fail_calls(l, &err);
	closing = l->closing;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
	if (!closing && l->sink.lost)
		l->sink.lost(l->sink.arg);
	return NULL;
}

/* --- connecting ---------------------------------------------------------------------- */

/* Without the lock; in state CONNECTING nobody else is here. */
static void bury_reader(struct remote_link *l)
{
	if (l->has_reader)
		pthread_join(l->reader, NULL);
	l->has_reader = false;
	pthread_mutex_lock(&l->sending);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	pthread_mutex_unlock(&l->sending);
}

static int connect_now(struct remote_link *l, struct mono deadline, struct error *err)
{
	const struct remote_patience patience = { deadline, &l->is_hung_up };
	int64_t pid;
	int fd = -1, r;

	bury_reader(l);
	r = remote_start_connect(&l->o, &patience, &l->in, &fd, &pid, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&l->sending);
	l->fd = fd;
	pthread_mutex_unlock(&l->sending);
	return 0;
}

/* The reader may find the end at once: the state is set before it runs. */
static int start_reader(struct remote_link *l, struct error *err)
{
	int e = pthread_create(&l->reader, NULL, read_all, l);

	l->has_reader = e == 0;
	return e ? error_sys(err, e, "start a reader thread") : 0;
}

static void timed_wait(struct remote_link *l, struct mono until, bool *ret_late)
{
	struct timespec ts = { .tv_sec = until.us / CLOCK_SEC,
			       .tv_nsec = until.us % CLOCK_SEC * 1000 };

	*ret_late = pthread_cond_timedwait(&l->changed, &l->lock, &ts) == ETIMEDOUT;
}

/* With the lock held; it is given away while a connection is made. */
static int ensure_up(struct remote_link *l, struct mono deadline, struct error *err)
{
	bool late = false;
	int r;

	while (l->state == LINK_CONNECTING && !late && !l->is_hung_up)
		timed_wait(l, deadline, &late);
	if (l->is_hung_up)
		return error_set(err, ERR_CANCELED, 0, "nobody waits for the shim any more");
	if (l->state == LINK_UP)
		return 0;
	if (l->state == LINK_CONNECTING)
		return error_set(err, ERR_TIMEOUT, 0, "no connection to the shim in time");
	l->state = LINK_CONNECTING;
	pthread_mutex_unlock(&l->lock);
	r = connect_now(l, deadline, err);
	pthread_mutex_lock(&l->lock);
	if (r == 0 && l->is_hung_up)
		r = error_set(err, ERR_CANCELED, 0, "nobody waits for the shim any more");
	l->state = r == 0 ? LINK_UP : LINK_DOWN;
	if (r == 0)
		r = start_reader(l, err);
	if (r < 0)
		l->state = LINK_DOWN;
	pthread_cond_broadcast(&l->changed);
	return r;
}

/* --- calls --------------------------------------------------------------------------- */

enum { BEGIN_UNSENT = 1 }; /* the shim has not got the call, and never will */

static int begin_once(struct remote_link *l, struct remote_call *c, struct json_object *body,
		      struct mono deadline, struct error *err)
{
	int r;

	pthread_mutex_lock(&l->lock);
	r = ensure_up(l, deadline, err);
	if (r == 0) {
		c->id = ++l->last_id;
		c->done = false;
		c->err = ERROR_INIT;
		c->values = json_object_new_array();
		c->next = l->calls;
		l->calls = c;
	}
	pthread_mutex_unlock(&l->lock);
	if (r < 0)
		return r;
	r = send_frame(l, c->id, SHIM_FRAME_CALL, json_object_get(body), err);
	if (r < 0)
		remote_link_end(l, c);
	return r == -ERR_UNAVAILABLE ? BEGIN_UNSENT : r;
}

/* The reader finds the end that the sender has met. */
static void await_down(struct remote_link *l, struct mono deadline)
{
	bool late = false;

	pthread_mutex_lock(&l->lock);
	while (l->state == LINK_UP && !late)
		timed_wait(l, deadline, &late);
	pthread_mutex_unlock(&l->lock);
}

int remote_link_begin(struct remote_link *l, struct remote_call *c, struct json_object *body,
		      struct mono deadline, struct error *err)
{
	struct json_object *owned CLEAN(json) = body;
	struct error broke = ERROR_INIT;
	int r = begin_once(l, c, owned, deadline, &broke);

	/* A shim that died since the last call: nothing of this one has got there, so it begins
	 * anew with the next shim. What has frames of its own has been told the end already. */
	if (r == BEGIN_UNSENT && !c->on_frame) {
		await_down(l, deadline);
		broke = ERROR_INIT;
		r = begin_once(l, c, owned, deadline, &broke);
	}
	if (r == 0)
		return 0;
	if (err)
		*err = broke;
	return r < 0 ? r : -ERR_UNAVAILABLE;
}

int remote_link_wait(struct remote_link *l, struct remote_call *c, struct mono deadline,
		     struct error *err)
{
	bool late = false, done;

	pthread_mutex_lock(&l->lock);
	while (!c->done && !late)
		timed_wait(l, deadline, &late);
	done = c->done;
	pthread_mutex_unlock(&l->lock);
	if (!done) {
		(void)remote_link_send(l, c, SHIM_FRAME_CANCEL, json_object_new_object());
		return error_set(err, ERR_TIMEOUT, 0,
				 "no answer from the shim in time: the effect is unknown");
	}
	if (c->r < 0 && err)
		*err = c->err;
	return c->r;
}

int remote_link_send(struct remote_link *l, const struct remote_call *c, enum shim_frame_kind kind,
		     struct json_object *body)
{
	return send_frame(l, c->id, kind, body, NULL);
}

void remote_link_end(struct remote_link *l, struct remote_call *c)
{
	struct remote_call **at = &l->calls;

	pthread_mutex_lock(&l->lock);
	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
	pthread_mutex_unlock(&l->lock);
	json_object_put(TAKE(c->values));
}

/* --- the interface ------------------------------------------------------------------- */

struct remote_link *remote_link_new(const struct runtime_remote_options *o,
				    const struct runtime_sink *sink)
{
	struct remote_link *l = xcalloc(1, sizeof(*l));
	pthread_condattr_t attr;

	l->a = arena_new();
	l->o = *o;
	l->o.layout.owner = arena_strdup(l->a, o->layout.owner);
	l->o.layout.state_dir = arena_strdup(l->a, o->layout.state_dir);
	l->o.layout.run_dir = arena_strdup(l->a, o->layout.run_dir);
	l->o.runtime_name = arena_strdup(l->a, o->runtime_name);
	l->o.node_id = arena_strdup(l->a, o->node_id);
	l->o.program = arena_strdup(l->a, o->program);
	l->o.oci_path = arena_strdup(l->a, o->oci_path);
	l->o.hcs_library = arena_strdup(l->a, o->hcs_library);
	if (sink)
		l->sink = *sink;
	l->fd = -1;
	buf_init(&l->in, LIMIT_FRAME_BYTES + SHIM_FRAME_HEAD + READ_CHUNK);
	pthread_mutex_init(&l->lock, NULL);
	pthread_mutex_init(&l->sending, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->changed, &attr);
	pthread_condattr_destroy(&attr);
	return l;
}

void remote_link_hang_up(struct remote_link *l)
{
	pthread_mutex_lock(&l->lock);
	__atomic_store_n(&l->is_hung_up, true, __ATOMIC_RELAXED);
	l->closing = true;
	if (l->state == LINK_UP)
		(void)shutdown(l->fd, SHUT_RDWR);
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

/* Our end of sending tells the shim; its end of file is its answer. */
static void part(struct remote_link *l)
{
	struct mono until = mono_add(clock_mono(), PART_MS * CLOCK_MS);
	bool late = false;

	pthread_mutex_lock(&l->lock);
	l->closing = true;
	if (l->state == LINK_UP)
		(void)shutdown(l->fd, SHUT_WR);
	while (l->state == LINK_UP && !late)
		timed_wait(l, until, &late);
	if (l->state == LINK_UP)
		(void)shutdown(l->fd, SHUT_RDWR);
	pthread_mutex_unlock(&l->lock);
}

void remote_link_free(struct remote_link *l)
{
	part(l);
	bury_reader(l);
	buf_done(&l->in);
	pthread_mutex_destroy(&l->lock);
	pthread_mutex_destroy(&l->sending);
	pthread_cond_destroy(&l->changed);
	arena_free(l->a);
	free(l);
}
