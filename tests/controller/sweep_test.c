/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeps over a model and a real store: what goes and what stays, a runtime that fails in each way,
 * a sweep that is cut off between any two of its steps, and what ten thousand orphans cost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "store/instance_store.h"
#include "tests/support/sweep_scene.h"

#define SHOP                                                                                       \
	"version: v1\ndeployment: shop\nservices:\n  web:\n    image: {name: web:1}\n"             \
	"    scale: {mode: fixed, replicas: 3}\n"

static void apply_shop(struct sweep_scene *s)
{
	node_world_apply(s->w, SHOP);
	assert_int_equal(node_world_run(s->w, 20 * CLOCK_SEC), DRIVER_CONVERGED);
	assert_int_equal(sweep_scene_there(s, "shop"), 3);
}

/* --- what goes and what stays -------------------------------------------------------- */

static void an_empty_node(void **state)
{
	struct sweep_scene *s = *state;

	sweep_scene_sweep(s, SWEEP_DELETE, true);
	assert_int_equal(s->res.n + s->res.n_foreign + s->res.n_failures, 0);
	assert_null(s->res.held);
}

static void what_is_wanted_stays(void **state)
{
	struct sweep_scene *s = *state;

	apply_shop(s);
	(void)sweep_scene_make(s, 0, true);
	(void)sweep_scene_make(s, 1, false);
	sweep_scene_sweep(s, SWEEP_DELETE, true);
	assert_int_equal(s->res.counts[SWEEP_END_REMOVED], 2);
	assert_int_equal(s->res.n, 2);
	assert_int_equal(sweep_scene_there(s, "gone"), 0);
	assert_int_equal(sweep_scene_there(s, "shop"), 3);
	assert_int_equal(sweep_scene_rows(s).n, 0);
	assert_int_equal(sweep_scene_intents(s), 0);
	sweep_scene_sweep(s, SWEEP_DELETE, true);
	assert_int_equal(s->res.n, 0);
}

static void a_report_does_nothing(void **state)
{
	struct sweep_scene *s = *state;

	(void)sweep_scene_make(s, 0, true);
	for (int i = 1; i <= 3; i++) {
		sweep_scene_sweep(s, SWEEP_REPORT, true);
		assert_int_equal(s->res.counts[SWEEP_END_LEFT], 1);
		assert_int_equal(sweep_scene_rows(s).items[0].sightings, i);
	}
	assert_int_equal(sweep_scene_there(s, "gone"), 1);
}

static void two_sightings_and_the_grace(void **state)
{
	struct sweep_scene *s = *state;
	const struct sweep_options o = { .mode = SWEEP_DELETE, .stop_us = CLOCK_SEC };

	(void)sweep_scene_make(s, 0, false);
	sweep_scene_sweep(s, SWEEP_DELETE, false);
	assert_int_equal(s->res.counts[SWEEP_END_LEFT], 1);
	sweep_scene_sweep(s, SWEEP_DELETE, false); /* twice, but too young */
	assert_int_equal(sweep_scene_there(s, "gone"), 1);
	sweep_scene_ok(s, sweep_run(s->w->session, &o, s->w->arena, &s->res, &s->w->err));
	assert_int_equal(s->res.counts[SWEEP_END_REMOVED], 1);
	(void)sweep_scene_make(s, 1, false); /* no grace at all, and still not at first sight */
	sweep_scene_ok(s, sweep_run(s->w->session, &o, s->w->arena, &s->res, &s->w->err));
	assert_int_equal(s->res.counts[SWEEP_END_LEFT], 1);
	assert_int_equal(sweep_scene_there(s, "gone"), 1);
}

static void the_living_are_told_first(void **state)
{
	struct sweep_scene *s = *state;
	const char *deaf = sweep_scene_make(s, 0, true);

	(void)sweep_scene_make(s, 1, true);
	sweep_scene_ok(s, runtime_memory_deafen(s->model, deaf, &s->w->err));
	runtime_fault_arm(s->fault, NULL, 0);
	sweep_scene_sweep(s, SWEEP_DELETE, true);
	assert_int_equal(s->res.counts[SWEEP_END_REMOVED], 2);
	/* Both were told, one had to be ended. */
	assert_int_equal(runtime_fault_calls(s->fault, FAULT_OP_SIGNAL), 3);
}

static void a_word_that_fails_is_followed_by_the_end(void **state)
{
	const struct fault_rule rule = { .kind = FAULT_ERROR, .op = FAULT_OP_SIGNAL, .n = 1 };
	const struct sweep_options o = { .mode = SWEEP_DELETE, .is_now = true, .stop_us = 1000 };
	struct sweep_scene *s = *state;

	(void)sweep_scene_make(s, 0, true);
	runtime_fault_arm(s->fault, &rule, 1);
	sweep_scene_ok(s, sweep_run(s->w->session, &o, s->w->arena, &s->res, &s->w->err));
	assert_int_equal(s->res.counts[SWEEP_END_REMOVED], 1);
	assert_int_equal(runtime_fault_calls(s->fault, FAULT_OP_SIGNAL), 2);
}

static void quarantine_and_its_end(void **state)
{
	struct sweep_scene *s = *state;
	const char *live = sweep_scene_make(s, 0, true);
	struct sweep_options o = { .mode = SWEEP_AUTO, .is_now = true, .stop_us = CLOCK_SEC };
	struct leftover left = { 0 };

	(void)sweep_scene_make(s, 1, false);
	sweep_scene_ok(s, sweep_run(s->w->session, &o, s->w->arena, &s->res, &s->w->err));
	assert_int_equal(s->res.counts[SWEEP_END_KEPT], 1);
	assert_int_equal(s->res.counts[SWEEP_END_REMOVED], 1);
	assert_int_equal(sweep_scene_there(s, "gone"), 0);
	sweep_scene_ok(s, leftovers_look(s->model, live, s->w->arena, &left, &s->w->err));
	assert_int_equal(left.kinds, 1u << LEFTOVER_QUARANTINE);
	assert_int_equal(sweep_scene_rows(s).items[0].state, ORPHAN_QUARANTINED);
	sweep_scene_sweep(s, SWEEP_DELETE, true);
	assert_int_equal(s->res.counts[SWEEP_END_LEFT], 1);
	o = (struct sweep_options){
		.mode = SWEEP_DELETE, .is_now = true, .only = &live, .n_only = 1
	};
	sweep_scene_ok(s, sweep_run(s->w->session, &o, s->w->arena, &s->res, &s->w->err));
	assert_int_equal(s->res.counts[SWEEP_END_REMOVED], 1);
	assert_int_equal(leftovers_look(s->model, live, s->w->arena, &left, &s->w->err),
			 RUNTIME_ABSENT);
	assert_int_equal(sweep_scene_rows(s).n, 0);
}

static void a_held_node_deletes_nothing(void **state)
{
	struct sweep_scene *s = *state;

	(void)sweep_scene_make(s, 0, true);
	s->w->session->must_accept = true;
	sweep_scene_sweep(s, SWEEP_DELETE, true);
	assert_non_null(s->res.held);
	assert_non_null(strstr(s->res.held, s->w->session->node_id));
	assert_non_null(strstr(s->res.held, s->w->session->opt.layout.state_dir));
	assert_int_equal(s->res.counts[SWEEP_END_LEFT], 1);
	assert_int_equal(sweep_scene_there(s, "gone"), 1);
}

/* --- a runtime that does not answer as it should ------------------------------------- */

static void bad_listings_delete_nothing(void **state)
{
	static const struct {
		enum fault_kind kind;
		enum fault_op op;
	} rules[] = {
		{ FAULT_ERROR, FAULT_OP_LIST },      { FAULT_HANG, FAULT_OP_LIST },
		{ FAULT_LATE, FAULT_OP_LIST },       { FAULT_PARTIAL, FAULT_OP_LIST },
		{ FAULT_SHORT, FAULT_OP_LIST },      { FAULT_ERROR, FAULT_OP_LEFT_LIST },
		{ FAULT_HANG, FAULT_OP_LEFT_LIST },  { FAULT_PARTIAL, FAULT_OP_LEFT_LIST },
		{ FAULT_SHORT, FAULT_OP_LEFT_LIST },
	};
	struct sweep_scene *s = *state;

	apply_shop(s);
	(void)sweep_scene_make(s, 0, true);
	(void)sweep_scene_make(s, 1, false);
	/* Seen before, so that a listing that lacks it can be told from the truth. */
	sweep_scene_sweep(s, SWEEP_REPORT, false);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct fault_rule rule = { .kind = rules[i].kind, .op = rules[i].op };

		runtime_fault_arm(s->fault, &rule, 1);
		sweep_scene_sweep(s, SWEEP_DELETE, true);
		if (sweep_scene_there(s, "gone") != 2 || sweep_scene_there(s, "shop") != 3 ||
		    s->res.n_failures != 1)
			fail_msg("%s %s: %zu of 2 and %zu of 3 there, %zu failures",
				 runtime_fault_kind_name(rules[i].kind),
				 runtime_fault_op_name(rules[i].op), sweep_scene_there(s, "gone"),
				 sweep_scene_there(s, "shop"), s->res.n_failures);
		assert_int_equal(sweep_scene_rows(s).n,
				 2); /* what is not seen is not forgotten either */
	}
	runtime_fault_arm(s->fault, NULL, 0);
	sweep_scene_sweep(s, SWEEP_DELETE, true);
	assert_int_equal(s->res.counts[SWEEP_END_REMOVED], 2);
}

/* All that was ever there is missing: believed because each is gone by a direct question, too. */
static void an_empty_listing_is_checked(void **state)
{
	struct sweep_scene *s = *state;
	struct instance_rows known = { 0 };

	apply_shop(s);
	sweep_scene_ok(s, instance_store_list(s->w->session->store, NULL, s->w->arena, &known,
					      &s->w->err));
	for (size_t i = 0; i < known.n; i++)
		sweep_scene_ok(s, runtime_memory_vanish(s->model, known.items[i].id, &s->w->err));
	runtime_fault_arm(s->fault, NULL, 0);
	sweep_scene_sweep(s, SWEEP_REPORT, false);
	assert_int_equal(s->res.n_failures, 0);
	assert_int_equal(runtime_fault_calls(s->fault, FAULT_OP_LEFT_LOOK), 3);
}

/* Whatever call fails, and however: nothing that is wanted goes, and the next sweep ends it. */
static void every_call_fails_once(void **state)
{
	static const enum fault_kind kinds[] = { FAULT_ERROR, FAULT_LATE, FAULT_HANG };
	struct sweep_scene *s = *state;
	uint64_t n_points = 0;

	apply_shop(s);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (uint64_t nth = 1;; nth++) {
			const struct fault_rule rule = {
				.kind = kinds[k], .op = FAULT_OP_ANY, .first = nth, .n = 1
			};

			(void)sweep_scene_make(s, 0, true);
			(void)sweep_scene_make(s, 1, false);
			runtime_fault_arm(s->fault, &rule, 1);
			sweep_scene_sweep(s, SWEEP_DELETE, true);
			if (runtime_fault_hits(s->fault) == 0)
				break;
			n_points++;
			assert_int_equal(sweep_scene_there(s, "shop"), 3);
			runtime_fault_arm(s->fault, NULL, 0);
			sweep_scene_sweep(s, SWEEP_DELETE, true);
			assert_int_equal(sweep_scene_there(s, "gone"), 0);
			assert_int_equal(sweep_scene_rows(s).n, 0);
			assert_int_equal(sweep_scene_intents(s), 0);
		}
		assert_int_equal(sweep_scene_there(s, "gone"), 0);
	}
	printf("sweep: %llu points at which a call failed\n", (unsigned long long)n_points);
	assert_true(n_points > 30);
}

static void what_does_not_go_is_stuck(void **state)
{
	const struct fault_rule rule = { .kind = FAULT_ERROR, .op = FAULT_OP_RELEASE };
	struct sweep_scene *s = *state;

	(void)sweep_scene_make(s, 0, false);
	runtime_fault_arm(s->fault, &rule, 1);
	sweep_scene_sweep(s, SWEEP_DELETE, true);
	assert_int_equal(s->res.counts[SWEEP_END_STUCK], 1);
	assert_int_equal(sweep_scene_rows(s).items[0].state, ORPHAN_STUCK);
	assert_non_null(sweep_scene_rows(s).items[0].reason);
	assert_true(sweep_scene_rows(s).items[0].retry.us > 0);
	runtime_fault_arm(s->fault, NULL, 0);
	sweep_scene_sweep(s, SWEEP_DELETE, true);
	assert_int_equal(s->res.counts[SWEEP_END_REMOVED], 1);
}

/* --- a sweep that is cut off --------------------------------------------------------- */

/* Up to @n_steps of it; a process that ends there has told nobody. */
static bool run_some(struct sweep_scene *s, unsigned n_steps, enum sweep_mode mode)
{
	const struct sweep_options o = { .mode = mode, .is_now = true, .stop_us = CLOCK_SEC };
	struct sweep *w CLEAN(sweep) = sweep_new(s->w->session, &o, s->w->arena);
	int r = SWEEP_AGAIN;
	unsigned at = 0;

	while (r == SWEEP_AGAIN) {
		sweep_scene_ok(s, sweep_prepare(w, &s->w->err));
		sweep_look(w);
		if (++at > n_steps)
			return false;
		r = sweep_decide(w, &s->w->err);
		sweep_scene_ok(s, r);
		if (++at > n_steps)
			return false;
	}
	while ((r = sweep_next(w, &s->w->err)) == SWEEP_MORE) {
		/* Nothing is done that is not on disk first. */
		assert_true(sweep_scene_intents(s) > 0);
		if (++at > n_steps)
			return false;
		sweep_act(w);
		if (++at > n_steps)
			return false;
		sweep_scene_ok(s, sweep_record(w, &s->w->err));
		if (++at > n_steps)
			return false;
	}
	sweep_scene_ok(s, r);
	return true;
}

static void cut_off_anywhere(void **state)
{
	struct sweep_scene *s = *state;
	bool is_whole = false;

	apply_shop(s);
	for (unsigned n = 0; !is_whole; n++) {
		(void)sweep_scene_make(s, 0, true);
		(void)sweep_scene_make(s, 1, false);
		is_whole = run_some(s, n, SWEEP_DELETE);
		node_world_close(s->w);
		node_world_open(s->w);
		sweep_scene_sweep(s, SWEEP_DELETE, true);
		assert_int_equal(sweep_scene_there(s, "gone"), 0);
		assert_int_equal(sweep_scene_there(s, "shop"), 3);
		assert_int_equal(sweep_scene_rows(s).n, 0);
		assert_int_equal(sweep_scene_intents(s), 0);
	}
}

/* What a sweep is about to take away is not adopted under its hands, nor is anything made in its
 * place; a sweep of an earlier process is over. */
static void going_is_not_adopted(void **state)
{
	static const char gone[] = "version: v1\ndeployment: gone\nservices:\n"
				   "  web:\n    image: {name: web:1}\n"
				   "    scale: {mode: fixed, replicas: 1}\n";
	struct sweep_scene *s = *state;
	struct instance row;
	const char *id = sweep_scene_make(s, 0, true);

	assert_false(run_some(s, 4, SWEEP_DELETE)); /* its intent is written */
	assert_int_equal(sweep_scene_rows(s).items[0].state, ORPHAN_GOING);
	node_world_apply(s->w, gone);
	assert_int_not_equal(node_world_run(s->w, CLOCK_SEC), DRIVER_CONVERGED);
	assert_int_equal(
		instance_store_find(s->w->session->store, id, s->w->arena, &row, &s->w->err),
		INSTANCE_ABSENT);
	assert_int_equal(sweep_scene_there(s, "gone"), 1);
	node_world_close(s->w);
	node_world_open(s->w);
	node_world_again(s->w, "gone");
	assert_int_equal(node_world_run(s->w, 20 * CLOCK_SEC), DRIVER_CONVERGED);
	sweep_scene_sweep(s, SWEEP_DELETE, true);
	assert_int_equal(s->res.n, 0);
	assert_int_equal(sweep_scene_rows(s).n, 0);
	assert_int_equal(sweep_scene_there(s, "gone"), 1);
}

/* --- cost ---------------------------------------------------------------------------- */

static uint64_t calls_of(struct sweep_scene *s, unsigned n)
{
	uint64_t calls;

	for (unsigned i = 0; i < n; i++)
		(void)sweep_scene_make(s, i, i % 2);
	runtime_fault_arm(s->fault, NULL, 0);
	sweep_scene_sweep(s, SWEEP_DELETE, true);
	calls = runtime_fault_calls(s->fault, FAULT_OP_ANY);
	assert_int_equal(s->res.counts[SWEEP_END_REMOVED], n);
	assert_int_equal(sweep_scene_there(s, "gone"), 0);
	return calls;
}

/* A fixed number of calls for each, and a fixed number of listings for all. */
static void cost_is_linear(void **state)
{
	struct sweep_scene *s = *state;
	const uint64_t few = calls_of(s, 100), many = calls_of(s, 1000);
	const uint64_t per_orphan = (many - few) / 900;

	assert_true(per_orphan <= 6);
	assert_true(many - few == 900 * per_orphan || many - few < 900 * (per_orphan + 1));
	assert_true(few - 100 * per_orphan < 100);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, sweep_scene_setup, sweep_scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_empty_node),
		CASE(what_is_wanted_stays),
		CASE(a_report_does_nothing),
		CASE(two_sightings_and_the_grace),
		CASE(the_living_are_told_first),
		CASE(a_word_that_fails_is_followed_by_the_end),
		CASE(quarantine_and_its_end),
		CASE(a_held_node_deletes_nothing),
		CASE(bad_listings_delete_nothing),
		CASE(an_empty_listing_is_checked),
		CASE(every_call_fails_once),
		CASE(what_does_not_go_is_stuck),
		CASE(cut_off_anywhere),
		CASE(going_is_not_adopted),
		CASE(cost_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
