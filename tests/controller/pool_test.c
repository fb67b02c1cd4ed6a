/* SPDX-License-Identifier: Apache-2.0 */
/* pool and loop: every job comes back once, the queue is bounded, a stuck pool says so. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "controller/loop.h"
#include "controller/pool.h"

CLEAN_DEFINE(pool, struct pool *, pool_free)

struct square {
	struct job job;
	int in, out;
	pthread_mutex_t *gate; /* taken while the job runs; NULL: none */
};

static void run_square(struct job *j)
{
	struct square *s = (struct square *)j;

	if (s->gate) {
		pthread_mutex_lock(s->gate);
		pthread_mutex_unlock(s->gate);
	}
	s->out = s->in * s->in;
}

static void drop_square(struct job *j)
{
	free(j);
}

static struct square *new_square(int in, pthread_mutex_t *gate)
{
	struct square *s = xcalloc(1, sizeof(*s));

	s->job.run = run_square;
	s->job.drop = drop_square;
	s->in = in;
	s->gate = gate;
	return s;
}

static int take_all(struct pool *pool, bool *seen)
{
	struct job *j;
	int n = 0;

	while ((j = pool_take_done(pool))) {
		struct square *s = (struct square *)j;

		assert_int_equal(s->out, s->in * s->in);
		assert_false(seen[s->in]);
		seen[s->in] = true;
		j->drop(j);
		n++;
	}
	return n;
}

static void every_job_comes_back_once(void **state)
{
	enum { N = 2000 };
	struct error err = ERROR_INIT;
	struct loop *loop CLEAN(loop) = NULL;
	struct pool *pool CLEAN(pool) = NULL;
	bool seen[N] = { false };
	struct mono now;
	int sent = 0, back = 0;

	(void)state;
	assert_int_equal(loop_new(&loop, &err), 0);
	assert_int_equal(pool_new(4, 8, loop_bell(loop), &pool, &err), 0);
	while (back < N) {
		while (sent < N && pool_room(pool) > 0)
			assert_true(pool_submit(pool, &new_square(sent++, NULL)->job));
		assert_true(loop_turn(loop, mono_add(clock_mono(), 10 * CLOCK_SEC), &now) &
			    LOOP_BELL);
		back += take_all(pool, seen);
	}
	assert_int_equal(back, N);
}

static void a_full_queue_refuses_and_a_stuck_pool_says_so(void **state)
{
	struct error err = ERROR_INIT;
	struct loop *loop CLEAN(loop) = NULL;
	struct pool *pool CLEAN(pool) = NULL;
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct square *extra;
	bool seen[8] = { false };
	struct mono now;

	(void)state;
	assert_int_equal(loop_new(&loop, &err), 0);
	assert_int_equal(pool_new(1, 2, loop_bell(loop), &pool, &err), 0);
	pthread_mutex_lock(&gate);
	for (int i = 0; i < 3; i++) {
		struct square *s = new_square(i, &gate);

		s->job.deadline = mono_add(clock_mono(), 1);
		while (!pool_submit(pool, &s->job)) /* the worker has yet to take the first */
			clock_sleep(CLOCK_MS);
	}
	while (pool_room(pool) > 0)
		clock_sleep(CLOCK_MS);
	extra = new_square(7, NULL);
	assert_false(pool_submit(pool, &extra->job));
	drop_square(&extra->job);
	assert_true(pool_is_stuck(pool, mono_add(clock_mono(), CLOCK_SEC)));
	pthread_mutex_unlock(&gate);
	for (int back = 0; back < 3; back += take_all(pool, seen))
		(void)loop_turn(loop, mono_add(clock_mono(), CLOCK_SEC), &now);
	assert_false(pool_is_stuck(pool, mono_add(clock_mono(), CLOCK_SEC)));
}

static void the_first_signal_asks_and_the_timer_comes(void **state)
{
	struct error err = ERROR_INIT;
	struct loop *loop CLEAN(loop) = NULL;
	struct mono now, due = mono_add(clock_mono(), 5 * CLOCK_MS);

	(void)state;
	assert_int_equal(loop_new(&loop, &err), 0);
	assert_int_equal(loop_turn(loop, due, &now), LOOP_TIMER);
	assert_true(mono_cmp(now, due) >= 0);
	raise(SIGTERM);
	assert_true(loop_turn(loop, mono_add(now, CLOCK_SEC), &now) & LOOP_STOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_job_comes_back_once),
		cmocka_unit_test(a_full_queue_refuses_and_a_stuck_pool_says_so),
		cmocka_unit_test(the_first_signal_asks_and_the_timer_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
