/* SPDX-License-Identifier: Apache-2.0 */
/* Back from quarantine, over a model and a real store: what is refused, what comes back, and that
 * no failure on the way loses what was kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "controller/restore.h"
#include "tests/support/sweep_scene.h"

#define GONE                                                                                       \
	"version: v1\ndeployment: gone\nservices:\n  web:\n    image: {name: web:1}\n"             \
	"    scale: {mode: fixed, replicas: 1}\n"

static const char *const gone_id = "gone.web-rep-0.1";

static int restore(struct sweep_scene *s, const char *id, struct manual *ret)
{
	const struct accept_from from = { NULL, "test", true };

	return restore_ask(s->w->session, id, &from, s->w->arena, ret, &s->w->err);
}

static void apply_gone(struct sweep_scene *s)
{
	node_world_apply(s->w, GONE);
	assert_int_equal(node_world_run(s->w, 20 * CLOCK_SEC), DRIVER_CONVERGED);
}

static void do_manual(struct sweep_scene *s, const struct manual *m)
{
	sweep_scene_ok(s, manual_ask(s->w->session, s->w->driver, m, &s->w->err));
	assert_int_equal(node_world_run(s->w, 20 * CLOCK_SEC), DRIVER_CONVERGED);
}

static void restore_says_what_is_wrong(void **state)
{
	struct sweep_scene *s = *state;
	struct manual m;

	assert_int_equal(restore(s, gone_id, &m), -ERR_NOT_FOUND); /* nothing is kept */
	(void)sweep_scene_make(s, 0, true);
	(void)sweep_scene_make(s, 7, true);
	sweep_scene_sweep(s, SWEEP_QUARANTINE, true);
	assert_int_equal(restore(s, gone_id, &m), -ERR_NOT_FOUND); /* no deployment */
	apply_gone(s);
	assert_int_equal(restore(s, gone_id, &m), -ERR_CONFLICT);   /* not free */
	assert_non_null(strstr(s->w->err.msg, "gone.web-rep-0.2")); /* and no id came twice */
	s->w->err = ERROR_INIT;
	assert_int_equal(restore(s, "gone.web-rep-7.1", &m), -ERR_NOT_FOUND); /* no slot */
	node_world_down(s->w, "gone");
	assert_int_equal(node_world_run(s->w, 20 * CLOCK_SEC), DRIVER_CONVERGED);
	assert_int_equal(restore(s, gone_id, &m), -ERR_NOT_FOUND); /* taken down */
	s->w->session->must_accept = true;
	assert_int_equal(restore(s, gone_id, &m), -ERR_CONFLICT);
	s->w->session->must_accept = false;
	assert_int_equal(sweep_scene_rows(s).n, 2);
	assert_int_equal(sweep_scene_rows(s).items[0].state, ORPHAN_QUARANTINED);
}

/* Up to the wish on disk; whoever comes next carries it out. */
static void want_it_back(struct sweep_scene *s, struct manual *m)
{
	const struct scope_item slot = { "web", true, 0 };
	struct manual stop = { .action = MANUAL_STOP,
			       .deployment = "gone",
			       .scope = { &slot, 1 },
			       .from = { NULL, "test", true } };

	(void)sweep_scene_make(s, 0, true);
	sweep_scene_sweep(s, SWEEP_QUARANTINE, true);
	apply_gone(s);
	do_manual(s, &stop);
	sweep_scene_ok(s, restore(s, gone_id, m));
	assert_int_equal(sweep_scene_rows(s).items[0].state, ORPHAN_RESTORING);
}

static unsigned kept_of(struct sweep_scene *s, const char *id)
{
	struct leftover l = { 0 };

	(void)leftovers_look(s->model, id, s->w->arena, &l, &s->w->err);
	return l.kinds;
}

static void a_layer_comes_back(void **state)
{
	struct sweep_scene *s = *state;
	struct manual m;

	want_it_back(s, &m);
	sweep_scene_sweep(s, SWEEP_DELETE, true); /* it is no prey any more */
	assert_int_equal(kept_of(s, gone_id), 1u << LEFTOVER_QUARANTINE);
	do_manual(s, &m);
	assert_int_equal(sweep_scene_there(s, "gone"), 1);
	assert_int_equal(kept_of(s, gone_id), 0);
	assert_int_equal(sweep_scene_rows(s).n, 0);
	assert_int_equal(runtime_fault_calls(s->fault, FAULT_OP_DROP), 0);
}

/* The create, or the start, fails: what was kept is kept on, and the next try has it. */
static void a_layer_is_not_lost_by_failures(void **state)
{
	static const enum fault_op ops[] = { FAULT_OP_CREATE, FAULT_OP_START };
	struct sweep_scene *s = *state;
	struct manual m;

	want_it_back(s, &m);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		const struct fault_rule rule = { .kind = FAULT_ERROR,
						 .op = ops[i],
						 .code = ERR_INVALID };

		runtime_fault_arm(s->fault, &rule, 1);
		sweep_scene_ok(s, manual_ask(s->w->session, s->w->driver, &m, &s->w->err));
		(void)node_world_run(s->w, 20 * CLOCK_SEC);
		assert_true(runtime_fault_hits(s->fault) > 0);
		assert_true(kept_of(s, gone_id) & 1u << LEFTOVER_QUARANTINE);
		assert_int_equal(sweep_scene_rows(s).items[0].state, ORPHAN_RESTORING);
		node_world_close(s->w);
		node_world_open(s->w);
	}
	runtime_fault_arm(s->fault, NULL, 0);
	do_manual(s, &m);
	assert_int_equal(kept_of(s, gone_id), 0);
	assert_int_equal(sweep_scene_rows(s).n, 0);
	assert_int_equal(sweep_scene_there(s, "gone"), 1);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, sweep_scene_setup, sweep_scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(restore_says_what_is_wrong),
		CASE(a_layer_comes_back),
		CASE(a_layer_is_not_lost_by_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
