/* SPDX-License-Identifier: Apache-2.0 */
/* Work grows with the rows, not faster: counted in steps of SQLite's machine, not in time. */
#include "tests/store/fixture.h"

#include <sqlite3.h>

static int64_t n_steps;

static int count_steps(void *unused)
{
	(void)unused;
	n_steps++;
	return 0;
}

struct cost {
	int64_t save, list, one, events;
};

/* A store with @n instances: hundreds of steps for saving all, listing all, changing one. */
static struct cost measure(void **state, unsigned n)
{
	struct fixture *f;
	struct instance_rows rows;
	struct cost cost;
	struct event_row event = { .kind = "started", .deployment = "shop", .message = "" };

	fixture_setup(state);
	f = *state;
	event.last = f->now;
	ok(f, fixture_open(f, STORE_WRITE));
	sqlite3_progress_handler(store_db(f->store), 100, count_steps, NULL);

	n_steps = 0;
	struct store_txn *txn = fixture_begin(f);
	fixture_put(f, "shop", "one");
	for (unsigned i = 0; i < n; i++) {
		struct instance row = fixture_instance(
			f, "shop", arena_printf(f->arena, "svc-%u", i % 100), i / 100, 1);

		ok(f, instance_store_save(f->store, &row, f->now, &f->err));
	}
	ok(f, store_commit(&txn, &f->err));
	cost.save = n_steps;

	n_steps = 0;
	ok(f, instance_store_list(f->store, NULL, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, n);
	cost.list = n_steps;

	n_steps = 0;
	txn = fixture_begin(f);
	for (int i = 0; i < 100; i++)
		ok(f, instance_store_save(f->store, &rows.items[n / 2], f->now, &f->err));
	cost.one = n_steps;
	n_steps = 0;
	for (unsigned i = 0; i < n / 2; i++) {
		event.service = rows.items[i].service;
		event.slot = rows.items[i].slot;
		ok(f, event_store_append(f->store, &event, &f->err));
	}
	cost.events = n_steps;
	ok(f, store_commit(&txn, &f->err));
	fixture_teardown(state);
	return cost;
}

static void test_linear(void **state)
{
	struct cost small = measure(state, 1000);
	struct cost large = measure(state, 10000);

	assert_true(small.list > 10 && small.one > 0);
	/* Ten times the rows: ten times the steps, with some room for the depth of trees. */
	assert_true(large.save < 12 * small.save);
	assert_true(large.list < 12 * small.list);
	assert_true(large.events < 12 * small.events);
	assert_true(large.one < 2 * small.one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
