/* SPDX-License-Identifier: Apache-2.0 */
/* Who is an orphan, and each reason to leave one alone, as values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "controller/sweep_plan.h"

#define NOW INT64_C(1000000000000)
#define ID  "gone.web-rep-0.3"

/* One orphan that everything speaks against: seen twice, old, dead, the mode to delete. */
struct scene {
	struct arena *arena;
	struct instance seen, row;
	struct leftover thing;
	struct orphan before;
	struct sweep_look look;
	struct sweep_input in;
	struct sweep_plan plan;
	const char *deployment;
};

static int setup(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	s->arena = arena_new();
	s->seen = (struct instance){
		.id = ID, .deployment = "gone", .runtime = "youki", .state = INSTANCE_EXITED
	};
	s->row = (struct instance){ .id = "shop.web-rep-0.1", .runtime = "youki" };
	s->thing = (struct leftover){ .id = ID, .kinds = 1u << LEFTOVER_BUNDLE };
	s->before = (struct orphan){ .runtime = "youki",
				     .id = ID,
				     .kinds = 1u << LEFTOVER_BUNDLE,
				     .sightings = 1,
				     .first = { NOW - 400 * CLOCK_SEC },
				     .last = { NOW - 60 * CLOCK_SEC } };
	s->look = (struct sweep_look){ .runtime = "youki",
				       .seen = { &s->seen, 1, false, NULL },
				       .things = { &s->thing, 1 },
				       .n_before = 1 };
	s->deployment = "shop";
	s->in = (struct sweep_input){ .mode = SWEEP_DELETE,
				      .now = { NOW },
				      .grace_us = 300 * CLOCK_SEC,
				      .looks = &s->look,
				      .n_looks = 1,
				      .rows = &s->row,
				      .n_rows = 1,
				      .deployments = &s->deployment,
				      .n_deployments = 1,
				      .orphans = &s->before,
				      .n_orphans = 1 };
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	arena_free(s->arena);
	free(s);
	return 0;
}

static const struct sweep_item *compute(struct scene *s)
{
	sweep_plan_compute(&s->in, s->arena, &s->plan);
	assert_int_equal(s->plan.n, 1);
	assert_string_equal(s->plan.items[0].orphan.id, ID);
	return &s->plan.items[0];
}

static void assert_act(struct scene *s, enum sweep_act act)
{
	const struct sweep_item *item = compute(s);

	assert_int_equal(item->act, act);
	assert_int_equal(item->why == NULL, act != SWEEP_LEAVE);
	assert_int_equal(s->plan.n_acts, act != SWEEP_LEAVE);
}

static void assert_left(struct scene *s, const char *part)
{
	assert_act(s, SWEEP_LEAVE);
	if (!strstr(s->plan.items[0].why, part))
		fail_msg("'%s' is not in '%s'", part, s->plan.items[0].why);
}

static void what_all_speaks_against_goes(void **state)
{
	assert_act(*state, SWEEP_REMOVE);
}

static void a_row_explains_it(void **state)
{
	struct scene *s = *state;

	s->row.id = ID;
	sweep_plan_compute(&s->in, s->arena, &s->plan);
	assert_int_equal(s->plan.n, 0);
	assert_int_equal(s->plan.n_gone, 1); /* what was remembered of it is no orphan any more */
	/* The same id on another runtime is a fault of the node. */
	s->row.runtime = "hcs";
	assert_left(s, "an instance of hcs");
}

static void each_rule_holds_it(void **state)
{
	struct scene *s = *state;

	s->in.held = "restored";
	assert_left(s, "recover --accept");
	s->in.held = NULL;
	s->in.mode = SWEEP_REPORT;
	assert_left(s, "report only");
	s->in.mode = SWEEP_DELETE;
	s->seen.state = INSTANCE_UNKNOWN;
	assert_left(s, "cannot say");
	s->seen.state = INSTANCE_EXITED;
	s->in.n_orphans = 0;
	assert_left(s, "seen once");
	s->in.n_orphans = 1;
	s->before.first.us = NOW - 299 * CLOCK_SEC;
	assert_left(s, "younger than the grace");
	s->in.is_now = true;
	assert_act(s, SWEEP_REMOVE);
	s->in.is_now = false;
	s->before.first.us = NOW + CLOCK_SEC; /* the clock was set back */
	assert_left(s, "younger than the grace");
	s->before.first.us = 0;
	assert_act(s, SWEEP_REMOVE);
}

static void the_living_of_a_known_deployment_is_adopted(void **state)
{
	struct scene *s = *state;

	s->seen.state = INSTANCE_RUNNING;
	assert_act(s, SWEEP_REMOVE);
	s->deployment = "GONE"; /* names differ in case only: the same */
	assert_left(s, "takes it in");
	s->seen.state = INSTANCE_EXITED;
	assert_act(s, SWEEP_REMOVE);
}

static void modes(void **state)
{
	static const struct {
		enum sweep_mode mode;
		enum instance_state state;
		unsigned kinds;
		enum sweep_act act;
	} cases[] = {
		{ SWEEP_DELETE, INSTANCE_RUNNING, 1u << LEFTOVER_BUNDLE, SWEEP_REMOVE },
		{ SWEEP_DELETE, INSTANCE_EXITED, 1u << LEFTOVER_BUNDLE, SWEEP_REMOVE },
		{ SWEEP_QUARANTINE, INSTANCE_RUNNING, 1u << LEFTOVER_BUNDLE, SWEEP_KEEP },
		{ SWEEP_QUARANTINE, INSTANCE_EXITED, 1u << LEFTOVER_BUNDLE, SWEEP_KEEP },
		{ SWEEP_QUARANTINE, INSTANCE_EXITED, 1u << LEFTOVER_CGROUP, SWEEP_REMOVE },
		{ SWEEP_AUTO, INSTANCE_RUNNING, 1u << LEFTOVER_BUNDLE, SWEEP_KEEP },
		{ SWEEP_AUTO, INSTANCE_CREATED, 1u << LEFTOVER_INSTANCE, SWEEP_KEEP },
		{ SWEEP_AUTO, INSTANCE_EXITED, 1u << LEFTOVER_BUNDLE, SWEEP_REMOVE },
		{ SWEEP_AUTO, INSTANCE_BROKEN, 1u << LEFTOVER_BUNDLE, SWEEP_REMOVE },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s->in.mode = cases[i].mode;
		s->seen.state = cases[i].state;
		s->thing.kinds = cases[i].kinds;
		assert_act(s, cases[i].act);
	}
}

static void looks_that_count_for_nothing(void **state)
{
	struct scene *s = *state;

	s->look.failed = "no answer";
	sweep_plan_compute(&s->in, s->arena, &s->plan);
	assert_int_equal(s->plan.n, 0);
	assert_int_equal(s->plan.n_gone, 0);
	assert_int_equal(s->plan.n_failures, 1);
	assert_string_equal(s->plan.failures[0].why, "no answer");
	s->look.failed = NULL;

	s->look.seen.partial = true;
	assert_non_null(sweep_plan_failure(&s->look, s->arena));
	s->look.seen.partial = false;
	s->look.took_us = SWEEP_SLOW_US + 1;
	assert_non_null(sweep_plan_failure(&s->look, s->arena));
	s->look.took_us = SWEEP_SLOW_US;
	assert_null(sweep_plan_failure(&s->look, s->arena));
	s->look.n_lied = 1;
	assert_non_null(sweep_plan_failure(&s->look, s->arena));
	s->look.n_lied = 0;
	/* All that it lacks is gone by a direct question, too; or not. */
	s->look.n_before = s->look.n_missing = s->look.n_agreed = 10;
	assert_null(sweep_plan_failure(&s->look, s->arena));
	s->look.n_agreed = 9;
	assert_non_null(sweep_plan_failure(&s->look, s->arena));
}

static void sightings_are_in_a_row(void **state)
{
	struct scene *s = *state;

	assert_int_equal(compute(s)->orphan.sightings, 2);
	assert_true(compute(s)->orphan.first.us == s->before.first.us);
	assert_true(compute(s)->orphan.last.us == NOW);
	/* Not seen: what is remembered of it goes, and with it the count. */
	s->look.things.n = 0;
	sweep_plan_compute(&s->in, s->arena, &s->plan);
	assert_int_equal(s->plan.n, 0);
	assert_int_equal(s->plan.n_gone, 1);
	assert_ptr_equal(s->plan.gone[0], &s->before);
	/* Of another runtime it says nothing. */
	s->before.runtime = "hcs";
	sweep_plan_compute(&s->in, s->arena, &s->plan);
	assert_int_equal(s->plan.n_gone, 0);
}

static void foreign_things_are_named_only(void **state)
{
	struct scene *s = *state;

	s->thing.foreign = "it is node 7's";
	sweep_plan_compute(&s->in, s->arena, &s->plan);
	assert_int_equal(s->plan.n, 0);
	assert_int_equal(s->plan.n_foreign, 1);
	assert_string_equal(s->plan.foreign[0].whose, "it is node 7's");
}

static void stuck_is_tried_later_and_later(void **state)
{
	struct scene *s = *state;
	int64_t wait = 0;

	for (int i = 0; i < 12; i++) {
		struct orphan o = s->before;

		sweep_plan_stuck(&o, "busy", (struct wall){ NOW });
		assert_int_equal(o.state, ORPHAN_STUCK);
		assert_int_equal(o.tries, i + 1);
		assert_true(o.retry.us - NOW >= wait);
		wait = o.retry.us - NOW;
		s->before = o;
	}
	assert_true(wait == 3600 * CLOCK_SEC);
	assert_left(s, "it did not go (busy)");
	s->in.is_now = true;
	assert_act(s, SWEEP_REMOVE);
	s->in.is_now = false;
	s->in.now.us = NOW + wait;
	assert_act(s, SWEEP_REMOVE);
}

/* An instance of the same id explains itself, and not what was kept under that name before. */
static void quarantine_beside_its_namesake(void **state)
{
	struct scene *s = *state;

	s->row.id = ID;
	s->seen.state = INSTANCE_RUNNING;
	s->thing.kinds |= 1u << LEFTOVER_QUARANTINE;
	s->before.kinds = 1u << LEFTOVER_QUARANTINE;
	s->before.state = ORPHAN_QUARANTINED;
	s->before.since.us = NOW;
	assert_left(s, "is kept for");
	assert_false(s->plan.items[0].has_instance);
	assert_int_equal(s->plan.n_gone, 0);
	s->in.now.us += SWEEP_QUARANTINE_US;
	assert_act(s, SWEEP_DROP);
}

static void quarantine_lasts_a_day(void **state)
{
	struct scene *s = *state;

	s->thing.kinds = 1u << LEFTOVER_QUARANTINE;
	s->look.seen.n = 0;
	s->before.state = ORPHAN_GOING; /* a sweep was cut off right after */
	s->in.is_now = true;
	assert_left(s, "is kept for");
	assert_int_equal(s->plan.items[0].orphan.state, ORPHAN_QUARANTINED);
	assert_true(s->plan.items[0].orphan.since.us == NOW);
	s->before.state = ORPHAN_QUARANTINED;
	s->before.since.us = NOW - SWEEP_QUARANTINE_US + 1;
	assert_left(s, "is kept for");
	s->before.since.us--;
	assert_act(s, SWEEP_DROP);
	s->in.mode = SWEEP_REPORT;
	assert_left(s, "report only");
	s->in.mode = SWEEP_AUTO;
	s->before.state = ORPHAN_RESTORING;
	assert_left(s, "begins with its layer");
	/* A person asked for it. */
	s->before.state = ORPHAN_QUARANTINED;
	s->before.since.us = NOW;
	s->in.mode = SWEEP_DELETE;
	s->in.only = (const char *const[]){ ID };
	s->in.n_only = 1;
	assert_act(s, SWEEP_DROP);
	s->in.only = (const char *const[]){ "other.web-rep-0.1" };
	sweep_plan_compute(&s->in, s->arena, &s->plan);
	assert_int_equal(s->plan.n, 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_all_speaks_against_goes),
		CASE(a_row_explains_it),
		CASE(each_rule_holds_it),
		CASE(the_living_of_a_known_deployment_is_adopted),
		CASE(modes),
		CASE(looks_that_count_for_nothing),
		CASE(sightings_are_in_a_row),
		CASE(foreign_things_are_named_only),
		CASE(stuck_is_tried_later_and_later),
		CASE(quarantine_beside_its_namesake),
		CASE(quarantine_lasts_a_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
