/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real driver on a node with two runtimes, which are models behind fault decorators: one takes
 * Linux work, the other Windows work. What one of them does, or does not answer, is no matter for
 * the other one's containers; and nothing is believed gone that nobody could look at.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backends/runtime_fault.h"
#include "backends/runtime_memory.h"
#include "controller/view.h"
#include "specs/runtime_id.h"
#include "specs/spec_service.h"
#include "store/instance_store.h"
#include "tests/support/node_world.h"

#define LIMIT_US (30 * CLOCK_SEC) /* only a run that never settles comes near */
#define SHORT_US (1 * CLOCK_SEC)  /* for what shall not settle */

#define SERVICE(name, os, value)                                                                   \
	"  " name ":\n    image: {name: " name ":1}\n"                                             \
	"    platform: {os: " os ", arch: amd64}\n"                                                \
	"    env: {VALUE: " value "}\n"                                                            \
	"    restart_policy: {kind: always, delay: 1ms}\n"                                         \
	"    scale: {mode: fixed, replicas: 2}\n"
#define FILE_TEXT(lin, win)                                                                        \
	"version: v1\ndeployment: shop\nservices:\n" SERVICE("lin", "linux", lin)                  \
		SERVICE("win", "windows", win)

enum { YOUKI, HCS };

struct fixture {
	struct node_world *w;
	bool has_hcs;
	struct runtime *model[2], *member[2];
};

static struct runtime *open_member(struct fixture *f, struct node_world *w, int i,
				   const struct runtime_sink *sink)
{
	static const struct {
		const char *name;
		unsigned cap;
	} kinds[] = { { "youki", RUNTIME_CAP_LINUX }, { "hcs", RUNTIME_CAP_WINDOWS } };
	const char *path = arena_printf(w->arena, "%s/%s.json", w->dir, kinds[i].name);
	const struct runtime_fault_options o = { .seed = 1 };

	node_world_ok(w, runtime_memory_open(path, sink, &f->model[i], &w->err));
	f->model[i]->name = kinds[i].name;
	f->model[i]->caps = RUNTIME_CAP_UPDATE | RUNTIME_CAP_EXEC | kinds[i].cap;
	f->member[i] = runtime_fault_new(f->model[i], &o);
	return f->member[i];
}

static struct runtime *open_runtimes(struct node_world *w, const struct runtime_sink *sink)
{
	struct fixture *f = w->arg;
	struct runtime_composite_options o = { .node = { .os = "linux", .arch = "amd64" } };

	o.primary = open_member(f, w, YOUKI, sink);
	if (f->has_hcs)
		o.delegate = open_member(f, w, HCS, sink);
	return runtime_composite_new(&o);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->has_hcs = true;
	f->w = node_world_new(open_runtimes, f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	node_world_free(f->w);
	free(f);
	return 0;
}

static void reopen(struct fixture *f, bool has_hcs)
{
	node_world_close(f->w);
	f->has_hcs = has_hcs;
	node_world_open(f->w);
}

/* The ids on one of them, in order. */
static struct observed list(struct fixture *f, int i)
{
	struct observed seen = { 0 };

	node_world_ok(f->w, runtime_list(f->model[i], f->w->arena, &seen, &f->w->err));
	return seen;
}

/* Two replicas, and nothing else. */
static bool is_running(struct fixture *f, int i, const char *service, uint64_t generation)
{
	struct observed seen = list(f, i);

	for (unsigned k = 0; k < seen.n; k++)
		if (seen.instances[k].state != INSTANCE_RUNNING ||
		    strcmp(seen.instances[k].id,
			   runtime_id_format(f->w->arena, "shop", service, k, generation)) != 0)
			return false;
	return seen.n == 2;
}

static void assert_running(struct fixture *f, int i, const char *service, uint64_t generation)
{
	assert_true(is_running(f, i, service, generation));
}

static size_t count_rows(struct fixture *f, const char *runtime)
{
	struct instance_rows rows = { 0 };
	size_t n = 0;

	node_world_ok(f->w, instance_store_list(f->w->session->store, NULL, f->w->arena, &rows,
						&f->w->err));
	for (size_t i = 0; i < rows.n; i++)
		n += strcmp(rows.items[i].runtime, runtime) == 0;
	return n;
}

static void apply(struct fixture *f, const char *yaml)
{
	node_world_apply(f->w, yaml);
	assert_int_equal(node_world_run(f->w, LIMIT_US), DRIVER_CONVERGED);
}

/* The Linux half comes to its second generation; the whole does not settle meanwhile. */
static void apply_half(struct fixture *f, const char *yaml)
{
	node_world_apply(f->w, yaml);
	for (int i = 0; i < 30 && !is_running(f, YOUKI, "lin", 2); i++)
		assert_int_equal(node_world_run(f->w, SHORT_US), DRIVER_TIMED_OUT);
	assert_running(f, YOUKI, "lin", 2);
}

static size_t count_slots(struct fixture *f, enum reconcile_state state)
{
	const struct reconciler *r = driver_reconciler(f->w->driver, 0);
	size_t n = 0;

	for (size_t i = 0; i < reconcile_count(r); i++) {
		struct reconcile_view v;

		reconcile_view(r, i, &v);
		n += v.state == state;
		if (state == RECONCILE_STATE_NEEDS_PEER && v.state == state)
			assert_string_equal(v.os, "windows");
	}
	return n;
}

static void test_each_to_its_own(void **state)
{
	struct fixture *f = *state;

	apply(f, FILE_TEXT("one", "one"));
	assert_running(f, YOUKI, "lin", 1);
	assert_running(f, HCS, "win", 1);
	assert_int_equal(count_rows(f, "youki"), 2);
	assert_int_equal(count_rows(f, "hcs"), 2);
	/* A change of one is no matter for the other. */
	apply(f, FILE_TEXT("one", "two"));
	assert_running(f, YOUKI, "lin", 1);
	assert_running(f, HCS, "win", 2);
	node_world_down(f->w, "shop");
	assert_int_equal(node_world_run(f->w, LIMIT_US), DRIVER_CONVERGED);
	assert_int_equal(list(f, YOUKI).n + list(f, HCS).n, 0);
}

static void test_needs_a_peer(void **state)
{
	struct fixture *f = *state;

	reopen(f, false);
	node_world_apply(f->w, FILE_TEXT("one", "one"));
	assert_int_equal(node_world_run(f->w, LIMIT_US), DRIVER_STUCK);
	assert_running(f, YOUKI, "lin", 1);
	assert_int_equal(count_slots(f, RECONCILE_STATE_RUNNING), 2);
	assert_int_equal(count_slots(f, RECONCILE_STATE_NEEDS_PEER), 2);
	/* With the runtime comes the rest. */
	reopen(f, true);
	node_world_again(f->w, "shop");
	assert_int_equal(node_world_run(f->w, LIMIT_US), DRIVER_CONVERGED);
	assert_running(f, YOUKI, "lin", 1);
	assert_running(f, HCS, "win", 1);
}

/* One that answers nothing: the other half is changed, and its own is left as it is. */
static void one_is_out(struct fixture *f, enum fault_kind kind)
{
	const struct fault_rule out = { .kind = kind, .op = FAULT_OP_ANY };

	apply(f, FILE_TEXT("one", "one"));
	runtime_fault_arm(f->member[HCS], &out, 1);
	apply_half(f, FILE_TEXT("two", "two"));
	assert_running(f, HCS, "win", 1);
	assert_int_equal(count_rows(f, "hcs"), 2);
	assert_non_null(strstr(driver_partial(f->w->driver), "hcs"));
	/* Nobody has waited for the calls to come back. One look hangs; others do not join it. */
	assert_int_equal(runtime_fault_hanging(f->member[HCS]), kind == FAULT_HANG);
	runtime_fault_arm(f->member[HCS], NULL, 0);
	assert_int_equal(node_world_run(f->w, LIMIT_US), DRIVER_CONVERGED);
	assert_running(f, YOUKI, "lin", 2);
	assert_running(f, HCS, "win", 2);
	assert_null(driver_partial(f->w->driver));
}

static void test_one_fails(void **state)
{
	one_is_out(*state, FAULT_ERROR);
}

static void test_one_hangs(void **state)
{
	one_is_out(*state, FAULT_HANG);
}

/* The node has lost a runtime. What stood on it may stand there still. */
static void test_rows_of_a_missing_runtime(void **state)
{
	struct fixture *f = *state;
	struct view view = { 0 };

	apply(f, FILE_TEXT("one", "one"));
	reopen(f, false);
	assert_int_equal(view_look(f->w->session, &view, &f->w->err), 0);
	assert_int_equal(view.observed.n, 4);
	assert_true(view.observed.partial);
	assert_non_null(strstr(view.observed.missing, "hcs"));
	assert_int_equal(view.observed.instances[2].state, INSTANCE_UNKNOWN);
	view_done(&view);
	apply_half(f, FILE_TEXT("two", "one"));
	assert_int_equal(count_rows(f, "hcs"), 2);
	assert_non_null(strstr(driver_partial(f->w->driver), "hcs"));
	reopen(f, true);
	node_world_again(f->w, "shop");
	assert_int_equal(node_world_run(f->w, LIMIT_US), DRIVER_CONVERGED);
	assert_running(f, HCS, "win", 1);
}

/* Somebody made a container on the other runtime under the same id. It is not ours to touch. */
static void test_same_id_on_the_other(void **state)
{
	struct fixture *f = *state;
	const struct service service = { .name = "lin" };
	const struct instance_spec spec = { .id = "shop.lin-rep-0.1",
					    .deployment = "shop",
					    .service_name = "lin",
					    .generation = 1,
					    .owner = "t-node",
					    .node_id = "n",
					    .digest = "sha256:0",
					    .service = &service };
	struct view view = { 0 };
	struct instance twin;

	apply(f, FILE_TEXT("one", "one"));
	assert_int_equal(runtime_create(f->model[HCS], &spec, (struct mono){ INT64_MAX },
					f->w->arena, &twin, &f->w->err),
			 0);
	assert_int_equal(view_look(f->w->session, &view, &f->w->err), 0);
	assert_int_equal(view.observed.n, 4);
	assert_non_null(strstr(view.observed.missing, "shop.lin-rep-0.1"));
	view_done(&view);
	apply(f, FILE_TEXT("one", "two"));
	assert_non_null(strstr(driver_partial(f->w->driver), "shop.lin-rep-0.1"));
	assert_running(f, YOUKI, "lin", 1);
	assert_int_equal(list(f, HCS).n, 3);
	assert_int_equal(count_rows(f, "hcs"), 2);
	assert_int_equal(runtime_memory_vanish(f->model[HCS], spec.id, &f->w->err), 0);
	node_world_again(f->w, "shop");
	assert_int_equal(node_world_run(f->w, LIMIT_US), DRIVER_CONVERGED);
	assert_null(driver_partial(f->w->driver));
	assert_running(f, HCS, "win", 2);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_each_to_its_own),
		CASE(test_needs_a_peer),
		CASE(test_one_fails),
		CASE(test_one_hangs),
		CASE(test_rows_of_a_missing_runtime),
		CASE(test_same_id_on_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
