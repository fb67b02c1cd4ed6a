/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When things go wrong: steps that fail with and without an effect, looks that fail or show a
 * part, what happens while a look is under way, reboots. That no step comes between a failure
 * and a look is checked after every event (core_laws.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/controller/core_play.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

#define ONE   "web: {image: {name: app:1}}"
#define WAITS "web: {image: {name: app:1}, restart_policy: {kind: always, delay: 1s}}"
#define OTHER "web: {image: {name: app:2}}"
#define MORE  "web: {image: {name: app:1}, resources: {memory: 1Gi}}"

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

static void expect_running(struct core_play *p, const char *name)
{
	assert_int_equal(p->world.n, 1);
	assert_int_equal(core_world_get(&p->world, name)->state, INSTANCE_RUNNING);
	assert_string_equal(core_world_get(&p->world, name)->config_hash,
			    p->desired->slots[0].group->config_hash);
}

#define expect(call, text) assert_string_equal(call, text)

/* --- one step fails --- */

static const struct {
	const char *was, *is; /* services; `was` NULL: nothing was there */
	const char *step;     /* that fails */
	enum error_code code;
	bool has_effect;
	const char *then; /* what is running in the end; NULL: nothing before somebody asks */
} failures[] = {
	{ NULL, ONE, "stage app:1", ERR_UNAVAILABLE, false, "web-rep-0.1" },
	{ NULL, ONE, "stage app:1", ERR_TIMEOUT, true, "web-rep-0.1" },
	{ NULL, ONE, "stage app:1", ERR_NOT_FOUND, false, NULL },
	/* Half a success is found by the look and gone on with; a generation is used once. */
	{ NULL, ONE, "create web-rep-0.1", ERR_IO, true, "web-rep-0.1" },
	{ NULL, ONE, "create web-rep-0.1", ERR_IO, false, "web-rep-0.2" },
	{ NULL, ONE, "create web-rep-0.1", ERR_INVALID, false, NULL },
	{ NULL, ONE, "create web-rep-0.1", ERR_INVALID, true, NULL },
	{ NULL, ONE, "start web-rep-0.1", ERR_TIMEOUT, false, "web-rep-0.1" },
	{ NULL, ONE, "start web-rep-0.1", ERR_TIMEOUT, true, "web-rep-0.1" },
	{ NULL, ONE, "start web-rep-0.1", ERR_INVALID, false, NULL },
	/* What runs is right, whatever was said about its start. */
	{ NULL, ONE, "start web-rep-0.1", ERR_INVALID, true, "web-rep-0.1" },
	/* Taking away is tried for ever. */
	{ ONE, OTHER, "signal 15 web-rep-0.1", ERR_IO, false, "web-rep-0.2" },
	{ ONE, OTHER, "signal 15 web-rep-0.1", ERR_INVALID, false, "web-rep-0.2" },
	{ ONE, OTHER, "signal 15 web-rep-0.1", ERR_TIMEOUT, true, "web-rep-0.2" },
	{ ONE, OTHER, "remove web-rep-0.1", ERR_IO, false, "web-rep-0.2" },
	{ ONE, OTHER, "remove web-rep-0.1", ERR_CORRUPT, false, "web-rep-0.2" },
	{ ONE, OTHER, "remove web-rep-0.1", ERR_TIMEOUT, true, "web-rep-0.2" },
	/* A runtime that cannot change it in place: another instance. */
	{ ONE, MORE, "update web-rep-0.1", ERR_UNSUPPORTED, false, "web-rep-0.2" },
	{ ONE, MORE, "update web-rep-0.1", ERR_IO, false, "web-rep-0.1" },
	{ ONE, MORE, "update web-rep-0.1", ERR_IO, true, "web-rep-0.1" },
};

static void check_failure(struct core_play *p, size_t i)
{
	if (failures[i].was)
		run(p, failures[i].was);
	(void)core_play_wish(p, failures[i].is);
	p->faults[0] = (struct core_fault){ failures[i].step, failures[i].code,
					    failures[i].has_effect, 1 };
	core_play_run(p, 120 * CLOCK_SEC);
	assert_int_equal(p->faults[0].times, 0);
	if (failures[i].then) {
		assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
		expect_running(p, failures[i].then);
		assert_int_equal(core_world_record(&p->world, "web", 0)->fault, ERR_OK);
		return;
	}
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	expect(core_play_slot(p, "web-rep-0"), "blocked: it does not work");
	assert_int_equal(p->up.wake.us, 0); /* waiting changes nothing */
	(void)core_play_ask(p);
	core_play_run(p, 120 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_int_equal(p->world.n, 1);
}

static void test_one_failure(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(failures); i++) {
		struct core_play p;
		core_play_init(&p);
		check_failure(&p, i);
		core_play_done(&p);
	}
}

/* A failure is told once, waited for, and followed by a look. */
static void test_failure_is_told(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, ONE);
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage app:1");
	expect(core_play_fail(p, "create web-rep-0.1", ERR_IO, false), "");
	assert_int_equal(p->up.n_notes, 1);
	assert_true(p->up.notes[0].is_problem);
	assert_string_equal(p->up.notes[0].what, "failed");
	assert_string_equal(p->up.notes[0].text, "create web-rep-0: it does not work");
	const struct slot *rec = core_world_record(&p->world, "web", 0);
	assert_int_equal(rec->fault, ERR_IO);
	assert_string_equal(rec->reason, "it does not work");
	assert_string_equal(rec->hint, "mend it");
	assert_int_equal(rec->fails, 1);
	int64_t wait = p->up.wake.us - p->now.us;
	assert_in_range(wait, CLOCK_SEC, CLOCK_SEC * 5 / 4);
	assert_int_equal(p->up.overall, RECONCILE_PAUSING);
	expect(core_play_wait(p, wait), "look");
	expect(core_play_look(p), "create web-rep-0.2");
	(void)core_play_answer(p, "create web-rep-0.2");
	(void)core_play_answer(p, "start web-rep-0.2");
	/* It runs: the failure is over, how often it failed is kept until it has been well. */
	assert_int_equal(rec->fault, ERR_OK);
	assert_null(rec->reason);
	assert_null(rec->hint);
}

/* Somebody pressed Ctrl-C: nobody's fault, nothing to wait for. */
static void test_canceled(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, ONE);
	(void)core_play_look(p);
	expect(core_play_fail(p, "stage app:1", ERR_CANCELED, false), "look");
	assert_int_equal(core_world_record(&p->world, "web", 0)->fails, 0);
	assert_int_equal(p->up.n_notes, 0);
	expect(core_play_look(p), "stage app:1");
}

/* The start said that it failed, and it runs: its end counts like any other, be it heard of before
 * the look or after it. */
static const struct {
	const char *services;
	bool is_early; /* before the look */
	const char *slot;
} ends[] = {
	{ ONE, false, "waiting: waits before the next try: ended with 3" },
	{ ONE, true, "waiting: waits before the next try: it does not work" },
	{ "web: {image: {name: app:1}, rtype: job}", false, "done: ended with 3" },
	{ "web: {image: {name: app:1}, rtype: job}", true, "done: ended with 3" },
};

static void check_end(struct core_play *p, size_t i)
{
	(void)core_play_wish(p, ends[i].services);
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage app:1");
	(void)core_play_answer(p, "create web-rep-0.1");
	expect(core_play_fail(p, "start web-rep-0.1", ERR_TIMEOUT, true), "");
	if (ends[i].is_early)
		(void)core_play_exit(p, "web-rep-0.1", 3);
	expect(core_play_wait(p, 2 * CLOCK_SEC), "look");
	if (ends[i].is_early) {
		(void)core_play_look(p);
	} else {
		expect(core_play_look(p), "");
		expect(core_play_slot(p, "web-rep-0"), "running: running");
		(void)core_play_exit(p, "web-rep-0.1", 3);
		expect(core_play_slot(p, "web-rep-0"), ends[i].slot);
	}
	const struct slot *rec = core_world_record(&p->world, "web", 0);
	bool is_job = p->current->services.items[0].rtype == RTYPE_JOB;
	assert_int_equal(rec->done_hash != NULL, is_job);
	if (!is_job)
		return;
	expect(core_play_slot(p, "web-rep-0"), ends[i].slot);
	assert_int_equal(rec->exit_code, 3);
	core_world_drop(&p->world, "shop.web-rep-0.1");
	(void)core_play_restart(p);
	expect(core_play_look(p), "");
}

static void test_end_after_failed_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(ends); i++) {
		struct core_play p;
		core_play_init(&p);
		check_end(&p, i);
		core_play_done(&p);
	}
}

/* In one deployment a failing slot does not hold up the others. */
static void test_others_go_on(void **state)
{
	struct core_play *p = *state;
	p->faults[0] = (struct core_fault){ "create a-rep-0", ERR_IO, false, 1000 };
	(void)core_play_wish(p, "a: {image: {name: app:1}}\nb: {image: {name: app:1}}");
	core_play_pass(p, 5 * CLOCK_SEC);
	expect(core_play_slot(p, "b-rep-0"), "running: running");
	assert_int_equal(p->up.overall, RECONCILE_PAUSING);
}

/* A new file is a new try: what failed with the old one is forgotten. */
static void test_new_wish_is_a_new_try(void **state)
{
	struct core_play *p = *state;
	p->faults[0] = (struct core_fault){ "create web-rep-0", ERR_INVALID, false, 1 };
	(void)core_play_wish(p, ONE);
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	(void)core_play_wish(p, ONE); /* the same file changes nothing */
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	run(p, OTHER);
	assert_int_equal(core_world_record(&p->world, "web", 0)->fails, 0);
}

/* --- half made --- */

static void test_broken(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	core_world_get(&p->world, "web-rep-0.1")->state = INSTANCE_BROKEN;
	core_world_get(&p->world, "web-rep-0.1")->pid = 0;
	(void)core_play_lose(p);
	expect(core_play_look(p), "remove web-rep-0.1");
	expect(core_play_answer(p, "remove web-rep-0.1"), "create web-rep-0.2");
}

/* A half-made one that cannot be taken away holds up its own slot only. */
static void test_broken_for_ever(void **state)
{
	struct core_play *p = *state;
	run(p, "a: {image: {name: app:1}}\nb: {image: {name: app:1}}\nc: {image: {name: app:1}}");
	core_world_get(&p->world, "a-rep-0.1")->state = INSTANCE_BROKEN;
	core_world_get(&p->world, "a-rep-0.1")->pid = 0;
	p->faults[0] = (struct core_fault){ "remove a-rep-0.1", ERR_IO, false, UINT32_MAX };
	(void)core_play_wish(p, "a: {image: {name: app:2}}\n"
				"b: {image: {name: app:1}, env: {A: b}}");
	core_play_pass(p, 300 * CLOCK_SEC);
	assert_null(core_world_find(&p->world, "shop.c-rep-0.1"));
	expect(core_play_slot(p, "b-rep-0"), "running: running");
	assert_non_null(core_world_find(&p->world, "shop.b-rep-0.2"));
	assert_non_null(core_world_find(&p->world, "shop.a-rep-0.1"));
}

/* It lives on after SIGKILL: said once a try, tried again with back-off, for ever. */
static void test_survives_sigkill(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	(void)core_play_wish(p, NULL);
	(void)core_play_look(p);
	(void)core_play_answer(p, "signal 15 web-rep-0.1");
	expect(core_play_wait(p, 10 * CLOCK_SEC), "signal 9 web-rep-0.1");
	(void)core_play_answer(p, "signal 9 web-rep-0.1");
	expect(core_play_wait(p, 10 * CLOCK_SEC), "");
	assert_string_equal(core_play_slot(p, "web-rep-0"),
			    "waiting: cannot be removed yet: it lives on after SIGKILL");
	assert_int_equal(core_world_record(&p->world, "web", 0)->fault, ERR_TIMEOUT);
	expect(core_play_wait(p, 2 * CLOCK_SEC), "look");
	expect(core_play_look(p), "signal 15 web-rep-0.1");
	(void)core_play_answer(p, "signal 15 web-rep-0.1");
	/* Its end at last. */
	expect(core_play_exit(p, "web-rep-0.1", 137), "remove web-rep-0.1");
	expect(core_play_answer(p, "remove web-rep-0.1"), "");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

/* --- looks --- */

static void test_look_fails(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, ONE);
	expect(core_play_look_failed(p, "no answer"), "");
	assert_int_equal(p->up.overall, RECONCILE_PAUSING);
	assert_int_equal(p->up.n_notes, 1);
	assert_string_equal(p->up.notes[0].text, "the runtimes cannot be listed: no answer");
	for (unsigned i = 0; i < 10; i++) {
		int64_t wait = p->up.wake.us - p->now.us;
		int64_t want = i < 6 ? CLOCK_SEC << i : 60 * CLOCK_SEC;
		assert_in_range(wait, want, want * 5 / 4);
		expect(core_play_wait(p, wait - 1), "");
		expect(core_play_wait(p, 1), "look");
		expect(core_play_look_failed(p, "no answer"), "");
	}
	core_play_run(p, 120 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

/* A part is no proof of absence (T7): what cannot be seen is left alone, the rest goes on. */
static void test_partial_look(void **state)
{
	static const char text[] = "a: {image: {name: app:1}, scale: {mode: fixed, replicas: 2}}\n"
				   "h: {image: {name: app:1}, labels: {test.runtime: hcs}}";
	struct core_play *p = *state;
	run(p, text);
	p->hidden = "hcs";
	core_world_exit(&p->world, "shop.a-rep-1.1", 1);
	(void)core_play_wish(p, "a: {image: {name: app:1}, scale: {mode: fixed, replicas: 2}}\n"
				"h: {image: {name: app:2}, labels: {test.runtime: hcs}}");
	(void)core_play_look(p);
	expect(core_play_slot(p, "h-rep-0"), "waiting: its runtime cannot be listed");
	/* It looks again, soon, but not in a loop. */
	assert_in_range(p->up.wake.us - p->now.us, CLOCK_SEC, CLOCK_SEC * 5 / 4);
	core_play_pass(p, 300 * CLOCK_SEC);
	assert_in_range(p->n_looks, 5, 15);
	expect(core_play_slot(p, "a-rep-1"), "running: running");
	assert_int_equal(core_world_get(&p->world, "h-rep-0.1")->state, INSTANCE_RUNNING);
	assert_int_equal(p->up.overall, RECONCILE_PAUSING);
	p->hidden = NULL;
	core_play_run(p, 90 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_string_equal(core_world_get(&p->world, "h-rep-0.2")->image, "app:2");
}

/* In a partial look also what the store has lost is not made anew. */
static void test_partial_and_forgotten(void **state)
{
	struct core_play *p = *state;
	struct observed nothing = { .partial = true, .missing = "youki" };
	run(p, ONE);
	(void)core_play_restart(p);
	p->snapshot = &nothing;
	expect(core_play_look(p), "");
	expect(core_play_slot(p, "web-rep-0"), "waiting: its runtime cannot be listed");
	core_play_run(p, 60 * CLOCK_SEC);
	expect_running(p, "web-rep-0.1");
}

/* What was there before and is to come back does so, whoever else does not answer: a runtime holds
 * up its own slots only. */
static void test_partial_elsewhere(void **state)
{
	static const char both[] = "a: {image: {name: app:1}}\n"
				   "h: {image: {name: app:1}, labels: {test.runtime: hcs}}";
	struct core_play *p = *state;

	run(p, both);
	(void)core_play_wish(p, "");
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->world.n, 0);
	(void)core_play_restart(p);
	p->hidden = "hcs";
	(void)core_play_wish(p, both);
	core_play_pass(p, 60 * CLOCK_SEC);
	expect(core_play_slot(p, "a-rep-0"), "running: running");
	expect(core_play_slot(p, "h-rep-0"), "waiting: its runtime cannot be listed");
	p->hidden = NULL;
	core_play_run(p, 90 * CLOCK_SEC);
	assert_int_equal(p->world.n, 2);
	expect(core_play_slot(p, "h-rep-0"), "running: running");
}

/* While a look is under way: what we hear is newer than what it shows. */
static void test_exit_during_look(void **state)
{
	struct core_play *p = *state;
	run(p, WAITS);
	expect(core_play_lose(p), "look");
	core_play_snapshot(p);
	expect(core_play_exit(p, "web-rep-0.1", 1), "");
	expect(core_play_look(p), "look"); /* it shows the instance running */
	expect(core_play_slot(p, "web-rep-0"), "waiting: waits before the next try: ended with 1");
	expect(core_play_look(p), "");
}

static void test_step_during_look(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, ONE);
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage app:1");
	expect(core_play_lose(p), "look");
	core_play_snapshot(p); /* nothing is there yet */
	expect(core_play_answer(p, "create web-rep-0.1"), "start web-rep-0.1");
	expect(core_play_look(p), "");
	/* It knew less than we do. When all is quiet, one that knows as much. */
	expect(core_play_answer(p, "start web-rep-0.1"), "look");
	expect(core_play_look(p), "");
	expect_running(p, "web-rep-0.1");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

/* A step under way when the look was asked for and when it came: the look knows nothing of it. */
static void test_look_during_step(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	(void)core_play_wish(p, NULL);
	(void)core_play_look(p);
	(void)core_play_answer(p, "signal 15 web-rep-0.1");
	expect(core_play_lose(p), "look");
	core_play_snapshot(p);
	expect(core_play_exit(p, "web-rep-0.1", 0), "remove web-rep-0.1");
	expect(core_play_answer(p, "remove web-rep-0.1"), "");
	expect(core_play_look(p), "look"); /* it shows it running */
	expect(core_play_slot(p, "web-rep-0"), "gone: not there");
	expect(core_play_look(p), "");
}

/* What was lost while one was under way makes another one necessary. */
static void test_lost_during_look(void **state)
{
	struct core_play *p = *state;
	run(p, WAITS);
	expect(core_play_lose(p), "look");
	core_play_snapshot(p);
	core_world_exit(&p->world, "shop.web-rep-0.1", 1);
	expect(core_play_lose(p), "");
	expect(core_play_look(p), "look");
	expect(core_play_look(p), "");
	expect(core_play_slot(p, "web-rep-0"), "waiting: waits before the next try: ended with 1");
}

/* A slot that is busy while the look is under way: the look is not believed about it, and what
 * was lost of it is found by another one when it is at rest. */
static void test_lost_while_busy(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	(void)core_play_wish(
		p, "web: {image: {name: app:2}, tallyman: {update: {strategy: start-first}},"
		   " restart_policy: {kind: always, delay: 1s}}");
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage app:2");
	(void)core_play_answer(p, "create web-rep-0.2");
	expect(core_play_answer(p, "start web-rep-0.2"), "signal 15 web-rep-0.1");
	core_world_exit(&p->world, "shop.web-rep-0.2", 1); /* nobody hears of it */
	expect(core_play_lose(p), "look");
	expect(core_play_look(p), "");
	(void)core_play_answer(p, "signal 15 web-rep-0.1");
	(void)core_play_exit(p, "web-rep-0.1", 0);
	expect(core_play_answer(p, "remove web-rep-0.1"), "look");
	expect(core_play_look(p), "");
	expect(core_play_slot(p, "web-rep-0"), "waiting: waits before the next try: ended with 1");
}

static void test_resync(void **state)
{
	struct core_play *p = *state;
	run(p, ONE);
	p->resync_us = 30 * CLOCK_SEC;
	expect(core_play_restart(p), "look");
	expect(core_play_look(p), "");
	assert_int_equal(p->up.wake.us, p->now.us + 30 * CLOCK_SEC);
	core_world_drop(&p->world, "shop.web-rep-0.1");
	expect(core_play_wait(p, 30 * CLOCK_SEC), "look");
	expect(core_play_look(p), "stage app:1");
}

/* --- strangers --- */

static void test_strangers(void **state)
{
	static const char *const ids[] = { "shop.web-rep-0.9", "shop.web-rep-7.1",
					   "shop.no-rep-0.1",  "other.web-rep-0.1",
					   "rubbish",          "" };
	struct core_play *p = *state;
	struct reconcile_event ev = { .type = RECONCILE_EXITED };
	struct reconcile_update up;
	run(p, ONE);
	for (size_t i = 0; i < ARRAY_N(ids); i++) {
		ev.instance_id = ids[i];
		ev.now = p->now;
		reconcile_step(p->r, &ev, &up);
		assert_int_equal(up.flags, 0);
		assert_int_equal(up.overall, RECONCILE_CONVERGED);
	}
	/* Answers to tickets nobody gave, and a timer at any time. */
	ev = (struct reconcile_event){ .type = RECONCILE_STEP_DONE, .now = p->now };
	for (ev.done.ticket = 0; ev.done.ticket < 20; ev.done.ticket++) {
		reconcile_step(p->r, &ev, &up);
		assert_int_equal(up.flags, 0);
	}
	/* A look nobody asked for, failed or empty. */
	const struct observed nothing = { 0 };
	for (unsigned i = 0; i < 2; i++) {
		ev = (struct reconcile_event){ .type = RECONCILE_OBSERVED, .now = p->now };
		ev.observed = i ? &nothing : NULL;
		reconcile_step(p->r, &ev, &up);
		assert_int_equal(up.flags, 0);
		assert_int_equal(up.n_notes, 0);
		assert_int_equal(up.wake.us, 0);
		assert_int_equal(up.overall, RECONCILE_CONVERGED);
	}
	expect(core_play_slot(p, "web-rep-0"), "running: running");
	expect(core_play_wait(p, 0), "");
}

/* Before there is any wish, nothing is asked for and nothing is done. */
static void test_before_the_wish(void **state)
{
	struct core_play *p = *state;
	static const enum reconcile_event_type types[] = { RECONCILE_TIMER, RECONCILE_TRY_AGAIN,
							   RECONCILE_LOST, RECONCILE_CAPACITY,
							   RECONCILE_OBSERVED };
	for (size_t i = 0; i < ARRAY_N(types); i++) {
		struct reconcile_event ev = { .type = types[i], .now = p->now };
		struct reconcile_update up;
		reconcile_step(p->r, &ev, &up);
		assert_int_equal(up.flags, 0);
		assert_int_equal(reconcile_count(p->r), 0);
	}
}

static void test_too_many_runtimes(void **state)
{
	struct core_play *p = *state;
	const char *text = "";
	for (unsigned i = 0; i < 9; i++)
		text = arena_printf(p->arena,
				    "%ss%u: {image: {name: a}, labels: {test.runtime: r%u}}\n",
				    text, i, i);
	p->n_workers = 0;
	(void)core_play_wish(p, text);
	expect(core_play_look(p), "");
	expect(core_play_slot(p, "s8-rep-0"), "blocked: its runtime is one too many for a node");
	expect(core_play_slot(p, "s0-rep-0"), "working: not there");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_failure),
		T(test_failure_is_told),
		cmocka_unit_test(test_end_after_failed_start),
		T(test_canceled),
		T(test_others_go_on),
		T(test_new_wish_is_a_new_try),
		T(test_broken),
		T(test_broken_for_ever),
		T(test_survives_sigkill),
		T(test_look_fails),
		T(test_partial_look),
		T(test_partial_and_forgotten),
		T(test_partial_elsewhere),
		T(test_exit_during_look),
		T(test_step_during_look),
		T(test_look_during_step),
		T(test_lost_during_look),
		T(test_lost_while_busy),
		T(test_resync),
		T(test_strangers),
		T(test_before_the_wish),
		T(test_too_many_runtimes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
