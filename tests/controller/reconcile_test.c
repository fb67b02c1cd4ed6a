/* SPDX-License-Identifier: Apache-2.0 */
/* One slot, event by event: which step comes when everything goes well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/controller/core_play.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

#define ONE   "web: {image: {name: app:1}}"
#define OTHER "web: {image: {name: app:2}}"

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

/* Wished, made and running. */
static void run(struct core_play *p, const char *services)
{
	(void)core_play_wish(p, services);
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

#define expect(call, text) assert_string_equal(call, text)

/* --- up --- */

static void test_first_apply(void **state)
{
	struct core_play *p = *state;
	/* Nothing is decided before a look. */
	expect(core_play_wish(p, ONE), "look");
	assert_int_equal(p->up.overall, RECONCILE_BUSY);
	expect(core_play_look(p), "stage app:1");
	expect(core_play_answer(p, "stage app:1"), "create web-rep-0.1");
	expect(core_play_slot(p, "web-rep-0"), "working: not there");
	expect(core_play_answer(p, "create web-rep-0.1"), "start web-rep-0.1");
	expect(core_play_answer(p, "start web-rep-0.1"), "");
	expect(core_play_slot(p, "web-rep-0"), "running: running");
	/* A healthy first apply takes one round. */
	assert_int_equal(p->n_looks, 1);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_int_equal(p->up.wake.us, 0);
	/* And nothing more comes, whatever the clock says. */
	expect(core_play_wait(p, 3600 * CLOCK_SEC), "");
	expect(core_play_lose(p), "look");
	expect(core_play_look(p), "");
	assert_int_equal(p->up.n_slots, 0);
}

/* What a create carries is the whole of the instance. */
static void test_spec_of_create(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, "web: {image: {name: app:1}, env: {B: $E:HOME, A: x}}");
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage app:1");
	const struct step *s = &p->up.steps[0].step;
	const struct instance_spec *spec = s->spec;
	assert_string_equal(spec->id, "shop.web-rep-0.1");
	assert_string_equal(spec->deployment, "shop");
	assert_string_equal(spec->service_name, "web");
	assert_int_equal(spec->slot, 0);
	assert_int_equal(spec->generation, 1);
	assert_string_equal(spec->image, "app:1");
	assert_string_equal(spec->digest, "app:1");
	assert_string_equal(spec->config_hash, p->desired->slots[0].group->config_hash);
	assert_ptr_equal(spec->service, p->desired->slots[0].group->service);
	assert_int_equal(spec->n_env, 2);
	assert_string_equal(spec->env[0].name, "A");
	assert_string_equal(spec->env[1].value, "value of HOME");
	assert_null(spec->owner); /* the driver's */
	assert_string_equal(s->runtime, "youki");
	assert_string_equal(s->cause, "not there");
}

static void test_finds_it_as_it_shall_be(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	expect(core_play_restart(p), "look");
	expect(core_play_look(p), "");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

static void test_starts_what_was_made(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	core_world_get(&p->world, "web-rep-0.1")->state = INSTANCE_CREATED;
	(void)core_play_restart(p);
	expect(core_play_look(p), "start web-rep-0.1");
	expect(core_play_answer(p, "start web-rep-0.1"), "");
}

/* --- down, and another one --- */

static void test_stop_first(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	(void)core_play_wish(p, OTHER);
	expect(core_play_look(p), "stage app:2");
	expect(core_play_answer(p, "stage app:2"), "signal 15 web-rep-0.1");
	expect(core_play_answer(p, "signal 15 web-rep-0.1"), "");
	/* It has its grace period, and nobody does anything meanwhile. */
	assert_int_equal(p->up.wake.us, p->now.us + 10 * CLOCK_SEC);
	expect(core_play_wait(p, 3 * CLOCK_SEC), "");
	expect(core_play_exit(p, "web-rep-0.1", 143), "remove web-rep-0.1");
	expect(core_play_answer(p, "remove web-rep-0.1"), "create web-rep-0.2");
	expect(core_play_answer(p, "create web-rep-0.2"), "start web-rep-0.2");
	expect(core_play_answer(p, "start web-rep-0.2"), "");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	/* Its end was asked for: no back-off, no restart counted. */
	assert_int_equal(core_world_record(&p->world, "web", 0)->restarts, 0);
	assert_int_equal(core_world_record(&p->world, "web", 0)->fails, 0);
}

static void test_start_first(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	(void)core_play_wish(
		p, "web: {image: {name: app:2}, tallyman: {update: {strategy: start-first}}}");
	expect(core_play_look(p), "stage app:2");
	expect(core_play_answer(p, "stage app:2"), "create web-rep-0.2");
	expect(core_play_answer(p, "create web-rep-0.2"), "start web-rep-0.2");
	expect(core_play_answer(p, "start web-rep-0.2"), "signal 15 web-rep-0.1");
	expect(core_play_answer(p, "signal 15 web-rep-0.1"), "");
	expect(core_play_exit(p, "web-rep-0.1", 0), "remove web-rep-0.1");
	expect(core_play_answer(p, "remove web-rep-0.1"), "");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

/* The new one ends at once: the old one serves on, and after the back-off another try is made. */
static void test_start_first_fails(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	(void)core_play_wish(
		p, "web: {image: {name: app:2}, tallyman: {update: {strategy: start-first}},"
		   " restart_policy: {kind: always, delay: 1s}}");
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage app:2");
	expect(core_play_answer(p, "create web-rep-0.2"), "start web-rep-0.2");
	expect(core_play_exit(p, "web-rep-0.2", 1), "");
	expect(core_play_answer(p, "start web-rep-0.2"), ""); /* it has run already */
	expect(core_play_slot(p, "web-rep-0"), "waiting: waits before the next try: ended with 1");
	assert_int_equal(core_world_get(&p->world, "web-rep-0.1")->state, INSTANCE_RUNNING);
	expect(core_play_wait(p, 2 * CLOCK_SEC), "look");
	expect(core_play_look(p), "remove web-rep-0.2");
	expect(core_play_answer(p, "remove web-rep-0.2"), "create web-rep-0.3");
}

static const struct {
	const char *services;
	enum instance_state state;
	const char *first; /* the first signal */
	int64_t grace_us;  /* until SIGKILL; 0: it is SIGKILL */
} stops[] = {
	{ "web: {image: {name: app:1}}", INSTANCE_RUNNING, "signal 15 web-rep-0.1",
	  10 * CLOCK_SEC },
	{ "web: {image: {name: app:1}, stop_signal: SIGINT, stop_grace_period: 3s}",
	  INSTANCE_RUNNING, "signal 2 web-rep-0.1", 3 * CLOCK_SEC },
	{ "web: {image: {name: app:1}, stop_grace_period: 0s}", INSTANCE_RUNNING,
	  "signal 9 web-rep-0.1", 0 },
	{ "web: {image: {name: app:1}}", INSTANCE_PAUSED, "signal 15 web-rep-0.1", 10 * CLOCK_SEC },
	/* It has never run and has nothing to say. */
	{ "web: {image: {name: app:1}}", INSTANCE_CREATED, "signal 9 web-rep-0.1", 0 },
};

static void check_stop(struct core_play *p, size_t i)
{
	run(p, stops[i].services);
	core_world_get(&p->world, "web-rep-0.1")->state = stops[i].state;
	(void)core_play_wish(p, NULL);
	expect(core_play_look(p), stops[i].first);
	expect(core_play_answer(p, stops[i].first), "");
	if (stops[i].grace_us) {
		expect(core_play_wait(p, stops[i].grace_us - 1), "");
		expect(core_play_wait(p, 1), "signal 9 web-rep-0.1");
		expect(core_play_answer(p, "signal 9 web-rep-0.1"), "");
	}
	expect(core_play_exit(p, "web-rep-0.1", 137), "remove web-rep-0.1");
	expect(core_play_answer(p, "remove web-rep-0.1"), "");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	expect(core_play_slot(p, "web-rep-0"), "gone: not there");
	assert_int_equal(p->world.n, 0);
}

static void test_stops(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(stops); i++) {
		struct core_play p;
		core_play_init(&p);
		check_stop(&p, i);
		core_play_done(&p);
	}
}

/* It was gone before the signal came, or somebody has taken it away: no waiting for an exit. */
static void test_signal_outcomes(void **state)
{
	struct core_play *p = *state;
	run(p, "web: {image: {name: app:1}, scale: {mode: fixed, replicas: 2}}");
	(void)core_play_wish(p, NULL);
	expect(core_play_look(p), "signal 15 web-rep-1.1, signal 15 web-rep-0.1");
	core_world_exit(&p->world, "shop.web-rep-0.1", 0);
	expect(core_play_answer(p, "signal 15 web-rep-0.1"), "remove web-rep-0.1");
	core_world_drop(&p->world, "shop.web-rep-1.1");
	expect(core_play_answer(p, "signal 15 web-rep-1.1"), "");
	expect(core_play_answer(p, "remove web-rep-0.1"), "");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

/* --- in place --- */

static void test_update(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	(void)core_play_wish(p, "web: {image: {name: app:1}, resources: {memory: 1Gi}}");
	expect(core_play_look(p), "update web-rep-0.1");
	assert_string_equal(p->up.steps[0].step.spec->config_hash,
			    p->desired->slots[0].group->config_hash);
	expect(core_play_answer(p, "update web-rep-0.1"), "");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	(void)core_play_lose(p);
	expect(core_play_look(p), "");
}

static void test_thaw(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	core_world_get(&p->world, "web-rep-0.1")->state = INSTANCE_PAUSED;
	(void)core_play_lose(p);
	expect(core_play_look(p), "update web-rep-0.1");
	expect(core_play_answer(p, "update web-rep-0.1"), "");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

/* A setting nothing carries costs no step, and the instance keeps its hash. */
static void test_no_action(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	(void)core_play_wish(p, "web: {image: {name: app:1}, stop_grace_period: 2s}");
	expect(core_play_look(p), "");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

/* --- ends --- */

static void test_restart(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	/* Who was well is back at once. */
	expect(core_play_exit(p, "web-rep-0.1", 0), "remove web-rep-0.1");
	const struct slot *rec = core_world_record(&p->world, "web", 0);
	assert_int_equal(rec->fails, 1);
	assert_int_equal(rec->restarts, 1);
	expect(core_play_answer(p, "remove web-rep-0.1"), "create web-rep-0.2");
	(void)core_play_answer(p, "create web-rep-0.2");
	(void)core_play_answer(p, "start web-rep-0.2");
	/* Who ends again waits. */
	expect(core_play_exit(p, "web-rep-0.2", 1), "");
	expect(core_play_slot(p, "web-rep-0"), "waiting: waits before the next try: ended with 1");
	assert_int_equal(p->up.overall, RECONCILE_PAUSING);
	assert_int_equal(rec->fails, 2);
	assert_int_equal(rec->restarts, 2);
	assert_true(rec->has_exit_code);
	assert_int_equal(rec->exit_code, 1);
	assert_string_equal(rec->boot_id, "boot-1");
	int64_t wait = p->up.wake.us - p->now.us;
	assert_in_range(wait, CLOCK_SEC, CLOCK_SEC * 5 / 4);
	expect(core_play_wait(p, wait - 1), "");
	/* The image is asked for anew: it was staged for an older wish, as far as anybody knows. */
	expect(core_play_wait(p, 1), "remove web-rep-0.2");
	expect(core_play_answer(p, "remove web-rep-0.2"), "create web-rep-0.3");
	(void)core_play_answer(p, "create web-rep-0.3");
	(void)core_play_answer(p, "start web-rep-0.3");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	expect(core_play_slot(p, "web-rep-0"), "running: running");
}

/* Nothing for the first end, then 1 s, doubled to 60 s, each with up to a quarter more; two caps of
 * health, and nothing again. */
static void test_back_off_grows_and_is_reset(void **state)
{
	static const int64_t seconds[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	struct core_play *p = *state;
	run(p, ONE);
	expect(core_play_exit(p, "web-rep-0.1", 1), "remove web-rep-0.1");
	core_play_run(p, 20 * CLOCK_SEC);
	for (unsigned i = 0; i < ARRAY_N(seconds); i++) {
		(void)core_play_exit(p, arena_printf(p->arena, "web-rep-0.%u", i + 2), 1);
		int64_t wait = p->up.wake.us - p->now.us;
		assert_in_range(wait, seconds[i] * CLOCK_SEC, seconds[i] * CLOCK_SEC * 5 / 4);
		assert_int_equal(core_world_record(&p->world, "web", 0)->fails, i + 2);
		core_play_run(p, 200 * CLOCK_SEC);
	}
	/* Not quite well … */
	(void)core_play_wait(p, 119 * CLOCK_SEC);
	(void)core_play_exit(p, "web-rep-0.10", 1);
	assert_int_equal(core_world_record(&p->world, "web", 0)->fails, 10);
	core_play_run(p, 200 * CLOCK_SEC);
	/* … and well. */
	(void)core_play_wait(p, 120 * CLOCK_SEC);
	expect(core_play_exit(p, "web-rep-0.11", 1), "remove web-rep-0.11");
	assert_int_equal(core_world_record(&p->world, "web", 0)->fails, 1);
	assert_int_equal(core_world_record(&p->world, "web", 0)->restarts, 11);
}

static void test_restart_delay(void **state)
{
	struct core_play *p = *state;
	run(p, "web: {image: {name: app:1}, restart_policy: {kind: always, delay: 5s}}");
	(void)core_play_exit(p, "web-rep-0.1", 0);
	assert_in_range(p->up.wake.us - p->now.us, 5 * CLOCK_SEC, CLOCK_SEC * 25 / 4);
}

/* Asked again, it waits no longer, and what was counted is forgotten. */
static void test_try_again(void **state)
{
	struct core_play *p = *state;
	run(p, "web: {image: {name: app:1}, restart_policy: {kind: always, delay: 5s}}");
	(void)core_play_exit(p, "web-rep-0.1", 1);
	expect(core_play_ask(p), "remove web-rep-0.1, look");
	assert_int_equal(core_world_record(&p->world, "web", 0)->fails, 0);
	assert_null(core_world_record(&p->world, "web", 0)->reason);
}

/* The restarts of a setting that no container carries count like all others. */
static void test_restart_after_no_action(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	(void)core_play_wish(p, "web: {image: {name: app:1}, stop_grace_period: 2s}");
	(void)core_play_look(p);
	expect(core_play_exit(p, "web-rep-0.1", 1), "stage app:1");
	assert_int_equal(core_world_record(&p->world, "web", 0)->fails, 1);
	assert_int_equal(core_world_record(&p->world, "web", 0)->restarts, 1);
}

static void test_max_attempts(void **state)
{
	struct core_play *p = *state;
	run(p, "web: {image: {name: app:1}, labels: {test.ends: '1 1'}, "
	       "restart_policy: {kind: on_failure, max_attempts: 2}}");
	core_play_run(p, 0);
	core_play_pass(p, 600 * CLOCK_SEC);
	expect(core_play_slot(p, "web-rep-0"), "blocked: ended with 1, 3 times in a row");
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	assert_int_equal(core_world_record(&p->world, "web", 0)->generation, 3);
	(void)core_play_ask(p);
	core_play_run(p, CLOCK_SEC);
	assert_int_equal(core_world_record(&p->world, "web", 0)->generation, 4);
}

static void test_job(void **state)
{
	static const char job[] = "mig: {image: {name: app:1}, rtype: job}";
	struct core_play *p = *state;
	run(p, job);
	expect(core_play_exit(p, "mig-rep-0.1", 3), "");
	expect(core_play_slot(p, "mig-rep-0"), "done: ended with 3");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	const struct slot *rec = core_world_record(&p->world, "mig", 0);
	assert_string_equal(rec->done_hash, p->desired->slots[0].group->config_hash);
	assert_int_equal(rec->exit_code, 3);
	assert_int_equal(rec->restarts, 0);
	/* Not again: not when its container is taken away, not after a restart, not when asked. */
	core_world_drop(&p->world, "shop.mig-rep-0.1");
	(void)core_play_lose(p);
	expect(core_play_look(p), "");
	(void)core_play_restart(p);
	expect(core_play_look(p), "");
	(void)core_play_ask(p);
	expect(core_play_look(p), "");
	expect(core_play_slot(p, "mig-rep-0"), "done: ended with 3");
	/* Another configuration is another job. */
	(void)core_play_wish(p, "mig: {image: {name: app:1}, rtype: job, env: {STEP: '2'}}");
	expect(core_play_look(p), "stage app:1");
	expect(core_play_answer(p, "stage app:1"), "create mig-rep-0.2");
}

/* The row may be written or not when the controller dies: the end is seen in either case. */
static void test_job_ends_unseen(void **state)
{
	struct core_play *p = *state;
	run(p, "mig: {image: {name: app:1}, rtype: job}");
	core_world_exit(&p->world, "shop.mig-rep-0.1", 0);
	(void)core_play_restart(p);
	expect(core_play_look(p), "");
	assert_non_null(core_world_record(&p->world, "mig", 0)->done_hash);
	expect(core_play_slot(p, "mig-rep-0"), "done: ended with 0");
}

/* There and back while the other one runs: the job that has run is not run again. */
static void test_job_there_and_back(void **state)
{
	static const char one[] = "mig: {image: {name: app:1}, rtype: job}";
	struct core_play *p = *state;
	run(p, one);
	(void)core_play_exit(p, "mig-rep-0.1", 0);
	run(p, "mig: {image: {name: app:1}, rtype: job, env: {STEP: '2'}}");
	core_world_get(&p->world, "mig-rep-0.2");
	(void)core_play_wish(p, one);
	expect(core_play_look(p), "signal 15 mig-rep-0.2");
	(void)core_play_answer(p, "signal 15 mig-rep-0.2");
	expect(core_play_exit(p, "mig-rep-0.2", 143), "remove mig-rep-0.2");
	expect(core_play_answer(p, "remove mig-rep-0.2"), "");
	expect(core_play_slot(p, "mig-rep-0"), "done: ended with 0");
}

static void test_held(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	core_world_record(&p->world, "web", 0)->held = true;
	(void)core_play_wish(p, ONE);
	expect(core_play_look(p), "signal 15 web-rep-0.1");
	(void)core_play_answer(p, "signal 15 web-rep-0.1");
	(void)core_play_exit(p, "web-rep-0.1", 0);
	expect(core_play_answer(p, "remove web-rep-0.1"), "");
	expect(core_play_slot(p, "web-rep-0"), "held: stopped by hand");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	(void)core_play_ask(p);
	expect(core_play_look(p), "");
	core_world_record(&p->world, "web", 0)->held = false;
	(void)core_play_wish(p, ONE);
	expect(core_play_look(p), "stage app:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first_apply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spec_of_create, setup, teardown),
		cmocka_unit_test_setup_teardown(test_finds_it_as_it_shall_be, setup, teardown),
		cmocka_unit_test_setup_teardown(test_starts_what_was_made, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_start_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_start_first_fails, setup, teardown),
		cmocka_unit_test(test_stops),
		cmocka_unit_test_setup_teardown(test_signal_outcomes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_update, setup, teardown),
		cmocka_unit_test_setup_teardown(test_thaw, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_action, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_back_off_grows_and_is_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart_delay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_try_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart_after_no_action, setup, teardown),
		cmocka_unit_test_setup_teardown(test_max_attempts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_job, setup, teardown),
		cmocka_unit_test_setup_teardown(test_job_ends_unseen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_job_there_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
