/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs inside containers for clients: what they write comes as events "stdout" and "stderr"
 * ({text}, or {base64} where it is no UTF-8), their end as "exit" ({code}). A client that leaves
 * takes the program with it, as a terminal that is closed does.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "controller/run_body.h"
#include "controller/run_inside.h"
#include "controller/text.h"
#include "store/store.h"

enum {
	CHUNK = 32 << 10,
	ROOM = 8 * CHUNK, /* for one chunk, each byte of it escaped */
	LOOK_MS = 200,    /* how soon a client that left is noticed */
	MAX_WORDS = 4096,
};

struct running {
	struct job job; /* first: the pool hands this back */
	struct api_request *rq;
	struct arena *arena;
	struct runtime *rt;
	const volatile bool *stop;
	struct runtime_exec exec;
	volatile bool cancel;
	int result, code;
	struct error error;
	int out[2]; /* our ends of stdout and stderr */
};

/* --- one program --- */

static void *run_it(void *arg)
{
	struct running *x = arg;

	x->result = runtime_run_exec(x->rt, &x->exec, &x->code, &x->error);
	for (int i = 0; i < 3; i++)
		if (x->exec.fds[i] >= 0)
			close(x->exec.fds[i]);
	return NULL;
}

static bool is_over(const struct running *x)
{
	return *x->stop || api_is_gone(x->rq);
}

static void send_bytes(struct running *x, const char *event, const char *p, size_t n)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct json_object *o CLEAN(json) = json_object_new_object();
	struct buf coded CLEAN(buf) = BUF_INIT(2 * CHUNK);
	const char *text = text_utf8(a, p, n);

	if (strlen(text) == n && memcmp(text, p, n) == 0) {
		json_put_str(o, "text", text);
	} else {
		base64_encode(p, n, &coded);
		json_put_str(o, "base64", coded.data);
	}
	while (api_stream_room(x->rq) < ROOM && !is_over(x))
		clock_sleep(20 * CLOCK_MS);
	(void)api_stream_event(x->rq, 0, event,
			       json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void read_one(struct running *x, int i)
{
	char bytes[CHUNK];
	ssize_t n = read(x->out[i], bytes, sizeof(bytes));

	if (n > 0) {
		send_bytes(x, i ? "stderr" : "stdout", bytes, (size_t)n);
		return;
	}
	close(x->out[i]);
	x->out[i] = -1;
}

/* Until both ends are closed, which they are when the program has ended. */
static void pass_on(struct running *x)
{
	while (x->out[0] >= 0 || x->out[1] >= 0) {
		struct pollfd fds[] = { { x->out[0], POLLIN, 0 }, { x->out[1], POLLIN, 0 } };

		(void)poll(fds, 2, LOOK_MS);
		x->cancel |= is_over(x);
		for (int i = 0; i < 2; i++)
			if (fds[i].revents)
				read_one(x, i);
	}
}

static void tell_end(struct running *x)
{
	struct json_object *o CLEAN(json) = json_object_new_object();

	if (x->result >= 0)
		json_put_i64(o, "code", x->code);
	else
		json_put_str(o, "code", NULL);
	json_put_str(o, "error", x->result < 0 ? x->error.msg : NULL);
	(void)api_stream_event(x->rq, 0, "exit", json_object_to_json_string(o));
	if (*x->stop)
		api_stream_break(x->rq, "shutdown");
	else
		api_stream_end(x->rq);
	x->rq = NULL;
}

static void run(struct job *j)
{
	struct running *x = (struct running *)j;
	pthread_t thread;
	int e = pthread_create(&thread, NULL, run_it, x);

	if (e) {
		x->result = error_sys(&x->error, e, "start a thread");
		for (int i = 0; i < 3; i++)
			if (x->exec.fds[i] >= 0)
				close(x->exec.fds[i]);
	}
	pass_on(x);
	if (!e)
		pthread_join(thread, NULL);
	tell_end(x);
}

static void close_pipes(struct running *x)
{
	for (int i = 0; i < 2; i++) {
		if (x->out[i] >= 0)
			close(x->out[i]);
		if (x->exec.fds[i + 1] >= 0)
			close(x->exec.fds[i + 1]);
	}
}

static void drop(struct job *j)
{
	struct running *x = (struct running *)j;

	if (x->rq) { /* never begun */
		close_pipes(x);
		api_stream_break(x->rq, "shutdown");
	}
	arena_free(x->arena);
	free(x);
}

/* --- the request --- */

/* The lowest running replica that the name means. */
static int find(struct request *q, const struct target *t, struct running *x, struct error *err)
{
	const struct run *r = q->run;

	for (size_t i = 0; i < driver_count(r->driver); i++) {
		const struct reconciler *rec = driver_reconciler(r->driver, i);

		for (size_t k = 0; k < reconcile_count(rec); k++) {
			struct reconcile_view v;

			reconcile_view(rec, k, &v);
			if (!v.instance || v.instance->state != INSTANCE_RUNNING ||
			    !target_matches(t, driver_deployment(r->driver, i), v.service,
					    v.number))
				continue;
			x->exec.id = arena_strdup(x->arena, v.instance->id);
			return runtime_composite_learn(r->session->runtimes, v.instance->id,
						       v.instance->runtime, err);
		}
	}
	return error_set(err, ERR_NOT_FOUND, 0, "nothing of '%s' is running", t->deployment);
}

static int read_words(struct json_object *body, struct running *x, struct error *err)
{
	struct json_object *list;
	const char **words;
	size_t n = 0;
	int r = json_get_array(body, "command", &list, err);

	if (r == 0)
		n = json_object_array_length(list);
	if (r < 0 || n == 0 || n > MAX_WORDS)
		return r < 0 ? r
			     : error_set(err, ERR_INVALID, 0, "command: 1 to %d words", MAX_WORDS);
	x->exec.argv = words = arena_array(x->arena, n + 1, sizeof(*words));
	for (size_t i = 0; i < n; i++) {
		const char *word = NULL;

		r = json_str_at(list, i, &word, err);
		if (r < 0)
			return error_wrap(err, r, "command");
		words[i] = arena_strdup(x->arena, word);
	}
	return 0;
}

static int read_request(struct request *q, struct running *x, struct error *err)
{
	struct json_object *body CLEAN(json) = NULL;
	const char *word, *user = NULL, *workdir = NULL;
	struct target target;
	static const char *const names[] = { "target", "command", "user", "workdir", NULL };
	int r = run_body(q->rq, names, &body, err);

	if (r < 0)
		return r;
	r = json_need_str(body, "target", &word, err);
	if (r == 0)
		r = read_words(body, x, err);
	if (r == 0)
		r = json_get_str(body, "user", &user, err);
	if (r >= 0)
		r = json_get_str(body, "workdir", &workdir, err);
	if (r < 0)
		return error_wrap(err, r, "the request");
	x->exec.user = arena_strdup(x->arena, user);
	x->exec.workdir = arena_strdup(x->arena, workdir);
	r = target_parse(word, x->arena, &target, err);
	if (r == 0)
		r = target_check(&target, q->run->session->store, x->arena, err);
	return r < 0 ? r : find(q, &target, x, err);
}

static int open_pipes(struct running *x, struct error *err)
{
	for (int i = 0; i < 2; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return error_sys(err, errno, "make a pipe");
		x->out[i] = ends[0];
		x->exec.fds[i + 1] = ends[1];
	}
	return 0;
}

int run_exec(struct request *q, struct error *err)
{
	struct running *x = xcalloc(1, sizeof(*x));
	int r = run_need_driver(q, err);

	x->job = (struct job){ .run = run, .drop = drop };
	x->arena = arena_new();
	x->rt = q->run->session->runtimes;
	x->stop = &q->run->is_leaving;
	x->out[0] = x->out[1] = -1;
	x->exec = (struct runtime_exec){ .fds = { -1, -1, -1 }, .cancel = &x->cancel };
	if (r == 0)
		r = read_request(q, x, err);
	if (r == 0 && !pool_room(q->run->clients))
		r = error_set(err, ERR_UNAVAILABLE, 0, "too many clients run programs already");
	if (r == 0)
		r = open_pipes(x, err);
	if (r < 0 || api_stream_begin(q->rq, API_STREAM_EVENTS) == API_STREAM_REFUSED) {
		close_pipes(x);
		drop(&x->job);
		return r < 0 ? r : 0;
	}
	x->rq = q->rq;
	(void)pool_submit(q->run->clients, &x->job); /* there is room, and only the loop submits */
	return 0;
}
