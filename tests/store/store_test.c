/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, reopening, readers beside writers, transactions, broken and foreign files. */
#include "tests/store/fixture.h"

#include <sys/stat.h>

static struct node_row node_of(struct fixture *f)
{
	struct node_row row;

	assert_int_equal(ok(f, node_store_load(f->store, &row, &f->err)), 0);
	return row;
}

static void test_fresh(void **state)
{
	struct fixture *f = *state;
	struct node_row row, again;
	struct stat st;

	ok(f, fixture_open(f, STORE_WRITE));
	row = node_of(f);
	assert_int_equal(strlen(row.node_id), 32);
	assert_int_equal(row.epoch, 1);
	assert_int_equal(row.session, 0);
	assert_int_equal(row.accept, NODE_ACCEPTED);
	assert_null(store_moved_to(f->store));
	assert_int_equal(stat(fixture_path(f, "tallyman.db"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fixture_close(f);

	ok(f, fixture_open(f, STORE_WRITE));
	again = node_of(f);
	assert_string_equal(again.node_id, row.node_id);
}

static void test_absent_for_reader(void **state)
{
	struct fixture *f = *state;
	struct store_options opts = { .mode = STORE_READ };

	assert_int_equal(fixture_open(f, STORE_READ), STORE_ABSENT);
	assert_null(f->store);
	opts.dir = fixture_path(f, "none/at/all");
	assert_int_equal(store_open(&opts, &f->store, &f->err), STORE_ABSENT);
	assert_int_equal(rmdir(f->dir), 0); /* nothing was made */
	assert_int_equal(mkdir(f->dir, 0700), 0);
}

static void test_rollback(void **state)
{
	struct fixture *f = *state;
	struct deployment_row row;

	ok(f, fixture_open(f, STORE_WRITE));
	{
		struct store_txn *txn CLEAN(store_txn) = fixture_begin(f);

		(void)txn; /* ends, without a commit, by going out of scope */
		fixture_put(f, "shop", "one");
	}
	assert_int_equal(deployment_store_find(f->store, "shop", f->arena, &row, &f->err),
			 DEPLOYMENT_ABSENT);
	struct store_txn *txn = fixture_begin(f);
	fixture_put(f, "shop", "one");
	ok(f, store_commit(&txn, &f->err));
	assert_null(txn);
	assert_int_equal(deployment_store_find(f->store, "shop", f->arena, &row, &f->err), 0);
}

static void test_moved_away(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = NULL;
	const char *path = fixture_path(f, "tallyman.db"), *aside = fixture_path(f, "aside");

	ok(f, fixture_open(f, STORE_WRITE));
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(store_begin(f->store, ERROR_HERE, &txn, &f->err), -ERR_IO);
	assert_non_null(strstr(f->err.msg, "was moved or deleted"));
	assert_int_equal(rename(aside, path), 0); /* by somebody who has read that */
	f->err = ERROR_INIT;
	ok(f, store_begin(f->store, ERROR_HERE, &txn, &f->err));
	fixture_put(f, "shop", "one");
	ok(f, store_commit(&txn, &f->err));
}

static void test_second_writer(void **state)
{
	struct fixture *f = *state;
	struct store_options opts = { .dir = f->dir, .mode = STORE_WRITE, .now = f->now };
	struct store *other = NULL;
	char pid[64];

	ok(f, fixture_open(f, STORE_WRITE));
	assert_int_equal(store_open(&opts, &other, &f->err), -ERR_LOCKED);
	assert_null(other);
	snprintf(pid, sizeof(pid), "process %ld (store test)", (long)getpid());
	assert_non_null(strstr(f->err.msg, pid));
	assert_string_not_equal(f->err.hint, "");
	fixture_close(f);
	ok(f, store_open(&opts, &other, &f->err));
	store_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fresh, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_absent_for_reader, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_rollback, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_moved_away, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_second_writer, fixture_setup,
						fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
