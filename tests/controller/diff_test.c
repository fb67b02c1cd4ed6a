/* SPDX-License-Identifier: Apache-2.0 */
/* One slot's verdict: by state and configuration, by restart policy, by what is recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/controller/core_bench.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

/* --- one instance: what is done about it, by state and by how far it is from the wish --- */

#define ENV     "env: {A: '2'}"            /* another container */
#define MEMORY  "resources: {memory: 2Gi}" /* another limit */
#define AT_WORK "unknown: somebody is at work on it, or it has just ended"
#define GRACE   "stop_grace_period: 99s" /* nothing a container carries */

static const struct {
	enum instance_state state;
	const char *config;
	const char *verdict;       /* where the runtime changes limits in place */
	const char *verdict_fixed; /* where it does not; NULL: the same */
} single[] = {
	{ INSTANCE_RUNNING, CORE_SAME, "nothing: running", NULL },
	{ INSTANCE_RUNNING, GRACE, "nothing: running [policy]", NULL },
	{ INSTANCE_RUNNING, MEMORY, "update: limits differ [resources]",
	  "replace: configuration differs [resources]" },
	{ INSTANCE_RUNNING, ENV, "replace: configuration differs [env]", NULL },
	{ INSTANCE_RUNNING, ENV ", " MEMORY, "replace: configuration differs [env, resources]",
	  NULL },
	{ INSTANCE_RUNNING, CORE_NO_HASH,
	  "replace: nobody knows with which configuration it was made", NULL },
	{ INSTANCE_RUNNING, CORE_JUNK, "replace: configuration differs", NULL },

	{ INSTANCE_PAUSED, CORE_SAME, "update: paused", "replace: paused" },
	{ INSTANCE_PAUSED, GRACE, "update: paused [policy]", "replace: paused [policy]" },
	{ INSTANCE_PAUSED, MEMORY, "update: limits differ [resources]",
	  "replace: configuration differs [resources]" },
	{ INSTANCE_PAUSED, ENV, "replace: configuration differs [env]", NULL },

	{ INSTANCE_CREATED, CORE_SAME, "start: made, never started", NULL },
	{ INSTANCE_CREATED, GRACE, "start: made, never started [policy]", NULL },
	{ INSTANCE_CREATED, MEMORY, "replace: configuration differs [resources]", NULL },
	{ INSTANCE_CREATED, ENV, "replace: configuration differs [env]", NULL },

	{ INSTANCE_EXITED, CORE_SAME, "replace: ended, exit code unknown", NULL },
	{ INSTANCE_EXITED, MEMORY, "replace: configuration differs [resources]", NULL },
	{ INSTANCE_EXITED, ENV, "replace: configuration differs [env]", NULL },

	{ INSTANCE_BROKEN, CORE_SAME, "replace: was made only half", NULL },
	{ INSTANCE_BROKEN, ENV, "replace: was made only half", NULL },

	{ INSTANCE_UNKNOWN, CORE_SAME, AT_WORK, NULL },
	{ INSTANCE_UNKNOWN, ENV, AT_WORK, NULL },
	{ INSTANCE_UNKNOWN, CORE_NO_HASH, AT_WORK, NULL },
};

static void check_single(size_t i, bool is_fixed)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct core_bench b;
	core_bench_init(&b, a, "app:1", is_fixed ? "labels: {test.fixed: 'yes'}" : "");
	struct instance *is = core_bench_add(&b, single[i].state, single[i].config);
	const char *expected =
		is_fixed && single[i].verdict_fixed ? single[i].verdict_fixed : single[i].verdict;
	if (strcmp(core_bench_verdict(&b), expected) != 0)
		fail_msg("%s with %s: %s, not %s", instance_state_to_string(single[i].state),
			 single[i].config ? single[i].config : "the same", core_bench_verdict(&b),
			 expected);
	assert_ptr_equal(b.out.keep, is);
}

static void test_single(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(single); i++) {
		check_single(i, false);
		check_single(i, true);
	}
}

static void test_nothing_there(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct core_bench b;
	core_bench_init(&b, a, "app:1", "");
	assert_string_equal(core_bench_verdict(&b), "create: not there");
	assert_false(b.out.is_restart);
	b.in.want = NULL;
	assert_string_equal(core_bench_verdict(&b), "nothing: not there");
}

/* The runtime said once that it cannot: asked again, the instance is replaced. */
static void test_no_update(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct core_bench b;
	core_bench_init(&b, a, "app:1", "");
	core_bench_add(&b, INSTANCE_RUNNING, MEMORY);
	b.in.no_update = true;
	assert_string_equal(core_bench_verdict(&b), "replace: configuration differs [resources]");
}

/* --- the image: as written, and where a tag has moved to --- */

#define MOVED "replace: image app:1 moved: have app:0, want app:1 "

static const struct {
	const char *policy;
	const char *have_image, *have_digest; /* NULL: nobody knows */
	const char *verdict;
	const char *config; /* what else differs */
} moved[] = {
	{ "if_not_present", "app:1", "app:0", "nothing: running", CORE_SAME },
	{ "never", "app:1", "app:0", "nothing: running", CORE_SAME },
	{ "always", "app:1", "app:0", MOVED "[digest]", CORE_SAME },
	{ "newer", "app:1", "app:0", MOVED "[digest]", CORE_SAME },
	{ "always", "app:1", "app:1", "nothing: running", CORE_SAME },
	{ "always", "app:1", NULL, "nothing: running", CORE_SAME },
	{ "always", NULL, NULL, "nothing: running", CORE_SAME },
	/* Whatever else differs hides it not. */
	{ "always", "app:1", "app:0", MOVED "[policy, digest]", GRACE },
	{ "always", "app:1", "app:0", "replace: configuration differs [resources, digest]",
	  MEMORY },
	{ "never", "app:1", "app:0", "update: limits differ [resources]", MEMORY },
};

static void test_moved_tag(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(moved); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_bench b;
		core_bench_init(&b, a, arena_printf(a, "app:1, pull_policy: %s", moved[i].policy),
				"");
		struct instance *is = core_bench_add(&b, INSTANCE_RUNNING, moved[i].config);
		is->image = moved[i].have_image;
		is->digest = moved[i].have_digest;
		assert_string_equal(core_bench_verdict(&b), moved[i].verdict);
	}
}

static void test_image_differs(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct core_bench b, old;
	core_bench_init(&old, a, "app:1", "");
	core_bench_init(&b, a, "app:2", "");
	struct instance *is = core_bench_add(&b, INSTANCE_RUNNING, CORE_SAME);
	is->config_hash = old.desired.slots[0].group->config_hash;
	is->image = "app:1";
	assert_string_equal(core_bench_verdict(&b),
			    "replace: image differs: have app:1, want app:2 [image]");
}

/* A group with a secret nobody can compare is no difference; beside one that is, it is not named.
 */
static void test_unknown_group(void **state)
{
	(void)state;
	static const struct {
		const char *config;
		const char *verdict;
	} secrets[] = {
		{ CORE_SAME, "nothing: running" },
		{ MEMORY, "update: limits differ [resources]" },
		{ "user: nobody", "replace: configuration differs [process]" },
	};
	for (size_t i = 0; i < ARRAY_N(secrets); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_bench b;
		core_bench_init(&b, a, "app:1", "");
		struct instance *is = core_bench_add(&b, INSTANCE_RUNNING, secrets[i].config);
		char *hash = arena_strdup(a, is->config_hash);
		memset(hash + strlen("h1:") + 2 * 16, '?', 16); /* env is the third group */
		is->config_hash = hash;
		assert_string_equal(core_bench_verdict(&b), secrets[i].verdict);
	}
}

/* Naming the fields decides nothing: the verdict is the same, known or not what it was before. */
static void test_fields_by_name(void **state)
{
	(void)state;
	static const struct {
		const char *before, *now;
		const char *verdict;
	} named[] = {
		{ "env: {A: '1', B: x}", "env: {A: '2', B: x}",
		  "replace: configuration differs [env.A]" },
		{ "resources: {memory: 1Gi}", "resources: {memory: 2Gi, cpu: 2}",
		  "update: limits differ [resources.cpu, resources.memory]" },
		{ "env: {A: a, B: a, C: a, D: a, E: a, F: a}",
		  "env: {A: b, B: b, C: b, D: b, E: b, F: b}",
		  "replace: configuration differs [env.A, env.B, env.C, env.D, env.E, env.F]" },
		{ "env: {A: a, B: a, C: a, D: a, E: a, F: a, G: a, H: a}",
		  "env: {A: b, B: b, C: b, D: b, E: b, F: b, G: b, H: b}",
		  "replace: configuration differs "
		  "[env.A, env.B, env.C, env.D, env.E, env.F and 2 more]" },
	};
	for (size_t i = 0; i < ARRAY_N(named); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_wish before = {
			.current = core_wish_services(
				arena_printf(a, "web: {image: {name: app:1}, %s}", named[i].before),
				a)
		};
		struct core_wish now = { .previous = before.current };
		struct desired old = core_wish_expand(&before, a);
		struct core_bench b;

		core_bench_init(&b, a, "app:1", named[i].now);
		now.current = core_wish_services(
			arena_printf(a, "web: {image: {name: app:1}, %s}", named[i].now), a);
		b.desired = core_wish_expand(&now, a);
		b.in.want = &b.desired.slots[0];
		struct instance *is = core_bench_add(&b, INSTANCE_RUNNING, CORE_SAME);
		is->config_hash = old.slots[0].group->config_hash;
		assert_string_equal(core_bench_verdict(&b), named[i].verdict);
		/* Made by some other revision: the group is all that can be named. */
		is->config_hash = core_bench_hash(&b, "user: nobody");
		assert_string_equal(core_bench_verdict(&b),
				    "replace: configuration differs [process]");
	}
}

/* --- several instances: who stays --- */

struct one {
	enum instance_state state;
	const char *config;
};

static const struct {
	struct one is[3];
	size_t n;
	size_t keep; /* generation; 0: none */
	const char *verdict;
} several[] = {
	/* What runs and fits stays, wherever it stands; the rest is left over. */
	{ { { INSTANCE_RUNNING, CORE_SAME }, { INSTANCE_EXITED, CORE_SAME } },
	  2,
	  1,
	  "remove: left over in the slot" },
	{ { { INSTANCE_RUNNING, ENV }, { INSTANCE_RUNNING, CORE_SAME } },
	  2,
	  2,
	  "remove: left over in the slot" },
	{ { { INSTANCE_RUNNING, CORE_SAME }, { INSTANCE_RUNNING, ENV } },
	  2,
	  1,
	  "remove: left over in the slot" },
	/* Of equals the newest. */
	{ { { INSTANCE_RUNNING, CORE_SAME }, { INSTANCE_RUNNING, CORE_SAME } },
	  2,
	  2,
	  "remove: left over in the slot" },
	/* start-first on its way: the new one is made, the old one serves on. */
	{ { { INSTANCE_RUNNING, ENV }, { INSTANCE_CREATED, CORE_SAME } },
	  2,
	  2,
	  "start: made, never started" },
	/* The new one failed at once: the old one is what is replaced. */
	{ { { INSTANCE_RUNNING, ENV }, { INSTANCE_EXITED, CORE_SAME } },
	  2,
	  1,
	  "replace: configuration differs [env]" },
	{ { { INSTANCE_RUNNING, ENV }, { INSTANCE_BROKEN, CORE_SAME } },
	  2,
	  1,
	  "replace: configuration differs [env]" },
	{ { { INSTANCE_BROKEN, CORE_SAME }, { INSTANCE_EXITED, ENV }, { INSTANCE_CREATED, ENV } },
	  3,
	  3,
	  "replace: configuration differs [env]" },
	{ { { INSTANCE_PAUSED, CORE_SAME }, { INSTANCE_CREATED, CORE_SAME } },
	  2,
	  1,
	  "update: paused" },
	{ { { INSTANCE_RUNNING, MEMORY }, { INSTANCE_PAUSED, CORE_SAME } },
	  2,
	  1,
	  "update: limits differ [resources]" },
	/* One that nobody can see: none is touched. */
	{ { { INSTANCE_UNKNOWN, CORE_SAME }, { INSTANCE_EXITED, ENV } }, 2, 2, AT_WORK },
};

static void test_several(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(several); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_bench b;
		core_bench_init(&b, a, "app:1", "");
		for (size_t k = 0; k < several[i].n; k++)
			core_bench_add(&b, several[i].is[k].state, several[i].is[k].config);
		if (strcmp(core_bench_verdict(&b), several[i].verdict) != 0)
			fail_msg("case %zu: %s", i, core_bench_verdict(&b));
		assert_int_equal(b.out.keep ? b.out.keep->generation : 0, several[i].keep);
		if (b.out.verdict != VERDICT_UNKNOWN)
			assert_int_equal(b.out.n_extra, several[i].n - 1);
	}
}

/* --- not wanted --- */

static void test_not_wanted(void **state)
{
	(void)state;
	static const enum instance_state states[] = { INSTANCE_BROKEN, INSTANCE_CREATED,
						      INSTANCE_RUNNING, INSTANCE_PAUSED,
						      INSTANCE_EXITED };
	for (size_t i = 0; i < ARRAY_N(states); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_bench b;
		core_bench_init(&b, a, "app:1", "");
		core_bench_add(&b, states[i], CORE_SAME);
		core_bench_add(&b, states[i], ENV);
		b.in.want = NULL;
		b.in.remove_cause = "not in the file";
		assert_string_equal(core_bench_verdict(&b), "remove: not in the file");
		assert_null(b.out.keep);
		assert_int_equal(b.out.n_extra, 2);
		/* A removal that did not work is tried again, after its back-off. */
		b.in.record = &b.record;
		b.record.retry_at.us = b.in.now.boot.us + 7;
		b.record.retry_length_us = CLOCK_SEC;
		b.record.boot_id = "boot-1";
		b.record.reason = "it is busy";
		b.record.hint = "wait";
		assert_string_equal(core_bench_verdict(&b),
				    "wait: cannot be removed yet: it is busy");
		assert_string_equal(b.out.hint, "wait");
		assert_int_equal(b.out.retry_at.us, b.in.now.boot.us + 7);
		b.in.is_asked = true;
		assert_string_equal(core_bench_verdict(&b), "remove: not in the file");
	}
}

/* --- stopped by hand --- */

static void test_held(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct core_bench b;
	core_bench_init(&b, a, "app:1", "");
	b.in.record = &b.record;
	b.record.held = true;
	b.in.is_asked = true; /* an apply shows it and leaves it */
	assert_string_equal(core_bench_verdict(&b), "held: stopped by hand");
	core_bench_add(&b, INSTANCE_RUNNING, CORE_SAME);
	assert_string_equal(core_bench_verdict(&b), "remove: stopped by hand");
	assert_null(b.out.keep);
	b.items[0].state = INSTANCE_UNKNOWN;
	assert_string_equal(core_bench_verdict(&b), AT_WORK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single),         cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_no_update),      cmocka_unit_test(test_moved_tag),
		cmocka_unit_test(test_image_differs),  cmocka_unit_test(test_unknown_group),
		cmocka_unit_test(test_fields_by_name), cmocka_unit_test(test_several),
		cmocka_unit_test(test_not_wanted),     cmocka_unit_test(test_held),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
