/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers without threads, in the place of controller/pool.c: as many, with the same queue, but a
 * job is carried out at one virtual moment and its end is told at another.
 */
#include "controller/pool.h"

#include "tests/sim/models.h"

enum job_state { JOB_WAITS, JOB_RUNS, JOB_DONE };

struct models_job {
	struct models_job *next; /* of its pool, in order of submission */
	struct job *job;
	struct pool *pool;
	struct models_life *life;
	enum job_state state;
	uint64_t done_as; /* DONE: their order */
	unsigned since;
	int64_t submitted_us;
};

struct pool {
	struct models_life *life;
	struct models *m;
	unsigned n_threads, n_queue;
	struct models_job *jobs;
};

#define REPORT_US (CLOCK_SEC / 2)
#define SLOW_US   (25 * CLOCK_SEC)

int pool_new(unsigned n_threads, unsigned n_queue, int notify_fd, struct pool **ret,
	     struct error *err)
{
	struct models *m = models_time_now();
	struct pool *p = xcalloc(1, sizeof(*p));

	(void)notify_fd, (void)err;
	*p = (struct pool){ .m = m, .life = m->life, .n_threads = n_threads, .n_queue = n_queue };
	*ret = p;
	return 0;
}

void pool_free(struct pool *p)
{
	struct models_job *next;

	for (struct models_job *j = p->jobs; j; j = next) {
		next = j->next;
		j->job->drop(j->job);
		free(j);
	}
	free(p);
}

static unsigned count(const struct pool *p, enum job_state state)
{
	unsigned n = 0;

	for (const struct models_job *j = p->jobs; j; j = j->next)
		n += j->state == state;
	return n;
}

/* Free workers take what waits. */
static void begin(struct pool *p)
{
	struct models *m = p->m;
	unsigned n = count(p, JOB_RUNS);

	for (struct models_job *j = p->jobs; j && n < p->n_threads; j = j->next) {
		if (j->state != JOB_WAITS)
			continue;
		j->state = JOB_RUNS;
		n++;
		models_push(m, MODELS_EFFECT, models_up_to(m, CLOCK_SEC))->job = j;
	}
}

/* A turn that was cut off hands out some of its steps, and then it is over. */
static bool is_lost(struct pool *p)
{
	if (!p->life->is_dead)
		return false;
	if (p->life->n_alive == 0)
		return true;
	p->life->n_alive--;
	return false;
}

bool pool_submit(struct pool *p, struct job *job)
{
	struct models_job **at = &p->jobs;
	struct models_job *j;

	if (count(p, JOB_WAITS) >= p->n_queue)
		return false;
	p->m->n_submitted++;
	while (*at)
		at = &(*at)->next;
	*at = j = xcalloc(1, sizeof(*j));
	*j = (struct models_job){ .job = job,
				  .pool = p,
				  .life = p->life,
				  .since = p->m->fed,
				  .submitted_us = p->m->now_us };
	if (!is_lost(p))
		begin(p);
	return true;
}

unsigned pool_room(struct pool *p)
{
	return p->n_queue - count(p, JOB_WAITS);
}

static struct models_job **first_done(struct pool *p)
{
	struct models_job **best = NULL;

	for (struct models_job **at = &p->jobs; *at; at = &(*at)->next)
		if ((*at)->state == JOB_DONE && (!best || (*at)->done_as < (*best)->done_as))
			best = at;
	return best;
}

struct job *pool_take_done(struct pool *p)
{
	struct models_job **at = first_done(p);
	struct models_job *j;
	struct job *job;

	if (!at)
		return NULL;
	j = *at;
	job = j->job;
	*at = j->next;
	free(j);
	return job;
}

bool pool_is_stuck(struct pool *p, struct mono now)
{
	unsigned n = 0;

	for (const struct models_job *j = p->jobs; j; j = j->next)
		n += j->state == JOB_RUNS && j->job->deadline.us &&
		     mono_cmp(j->job->deadline, now) < 0;
	return n == p->n_threads;
}

/* --- the simulation's side --- */

static int64_t carry_out(struct models *m, struct models_job *j)
{
	int64_t spent;

	m->call = j;
	m->spent_us = 0;
	j->job->run(j->job);
	spent = m->spent_us;
	m->spent_us = 0;
	m->call = NULL;
	return spent;
}

void models_pool_effect(struct models *m, struct models_job *j)
{
	int64_t us = carry_out(m, j) + models_up_to(m, REPORT_US);

	if (j->life->is_dead) {
		j->life->n_late--;
		return;
	}
	if (!m->is_calm && models_chance(m, 3)) /* it took effect, and that takes long to be told */
		us += models_up_to(m, SLOW_US);
	models_push(m, MODELS_DONE, us)->job = j;
}

void models_pool_done(struct models *m, struct models_job *j)
{
	j->state = JOB_DONE;
	j->done_as = ++m->sequence;
	m->has_news = true;
	begin(j->pool);
}

/* Lost; carried out while the controller dies; or some time later. */
static bool goes_on(struct models *m, struct models_event *e)
{
	unsigned what = models_below(m, 3);

	if (what == 1)
		(void)carry_out(m, e->job);
	if (what != 2)
		return false;
	e->job->life->n_late++;
	return true;
}

void models_pool_cut(struct models *m, struct models_life *life, bool is_reboot)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_events; i++) {
		struct models_event e = m->events[i];
		bool is_ours = e.type == MODELS_EFFECT && e.job->life == life;

		if (e.type == MODELS_EXIT || e.type == MODELS_DONE)
			continue;
		if (is_reboot && (e.type == MODELS_END || !is_ours)) {
			if (e.type == MODELS_EFFECT)
				e.job->life->n_late--;
			continue;
		}
		if (is_ours && (is_reboot || !goes_on(m, &e)))
			continue;
		m->events[n++] = e;
	}
	m->n_events = n;
}

unsigned models_pool_since(const struct models *m)
{
	return m->call->since;
}

int64_t models_pool_submitted(const struct models *m)
{
	return m->call->submitted_us;
}

struct models_life *models_pool_life(const struct models *m)
{
	return m->call->life;
}
