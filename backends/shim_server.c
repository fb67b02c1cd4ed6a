/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop. A client is greeted first and served then; garbage ends it alone. One that
 * ends (or only closes its sending side) is parting: it counts no more, but its socket
 * stays open until the shim knows whether it leaves, so that a client that waits for the
 * end of file knows the same. How a shim comes to be and goes is in shim.c.
 */
#include "backends/shim_server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/shim_exec.h"
#include "backends/shim_exits.h"
#include "backends/shim_seat.h"
#include "backends/shim_work.h"
#include "base/heap.h"
#include "base/limits.h"

enum {
	KEY_LISTEN = 0,
	KEY_WAKE = 1,
	KEY_SIGNAL = 2,
	KEY_SEAT = 3,
	KEY_FIRST_CLIENT = 4,
	GREETING_S = 10, /* for a client to say hello, and for the first client to come */
	STOP_S = 5,      /* for running calls after a signal */
	REST_S = 30,     /* for running calls before an upgrade: it is refused then */
};

struct client {
	struct client *next;
	uint64_t key;
	struct shim_conn *conn;
	struct mono since;
	bool greeted, parting;
};

struct shim_server {
	const struct shim_hello *mine;
	struct runtime_sink sink;
	int epoll, wake, signals;
	struct shim_seat seat;
	struct shim_work *work;
	struct shim_execs *execs;
	/* the loop's, but taking one out or adding one needs the lock: on_exit walks it */
	struct client *clients;
	unsigned n_clients;
	uint64_t next_key;
	bool must_look;       /* it may be time to leave: see whether the runtime holds anything */
	struct mono alone_at; /* without any client since; 0: there is or was one */
	struct shim_upgrade *upgrade;
	struct mono rest_since; /* nothing new is taken since, for an upgrade; 0: all is */
	const char *program;    /* that shall go on, once all has come to rest */
	bool stop;
	pthread_mutex_t lock;
	struct shim_exits exits; /* under the lock */
};

/* --- exits --------------------------------------------------------------------------- */

static void on_exit_event(void *arg, const struct runtime_exit *e)
{
	struct shim_server *s = arg;
	const struct shim_exit *mine;
	uint64_t number;

	pthread_mutex_lock(&s->lock);
	number = shim_exits_next(&s->exits);
	pthread_mutex_unlock(&s->lock);
	shim_exits_save(&s->exits, number, e);
	pthread_mutex_lock(&s->lock);
	mine = shim_exits_add(&s->exits, number, e);
	for (struct client *c = s->clients; c; c = c->next)
		if (c->greeted && !c->parting)
			shim_exits_send(mine, c->conn);
	pthread_mutex_unlock(&s->lock);
}

/* --- clients ------------------------------------------------------------------------- */

static void drop_client(struct shim_server *s, struct client **at)
{
	struct client *c = *at;

	pthread_mutex_lock(&s->lock);
	*at = c->next;
	pthread_mutex_unlock(&s->lock);
	s->n_clients--;
	shim_conn_leave(c->conn);
	shim_work_forget(s->work, c->conn);
	shim_execs_forget(s->execs, c->conn);
	shim_conn_unref(c->conn);
	free(c);
	s->must_look = true;
}

static struct client **find_client(struct shim_server *s, uint64_t key)
{
	struct client **at = &s->clients;

	while (*at && (*at)->key != key)
		at = &(*at)->next;
	return at;
}

static void accept_client(struct shim_server *s, struct mono now)
{
	int fd = accept4(s->seat.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct error err = ERROR_INIT;
	struct client *c;

	if (fd < 0)
		return; /* it went away again, or there is no descriptor: the next turn tries again
			 */
	c = xcalloc(1, sizeof(*c));
	c->key = s->next_key++;
	c->since = now;
	c->conn = shim_conn_new(fd, s->epoll, c->key);
	pthread_mutex_lock(&s->lock);
	c->next = s->clients;
	s->clients = c;
	pthread_mutex_unlock(&s->lock);
	s->alone_at = (struct mono){ 0 };
	if (++s->n_clients <= LIMIT_SHIM_CLIENTS)
		return;
	(void)error_set(&err, ERR_UNAVAILABLE, 0, "the shim has %d clients already",
			LIMIT_SHIM_CLIENTS);
	shim_conn_refuse(c->conn, &err);
	drop_client(s, &s->clients);
}

static int greet(struct shim_server *s, struct client *c, struct json_object *body,
		 struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct shim_hello theirs;
	int r = shim_hello_from_json(body, a, &theirs, err);

	if (r < 0)
		return r;
	/* A client that does not fit needs to see why: it compares as we do. */
	shim_conn_send(c->conn, 0, SHIM_FRAME_HELLO, shim_hello_to_json(s->mine), false);
	r = shim_hello_check(s->mine, &theirs, 0, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&s->lock);
	c->greeted = true;
	shim_exits_send_all(&s->exits, c->conn);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static void take_upgrade(struct shim_server *s, struct client *c, uint64_t id,
			 struct json_object *body)
{
	struct error err = ERROR_INIT;
	const char *program = NULL;
	int r = json_get_str(body, "program", &program, &err);

	if (r < 0)
		shim_conn_answer(c->conn, id, r, &err);
	else
		shim_upgrade_ask(s->upgrade, program, c->conn, id);
}

static void take_call(struct shim_server *s, struct client *c, uint64_t id,
		      struct json_object **body)
{
	const char *op = "";

	(void)json_get_str(*body, "op", &op,
			   NULL); /* a wrong type is no exec; the worker says so */
	if (strcmp(op, "exec") == 0)
		shim_execs_start(s->execs, c->conn, id, TAKE(*body));
	else if (strcmp(op, "upgrade") == 0)
		take_upgrade(s, c, id, *body);
	else
		shim_work_submit(s->work, c->conn, id, TAKE(*body));
}

static int take_ack(struct shim_server *s, struct client *c, uint64_t id, struct json_object *body,
		    struct error *err)
{
	/* Acks of data name a descriptor; exits and execs have numbers of their own. */
	if (json_object_object_get_ex(body, "fd", NULL))
		return shim_execs_ack(s->execs, c->conn, id, body, err);
	pthread_mutex_lock(&s->lock);
	shim_exits_ack(&s->exits, id);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static int take_frame(struct shim_server *s, struct client *c, const struct shim_frame *f,
		      struct error *err)
{
	struct json_object *body CLEAN(json) = NULL;
	int r = shim_frame_body(f, &body, err);

	if (r < 0)
		return r;
	if (c->greeted == (f->kind == SHIM_FRAME_HELLO))
		return error_set(err, ERR_INVALID, 0, "a hello is the first frame, once");
	switch (f->kind) {
	case SHIM_FRAME_HELLO:
		return greet(s, c, body, err);
	case SHIM_FRAME_CALL:
		take_call(s, c, f->id, &body);
		return 0;
	case SHIM_FRAME_ACK:
		return take_ack(s, c, f->id, body, err);
	case SHIM_FRAME_DATA:
		return shim_execs_data(s->execs, c->conn, f->id, body, err);
	case SHIM_FRAME_CANCEL:
		shim_work_cancel(s->work, c->conn, f->id);
		shim_execs_cancel(s->execs, c->conn, f->id);
		return 0;
	case SHIM_FRAME_RESULT:
	case SHIM_FRAME_EVENT:
		break;
	}
	return error_set(err, ERR_INVALID, 0, "a client does not send results or events");
}

static void part(struct shim_server *s, struct client *c)
{
	c->parting = true;
	shim_conn_mute(c->conn, true);
	/* Nobody waits for the answers any more; what runs goes on and is not told. */
	shim_work_forget(s->work, c->conn);
	shim_execs_forget(s->execs, c->conn);
	s->must_look = true;
}

/* All frames that are there. A refusal is sent and ends the client. */
static void serve_client(struct shim_server *s, struct client **at)
{
	struct client *c = *at;
	struct error err = ERROR_INIT;
	struct shim_frame f;
	bool ended = shim_conn_read(c->conn) == SHIM_CONN_END;
	int r = 0;

	while (r == 0) {
		r = shim_conn_next(c->conn, &f, &err);
		if (r == 0)
			r = take_frame(s, c, &f, &err);
	}
	if (r < 0) {
		shim_conn_refuse(c->conn, &err);
		drop_client(s, at);
	} else if (shim_conn_is_broken(c->conn)) {
		drop_client(s, at);
	} else if (ended) {
		part(s, c);
	}
}

static void client_event(struct shim_server *s, const struct epoll_event *ev)
{
	struct client **at = find_client(s, ev->data.u64);

	if (!*at)
		return;
	if (ev->events & EPOLLOUT)
		shim_conn_flush((*at)->conn);
	/* A parting client that is quite gone would wake the loop for ever. */
	if ((*at)->parting && (ev->events & (EPOLLHUP | EPOLLERR)))
		drop_client(s, at);
	else if (!(*at)->parting && (ev->events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		serve_client(s, at);
}

/* --- leaving ------------------------------------------------------------------------- */

static unsigned count_present(const struct shim_server *s)
{
	unsigned n = 0;

	for (const struct client *c = s->clients; c; c = c->next)
		n += !c->parting;
	return n;
}

static void drop_parting(struct shim_server *s)
{
	struct client **at = &s->clients;

	while (*at) {
		if ((*at)->parting)
			drop_client(s, at);
		else
			at = &(*at)->next;
	}
}

static void drop_silent(struct shim_server *s, struct mono now)
{
	struct client **at = &s->clients;

	while (*at) {
		if (!(*at)->greeted && now.us > (*at)->since.us + GREETING_S * CLOCK_SEC)
			drop_client(s, at);
		else
			at = &(*at)->next;
	}
}

/* Stay, look again, or leave: asked after every turn of the loop. */
static void consider_leaving(struct shim_server *s, struct mono now)
{
	enum shim_work_empty answer = shim_work_take_empty(s->work);
	bool alone = count_present(s) == 0;

	if (s->alone_at.us && now.us > s->alone_at.us + GREETING_S * CLOCK_SEC) {
		s->alone_at = (struct mono){ 0 };
		s->must_look = true;
	}
	if (answer == SHIM_WORK_ASKING)
		return;
	if (!alone || answer == SHIM_WORK_HOLDS) {
		drop_parting(s);
		s->must_look = false;
		return;
	}
	if (!shim_work_is_idle(s->work) || !shim_execs_is_idle(s->execs))
		return; /* they wake the loop when they are */
	if (answer == SHIM_WORK_EMPTY && !s->must_look) {
		s->stop = true;
	} else if (s->must_look) {
		s->must_look = false;
		shim_work_ask_empty(s->work);
	}
}

/* --- upgrade ------------------------------------------------------------------------- */

static int watch(struct shim_server *s, int fd, uint64_t key, struct error *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = key };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) < 0
		       ? error_sys(err, errno, "set up the shim's loop")
		       : 0;
}

/* Calls under way end, nothing new is taken: clients wait, those that connect as well. */
static void rest(struct shim_server *s, struct mono now)
{
	s->rest_since = now;
	(void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->seat.fd, NULL);
	for (struct client *c = s->clients; c; c = c->next)
		shim_conn_mute(c->conn, true);
}

static void go_on(struct shim_server *s)
{
	struct error err = ERROR_INIT;

	s->rest_since = (struct mono){ 0 };
	for (struct client *c = s->clients; c; c = c->next)
		shim_conn_mute(c->conn, c->parting);
	/* Without it nobody can come any more: then the next shim shall. */
	s->stop |= watch(s, s->seat.fd, KEY_LISTEN, &err) < 0;
}

static bool is_at_rest(struct shim_server *s)
{
	bool sent = true;

	for (struct client *c = s->clients; c; c = c->next)
		sent &= shim_conn_is_sent(c->conn);
	return sent && shim_work_is_idle(s->work);
}

/* An exec's streams cannot be handed over: who asks is told, and a signal waits for its end. */
static bool is_held_up(struct shim_server *s)
{
	struct error err = ERROR_INIT;

	if (shim_execs_is_idle(s->execs))
		return false;
	(void)error_set(&err, ERR_UNAVAILABLE, 0, "an exec is running");
	if (shim_upgrade_has_asker(s->upgrade))
		shim_upgrade_refuse(s->upgrade, &err);
	return true;
}

/* Asked after every turn of the loop. */
static void consider_upgrade(struct shim_server *s, struct mono now)
{
	struct error err = ERROR_INIT;

	if (shim_upgrade_look(s->upgrade) != SHIM_UPGRADE_READY || is_held_up(s))
		return;
	if (!s->rest_since.us)
		rest(s, now);
	if (is_at_rest(s)) {
		s->program = shim_upgrade_grant(s->upgrade);
		s->stop = true;
	} else if (now.us > s->rest_since.us + REST_S * CLOCK_SEC) {
		(void)error_set(&err, ERR_TIMEOUT, 0, "a call does not end");
		shim_upgrade_refuse(s->upgrade, &err);
		go_on(s);
	}
}

/* --- the loop ------------------------------------------------------------------------ */

static void take_signals(struct shim_server *s, int fd)
{
	struct signalfd_siginfo si;

	while (read(fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGHUP)
			shim_upgrade_ask(s->upgrade, NULL, NULL, 0);
		else
			s->stop = true;
	}
}

static void take_events(struct shim_server *s, const struct epoll_event *events, int n,
			struct mono now)
{
	uint64_t count;

	for (int i = 0; i < n; i++) {
		switch (events[i].data.u64) {
		case KEY_LISTEN:
			accept_client(s, now);
			break;
		case KEY_WAKE:
			if (read(s->wake, &count, sizeof(count)) < 0)
				break; /* counted before */
			break;
		case KEY_SIGNAL:
			take_signals(s, s->signals);
			break;
		case KEY_SEAT:
			s->stop |= shim_seat_is_lost(&s->seat);
			break;
		default:
			client_event(s, &events[i]);
		}
	}
}

static int timeout_ms(const struct shim_server *s)
{
	bool must_tick = s->alone_at.us != 0 || s->rest_since.us != 0;

	for (const struct client *c = s->clients; c; c = c->next)
		must_tick |= !c->greeted;
	return must_tick ? 1000 : -1;
}

static int serve(struct shim_server *s, struct error *err)
{
	struct epoll_event events[64];

	s->alone_at = clock_mono();
	while (!s->stop) {
		int n = epoll_wait(s->epoll, events, 64, timeout_ms(s));
		struct mono now = clock_mono();

		if (n < 0 && errno != EINTR)
			return error_sys(err, errno, "wait for clients");
		take_events(s, events, n, now);
		drop_silent(s, now);
		consider_leaving(s, now);
		if (!s->stop)
			consider_upgrade(s, now);
		if (shim_work_is_idle(s->work))
			heap_rest();
	}
	return 0;
}

int shim_server_run(struct shim_server *s, struct runtime *rt, int signals, struct error *err)
{
	struct mono until;
	bool idle;
	int r;

	s->signals = signals;
	r = watch(s, signals, KEY_SIGNAL, err);
	if (r == 0)
		r = watch(s, s->seat.fd, KEY_LISTEN, err);
	if (r == 0 && s->seat.watch >= 0)
		r = watch(s, s->seat.watch, KEY_SEAT, err);
	if (r == 0)
		r = shim_work_new(rt, s->wake, &s->work, err);
	if (r < 0)
		return r;
	s->execs = shim_execs_new(rt, s->wake);
	r = serve(s, err);
	/* Who was about to connect sees the end before a hello, or waits for the next program. */
	if (!s->program) {
		shim_seat_leave(&s->seat);
		shim_upgrade_free(TAKE(s->upgrade)); /* a rehearsal ends while there is a reaper */
	}
	until = mono_add(clock_mono(), STOP_S * CLOCK_SEC);
	idle = shim_execs_stop(s->execs, until);
	idle = shim_work_stop(s->work, until) && idle;
	if (r < 0 || !idle)
		return r < 0 ? r : SHIM_SERVER_BUSY;
	return s->program ? SHIM_SERVER_UPGRADE : 0;
}

const char *shim_server_program(const struct shim_server *s)
{
	return s->program;
}

int shim_server_give_seat(struct shim_server *s)
{
	return shim_seat_give(&s->seat);
}

/* --- the interface ------------------------------------------------------------------- */

int shim_server_new(const struct shim_server_options *o, struct shim_server **ret,
		    struct error *err)
{
	struct shim_server *s CLEAN(shim_server) = xcalloc(1, sizeof(*s));
	struct epoll_event ev = { .events = EPOLLIN };
	struct shim_upgrade_options upgrade = o->upgrade;
	int r;

	s->mine = o->mine;
	s->sink = (struct runtime_sink){ .exited = on_exit_event, .arg = s };
	s->next_key = KEY_FIRST_CLIENT;
	s->seat = SHIM_SEAT_INIT;
	pthread_mutex_init(&s->lock, NULL);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ev.data.u64 = KEY_WAKE;
	if (s->epoll < 0 || s->wake < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->wake, &ev) < 0)
		return error_sys(err, errno, "set up the shim");
	upgrade.wake_fd = s->wake;
	s->upgrade = shim_upgrade_new(&upgrade);
	r = shim_exits_load(&s->exits, o->exits, err);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

void shim_server_free(struct shim_server *s)
{
	if (!s)
		return;
	shim_seat_leave(&s->seat);
	shim_upgrade_free(s->upgrade);
	shim_execs_free(s->execs);
	s->execs = NULL;
	while (s->clients) {
		struct client *c = s->clients;

		s->clients = c->next;
		shim_conn_shut(c->conn);
		shim_conn_unref(c->conn);
		free(c);
	}
	shim_work_free(s->work);
	shim_exits_done(&s->exits);
	if (s->epoll >= 0)
		close(s->epoll);
	if (s->wake >= 0)
		close(s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

const struct runtime_sink *shim_server_sink(struct shim_server *s)
{
	return &s->sink;
}

int shim_server_listen(struct shim_server *s, const char *path, struct error *err)
{
	return shim_seat_take(&s->seat, path, err);
}

int shim_server_take_over(struct shim_server *s, const char *path, int fd, struct error *err)
{
	return shim_seat_take_over(&s->seat, path, fd, err);
}
