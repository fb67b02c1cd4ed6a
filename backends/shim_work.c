/* SPDX-License-Identifier: Apache-2.0 */
/* One list under one lock. A worker takes the first call whose instance no other worker has. */
#include "backends/shim_work.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "backends/shim_call.h"
#include "backends/shim_values.h"
#include "base/arena.h"
#include "base/limits.h"

enum {
	N_WORKERS = 4,
	DEFAULT_DEADLINE_MS = 60000,
	MAX_DEADLINE_MS = 24 * 3600 * 1000, /* a clock cannot overflow on it */
};

struct task {
	struct task *next;
	struct shim_conn *conn; /* NULL: the question whether the runtime holds anything */
	uint64_t id;
	struct json_object *args;
	const struct shim_call_op *op;
	const char *instance; /* in args; NULL: none */
	struct mono deadline;
};

struct shim_work {
	struct runtime *rt;
	int wake_fd;
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	struct task *first, **end;
	unsigned n_waiting;
	struct task *running[N_WORKERS];
	unsigned n_running;
	enum shim_work_empty empty;
	bool stop;
	unsigned n_threads;
	pthread_t threads[N_WORKERS];
};

struct worker {
	struct shim_work *work;
	unsigned index;
};

static void free_task(struct task *t)
{
	shim_conn_unref(t->conn);
	json_object_put(t->args);
	free(t);
}
CLEAN_DEFINE(task, struct task *, free_task)

static void wake_loop(const struct shim_work *w)
{
	const uint64_t one = 1;

	/* A full eventfd wakes as well. */
	if (write(w->wake_fd, &one, sizeof(one)) < 0)
		return;
}

/* --- the queue ----------------------------------------------------------------------- */

static struct task *unlink_task(struct shim_work *w, struct task **at)
{
	struct task *t = *at;

	*at = t->next;
	if (!*at)
		w->end = at;
	t->next = NULL;
	w->n_waiting--;
	return t;
}

static void push(struct shim_work *w, struct task *t)
{
	*w->end = t;
	w->end = &t->next;
	w->n_waiting++;
	pthread_cond_signal(&w->work);
}

static bool is_busy(const struct shim_work *w, const char *instance)
{
	for (unsigned i = 0; instance && i < N_WORKERS; i++)
		if (w->running[i] && w->running[i]->instance &&
		    strcmp(w->running[i]->instance, instance) == 0)
			return true;
	return false;
}

static struct task *take_next(struct shim_work *w)
{
	for (struct task **at = &w->first; *at; at = &(*at)->next)
		if (!is_busy(w, (*at)->instance))
			return unlink_task(w, at);
	return NULL;
}

/* --- a worker ------------------------------------------------------------------------ */

static enum shim_work_empty look_whether_empty(struct shim_work *w)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct observed seen = { 0 };

	/* What cannot be listed may hold something. */
	if (runtime_list(w->rt, a, &seen, NULL) < 0 || seen.partial || seen.n)
		return SHIM_WORK_HOLDS;
	return SHIM_WORK_EMPTY;
}

static void run_call(struct shim_work *w, struct task *t)
{
	struct error err = ERROR_INIT;

	if (shim_conn_is_broken(t->conn))
		return;
	if (clock_mono().us >= t->deadline.us) {
		int r = error_set(&err, ERR_TIMEOUT, 0, "no worker was free in time");

		shim_call_answer(t->conn, t->id, r, &err, NULL);
		return;
	}
	shim_call_run(t->op, w->rt, t->conn, t->id, t->args, t->deadline);
}

static void run_task(struct shim_work *w, struct task *t)
{
	enum shim_work_empty empty;

	if (t->conn) {
		run_call(w, t);
		return;
	}
	empty = look_whether_empty(w);
	pthread_mutex_lock(&w->lock);
	w->empty = empty;
	pthread_mutex_unlock(&w->lock);
}

static void *work(void *arg)
{
	struct worker *self = arg;
	struct shim_work *w = self->work;
	unsigned index = self->index;

	free(self);
	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct task *t CLEAN(task) = NULL;

		while (!w->stop && !(t = take_next(w)))
			pthread_cond_wait(&w->work, &w->lock);
		if (w->stop)
			break;
		w->running[index] = t;
		w->n_running++;
		pthread_mutex_unlock(&w->lock);
		run_task(w, t);
		pthread_mutex_lock(&w->lock);
		w->running[index] = NULL;
		w->n_running--;
		/* What waited for this instance can go now. */
		if (w->n_waiting)
			pthread_cond_broadcast(&w->work);
		if (w->n_running == 0 && w->n_waiting == 0) {
			pthread_cond_broadcast(&w->idle);
			wake_loop(w);
		}
	}
	pthread_cond_broadcast(&w->idle);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static int start_worker(struct shim_work *w, struct error *err)
{
	struct worker *self = xcalloc(1, sizeof(*self));
	int e;

	*self = (struct worker){ w, w->n_threads };
	e = pthread_create(&w->threads[w->n_threads], NULL, work, self);
	if (e) {
		free(self);
		return error_sys(err, e, "start a worker thread");
	}
	w->n_threads++;
	return 0;
}

int shim_work_new(struct runtime *rt, int wake_fd, struct shim_work **ret, struct error *err)
{
	struct shim_work *w = xcalloc(1, sizeof(*w));
	pthread_condattr_t attr;
	int r = 0;

	w->rt = rt;
	w->wake_fd = wake_fd;
	w->end = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->idle, &attr);
	pthread_condattr_destroy(&attr);
	while (r == 0 && w->n_threads < N_WORKERS)
		r = start_worker(w, err);
	if (r < 0) {
		shim_work_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

bool shim_work_stop(struct shim_work *w, struct mono deadline)
{
	struct timespec until = { .tv_sec = deadline.us / CLOCK_SEC,
				  .tv_nsec = deadline.us % CLOCK_SEC * 1000 };
	bool idle;
	int e = 0;

	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->work);
	while (w->n_running && e != ETIMEDOUT)
		e = pthread_cond_timedwait(&w->idle, &w->lock, &until);
	idle = w->n_running == 0;
	pthread_mutex_unlock(&w->lock);
	return idle;
}

void shim_work_free(struct shim_work *w)
{
	if (!w)
		return;
	(void)shim_work_stop(w, (struct mono){ 0 });
	for (unsigned i = 0; i < w->n_threads; i++)
		pthread_join(w->threads[i], NULL);
	while (w->first)
		free_task(unlink_task(w, &w->first));
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->idle);
	free(w);
}

/* --- for the loop -------------------------------------------------------------------- */

static int fill_task(struct task *t, struct error *err)
{
	const char *op = NULL;
	int64_t ms = DEFAULT_DEADLINE_MS;
	int r = json_need_str(t->args, "op", &op, err);

	if (r >= 0)
		r = json_get_i64(t->args, "deadline_ms", &ms, err);
	if (r < 0)
		return r;
	t->op = shim_call_find(op);
	if (!t->op)
		return error_set(err, ERR_UNSUPPORTED, 0, "no operation '%.40s'", op);
	if (ms > MAX_DEADLINE_MS)
		ms = MAX_DEADLINE_MS;
	t->deadline = mono_add(clock_mono(), ms * CLOCK_MS);
	return shim_call_instance(t->op, t->args, &t->instance, err);
}

/* Takes the task when there is room; then *t is NULL. */
static void try_push(struct shim_work *w, struct task **t)
{
	pthread_mutex_lock(&w->lock);
	if (w->n_waiting < LIMIT_SHIM_CALLS && !w->stop)
		push(w, TAKE(*t));
	pthread_mutex_unlock(&w->lock);
}

void shim_work_submit(struct shim_work *w, struct shim_conn *conn, uint64_t id,
		      struct json_object *args)
{
	struct task *t CLEAN(task) = xcalloc(1, sizeof(*t));
	struct error err = ERROR_INIT;
	int r;

	*t = (struct task){ .conn = shim_conn_ref(conn), .id = id, .args = args };
	r = fill_task(t, &err);
	if (r == 0)
		try_push(w, &t);
	if (r == 0 && t)
		r = error_set(&err, ERR_UNAVAILABLE, 0, "the shim has too many calls waiting");
	/* The loop answers without waiting: a client that does not read is cut off instead. */
	if (r < 0)
		shim_conn_answer(conn, id, r, &err);
}

static void drop_matching(struct shim_work *w, const struct shim_conn *conn, const uint64_t *id)
{
	struct task **at;

	pthread_mutex_lock(&w->lock);
	for (at = &w->first; *at;) {
		if ((*at)->conn == conn && (!id || (*at)->id == *id))
			free_task(unlink_task(w, at));
		else
			at = &(*at)->next;
	}
	pthread_mutex_unlock(&w->lock);
}

void shim_work_cancel(struct shim_work *w, struct shim_conn *conn, uint64_t id)
{
	drop_matching(w, conn, &id);
}

void shim_work_forget(struct shim_work *w, struct shim_conn *conn)
{
	drop_matching(w, conn, NULL);
}

bool shim_work_is_idle(struct shim_work *w)
{
	bool idle;

	pthread_mutex_lock(&w->lock);
	idle = w->n_running == 0 && w->n_waiting == 0;
	pthread_mutex_unlock(&w->lock);
	return idle;
}

void shim_work_ask_empty(struct shim_work *w)
{
	pthread_mutex_lock(&w->lock);
	if (w->empty != SHIM_WORK_ASKING) {
		w->empty = SHIM_WORK_ASKING;
		push(w, xcalloc(1, sizeof(struct task)));
	}
	pthread_mutex_unlock(&w->lock);
}

enum shim_work_empty shim_work_take_empty(struct shim_work *w)
{
	enum shim_work_empty answer;

	pthread_mutex_lock(&w->lock);
	answer = w->empty;
	if (answer != SHIM_WORK_ASKING)
		w->empty = SHIM_WORK_NOT_ASKED;
	pthread_mutex_unlock(&w->lock);
	return answer;
}
