/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not taken away, and what is taken away with care: a store that waits for `recover
 * --accept`, generations that only the world remembers, half an instance whose process lives, an
 * end that was ours and not the service's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/controller/core_bench.h"
#include "tests/controller/core_play.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

#define ONE   "web: {image: {name: app:1}}"
#define OTHER "web: {image: {name: app:2}}"
#define JOB   "web: {image: {name: app:1}, rtype: job}"

#define expect(call, text) assert_string_equal(call, text)

static int setup(void **state)
{
	struct core_play *p = xcalloc(1, sizeof(*p));
	core_play_init(p);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	core_play_done(*state);
	free(*state);
	return 0;
}

static void run(struct core_play *p, const char *services)
{
	(void)core_play_wish(p, services);
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

/* --- a store that waits for a person --- */

static const struct {
	enum instance_state state; /* of the one that is there */
	const char *config;        /* it was made with */
	bool is_wanted;
	const char *verdict;
} kept[] = {
	{ INSTANCE_RUNNING, CORE_SAME, true, "nothing: running" },
	{ INSTANCE_CREATED, CORE_SAME, true, "start: made, never started" },
	{ INSTANCE_PAUSED, CORE_SAME, true, "update: paused" },
	{ INSTANCE_RUNNING, "env: {A: '2'}", true,
	  "blocked: kept, though it is to be replaced: configuration differs [env]" },
	{ INSTANCE_EXITED, CORE_SAME, true,
	  "blocked: kept, though it is to be replaced: ended, exit code unknown" },
	{ INSTANCE_BROKEN, CORE_SAME, true,
	  "blocked: kept, though it is to be replaced: was made only half" },
	{ INSTANCE_RUNNING, CORE_SAME, false,
	  "blocked: kept, though it is to be removed: not in the file" },
};

static void test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(kept); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_bench b;

		core_bench_init(&b, a, "app:1", "");
		core_bench_add(&b, kept[i].state, kept[i].config);
		b.in.keeps_all = true;
		if (!kept[i].is_wanted) {
			b.in.want = NULL;
			b.in.remove_cause = "not in the file";
		}
		expect(core_bench_verdict(&b), kept[i].verdict);
		if (b.out.verdict == VERDICT_BLOCKED)
			assert_non_null(strstr(b.out.hint, "tallyman recover --accept"));
	}
}

/* One that is right and one beside it: neither goes. */
static void test_nothing_beside(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct core_bench b;

	core_bench_init(&b, a, "app:1", "");
	core_bench_add(&b, INSTANCE_RUNNING, "env: {A: '2'}");
	core_bench_add(&b, INSTANCE_CREATED, CORE_SAME);
	b.in.keeps_all = true;
	expect(core_bench_verdict(&b),
	       "blocked: kept, though it is to be replaced: made, never started");
	core_bench_add(&b, INSTANCE_RUNNING, CORE_SAME);
	expect(core_bench_verdict(&b),
	       "blocked: kept, though it is to be removed: left over in the slot");
}

/* What is missing is made; what is to go stays until somebody has accepted. */
static void test_nothing_is_taken_away(void **state)
{
	struct core_play *p = *state;

	run(p, ONE);
	p->keeps_all = true;
	(void)core_play_restart(p);
	(void)core_play_wish(p, "web: {image: {name: app:2}, scale: {mode: fixed, replicas: 2}}");
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	assert_int_equal(core_world_get(&p->world, "web-rep-0.1")->state, INSTANCE_RUNNING);
	assert_int_equal(core_world_get(&p->world, "web-rep-1.1")->state, INSTANCE_RUNNING);
	assert_int_equal(p->world.n, 2);
	(void)core_play_wish(p, NULL);
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	assert_int_equal(p->world.n, 2);

	p->keeps_all = false;
	(void)core_play_restart(p);
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_int_equal(p->world.n, 0);
}

/* Half an instance is not cleared away either. */
static void test_half_is_kept(void **state)
{
	struct core_play *p = *state;

	run(p, ONE);
	core_world_get(&p->world, "web-rep-0.1")->state = INSTANCE_BROKEN;
	p->keeps_all = true;
	(void)core_play_restart(p);
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	assert_int_equal(core_world_get(&p->world, "web-rep-0.1")->state, INSTANCE_BROKEN);
}

/* --- numbers --- */

/* A store that was put back counts from where it was; the world has seen more. The model of the
 * world refuses a generation that was used. */
static void test_generations_of_the_world_count(void **state)
{
	struct core_play *p = *state;

	run(p, ONE);
	run(p, OTHER);
	assert_int_equal(core_world_get(&p->world, "web-rep-0.2")->state, INSTANCE_RUNNING);
	core_world_record(&p->world, "web", 0)->generation = 1;
	(void)core_play_restart(p);
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(core_world_record(&p->world, "web", 0)->generation, 2);
	run(p, ONE);
	assert_int_equal(core_world_get(&p->world, "web-rep-0.3")->state, INSTANCE_RUNNING);
	assert_int_equal(p->world.n, 1);
}

/* --- ends --- */

/* What it runs on was taken away, its process lives: asked, waited for, killed, removed, once. */
static void test_half_with_a_process(void **state)
{
	struct core_play *p = *state;

	run(p, "web: {image: {name: app:1}, labels: {test.deaf: 'yes'}}");
	core_world_get(&p->world, "web-rep-0.1")->state = INSTANCE_BROKEN;
	(void)core_play_ask(p);
	expect(core_play_look(p), "signal 15 web-rep-0.1");
	(void)core_play_answer(p, "signal 15 web-rep-0.1");
	expect(core_play_wait(p, 10 * CLOCK_SEC), "signal 9 web-rep-0.1");
	(void)core_play_answer(p, "signal 9 web-rep-0.1");
	expect(core_play_exit(p, "web-rep-0.1", 137), "remove web-rep-0.1");
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_int_equal(core_world_get(&p->world, "web-rep-0.2")->state, INSTANCE_RUNNING);
	assert_int_equal(p->world.n, 1);
}

/* A job that we ended has not run: it is no end of its own, whatever the code. */
static void test_job_ended_by_us(void **state)
{
	struct core_play *p = *state;

	run(p, JOB);
	core_world_get(&p->world, "web-rep-0.1")->state = INSTANCE_BROKEN;
	(void)core_play_ask(p);
	(void)core_play_look(p);
	(void)core_play_answer(p, "signal 15 web-rep-0.1");
	(void)core_play_exit(p, "web-rep-0.1", 0);
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(core_world_get(&p->world, "web-rep-0.2")->state, INSTANCE_RUNNING);
	assert_null(core_world_record(&p->world, "web", 0)->done_hash);
}

/* There and back while it stops: what stopped for us is made anew, whatever the policy. */
static void test_there_and_back(void **state)
{
	struct core_play *p = *state;
	const char *once = "web: {image: {name: app:1}, restart_policy: {kind: no}}";

	run(p, once);
	(void)core_play_wish(p, NULL);
	(void)core_play_look(p);
	(void)core_play_answer(p, "signal 15 web-rep-0.1");
	(void)core_play_wish(p, once);
	(void)core_play_exit(p, "web-rep-0.1", 0);
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_int_equal(core_world_get(&p->world, "web-rep-0.2")->state, INSTANCE_RUNNING);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_nothing_beside),
		T(test_nothing_is_taken_away),
		T(test_half_is_kept),
		T(test_generations_of_the_world_count),
		T(test_half_with_a_process),
		T(test_job_ended_by_us),
		T(test_there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
