/* SPDX-License-Identifier: Apache-2.0 */
/* What the statement layer and transactions assert: each misuse ends the process. */
#include "tests/store/fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "store/query.h"
#include "store/stmt.h"

static int query(const char *name)
{
	int i = 0;

	while (strcmp(queries[i].name, name) != 0)
		i++;
	return i;
}

static void unknown_parameter(struct fixture *f)
{
	stmt_bind_text(stmt_get(f->store, query("image_find")), "referenze", "x");
}

static void unbound_parameter(struct fixture *f)
{
	(void)stmt_step(stmt_get(f->store, query("image_find")), NULL);
}

static void unknown_column(struct fixture *f)
{
	struct stmt *st = stmt_get(f->store, query("node_load"));

	assert_int_equal(stmt_step(st, NULL), STMT_ROW);
	(void)stmt_i64(st, "epok");
}

static void unread_column(struct fixture *f)
{
	struct stmt *st = stmt_get(f->store, query("node_load"));

	assert_int_equal(stmt_step(st, NULL), STMT_ROW);
	(void)stmt_i64(st, "epoch");
	stmt_put(st);
}

static void column_without_row(struct fixture *f)
{
	(void)stmt_i64(stmt_get(f->store, query("node_load")), "epoch");
}

static void borrowed_twice(struct fixture *f)
{
	(void)stmt_get(f->store, query("node_load"));
	(void)stmt_get(f->store, query("node_load"));
}

static void write_without_transaction(struct fixture *f)
{
	(void)node_store_accept(f->store, NULL);
}

static void nested_transaction(struct fixture *f)
{
	(void)fixture_begin(f);
	(void)fixture_begin(f);
}

static void close_in_transaction(struct fixture *f)
{
	(void)fixture_begin(f);
	fixture_close(f);
}

static void test_misuse(void **state)
{
	static void (*const cases[])(struct fixture *) = {
		unknown_parameter,  unbound_parameter,         unknown_column,
		unread_column,      column_without_row,        borrowed_twice,
		nested_transaction, write_without_transaction, close_in_transaction,
	};
	struct fixture *f = *state;

	ok(f, fixture_open(f, STORE_WRITE));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

			dup2(null, STDERR_FILENO);
			/* cmocka turns the signal into a failed test otherwise. */
			signal(SIGABRT, SIG_DFL);
			cases[i](f);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			fail_msg("misuse %zu went through", i);
	}
}

/* Every statement was prepared; those that only read say so, or a reader could not run them. */
static void test_all_prepared(void **state)
{
	struct fixture *f = *state;

	ok(f, fixture_open(f, STORE_WRITE));
	struct store_txn *txn = fixture_begin(f);
	for (int i = 0; i < n_queries; i++) {
		if (!queries[i].is_prepared)
			continue;
		struct stmt *st CLEAN(stmt) = stmt_get(f->store, i);
		assert_non_null(st);
	}
	ok(f, store_commit(&txn, &f->err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_misuse),
		TEST(test_all_prepared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
