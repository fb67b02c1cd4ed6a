/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By hand and behind our back, with the real driver and the real store over a model: what is on
 * disk before anything is done, what a killed controller leaves to the next one, and what counts as
 * somebody else's doing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backends/runtime_composite.h"
#include "backends/runtime_memory.h"
#include "controller/manual.h"
#include "controller/reconcile_drift.h"
#include "store/event_store.h"
#include "store/instance_store.h"
#include "store/intent_store.h"
#include "store/slot_store.h"
#include "store/store.h"
#include "tests/support/node_world.h"

#define LIMIT_US (30 * CLOCK_SEC) /* only a run that never settles comes near */

static const char file[] = "version: v1\ndeployment: shop\nservices:\n"
			   "  web:\n    image: {name: web:1}\n"
			   "    restart_policy: {kind: always, delay: 1ms}\n"
			   "    depends: [{service: db, condition: started}]\n"
			   "  db:\n    image: {name: db:1}\n";

struct bench {
	struct node_world *w;
	struct runtime *model;
};

static struct runtime *open_runtimes(struct node_world *w, const struct runtime_sink *sink)
{
	struct bench *b = w->arg;
	struct runtime_composite_options node = { .node = { .os = "linux", .arch = "amd64" } };

	b->w = w;
	node_world_ok(w, runtime_memory_open(arena_printf(w->arena, "%s/world.json", w->dir), sink,
					     &b->model, &w->err));
	node.primary = b->model;
	return runtime_composite_new(&node);
}

static int setup(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));

	b->w = node_world_new(open_runtimes, b);
	node_world_apply(b->w, file);
	assert_int_equal(node_world_run(b->w, LIMIT_US), DRIVER_CONVERGED);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	node_world_free(b->w);
	free(b);
	return 0;
}

/* A new controller, which nobody has asked for anything. */
static void begin_anew(struct bench *b)
{
	struct wanted *wanted = NULL;

	node_world_close(b->w);
	node_world_open(b->w);
	node_world_ok(b->w, wanted_from_store(b->w->session, "shop", &wanted, &b->w->err));
	driver_want(b->w->driver, wanted);
}

static void settle(struct bench *b, enum driver_end want)
{
	assert_int_equal(node_world_run(b->w, LIMIT_US), want);
}

static int ask(struct bench *b, enum manual_action action, const char *service)
{
	const struct scope_item item = { .service = service };
	const struct manual m = { .action = action,
				  .deployment = "shop",
				  .scope = { &item, 1 },
				  .from = { NULL, "test", .by_person = true } };

	return manual_ask(b->w->session, b->w->driver, &m, &b->w->err);
}

static struct slot slot_of(struct bench *b, const char *service)
{
	struct slot_rows rows;

	node_world_ok(b->w, slot_store_list(b->w->session->store, "shop", b->w->arena, &rows,
					    &b->w->err));
	for (size_t i = 0; i < rows.n; i++)
		if (strcmp(rows.items[i].service, service) == 0)
			return rows.items[i];
	fail_msg("no slot of %s", service);
	return (struct slot){ 0 };
}

static const char *id_of(struct bench *b, const char *service)
{
	return arena_printf(b->w->arena, "shop.%s-rep-0.%ju", service,
			    (uintmax_t)slot_of(b, service).generation);
}

static enum instance_state state_of(struct bench *b, const char *id)
{
	struct instance seen;
	int r = runtime_inspect(b->model, id, b->w->arena, &seen, &b->w->err);

	node_world_ok(b->w, r);
	return r == RUNTIME_ABSENT ? INSTANCE_N_STATES : seen.state;
}

static size_t count_events(struct bench *b, const char *kind, bool by_person)
{
	const struct event_filter all = { .deployment = "shop" };
	struct event_rows rows;
	size_t n = 0;

	node_world_ok(b->w,
		      event_store_list(b->w->session->store, &all, b->w->arena, &rows, &b->w->err));
	for (size_t i = 0; i < rows.n; i++)
		if (strcmp(rows.items[i].kind, kind) == 0 && rows.items[i].by_person == by_person)
			n += (size_t)rows.items[i].count;
	return n;
}

static void turn(struct bench *b)
{
	node_world_ok(b->w, driver_turn(b->w->driver, clock_mono(), &b->w->err));
}

/* --- by hand --- */

/* After the first turn it is on disk, and nothing was done; the next controller does it. */
static void test_recorded_first(void **state)
{
	struct bench *b = *state;
	const char *id = id_of(b, "web");

	begin_anew(b);
	assert_int_equal(ask(b, MANUAL_STOP, "web"), 0);
	assert_false(slot_of(b, "web").held);
	turn(b);
	assert_true(slot_of(b, "web").held);
	assert_int_equal(count_events(b, "stop", true), 1);
	assert_int_equal(state_of(b, id), INSTANCE_RUNNING);
	begin_anew(b);
	settle(b, DRIVER_CONVERGED);
	assert_int_equal(state_of(b, id), INSTANCE_N_STATES);
	assert_int_equal(count_events(b, "stop", true), 1);
	assert_false(slot_of(b, "db").held);
}

/* Whatever turn is the last one of the controller: each gets its new instance, once. */
static void test_restart_is_done_once(void **state)
{
	struct bench *b = *state;

	for (unsigned n = 1; n <= 12; n++) {
		uint64_t before = slot_of(b, "web").generation, after;

		begin_anew(b);
		assert_int_equal(ask(b, MANUAL_RESTART, "web"), 0);
		for (unsigned i = 0; i < n; i++) {
			turn(b);
			clock_sleep(CLOCK_MS);
		}
		begin_anew(b);
		settle(b, DRIVER_CONVERGED);
		/* A create that was on disk and not begun yet has used up its number. */
		after = slot_of(b, "web").generation;
		assert_in_range(after, before + 1, before + 2);
		begin_anew(b);
		settle(b, DRIVER_CONVERGED);
		assert_int_equal(slot_of(b, "web").generation, after);
		assert_int_equal(state_of(b, id_of(b, "web")), INSTANCE_RUNNING);
		assert_int_equal(slot_of(b, "db").generation, 1);
	}
}

/* In a daemon everything is tracked: a request is no new wish, and the others are worked on too. */
static void test_tracked(void **state)
{
	struct bench *b = *state;

	begin_anew(b);
	settle(b, DRIVER_CONVERGED);
	assert_int_equal(ask(b, MANUAL_STOP, "web"), 0);
	assert_int_equal(ask(b, MANUAL_RESTART, "db"), 0);
	settle(b, DRIVER_CONVERGED);
	assert_true(slot_of(b, "web").held);
	assert_int_equal(slot_of(b, "db").generation, 2);
	assert_int_equal(ask(b, MANUAL_START, NULL), 0);
	settle(b, DRIVER_CONVERGED);
	assert_int_equal(state_of(b, "shop.web-rep-0.2"), INSTANCE_RUNNING);
	assert_int_equal(count_events(b, "start", true), 1);
}

static void test_nothing_to_do(void **state)
{
	struct bench *b = *state;

	begin_anew(b);
	assert_int_equal(ask(b, MANUAL_STOP, "none"), MANUAL_NOTHING);
	assert_int_equal(ask(b, MANUAL_START, "none"), -ERR_NOT_FOUND);
	assert_non_null(strstr(b->w->err.msg, "has no such slot"));
	node_world_down(b->w, "shop");
	settle(b, DRIVER_CONVERGED);
	assert_int_equal(ask(b, MANUAL_STOP, NULL), MANUAL_NOTHING);
	assert_int_equal(ask(b, MANUAL_RESTART, NULL), -ERR_NOT_FOUND);
	assert_non_null(strstr(b->w->err.msg, "was taken down"));
	assert_false(slot_of(b, "web").held);
}

/* --- somebody else --- */

static void test_taken_away(void **state)
{
	struct bench *b = *state;

	assert_int_equal(runtime_memory_vanish(b->model, id_of(b, "web"), &b->w->err), 0);
	begin_anew(b);
	settle(b, DRIVER_CONVERGED);
	assert_int_equal(slot_of(b, "web").healed, 1);
	assert_int_equal(slot_of(b, "db").healed, 0);
	assert_int_equal(count_events(b, "healed", false), 1);
	assert_int_equal(state_of(b, id_of(b, "web")), INSTANCE_RUNNING);
}

/* A remove of ours that the controller did not live to see. */
static void put_intent(struct bench *b, const char *id)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	struct intent_row row = { .runtime_id = id,
				  .runtime = "memory",
				  .deployment = "shop",
				  .service = "web",
				  .step = STEP_REMOVE,
				  .detail = "{}",
				  .opened = clock_wall() };

	node_world_ok(b->w, store_begin(b->w->session->store, ERROR_HERE, &txn, &b->w->err));
	node_world_ok(b->w, intent_store_put(b->w->session->store, &row, 1, &b->w->err));
	node_world_ok(b->w, store_commit(&txn, &b->w->err));
}

/* The row of an instance as another boot left it. */
static void make_old(struct bench *b, const char *id)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	struct instance row;

	node_world_ok(b->w, store_begin(b->w->session->store, ERROR_HERE, &txn, &b->w->err));
	node_world_ok(b->w,
		      instance_store_find(b->w->session->store, id, b->w->arena, &row, &b->w->err));
	row.boot_id = "another boot";
	node_world_ok(b->w,
		      instance_store_save(b->w->session->store, &row, clock_wall(), &b->w->err));
	node_world_ok(b->w, store_commit(&txn, &b->w->err));
}

static void test_gone_otherwise(void **state)
{
	struct bench *b = *state;

	put_intent(b, id_of(b, "web"));
	make_old(b, id_of(b, "db"));
	assert_int_equal(runtime_memory_vanish(b->model, id_of(b, "web"), &b->w->err), 0);
	assert_int_equal(runtime_memory_vanish(b->model, id_of(b, "db"), &b->w->err), 0);
	begin_anew(b);
	settle(b, DRIVER_CONVERGED);
	assert_int_equal(slot_of(b, "web").generation, 2);
	assert_int_equal(slot_of(b, "db").generation, 2);
	assert_int_equal(slot_of(b, "web").healed, 0);
	assert_int_equal(slot_of(b, "db").healed, 0);
}

/* Every time by another controller: the store counts. Then a person starts it. */
static void test_fight(void **state)
{
	struct bench *b = *state;

	for (unsigned i = 0; i <= DRIFT_FIGHT_MAX; i++) {
		const char *what = "memory.max 64, not 32";

		if (i % 2)
			assert_int_equal(
				runtime_memory_pause(b->model, id_of(b, "web"), &b->w->err), 0);
		else
			assert_int_equal(
				runtime_memory_alter(b->model, id_of(b, "web"), what, &b->w->err),
				0);
		begin_anew(b);
		settle(b, i < DRIFT_FIGHT_MAX ? DRIVER_CONVERGED : DRIVER_STUCK);
	}
	assert_int_equal(slot_of(b, "web").healed, DRIFT_FIGHT_MAX);
	assert_int_equal(slot_of(b, "web").fault, ERR_LIMIT);
	assert_int_equal(count_events(b, "fight", false), 1);
	assert_int_equal(state_of(b, id_of(b, "web")), INSTANCE_PAUSED);
	begin_anew(b);
	settle(b, DRIVER_STUCK);
	assert_int_equal(ask(b, MANUAL_START, "web"), 0);
	settle(b, DRIVER_CONVERGED);
	assert_int_equal(state_of(b, id_of(b, "web")), INSTANCE_RUNNING);
	assert_int_equal(slot_of(b, "web").fights, 1);
	assert_int_equal(slot_of(b, "web").generation, 1);
}

/* --- a store that knows less than the runtime --- */

static void forget_row(struct bench *b, const char *id)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;

	node_world_ok(b->w, store_begin(b->w->session->store, ERROR_HERE, &txn, &b->w->err));
	node_world_ok(b->w, instance_store_delete(b->w->session->store, id, &b->w->err));
	node_world_ok(b->w, store_commit(&txn, &b->w->err));
}

/* An end that is told while the first look is under way says nothing about what has no row: before,
 * the slot counted as empty, and a second instance was made beside the one that was seen. */
static void test_told_before_it_is_seen(void **state)
{
	struct bench *b = *state;
	const char *id = id_of(b, "web");
	struct runtime_sink sink;

	forget_row(b, id);
	begin_anew(b);
	turn(b);
	sink = inbox_sink(b->w->inbox);
	sink.exited(sink.arg, &(struct runtime_exit){ .id = id, .has_code = true, .code = 137 });
	assert_int_equal(node_world_run(b->w, LIMIT_US), DRIVER_CONVERGED);
	assert_string_equal(id_of(b, "web"), id);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_recorded_first), T(test_restart_is_done_once),
		T(test_tracked),        T(test_nothing_to_do),
		T(test_taken_away),     T(test_gone_otherwise),
		T(test_fight),          T(test_told_before_it_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
