/* SPDX-License-Identifier: Apache-2.0 */
/* A queue under a lock, and threads that empty it. Knows nothing of processes but their numbers. */
#include "backends/shim_report.h"

#include <pthread.h>

#include "base/arena.h"

enum { N_THREADS = 4 }; /* as many as end containers at once */

struct item {
	struct item *next;
	struct shim_report report;
};

struct reporter {
	struct shim_reports *reports;
	pthread_t thread;
	void *arg; /* of the report it makes now; NULL: none */
	bool is_busy;
};

struct shim_reports {
	pthread_mutex_t lock;
	pthread_cond_t more; /* for the threads */
	pthread_cond_t done; /* for who forgets */
	struct item *first, **end;
	bool stop;
	unsigned n_threads;
	struct reporter threads[N_THREADS];
};

static struct item *take_first(struct shim_reports *s)
{
	struct item *it = s->first;

	if (!it)
		return NULL;
	s->first = it->next;
	if (!s->first)
		s->end = &s->first;
	return it;
}

static void *report(void *arg)
{
	struct reporter *self = arg;
	struct shim_reports *s = self->reports;

	pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		struct item *it = take_first(s);

		if (!it) {
			pthread_cond_wait(&s->more, &s->lock);
			continue;
		}
		self->arg = it->report.arg;
		self->is_busy = true;
		pthread_mutex_unlock(&s->lock);
		it->report.ended(it->report.arg, it->report.pid, it->report.has_code,
				 it->report.code);
		free(it);
		pthread_mutex_lock(&s->lock);
		self->is_busy = false;
		pthread_cond_broadcast(&s->done);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static int start_threads(struct shim_reports *s, struct error *err)
{
	int e = 0;

	pthread_mutex_lock(&s->lock); /* nobody looks at the threads before all of them are there */
	while (e == 0 && s->n_threads < N_THREADS) {
		struct reporter *t = &s->threads[s->n_threads];

		t->reports = s;
		e = pthread_create(&t->thread, NULL, report, t);
		s->n_threads += e == 0;
	}
	pthread_mutex_unlock(&s->lock);
	return e ? error_sys(err, e, "start a thread for reports") : 0;
}

int shim_reports_new(struct shim_reports **ret, struct error *err)
{
	struct shim_reports *s = xcalloc(1, sizeof(*s));
	int r;

	s->end = &s->first;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	pthread_cond_init(&s->done, NULL);
	r = start_threads(s, err);
	if (r < 0) {
		shim_reports_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void shim_reports_free(struct shim_reports *s)
{
	struct item *it;

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_broadcast(&s->more);
	pthread_mutex_unlock(&s->lock);
	for (unsigned i = 0; i < s->n_threads; i++)
		pthread_join(s->threads[i].thread, NULL);
	while ((it = take_first(s)))
		free(it);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->more);
	pthread_cond_destroy(&s->done);
	free(s);
}

void shim_reports_add(struct shim_reports *s, const struct shim_report *report)
{
	struct item *it = xcalloc(1, sizeof(*it));

	it->report = *report;
	pthread_mutex_lock(&s->lock);
	*s->end = it;
	s->end = &it->next;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

static void drop_queued(struct shim_reports *s, const void *arg)
{
	struct item **at = &s->first;

	while (*at) {
		struct item *it = *at;

		if (it->report.arg != arg) {
			at = &it->next;
			continue;
		}
		*at = it->next;
		free(it);
	}
	s->end = at;
}

/* Somebody else tells it right now. */
static bool is_told(const struct shim_reports *s, const void *arg)
{
	for (unsigned i = 0; i < s->n_threads; i++) {
		const struct reporter *t = &s->threads[i];

		if (t->is_busy && t->arg == arg && !pthread_equal(pthread_self(), t->thread))
			return true;
	}
	return false;
}

void shim_reports_forget(struct shim_reports *s, const void *arg)
{
	pthread_mutex_lock(&s->lock);
	drop_queued(s, arg);
	while (is_told(s, arg))
		pthread_cond_wait(&s->done, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

static bool is_quiet(const struct shim_reports *s)
{
	bool busy = s->first != NULL;

	for (unsigned i = 0; i < s->n_threads; i++)
		busy |= s->threads[i].is_busy;
	return !busy;
}

void shim_reports_drain(struct shim_reports *s)
{
	pthread_mutex_lock(&s->lock);
	while (!is_quiet(s))
		pthread_cond_wait(&s->done, &s->lock);
	pthread_mutex_unlock(&s->lock);
}
