/* SPDX-License-Identifier: Apache-2.0 */
/* Bookkeeping around a pool: whose jobs are out, and the one look. */
#include "controller/lane.h"

#include <assert.h>

enum {
	WORKERS = 4, /* what two cores and a disk can use; the runtimes are programs of their own */
	QUEUE = 8,   /* steps waiting for a worker: two turns' worth, so that none idles */
	LOOKS = 1,   /* beside them: steps that do not end hold up no look, and so nobody else */
};

/* A listing takes milliseconds; one of seconds is a runtime in trouble, or a host that is. Whoever
 * waits for it waits so long with all of the node. */
#define PATIENCE_US (3 * CLOCK_SEC)

struct lane {
	struct runtime *rt;
	struct pool *pool;
	struct work_step *flight; /* a list through next_flight */
	unsigned n_flight;
	struct work_look *look; /* NULL: none */
	bool look_done;
	struct mono look_since;
	struct mono step_done;  /* when the last one came back */
	struct work_look *late; /* given up, and the pool's; NULL: none */
	struct mono late_since;
	int64_t patience_us;
};

int lane_open(struct runtime *rt, int bell, struct lane **ret, struct error *err)
{
	struct lane *l = xcalloc(1, sizeof(*l));
	int r = pool_new(WORKERS, QUEUE + LOOKS, bell, &l->pool, err);

	if (r < 0) {
		free(l);
		return r;
	}
	l->rt = rt;
	l->patience_us = PATIENCE_US;
	*ret = l;
	return 0;
}

void lane_close(struct lane *l)
{
	if (!l)
		return;
	if (l->look_done)
		lane_forget(l);
	pool_free(l->pool); /* drops whatever it still owns */
	free(l);
}

struct runtime *lane_runtime(const struct lane *l)
{
	return l->rt;
}

unsigned lane_room(struct lane *l, struct mono now)
{
	unsigned room = pool_room(l->pool);

	return pool_is_stuck(l->pool, now) || room <= LOOKS ? 0 : room - LOOKS;
}

void lane_submit(struct lane *l, struct work_step *take)
{
	bool taken = pool_submit(l->pool, &take->job);

	assert(taken); /* only the loop submits, and it asked for room first */
	(void)taken;
	take->next_flight = l->flight;
	l->flight = take;
	l->n_flight++;
}

static void leave_flight(struct lane *l, const struct work_step *w)
{
	struct work_step **at = &l->flight;

	/* At most WORKERS + QUEUE and what is done: short. */
	while (*at != w)
		at = &(*at)->next_flight;
	*at = w->next_flight;
	l->n_flight--;
}

/* One that answered in the end gets the time it needs from now on, or nobody would ever hear it. */
static void take_late(struct lane *l, struct mono now)
{
	int64_t took = now.us - l->late_since.us;

	if (!l->late->result.failed && 2 * took > l->patience_us)
		l->patience_us = 2 * took;
	l->late->job.drop(&l->late->job);
	l->late = NULL;
}

/* True: it was no step. */
static bool take_look(struct lane *l, const struct job *j, struct mono now)
{
	if (l->look && j == &l->look->job)
		l->look_done = true;
	else if (l->late && j == &l->late->job)
		take_late(l, now);
	else
		return false;
	return true;
}

struct work_step *lane_take(struct lane *l, struct mono now)
{
	struct job *j;

	do
		j = pool_take_done(l->pool);
	while (j && take_look(l, j, now));
	if (!j)
		return NULL;
	leave_flight(l, (struct work_step *)j);
	l->step_done = now;
	return (struct work_step *)j;
}

unsigned lane_flight(const struct lane *l)
{
	return l->n_flight;
}

void lane_touch_flight(const struct lane *l, struct ledger_touched *t)
{
	for (const struct work_step *w = l->flight; w; w = w->next_flight)
		if (w->step.instance_id)
			ledger_touch(t, w->step.instance_id);
}

bool lane_is_quiet(const struct lane *l)
{
	return l->n_flight == 0 && !lane_look_since(l).us && !l->late;
}

bool lane_is_deaf(const struct lane *l, struct mono now)
{
	return l->late || pool_is_stuck(l->pool, now);
}

bool lane_can_look(struct lane *l, struct mono now)
{
	return !l->look && (lane_is_deaf(l, now) || pool_room(l->pool) > 0);
}

/* A look at a runtime that does not answer would only join the queue of those who wait for it. */
static void answer_for_it(struct lane *l)
{
	struct work_look *look = l->look;
	struct error why = ERROR_INIT;

	(void)error_set(&why, ERR_TIMEOUT, 0, "%s does not answer", l->rt->name);
	observe_unknown(l->rt, look->rows, look->n_rows, &why, look->arena, &look->result);
	l->look_done = true;
}

void lane_look(struct lane *l, const struct instance *rows, size_t n, struct mono now)
{
	assert(!l->look);
	l->look = work_look_new(l->rt, rows, n, now);
	l->look_since = now;
	l->look_done = false;
	if (lane_is_deaf(l, now) || !pool_submit(l->pool, &l->look->job))
		answer_for_it(l);
}

struct mono lane_look_since(const struct lane *l)
{
	return l->look && !l->look_done ? l->look_since : (struct mono){ 0 };
}

struct mono lane_patience(const struct lane *l)
{
	if (!lane_look_since(l).us)
		return (struct mono){ 0 };
	/* Steps that end show a runtime that is busy: the look is behind them. */
	return mono_add(mono_cmp(l->step_done, l->look_since) > 0 ? l->step_done : l->look_since,
			l->patience_us);
}

void lane_give_up(struct lane *l, struct mono now)
{
	assert(l->look && !l->look_done && !l->late);
	l->late = l->look;
	l->late_since = l->look_since;
	/* Its rows are only read by whoever looks. */
	l->look = work_look_new(l->rt, l->late->rows, l->late->n_rows, now);
	answer_for_it(l);
}

const struct observation *lane_seen(const struct lane *l)
{
	return l->look && l->look_done ? &l->look->result : NULL;
}

void lane_forget(struct lane *l)
{
	assert(l->look && l->look_done);
	l->look->job.drop(&l->look->job);
	l->look = NULL;
	l->look_done = false;
}
