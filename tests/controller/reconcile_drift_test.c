/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody else changes is set back, told and counted; when they do it again and again, the
 * slot is left as it is and says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controller/reconcile_drift.h"
#include "tests/controller/core_play.h"

#define ONE "web: {image: {name: app:1}, resources: {memory: 1Gi}}"
#define TWO "web: {image: {name: app:1}, scale: {mode: fixed, replicas: 2}}"

#define MINUTE (60 * CLOCK_SEC)

#define expect(call, text) assert_string_equal(call, text)

static int setup(void **state)
{
	struct core_play *p = xcalloc(1, sizeof(*p));
	core_play_init(p);
	p->resync_us = 10 * CLOCK_SEC; /* a daemon looks by itself */
	(void)core_play_restart(p);
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
	core_play_run(p, MINUTE);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

static struct slot *record(struct core_play *p)
{
	return core_world_record(&p->world, "web", 0);
}

/* The newest instance of web-rep-0. */
static struct instance *newest(struct core_play *p)
{
	struct instance *found = NULL;
	for (size_t i = 0; i < p->world.n; i++)
		if (p->world.items[i].slot == 0 &&
		    (!found || p->world.items[i].generation > found->generation))
			found = &p->world.items[i];
	assert_non_null(found);
	return found;
}

static void pause_it(struct core_play *p)
{
	newest(p)->state = INSTANCE_PAUSED;
}

static void alter_it(struct core_play *p)
{
	newest(p)->altered = "memory.max 64, not 32";
}

static void take_it(struct core_play *p)
{
	core_play_take(p, strchr(newest(p)->id, '.') + 1);
}

/* --- one change --- */

static const struct {
	void (*change)(struct core_play *p);
	const char *step; /* the first that heals it */
	const char *told; /* in the story */
	const char *fight;
} changes[] = {
	{ pause_it, "update web-rep-0.1",
	  "! somebody changed web-rep-0, and it was set back: paused, not running",
	  "blocked: somebody else changes it, too: paused, not running, again, after it was set "
	  "back 5 times in 60 minutes" },
	{ alter_it, "update web-rep-0.1",
	  "~ update web-rep-0: changed by somebody: memory.max 64, not 32",
	  "blocked: somebody else changes it, too: memory.max 64, not 32, again, after it was set "
	  "back 5 times in 60 minutes" },
	{ take_it, "create web-rep-0.2", "+ create web-rep-0: taken away by somebody",
	  "blocked: somebody else changes it, too: gone, not running, again, after it was set back "
	  "5 times in 60 minutes" },
};
#define N_CHANGES (sizeof(changes) / sizeof(changes[0]))

static void test_one_change(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CHANGES; i++) {
		struct buf story CLEAN(buf) = BUF_INIT(1 << 16);
		struct core_play *p;

		(void)setup((void **)&p);
		run(p, ONE);
		p->story = &story;
		changes[i].change(p);
		core_play_pass(p, 20 * CLOCK_SEC);
		assert_non_null(strstr(story.data, changes[i].told));
		assert_non_null(strstr(story.data, changes[i].step));
		assert_int_equal(record(p)->healed, 1);
		assert_int_equal(newest(p)->state, INSTANCE_RUNNING);
		assert_null(newest(p)->altered);
		core_play_pass(p, 5 * MINUTE);
		assert_int_equal(record(p)->healed, 1);
		(void)teardown((void **)&p);
	}
}

/* What cannot be set back in place stays as it is, unless it cannot do its work like that. */
static void test_not_set_back(void **state)
{
	(void)state;
	for (int cut_off = 0; cut_off < 2; cut_off++) {
		struct core_play *p;

		(void)setup((void **)&p);
		run(p, ONE);
		alter_it(p);
		newest(p)->is_cut_off = cut_off;
		p->faults[0] = (struct core_fault){ "update web", ERR_UNSUPPORTED, false, 1 };
		core_play_pass(p, 20 * CLOCK_SEC);
		assert_string_equal(newest(p)->id,
				    cut_off ? "shop.web-rep-0.2" : "shop.web-rep-0.1");
		assert_int_equal(newest(p)->state, INSTANCE_RUNNING);
		(void)teardown((void **)&p);
	}
}

/* What a person asked for through us, what ended, what the node lost: none of it is drift. */
static void test_not_drift(void **state)
{
	struct core_play *p = *state;

	run(p, ONE);
	run(p, "web: {image: {name: app:1}, resources: {memory: 2Gi}}"); /* in place */
	assert_int_equal(newest(p)->generation, 1);
	(void)core_play_by_hand(p, RECONCILE_RESTART, "web");
	core_play_run(p, MINUTE);
	(void)core_play_exit(p, "web-rep-0.2", 137);
	core_play_run(p, MINUTE);
	core_world_drop(&p->world, newest(p)->id); /* nobody says that somebody took it */
	core_play_pass(p, MINUTE);
	assert_int_equal(newest(p)->state, INSTANCE_RUNNING);
	assert_int_equal(record(p)->healed, 0);
	assert_int_equal(record(p)->restarts, 1);
}

/* A step that failed has set nothing back. */
static void test_counted_when_done(void **state)
{
	struct core_play *p = *state;

	run(p, ONE);
	p->faults[0] = (struct core_fault){ "update web", ERR_IO, false, 2 };
	pause_it(p);
	core_play_pass(p, MINUTE);
	assert_int_equal(record(p)->healed, 1);
	assert_int_equal(newest(p)->state, INSTANCE_RUNNING);
}

/* --- again and again --- */

static void fight(struct core_play *p, void (*change)(struct core_play *p), unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		change(p);
		core_play_pass(p, 20 * CLOCK_SEC);
	}
}

static void test_fight(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CHANGES; i++) {
		struct core_play *p;

		(void)setup((void **)&p);
		run(p, ONE);
		fight(p, changes[i].change, DRIFT_FIGHT_MAX);
		expect(core_play_slot(p, "web-rep-0"), "running: running");
		assert_int_equal(record(p)->healed, DRIFT_FIGHT_MAX);
		fight(p, changes[i].change, 1);
		expect(core_play_slot(p, "web-rep-0"), changes[i].fight);
		assert_int_equal(p->up.overall, RECONCILE_STUCK);
		/* Nothing more is done about it, not even after the window, nor by a new
		 * controller. */
		core_play_pass(p, 100 * MINUTE);
		(void)core_play_restart(p);
		core_play_pass(p, 5 * MINUTE);
		expect(core_play_slot(p, "web-rep-0"), changes[i].fight);
		assert_int_equal(record(p)->healed, DRIFT_FIGHT_MAX);
		(void)teardown((void **)&p);
	}
}

/* The count outlives the controller. */
static void test_count_survives(void **state)
{
	struct core_play *p = *state;

	run(p, ONE);
	for (unsigned i = 0; i < DRIFT_FIGHT_MAX; i++) {
		fight(p, pause_it, 1);
		(void)core_play_restart(p);
	}
	fight(p, pause_it, 1);
	expect(core_play_slot(p, "web-rep-0"), changes[0].fight);
}

/* A person has looked: it is tried again, with a new count. */
static void test_fight_is_ended(void **state)
{
	static const enum reconcile_event_type by_hand[] = { RECONCILE_RELEASE, RECONCILE_RESTART,
							     RECONCILE_TRY_AGAIN };
	(void)state;
	for (size_t i = 0; i < sizeof(by_hand) / sizeof(by_hand[0]); i++) {
		struct core_play *p;

		(void)setup((void **)&p);
		run(p, ONE);
		fight(p, pause_it, DRIFT_FIGHT_MAX + 1);
		assert_int_equal(p->up.overall, RECONCILE_STUCK);
		(void)core_play_by_hand(p, by_hand[i], "web");
		core_play_run(p, MINUTE);
		expect(core_play_slot(p, "web-rep-0"), "running: running");
		fight(p, pause_it, DRIFT_FIGHT_MAX - 1);
		expect(core_play_slot(p, "web-rep-0"), "running: running");
		(void)teardown((void **)&p);
	}
}

/* Somebody who does it now and then is no fight, and neither is one whose clock jumps. */
static void test_slow(void **state)
{
	struct core_play *p = *state;

	run(p, ONE);
	for (unsigned i = 0; i < 3 * DRIFT_FIGHT_MAX; i++) {
		fight(p, pause_it, 1);
		core_play_pass(p, 20 * MINUTE);
	}
	expect(core_play_slot(p, "web-rep-0"), "running: running");
	fight(p, pause_it, DRIFT_FIGHT_MAX - 2);
	p->wall_us -= 7200 * CLOCK_SEC;
	fight(p, pause_it, DRIFT_FIGHT_MAX);
	expect(core_play_slot(p, "web-rep-0"), "running: running");
	fight(p, pause_it, 1);
	expect(core_play_slot(p, "web-rep-0"), changes[0].fight);
}

/* When they give up, it is as it shall be, and that is seen. */
static void test_they_give_up(void **state)
{
	struct core_play *p = *state;

	run(p, ONE);
	fight(p, pause_it, DRIFT_FIGHT_MAX + 1);
	newest(p)->state = INSTANCE_RUNNING;
	core_play_pass(p, 20 * CLOCK_SEC);
	expect(core_play_slot(p, "web-rep-0"), "running: running");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

/* The slot beside it is healed as before. */
static void test_others(void **state)
{
	struct core_play *p = *state;

	run(p, TWO);
	fight(p, pause_it, DRIFT_FIGHT_MAX + 1);
	core_world_get(&p->world, "web-rep-1.1")->state = INSTANCE_PAUSED;
	core_play_pass(p, 20 * CLOCK_SEC);
	expect(core_play_slot(p, "web-rep-0"), changes[0].fight);
	expect(core_play_slot(p, "web-rep-1"), "running: running");
}

/* What was wrong is still told when the time to wait is over, and nobody has tried since. */
static void test_reason_after_back_off(void **state)
{
	struct core_play *p = *state;
	const struct core_asker by = { .is_asked = false };
	struct core_asker now;
	struct plan plan;

	(void)core_play_wish(p, ONE);
	p->faults[0] = (struct core_fault){ "create web", ERR_IO, false, 1 };
	core_play_run(p, 2 * CLOCK_SEC); /* stage, and the create that fails */
	expect(core_play_slot(p, "web-rep-0"),
	       "waiting: waits before the next try: it does not work");
	p->now = mono_add(p->now, MINUTE); /* and no controller */
	now = by;
	now.now = core_play_diff_now(p);
	plan = core_world_plan(&p->world, p->desired, &now, p->arena);
	assert_int_equal(plan.n, 1);
	expect(plan.changes[0].cause, "not there; the last try failed: it does not work");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_change),
		cmocka_unit_test(test_not_set_back),
		T(test_not_drift),
		T(test_counted_when_done),
		cmocka_unit_test(test_fight),
		T(test_count_survives),
		cmocka_unit_test(test_fight_is_ended),
		T(test_slow),
		T(test_they_give_up),
		T(test_others),
		T(test_reason_after_back_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
