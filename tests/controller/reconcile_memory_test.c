/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loop keeps in mind from one look to the next, from one file to the next, and beyond
 * what a runtime remembers: how far it is with ending something, what is being staged, codes,
 * refusals. And what it does not assume.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/controller/core_play.h"

#define ONE "web: {image: {name: app:1}}"

enum { ALREADY = 2 }; /* backends/runtime.h */

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

#define expect(call, text) assert_string_equal(call, text)

/* --- from look to look --- */

/* It was asked to go: a look meanwhile is no reason to ask again, nor for more patience. */
static void test_look_while_stopping(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	(void)core_play_wish(p, NULL);
	(void)core_play_look(p);
	(void)core_play_answer(p, "signal 15 web-rep-0.1");
	struct mono deadline = p->up.wake;
	expect(core_play_wait(p, 4 * CLOCK_SEC), "");
	(void)core_play_lose(p);
	expect(core_play_look(p), "");
	assert_int_equal(p->up.wake.us, deadline.us);
	expect(core_play_wait(p, 6 * CLOCK_SEC), "signal 9 web-rep-0.1");
	(void)core_play_answer(p, "signal 9 web-rep-0.1");
	deadline = p->up.wake;
	(void)core_play_lose(p);
	expect(core_play_look(p), "");
	assert_int_equal(p->up.wake.us, deadline.us);
}

/* A failure while a look is under way: that one cannot know of it. */
static void test_failure_during_look(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, ONE);
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage app:1");
	expect(core_play_lose(p), "look");
	core_play_snapshot(p);
	expect(core_play_fail(p, "create web-rep-0.1", ERR_IO, true), "");
	expect(core_play_wait(p, 2 * CLOCK_SEC), "");
	expect(core_play_look(p), "look"); /* it shows nothing; the one after it shows what is */
	expect(core_play_look(p), "start web-rep-0.1");
}

/* Images that somebody waits for are asked for anew after a look, and counted once. */
static void test_look_while_images_wait(void **state)
{
	struct core_play *p = *state;
	run(p, "a: {image: {name: a:1}}\nb: {image: {name: b:1}}\nc: {image: {name: c:1}}");
	p->n_workers = 1;
	(void)core_play_wish(p, "a: {image: {name: a:2}}\nb: {image: {name: b:2}}");
	expect(core_play_look(p), "stage a:2");
	(void)core_play_lose(p);
	expect(core_play_look(p), "");
	expect(core_play_answer(p, "stage a:2"), "stage b:2");
	(void)core_play_lose(p);
	expect(core_play_look(p), "");
	core_play_run(p, 60 * CLOCK_SEC);
	core_world_expect(&p->world, p->desired, "in the end");
}

/* A code that we heard of is kept where the runtime has forgotten it. */
static void test_code_only_we_heard(void **state)
{
	struct core_play *p = *state;
	run(p, "web: {image: {name: app:1}, restart_policy: {kind: on_failure}}");
	(void)core_play_exit(p, "web-rep-0.1", 0);
	core_world_get(&p->world, "web-rep-0.1")->has_exit_code = false;
	core_world_record(&p->world, "web", 0)->has_exit_code = false;
	(void)core_play_lose(p);
	expect(core_play_look(p), "");
	expect(core_play_slot(p, "web-rep-0"), "done: ended with 0");
}

/* And one that comes later is taken down. */
static void test_code_that_comes_later(void **state)
{
	struct core_play *p = *state;
	run(p, "mig: {image: {name: app:1}, rtype: job}");
	core_world_exit(&p->world, "shop.mig-rep-0.1", 3);
	core_world_get(&p->world, "mig-rep-0.1")->has_exit_code = false;
	(void)core_play_lose(p);
	(void)core_play_look(p);
	expect(core_play_slot(p, "mig-rep-0"), "done: ended, exit code unknown");
	assert_false(core_world_record(&p->world, "mig", 0)->has_exit_code);
	core_world_get(&p->world, "mig-rep-0.1")->has_exit_code = true;
	(void)core_play_lose(p);
	(void)core_play_look(p);
	expect(core_play_slot(p, "mig-rep-0"), "done: ended with 3");
	assert_true(core_world_record(&p->world, "mig", 0)->has_exit_code);
	assert_int_equal(core_world_record(&p->world, "mig", 0)->exit_code, 3);
}

/* What the world has shown counts for the next generation when it is gone. */
static void test_generation_of_the_world(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	core_world_get(&p->world, "web-rep-0.1")->generation = 7;
	core_world_get(&p->world, "web-rep-0.1")->id = "shop.web-rep-0.7";
	(void)core_play_restart(p);
	(void)core_play_look(p);
	core_world_drop(&p->world, "shop.web-rep-0.7");
	(void)core_play_lose(p);
	expect(core_play_look(p), "stage app:1");
	expect(core_play_answer(p, "stage app:1"), "create web-rep-0.8");
}

/* A store that remembers less than we do takes nothing back. */
static void test_generation_of_an_old_record(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	core_world_record(&p->world, "web", 0)->generation = 0;
	core_world_drop(&p->world, "shop.web-rep-0.1");
	(void)core_play_wish(p, ONE);
	expect(core_play_look(p), "stage app:1");
	expect(core_play_answer(p, "stage app:1"), "create web-rep-0.2");
}

/* The look is of the whole node: what others have there is nothing to us, whatever its name. */
static void test_other_deployments(void **state)
{
	struct core_play *p = *state;
	struct observed node;
	run(p, ONE);
	const struct instance ours = *core_world_get(&p->world, "web-rep-0.1");
	struct instance all[] = { ours, ours, ours, ours };
	all[0].deployment = "aaa";
	all[0].id = "aaa.web-rep-0.1";
	all[2].deployment = "shop2";
	all[2].id = "shop2.web-rep-0.9";
	all[3].deployment = "zzz";
	all[3].id = "zzz.old-rep-3.1";
	node = (struct observed){ .instances = all, .n = 4 };
	expect(core_play_lose(p), "look");
	p->snapshot = &node;
	expect(core_play_look(p), "");
	assert_int_equal(reconcile_count(p->r), 1);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	/* Ours is gone, theirs are there: that is ours missing. */
	all[1].deployment = "bbb";
	expect(core_play_lose(p), "look");
	p->snapshot = &node;
	expect(core_play_look(p), "create web-rep-0.2");
}

/* While its own runtime cannot be seen, a create that failed is not made again: it may be there. */
static void test_failed_create_in_part_of_a_view(void **state)
{
	struct core_play *p = *state;
	run(p, "web: {image: {name: app:1}, labels: {test.runtime: hcs}}");
	core_world_exit(&p->world, "shop.web-rep-0.1", 1);
	(void)core_play_restart(p);
	(void)core_play_ask(p);
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage app:1");
	expect(core_play_answer(p, "remove web-rep-0.1"), "create web-rep-0.2");
	p->hidden = "hcs";
	(void)core_play_fail(p, "create web-rep-0.2", ERR_TIMEOUT, false);
	core_play_pass(p, 30 * CLOCK_SEC);
	expect(core_play_slot(p, "web-rep-0"), "waiting: its runtime cannot be listed");
	assert_null(core_world_find(&p->world, "shop.web-rep-0.3"));
	p->hidden = NULL;
	core_play_run(p, 90 * CLOCK_SEC);
	core_world_expect(&p->world, p->desired, "in the end");
}

/* A step failed, and while the look after it is under way the other instance of the slot ends: the
 * look is not believed about the slot, so it is not the one that was asked for. */
static void test_end_during_look_after_failure(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	(void)core_play_wish(
		p, "web: {image: {name: app:2}, tallyman: {update: {strategy: start-first}}}");
	(void)core_play_look(p);
	expect(core_play_answer(p, "stage app:2"), "create web-rep-0.2");
	expect(core_play_fail(p, "create web-rep-0.2", ERR_IO, true), "");
	expect(core_play_wait(p, 2 * CLOCK_SEC), "look");
	expect(core_play_exit(p, "web-rep-0.1", 0), "");
	expect(core_play_look(p), "look");
	(void)core_play_look(p);
	core_play_run(p, 90 * CLOCK_SEC);
	assert_null(core_world_find(&p->world, "shop.web-rep-0.3"));
	expect(core_play_slot(p, "web-rep-0"), "running: running");
}

/* Its end is told with the code, or with the word that nobody knows it. */
static void test_end_is_told(void **state)
{
	struct core_play *p = *state;
	struct reconcile_event ev = { .type = RECONCILE_EXITED, .instance_id = "shop.web-rep-0.1" };
	struct reconcile_update up;
	run(p, "web: {image: {name: app:1}, restart_policy: {kind: on_failure}}");
	ev.now = p->now;
	reconcile_step(p->r, &ev, &up);
	assert_int_equal(up.n_notes, 1);
	assert_string_equal(up.notes[0].what, "exited");
	assert_string_equal(up.notes[0].text, "shop.web-rep-0.1 ended, exit code unknown");
	assert_false(up.notes[0].is_problem);
	assert_false(up.slots[0]->has_exit_code);
	/* An end without a code is not known to be a good one. */
	expect(core_play_slot(p, "web-rep-0"), "working: ended, exit code unknown");
}

/* --- from file to file --- */

/* A runtime that refused one change in place is asked about another one. */
static void test_refusal_is_forgotten(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	(void)core_play_wish(p, "web: {image: {name: app:1}, resources: {memory: 1Gi}}");
	expect(core_play_look(p), "update web-rep-0.1");
	expect(core_play_fail(p, "update web-rep-0.1", ERR_UNSUPPORTED, false), "look");
	expect(core_play_look(p), "stage app:1");
	(void)core_play_wish(p, "web: {image: {name: app:1}, resources: {memory: 2Gi}}");
	(void)core_play_answer(p, "stage app:1");
	expect(core_play_look(p), "update web-rep-0.1");
}

/* A step of the old file that is answered after the new one came. */
static void test_answer_to_an_old_file(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, ONE);
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage app:1");
	expect(core_play_wish(p, "web: {image: {name: app:2}}"), "look");
	core_play_snapshot(p);
	expect(core_play_answer(p, "create web-rep-0.1"), "");
	expect(core_play_look(p), "stage app:2");
	/* It is of the old file, so it goes; it never ran, so nobody asks it. */
	expect(core_play_answer(p, "stage app:2"), "signal 9 web-rep-0.1");
	core_play_run(p, 60 * CLOCK_SEC);
	core_world_expect(&p->world, p->desired, "in the end");
}

/* --- what is not assumed --- */

/* Made, or there already, without a word on what it is: it is looked at. */
static void test_made_without_a_word(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, ONE);
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage app:1");
	expect(core_play_reply(p, "create web-rep-0.1", ALREADY), "look");
	expect(core_play_look(p), "create web-rep-0.2");
	expect(core_play_reply(p, "create web-rep-0.2", 0), "look");
	expect(core_play_look(p), "create web-rep-0.3");
}

/* Room is what this event says: a runtime that is not named has none. */
static void test_room_is_of_the_event(void **state)
{
	struct core_play *p = *state;
	struct reconcile_event ev = { .type = RECONCILE_STEP_DONE };
	struct reconcile_update up;
	(void)core_play_wish(p, ONE);
	expect(core_play_look(p), "stage app:1");
	ev.now = p->now;
	ev.done.ticket = p->up.steps[0].ticket;
	reconcile_step(p->r, &ev, &up);
	assert_int_equal(up.n_steps, 0);
	assert_int_equal(up.overall, RECONCILE_BUSY);
}

/* What the driver could not find out may come to pass: it waits, and is not stuck. */
static void test_blocked_for_now(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, "web: {image: {name: slow/app}}");
	(void)core_play_look(p);
	expect(core_play_slot(p, "web-rep-0"), "waiting: the registry is busy");
	assert_int_equal(p->up.overall, RECONCILE_PAUSING);
	(void)core_play_wish(p, "web: {image: {name: missing/app}}");
	(void)core_play_look(p);
	expect(core_play_slot(p, "web-rep-0"), "blocked: no such image");
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_look_while_stopping),
		T(test_failure_during_look),
		T(test_look_while_images_wait),
		T(test_code_only_we_heard),
		T(test_code_that_comes_later),
		T(test_generation_of_the_world),
		T(test_generation_of_an_old_record),
		T(test_other_deployments),
		T(test_failed_create_in_part_of_a_view),
		T(test_end_is_told),
		T(test_end_during_look_after_failure),
		T(test_refusal_is_forgotten),
		T(test_answer_to_an_old_file),
		T(test_made_without_a_word),
		T(test_room_is_of_the_event),
		T(test_blocked_for_now),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
