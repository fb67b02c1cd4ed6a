/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has ended, and what may not be tried now: restart policies, jobs, back-off, routes,
 * views with a part missing. At the end the laws over all combinations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/controller/core_bench.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

#define ENV   "env: {A: '2'}"
#define GRACE "stop_grace_period: 99s"
#define LIMIT "resources: {memory: 2Gi}"

/* --- is an exit a difference? --- */

static const struct {
	const char *fields;
	int code; /* -1: not known */
	const char *verdict;
} ends[] = {
	{ "", 0, "replace: ended with 0" },
	{ "", 1, "replace: ended with 1" },
	{ "", -1, "replace: ended, exit code unknown" },
	{ "restart_policy: {kind: always}", 0, "replace: ended with 0" },
	{ "restart_policy: {kind: unless_stopped}", 0, "replace: ended with 0" },
	{ "restart_policy: {kind: unless_stopped}", 137, "replace: ended with 137" },
	{ "restart_policy: {kind: on_failure}", 0, "done: ended with 0" },
	{ "restart_policy: {kind: on_failure}", 1, "replace: ended with 1" },
	/* An end that nobody saw is not known to be a good one. */
	{ "restart_policy: {kind: on_failure}", -1, "replace: ended, exit code unknown" },
	{ "restart_policy: {kind: 'no'}", 0, "done: ended with 0" },
	{ "restart_policy: {kind: 'no'}", 9, "done: ended with 9" },
	{ "restart_policy: {kind: 'no'}", -1, "done: ended, exit code unknown" },
	{ "rtype: job", 0, "done: ended with 0" },
	{ "rtype: job", 1, "done: ended with 1" },
	{ "rtype: job", -1, "done: ended, exit code unknown" },
	{ "rtype: job, restart_policy: {kind: on_failure}", 1, "replace: ended with 1" },
	{ "rtype: job, restart_policy: {kind: on_failure}", 0, "done: ended with 0" },
};

static void test_restart_policy(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(ends); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_bench b;
		core_bench_init(&b, a, "app:1", ends[i].fields);
		core_bench_add_ended(&b, CORE_SAME, ends[i].code);
		if (strcmp(core_bench_verdict(&b), ends[i].verdict) != 0)
			fail_msg("%s ended with %d: %s", ends[i].fields, ends[i].code,
				 core_bench_verdict(&b));
		assert_int_equal(b.out.is_restart, b.out.verdict == VERDICT_REPLACE);
		assert_int_equal(diff_restarts(b.in.want->group->service, &b.items[0]),
				 b.out.verdict == VERDICT_REPLACE);
	}
}

/* --- jobs: once per configuration --- */

static const struct {
	const char *what;
	const char *done;  /* config that is recorded as done; "never": none */
	const char *there; /* config of an instance; "none" */
	enum instance_state state;
	const char *verdict;
} jobs[] = {
	{ "never run", "never", "none", 0, "create: not there" },
	{ "has run, its container was taken away", CORE_SAME, "none", 0, "done: ended with 3" },
	{ "has run and is there", CORE_SAME, CORE_SAME, INSTANCE_EXITED, "done: ended with 0" },
	{ "runs now", "never", CORE_SAME, INSTANCE_RUNNING, "nothing: running" },
	{ "another configuration has run", ENV, "none", 0, "create: not there" },
	{ "another configuration has run and is there", ENV, ENV, INSTANCE_EXITED,
	  "replace: configuration differs [env]" },
	{ "another limit has run", LIMIT, "none", 0, "create: not there" },
	/* What an instance does not carry is no new configuration: it has run. */
	{ "another grace period has run", GRACE, "none", 0, "done: ended with 3" },
	{ "another grace period has run and is there", GRACE, GRACE, INSTANCE_EXITED,
	  "done: ended with 0 [policy]" },
	/* There and back: what has run is not run again, what runs in between goes. */
	{ "has run, another one was made since", CORE_SAME, ENV, INSTANCE_CREATED,
	  "remove: left over in the slot" },
	{ "has run, another one runs since", CORE_SAME, ENV, INSTANCE_RUNNING,
	  "remove: left over in the slot" },
	{ "has run, another one is paused since", CORE_SAME, ENV, INSTANCE_PAUSED,
	  "remove: left over in the slot" },
	{ "has run, another one has ended since", CORE_SAME, ENV, INSTANCE_EXITED,
	  "remove: left over in the slot" },
	{ "has run, half of another one is there", CORE_SAME, ENV, INSTANCE_BROKEN,
	  "remove: left over in the slot" },
};

static void test_jobs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(jobs); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		const char *done = jobs[i].done;
		struct core_bench b;
		core_bench_init(&b, a, "app:1", "rtype: job");
		b.in.record = &b.record;
		if (!done || strcmp(done, "never") != 0) {
			b.record.done_hash = core_bench_hash(&b, done);
			b.record.has_exit_code = true;
			b.record.exit_code = 3;
		}
		if (!jobs[i].there || strcmp(jobs[i].there, "none") != 0) {
			struct instance *is = core_bench_add(&b, jobs[i].state, jobs[i].there);
			is->has_exit_code = jobs[i].state == INSTANCE_EXITED;
		}
		if (strcmp(core_bench_verdict(&b), jobs[i].verdict) != 0)
			fail_msg("a job that %s: %s", jobs[i].what, core_bench_verdict(&b));
	}
}

/* A job is never tried again because its code is not known (T18). */
static void test_done_without_code(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct core_bench b;
	core_bench_init(&b, a, "app:1", "rtype: job");
	b.in.record = &b.record;
	b.record.done_hash = core_bench_hash(&b, CORE_SAME);
	assert_string_equal(core_bench_verdict(&b), "done: ended, exit code unknown");
	b.in.is_asked = true;
	assert_string_equal(core_bench_verdict(&b), "done: ended, exit code unknown");
}

/* An end is one for good by the policy of today, not by that of the day it came. */
static void test_done_by_policy(void **state)
{
	(void)state;
	static const struct {
		const char *policy;
		int code;
		const char *verdict;
	} cases[] = {
		{ "on_failure", 0, "done: ended with 0" },
		{ "on_failure", 1, "create: not there" },
		{ "always", 0, "create: not there" },
		{ "'no'", 1, "done: ended with 1" },
	};
	for (size_t i = 0; i < ARRAY_N(cases); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_bench b;
		core_bench_init(&b, a, "app:1",
				arena_printf(a, "restart_policy: {kind: %s}", cases[i].policy));
		b.in.record = &b.record;
		b.record.done_hash = core_bench_hash(&b, CORE_SAME);
		b.record.has_exit_code = true;
		b.record.exit_code = cases[i].code;
		assert_string_equal(core_bench_verdict(&b), cases[i].verdict);
	}
}

/* --- so many times in a row --- */

static void test_max_attempts(void **state)
{
	(void)state;
	static const struct {
		uint32_t fails;
		bool is_asked;
		const char *verdict;
	} cases[] = {
		{ 0, false, "replace: ended with 1" },
		{ 3, false, "replace: ended with 1" },
		{ 4, false, "failed: ended with 1, 4 times in a row" },
		{ 4, true, "replace: ended with 1" },
	};
	for (size_t i = 0; i < ARRAY_N(cases); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_bench b;
		core_bench_init(&b, a, "app:1",
				"restart_policy: {kind: on_failure, max_attempts: 3}");
		core_bench_add_ended(&b, CORE_SAME, 1);
		b.in.record = &b.record;
		b.record.fails = cases[i].fails;
		b.in.is_asked = cases[i].is_asked;
		assert_string_equal(core_bench_verdict(&b), cases[i].verdict);
		assert_int_equal(b.out.hint != NULL, b.out.verdict == VERDICT_FAILED);
	}
}

/* --- back-off and failures --- */

static void set_retry(struct core_bench *b, int64_t left_us)
{
	b->in.record = &b->record;
	b->record.retry_at.us = b->in.now.boot.us + left_us;
	b->record.retry_wall.us = b->in.now.wall.us + left_us;
	b->record.retry_length_us = 60 * CLOCK_SEC;
	b->record.boot_id = "boot-1";
}

static void test_back_off(void **state)
{
	(void)state;
	static const struct {
		enum instance_state state;
		const char *config;
		const char *waits; /* while the back-off lasts; NULL: it does not matter */
	} cases[] = {
		{ INSTANCE_EXITED, CORE_SAME, "wait: waits before the next try: ended with 1" },
		{ INSTANCE_CREATED, CORE_SAME,
		  "wait: waits before the next try: made, never started" },
		{ INSTANCE_RUNNING, ENV,
		  "wait: waits before the next try: configuration differs [env]" },
		{ INSTANCE_PAUSED, CORE_SAME, "wait: waits before the next try: paused" },
		{ INSTANCE_BROKEN, CORE_SAME,
		  "wait: waits before the next try: was made only half" },
		{ INSTANCE_RUNNING, CORE_SAME, NULL },
	};
	for (size_t i = 0; i < ARRAY_N(cases); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_bench b;
		core_bench_init(&b, a, "app:1", "");
		struct instance *is = core_bench_add(&b, cases[i].state, cases[i].config);
		is->has_exit_code = true;
		is->exit_code = 1;
		const char *now = core_bench_verdict(&b);
		set_retry(&b, 3 * CLOCK_SEC);
		assert_string_equal(core_bench_verdict(&b), cases[i].waits ? cases[i].waits : now);
		if (cases[i].waits)
			assert_int_equal(b.out.retry_at.us, b.record.retry_at.us);
		b.in.is_asked = true;
		assert_string_equal(core_bench_verdict(&b), now);
		b.in.is_asked = false;
		set_retry(&b, 0);
		assert_string_equal(core_bench_verdict(&b), now);
	}
}

/* What no waiting mends is shown, with its reason, until somebody asks. */
static void test_fault(void **state)
{
	(void)state;
	static const struct {
		enum error_code fault;
		const char *reason;
		const char *verdict;
	} cases[] = {
		{ ERR_INVALID, "no such command", "failed: no such command" },
		{ ERR_NOT_FOUND, NULL, "failed: not-found" },
		{ ERR_UNSUPPORTED, "not here", "failed: not here" },
		{ ERR_IO, "disk", "create: not there; the last try failed: disk" },
		{ ERR_TIMEOUT, "slow", "create: not there; the last try failed: slow" },
	};
	for (size_t i = 0; i < ARRAY_N(cases); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_bench b;
		core_bench_init(&b, a, "app:1", "");
		b.in.record = &b.record;
		b.record.fault = cases[i].fault;
		b.record.reason = cases[i].reason;
		assert_string_equal(core_bench_verdict(&b), cases[i].verdict);
		b.in.is_asked = true;
		assert_string_equal(core_bench_verdict(&b), "create: not there");
	}
}

/* --- how long is left: same boot by the boot clock, another by the wall, never beyond its length
 * --- */

static void test_retry_left(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		int64_t boot, wall, length;
		const char *boot_id;
		int64_t left;
	} cases[] = {
		/* now: boot 1000, wall 5000, boot-2 */
		{ "no back-off", 0, 0, 0, NULL, 0 },
		{ "this boot", 1030, 5030, 60, "boot-2", 30 },
		{ "this boot, over", 999, 4999, 60, "boot-2", 0 },
		{ "this boot, the wall clock went back an hour", 1030, 8630, 60, "boot-2", 30 },
		{ "this boot, the wall clock went on", 1030, 10, 60, "boot-2", 30 },
		{ "another boot", 9999, 5020, 60, "boot-1", 20 },
		{ "another boot, over", 9999, 4000, 60, "boot-1", 0 },
		{ "another boot, the wall clock went back a year", 9999, 99999, 60, "boot-1", 60 },
		{ "a boot nobody named", 9999, 5020, 60, NULL, 20 },
		{ "at once, in this boot", 1, 0, 0, "boot-2", 0 },
		{ "at once, in another boot", 1, 0, 0, NULL, 0 },
		{ "a boot clock that lies far ahead", 99999, 99999, 60, "boot-2", 60 },
	};
	const struct diff_now now = { { 1000 }, { 5000 }, "boot-2" };
	const struct diff_now nameless = { { 1000 }, { 5000 }, NULL };

	for (size_t i = 0; i < ARRAY_N(cases); i++) {
		const struct slot s = { .retry_at = { cases[i].boot },
					.retry_wall = { cases[i].wall },
					.retry_length_us = cases[i].length,
					.boot_id = cases[i].boot_id };
		if (diff_retry_left(&s, &now) != cases[i].left)
			fail_msg("%s: %lld left", cases[i].what,
				 (long long)diff_retry_left(&s, &now));
	}
	const struct slot s = { .retry_at = { 1030 },
				.retry_wall = { 5010 },
				.retry_length_us = 60,
				.boot_id = "boot-2" };
	assert_int_equal(diff_retry_left(&s, &nameless), 10);
}

/* --- where it cannot run --- */

static const struct {
	const char *image, *fields;
	const char *verdict;
	bool has_hint;
} routes[] = {
	{ "missing/app", "", "blocked: no such image", true },
	{ "slow/app", "", "blocked: the registry is busy", false },
	{ "app:1", "platform: {os: windows, arch: amd64}",
	  "needs_peer: no runtime for windows here", false },
	{ "app:1", "rtype: cron, schedule: '@daily'",
	  "unsupported: cron services are not supported yet", false },
	{ "app:1", "service_type: wasm_http", "unsupported: wasm services are not supported yet",
	  false },
};

static void test_routes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(routes); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_bench b;
		core_bench_init(&b, a, routes[i].image, routes[i].fields);
		assert_string_equal(core_bench_verdict(&b), routes[i].verdict);
		assert_int_equal(b.out.hint != NULL, routes[i].has_hint);
		/* What runs of it is kept until its successor can be made. */
		struct instance *is = core_bench_add(&b, INSTANCE_RUNNING, CORE_NO_HASH);
		assert_string_equal(core_bench_verdict(&b), routes[i].verdict);
		assert_ptr_equal(b.out.keep, is);
		/* A failure of before does not hide why it cannot be made now. */
		b.in.record = &b.record;
		b.record.fault = ERR_INVALID;
		assert_string_equal(core_bench_verdict(&b), routes[i].verdict);
	}
}

/* --- a view with a part missing proves nothing --- */

static const struct {
	const char *what;
	uint64_t generation; /* of the record; 0: there is no record */
	bool is_done, is_there, is_wanted;
	const char *verdict;
} partial[] = {
	{ "never had an instance", 0, false, false, true, "create: not there" },
	{ "had one", 3, false, false, true, "unknown: its runtime cannot be listed" },
	{ "has one", 3, false, true, true, "nothing: running" },
	{ "has run to its end", 3, true, false, true, "done: ended, exit code unknown" },
	{ "is not wanted and was not seen", 3, false, false, false, "nothing: not there" },
	{ "is not wanted and was seen", 3, false, true, false, "remove: not in the file" },
};

static void test_partial(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(partial); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_bench b;
		core_bench_init(&b, a, "app:1", "restart_policy: {kind: 'no'}");
		b.in.is_partial = true;
		if (partial[i].generation)
			b.in.record = &b.record;
		b.record.generation = partial[i].generation;
		if (partial[i].is_done)
			b.record.done_hash = core_bench_hash(&b, CORE_SAME);
		if (partial[i].is_there)
			core_bench_add(&b, INSTANCE_RUNNING, CORE_SAME);
		b.in.remove_cause = "not in the file";
		if (!partial[i].is_wanted)
			b.in.want = NULL;
		if (strcmp(core_bench_verdict(&b), partial[i].verdict) != 0)
			fail_msg("a slot that %s: %s", partial[i].what, core_bench_verdict(&b));
	}
}

/* --- how people read it --- */

static void test_sentence(void **state)
{
	(void)state;
	static const struct {
		struct diff_sentence d;
		const char *text;
	} cases[] = {
		{ { VERDICT_CREATE, "web", 0, "not there", NULL, NULL },
		  "+ create web-rep-0: not there" },
		{ { VERDICT_UPDATE, "web", 1, "limits differ", "resources", NULL },
		  "~ update web-rep-1: limits differ [resources]" },
		{ { VERDICT_START, "web", 1, "made, never started", NULL, NULL },
		  "~ start web-rep-1: made, never started" },
		{ { VERDICT_REPLACE, "db", 12, "ended with 1", NULL, NULL },
		  "-/+ replace db-rep-12: ended with 1" },
		{ { VERDICT_REMOVE, "db", 0, "down", NULL, NULL }, "- remove db-rep-0: down" },
		{ { VERDICT_NEEDS_PEER, "iis", 0, "no runtime for windows here", NULL, "windows" },
		  "  needs peer (windows) iis-rep-0: no runtime for windows here" },
		{ { VERDICT_NEEDS_PEER, "iis", 0, "nobody knows", NULL, NULL },
		  "  needs peer (?) iis-rep-0: nobody knows" },
		{ { VERDICT_BLOCKED, "web", 0, "no such image", NULL, NULL },
		  "  blocked web-rep-0: no such image" },
	};
	struct arena *a CLEAN(arena) = arena_new();
	for (size_t i = 0; i < ARRAY_N(cases); i++)
		assert_string_equal(diff_sentence(&cases[i].d, a), cases[i].text);
}

/* The columns of VERDICTS: nothing is to be done about what is right, and what has a sign has
 * steps. */
static void test_columns(void **state)
{
	(void)state;
	for (int v = 0; v < VERDICT_N; v++) {
		bool has_sign = verdict_sign((enum verdict)v)[0] != 0;
		bool is_right = v == VERDICT_NOTHING || v == VERDICT_DONE || v == VERDICT_HELD;
		bool has_steps = v == VERDICT_CREATE || v == VERDICT_START || v == VERDICT_UPDATE ||
				 v == VERDICT_REPLACE || v == VERDICT_REMOVE;
		assert_int_equal(verdict_is_right((enum verdict)v), is_right);
		assert_int_equal(has_sign, has_steps);
		assert_true(verdict_to_string((enum verdict)v)[0] != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart_policy),
		cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_done_without_code),
		cmocka_unit_test(test_done_by_policy),
		cmocka_unit_test(test_max_attempts),
		cmocka_unit_test(test_back_off),
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_retry_left),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_sentence),
		cmocka_unit_test(test_columns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
