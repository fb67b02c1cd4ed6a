/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two lists under one mutex: waiting and done. Nothing else is shared with the
 * workers. The pool knows nothing of what jobs do.
 */
#include "controller/pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#include "base/arena.h"

enum { MAX_THREADS = 16 };

struct list {
	struct job *first;
	struct job **end;
	unsigned n;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct list waiting, done;
	unsigned n_queue;
	unsigned n_threads;
	bool stop;
	int notify_fd;
	struct mono
		busy_until[MAX_THREADS]; /* deadline of each worker's job; INT64_MAX when idle */
	pthread_t threads[MAX_THREADS];
};

struct worker {
	struct pool *pool;
	unsigned index;
};

static void list_init(struct list *l)
{
	*l = (struct list){ .end = &l->first };
}

static void list_push(struct list *l, struct job *j)
{
	j->next = NULL;
	*l->end = j;
	l->end = &j->next;
	l->n++;
}

static struct job *list_pop(struct list *l)
{
	struct job *j = l->first;

	if (!j)
		return NULL;
	l->first = j->next;
	if (!l->first)
		l->end = &l->first;
	l->n--;
	return j;
}

static void notify(const struct pool *p)
{
	const uint64_t one = 1;

	/* An eventfd that is full has told the loop already. */
	if (write(p->notify_fd, &one, sizeof(one)) < 0)
		return;
}

static void idle(struct pool *p, unsigned index)
{
	p->busy_until[index] = (struct mono){ INT64_MAX };
}

static void *work(void *arg)
{
	struct worker *self = arg;
	struct pool *p = self->pool;
	unsigned index = self->index;

	free(self);
	pthread_mutex_lock(&p->lock);
	for (;;) {
		struct job *j;

		while (!p->stop && !p->waiting.first)
			pthread_cond_wait(&p->work, &p->lock);
		if (p->stop)
			break;
		j = list_pop(&p->waiting);
		if (j->deadline.us)
			p->busy_until[index] = j->deadline;
		pthread_mutex_unlock(&p->lock);
		j->run(j);
		pthread_mutex_lock(&p->lock);
		idle(p, index);
		list_push(&p->done, j);
		notify(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int start_thread(struct pool *p, struct error *err)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	int e;

	*w = (struct worker){ p, p->n_threads };
	idle(p, p->n_threads);
	e = pthread_create(&p->threads[p->n_threads], NULL, work, w);
	if (e) {
		free(w);
		return error_sys(err, e, "start a worker thread");
	}
	p->n_threads++;
	return 0;
}

int pool_new(unsigned n_threads, unsigned n_queue, int notify_fd, struct pool **ret,
	     struct error *err)
{
	struct pool *p = xcalloc(1, sizeof(*p));
	int r = 0;

	assert(n_threads >= 1 && n_threads <= MAX_THREADS);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	list_init(&p->waiting);
	list_init(&p->done);
	p->n_queue = n_queue;
	p->notify_fd = notify_fd;
	pthread_mutex_lock(&p->lock); /* workers wait until all of them are in place */
	while (r == 0 && p->n_threads < n_threads)
		r = start_thread(p, err);
	pthread_mutex_unlock(&p->lock);
	if (r < 0) {
		pool_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

static void drop_all(struct list *l)
{
	struct job *j;

	while ((j = list_pop(l)))
		j->drop(j);
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	drop_all(&p->waiting);
	drop_all(&p->done);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

bool pool_submit(struct pool *p, struct job *j)
{
	bool room;

	pthread_mutex_lock(&p->lock);
	room = p->waiting.n < p->n_queue;
	if (room) {
		list_push(&p->waiting, j);
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	return room;
}

unsigned pool_room(struct pool *p)
{
	unsigned n;

	pthread_mutex_lock(&p->lock);
	n = p->n_queue - p->waiting.n;
	pthread_mutex_unlock(&p->lock);
	return n;
}

struct job *pool_take_done(struct pool *p)
{
	struct job *j;

	pthread_mutex_lock(&p->lock);
	j = list_pop(&p->done);
	pthread_mutex_unlock(&p->lock);
	return j;
}

bool pool_is_stuck(struct pool *p, struct mono now)
{
	bool stuck = true;

	pthread_mutex_lock(&p->lock);
	for (unsigned i = 0; i < p->n_threads; i++)
		stuck = stuck && mono_cmp(p->busy_until[i], now) < 0;
	pthread_mutex_unlock(&p->lock);
	return stuck;
}
