/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By hand: stop, start and restart of slots, what of it outlives the controller, and a scope that
 * leaves the others as they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/controller/core_bench.h"
#include "tests/controller/core_play.h"

#define ONE  "web: {image: {name: app:1}}"
#define JOB  "web: {image: {name: app:1}, rtype: job}"
#define PAIR "web: {image: {name: app:1}, depends: [{service: db}]}\ndb: {image: {name: db:1}}"
#define THREE                                                                                      \
	"web: {image: {name: app:1}, scale: {mode: fixed, replicas: 3}}\n"                         \
	"db: {image: {name: db:1}}"

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

static void settle(struct core_play *p)
{
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

static void run(struct core_play *p, const char *services)
{
	(void)core_play_wish(p, services);
	settle(p);
}

static void by_hand(struct core_play *p, enum reconcile_event_type type, const char *what)
{
	(void)core_play_by_hand(p, type, what);
	settle(p);
}

/* A new controller, as a command is: with the scope of what it is asked for. */
static void command(struct core_play *p, enum reconcile_event_type type, const char *what)
{
	p->scope = core_play_scope(p, what);
	(void)core_play_restart(p);
	(void)core_play_ask(p);
	(void)core_play_by_hand(p, type, what);
	core_play_run(p, 300 * CLOCK_SEC);
	p->scope = NULL;
}

static bool runs(struct core_play *p, const char *name)
{
	struct instance *is = core_world_find(&p->world, core_world_id(&p->world, name));
	return is && is->state == INSTANCE_RUNNING;
}

/* --- stop and start --- */

/* The mark is on disk before the signal: a controller that dies between them goes on with it. */
static void test_hold_is_saved_first(void **state)
{
	struct core_play *p = *state;

	run(p, ONE);
	expect(core_play_by_hand(p, RECONCILE_HOLD, "web"), "signal 15 web-rep-0.1");
	assert_int_equal(p->up.n_slots, 1);
	assert_true(p->up.slots[0]->held);
	(void)core_play_restart(p);
	settle(p);
	expect(core_play_slot(p, "web-rep-0"), "held: stopped by hand");
	assert_int_equal(p->world.n, 0);
}

/* It stays so, whatever comes, until a person lets it go; then it runs at once. */
static void test_held_until_released(void **state)
{
	struct core_play *p = *state;

	run(p, ONE);
	by_hand(p, RECONCILE_HOLD, "");
	(void)core_play_ask(p);
	settle(p);
	run(p, "web: {image: {name: app:2}}");
	(void)core_play_reboot(p);
	settle(p);
	core_play_pass(p, 3600 * CLOCK_SEC);
	assert_int_equal(p->world.n, 0);
	by_hand(p, RECONCILE_RELEASE, "web-rep-0");
	assert_true(runs(p, "web-rep-0.2"));
}

/* A stop that was killed behind its signal: what is left is no end of the service's own. */
static void test_killed_stop(void **state)
{
	struct core_play *p = *state;

	run(p, "web: {image: {name: app:1}, restart_policy: {kind: 'no'}}");
	(void)core_play_by_hand(p, RECONCILE_HOLD, "web");
	(void)core_play_answer(p, "signal 15 web-rep-0.1");
	core_world_exit(&p->world, core_world_id(&p->world, "web-rep-0.1"), 143);
	command(p, RECONCILE_RELEASE, "web");
	assert_true(runs(p, "web-rep-0.2"));
	assert_int_equal(p->world.n, 1);
}

/* Those that use others go first, and only those that were named. */
static void test_order(void **state)
{
	struct core_play *p = *state;

	run(p, PAIR);
	expect(core_play_by_hand(p, RECONCILE_HOLD, ""), "signal 15 web-rep-0.1");
	expect(core_play_slot(p, "db-rep-0"), "waiting: waits until web is gone");
	settle(p);
	by_hand(p, RECONCILE_RELEASE, "");
	expect(core_play_by_hand(p, RECONCILE_HOLD, "db"), "signal 15 db-rep-0.2");
	settle(p);
	assert_true(runs(p, "web-rep-0.2"));
}

/* One that waits for its next try is gone at once, and tried at once when it is let go. */
static void test_back_off_is_forgotten(void **state)
{
	struct core_play *p = *state;
	const struct slot *rec;

	run(p, ONE);
	for (unsigned i = 1; i <= 6; i++) {
		(void)core_play_exit(p, arena_printf(p->arena, "web-rep-0.%u", i), 1);
		if (i < 6)
			core_play_run(p, 300 * CLOCK_SEC);
	}
	rec = core_world_record(&p->world, "web", 0);
	assert_int_equal(rec->fails, 6);
	expect(core_play_by_hand(p, RECONCILE_HOLD, "web"), "remove web-rep-0.6");
	assert_int_equal(rec->fails, 0);
	settle(p);
	(void)core_play_by_hand(p, RECONCILE_RELEASE, "web");
	core_play_run(p, 2 * CLOCK_SEC);
	assert_true(runs(p, "web-rep-0.7"));
}

/* A failure that no trying mends is tried once more. */
static void test_fault_is_forgotten(void **state)
{
	struct core_play *p = *state;

	(void)core_play_wish(p, ONE);
	p->faults[0] = (struct core_fault){ "create web", ERR_INVALID, false, 1 };
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	by_hand(p, RECONCILE_RELEASE, "web");
	assert_true(runs(p, "web-rep-0.2"));
}

/* --- restart --- */

/* One after the other, as an update would, and nothing else. */
static void test_restart_one_by_one(void **state)
{
	struct core_play *p = *state;

	run(p, THREE);
	expect(core_play_by_hand(p, RECONCILE_RESTART, "web"), "signal 15 web-rep-0.1");
	settle(p);
	for (unsigned i = 0; i < 3; i++)
		assert_true(runs(p, arena_printf(p->arena, "web-rep-%u.2", i)));
	assert_true(runs(p, "db-rep-0.1"));
	assert_int_equal(p->world.n, 4);
}

static void test_restart_starts_first(void **state)
{
	struct core_play *p = *state;

	run(p, "web: {image: {name: app:1}, tallyman: {update: {strategy: start-first}}}");
	expect(core_play_by_hand(p, RECONCILE_RESTART, "web-rep-0"), "create web-rep-0.2");
	settle(p);
	assert_true(runs(p, "web-rep-0.2"));
	assert_int_equal(p->world.n, 1);
}

/* Wherever the controller dies, the request is carried out, and once. */
static void test_restart_survives(void **state)
{
	struct core_play *p = *state;

	for (unsigned n = 0; n < 12; n++) {
		run(p, ONE);
		uint64_t before = core_world_record(&p->world, "web", 0)->generation;
		(void)core_play_by_hand(p, RECONCILE_RESTART, "web");
		for (unsigned i = 0; i < n; i++)
			(void)core_play_next(p, 60 * CLOCK_SEC);
		(void)core_play_restart(p);
		settle(p);
		assert_int_equal(p->world.n, 1);
		assert_int_equal(p->world.items[0].generation, before + 1);
		(void)core_play_restart(p);
		settle(p);
		assert_int_equal(p->world.items[0].generation, before + 1);
	}
}

/* A job that has ended runs again, once; start leaves it. */
static void test_job(void **state)
{
	struct core_play *p = *state;

	run(p, JOB);
	(void)core_play_exit(p, "web-rep-0.1", 0);
	settle(p);
	expect(core_play_slot(p, "web-rep-0"), "done: ended with 0");
	by_hand(p, RECONCILE_RELEASE, "web");
	expect(core_play_slot(p, "web-rep-0"), "done: ended with 0");
	by_hand(p, RECONCILE_RESTART, "web");
	assert_true(runs(p, "web-rep-0.2"));
	(void)core_play_exit(p, "web-rep-0.2", 0);
	settle(p);
	(void)core_play_restart(p);
	settle(p);
	expect(core_play_slot(p, "web-rep-0"), "done: ended with 0");
	assert_int_equal(core_world_record(&p->world, "web", 0)->generation, 2);
}

/* One that was stopped by hand, one that waits, one that is gone: each gets its new instance. */
static void test_restart_of_what_does_not_run(void **state)
{
	struct core_play *p = *state;

	run(p, THREE);
	by_hand(p, RECONCILE_HOLD, "web-rep-0");
	core_world_drop(&p->world, core_world_id(&p->world, "web-rep-1.1"));
	(void)core_play_exit(p, "web-rep-2.1", 1);
	by_hand(p, RECONCILE_RESTART, "web");
	for (unsigned i = 0; i < 3; i++)
		assert_true(runs(p, arena_printf(p->arena, "web-rep-%u.2", i)));
}

/* Stopped while it is being replaced: it stops. */
static void test_stop_in_a_restart(void **state)
{
	struct core_play *p = *state;

	run(p, ONE);
	(void)core_play_by_hand(p, RECONCILE_RESTART, "web");
	(void)core_play_by_hand(p, RECONCILE_HOLD, "web");
	settle(p);
	assert_int_equal(p->world.n, 0);
	by_hand(p, RECONCILE_RELEASE, "web");
	assert_true(runs(p, "web-rep-0.2"));
}

/* --- a command works on what it names --- */

static void test_scope(void **state)
{
	struct core_play *p = *state;

	run(p, THREE);
	core_world_drop(&p->world, core_world_id(&p->world, "db-rep-0.1"));
	core_world_exit(&p->world, core_world_id(&p->world, "web-rep-2.1"), 1);
	command(p, RECONCILE_RESTART, "web-rep-1");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_true(runs(p, "web-rep-1.2"));
	assert_true(runs(p, "web-rep-0.1"));
	assert_int_equal(p->world.n, 3); /* nothing was mended that was not named */
	command(p, RECONCILE_HOLD, "web");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_int_equal(p->world.n, 0);
	command(p, RECONCILE_RELEASE, "");
	assert_int_equal(p->world.n, 4);
}

/* What it depends on is not mended either, so nobody waits for it: a person is told what to do. */
static void test_scope_depends(void **state)
{
	struct core_play *p = *state;
	struct reconcile_view v;

	run(p, PAIR);
	by_hand(p, RECONCILE_HOLD, "");
	command(p, RECONCILE_RELEASE, "web");
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	expect(core_play_slot(p, "web-rep-0"),
	       "blocked: depends on db, which is not healthy: it was stopped by hand");
	reconcile_view(p->r, 1, &v);
	expect(v.hint, "'tallyman start shop/db' starts it");
	command(p, RECONCILE_RELEASE, "db");
	command(p, RECONCILE_RELEASE, "web");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_int_equal(p->world.n, 2);
}

/* One beside it is down and nobody works on it: that is no batch to wait for. */
static void test_scope_parallel(void **state)
{
	struct core_play *p = *state;

	run(p, THREE);
	core_world_drop(&p->world, core_world_id(&p->world, "web-rep-0.1"));
	command(p, RECONCILE_RESTART, "web-rep-1");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_true(runs(p, "web-rep-1.2"));
}

/* Half-stopped users are no reason to wait, when nobody is asked to stop them. */
static void test_scope_order(void **state)
{
	struct core_play *p = *state;

	run(p, PAIR);
	core_world_record(&p->world, "web", 0)->held = true;
	command(p, RECONCILE_HOLD, "db");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_true(runs(p, "web-rep-0.1"));
	assert_int_equal(p->world.n, 1);
}

/* Slots that exist only because they have an instance are not lost while they have none. */
static void test_manual_scale(void **state)
{
	static const char fixed[] =
		"web: {image: {name: app:1}, scale: {mode: fixed, replicas: 2}}";
	static const char manual[] = "web: {image: {name: app:1}, scale: {mode: manual}}";
	struct core_play *p = *state;

	run(p, fixed);
	run(p, manual);
	by_hand(p, RECONCILE_HOLD, "web-rep-1");
	(void)core_play_restart(p);
	settle(p);
	expect(core_play_slot(p, "web-rep-1"), "held: stopped by hand");
	by_hand(p, RECONCILE_RELEASE, "web");
	assert_true(runs(p, "web-rep-1.2"));
	assert_true(runs(p, "web-rep-0.1"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_hold_is_saved_first),
		T(test_held_until_released),
		T(test_killed_stop),
		T(test_order),
		T(test_back_off_is_forgotten),
		T(test_fault_is_forgotten),
		T(test_restart_one_by_one),
		T(test_restart_starts_first),
		T(test_restart_survives),
		T(test_job),
		T(test_restart_of_what_does_not_run),
		T(test_stop_in_a_restart),
		T(test_scope),
		T(test_scope_depends),
		T(test_scope_parallel),
		T(test_scope_order),
		T(test_manual_scale),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
