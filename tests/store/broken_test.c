/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged files: a writer moves them aside whole and starts anew, or goes on with what is sound; a
 * reader says what a writer would do. Foreign and newer files are refused and left alone.
 */
#include "tests/store/fixture.h"

#include <dirent.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/rand.h"

#define DB "tallyman.db"

static void read_file(struct fixture *f, const char *name, struct buf *ret)
{
	buf_clear(ret);
	ok(f, fs_read(AT_FDCWD, fixture_path(f, name), ret, &f->err));
}

static void write_file(struct fixture *f, const char *name, const void *p, size_t n)
{
	ok(f, fs_write_atomic(AT_FDCWD, fixture_path(f, name), p, n, 0600, &f->err));
}

/* A closed store with a deployment and its parts, everything in the database file. */
static void make_store(struct fixture *f)
{
	ok(f, fixture_open(f, STORE_WRITE));
	struct store_txn *txn = fixture_begin(f);
	for (unsigned n = 1; n <= 40; n++) {
		struct instance i = fixture_instance(f, "shop", "web", n, n);

		fixture_put(f, "shop", arena_printf(f->arena, "rev %u", n));
		ok(f, instance_store_save(f->store, &i, f->now, &f->err));
	}
	ok(f, store_commit(&txn, &f->err));
	fixture_close(f);
}

static int setup(void **state)
{
	fixture_setup(state);
	make_store(*state);
	return 0;
}

/* Everything the store can be asked, so that damage that was overlooked has its chance. */
static int read_everything(struct fixture *f)
{
	struct deployment_rows deployments;
	struct revision_rows revisions;
	struct instance_rows instances;
	struct intent_rows intents;
	struct event_rows events;
	struct slot_rows slots;
	struct event_filter all = { 0 };
	struct node_row node;
	int r = node_store_load(f->store, &node, &f->err);

	if (r == 0)
		r = deployment_store_list(f->store, f->arena, &deployments, &f->err);
	if (r == 0)
		r = deployment_store_history(f->store, "shop", f->arena, &revisions, &f->err);
	if (r == 0)
		r = instance_store_list(f->store, NULL, f->arena, &instances, &f->err);
	if (r == 0)
		r = slot_store_list(f->store, NULL, f->arena, &slots, &f->err);
	if (r == 0)
		r = intent_store_list(f->store, f->arena, &intents, &f->err);
	if (r == 0)
		r = event_store_list(f->store, &all, f->arena, &events, &f->err);
	return r;
}

static void check_rebuilt(struct fixture *f)
{
	struct deployment_rows rows;
	struct node_row node;

	ok(f, node_store_load(f->store, &node, &f->err));
	assert_int_equal(node.accept, NODE_REBUILT);
	ok(f, deployment_store_list(f->store, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 0);
	assert_int_equal(access(store_moved_to(f->store), F_OK), 0);
	assert_non_null(strstr(store_moved_to(f->store), DB ".broken-20231114T221320"));
}

static void test_moved_aside(void **state)
{
	struct fixture *f = *state;
	struct buf old CLEAN(buf) = BUF_INIT(1 << 22);
	struct buf kept CLEAN(buf) = BUF_INIT(1 << 22);
	const char *moved;

	read_file(f, DB, &old);
	memset(old.data, 'x', 100);
	write_file(f, DB, old.data, old.n);
	write_file(f, DB "-wal", "log", 3);
	assert_int_equal(fixture_open(f, STORE_READ), -ERR_CORRUPT);
	assert_non_null(strstr(f->err.hint, "moves the file aside"));

	ok(f, fixture_open(f, STORE_WRITE));
	check_rebuilt(f);
	moved = arena_strdup(f->arena, store_moved_to(f->store));
	ok(f, fs_read(AT_FDCWD, moved, &kept, &f->err));
	assert_int_equal(kept.n, old.n);
	assert_memory_equal(kept.data, old.data, old.n);
	assert_int_equal(access(arena_printf(f->arena, "%s-wal", moved), F_OK), 0);
	fixture_close(f);

	ok(f, fixture_open(f, STORE_WRITE)); /* once */
	assert_null(store_moved_to(f->store));
	struct store_txn *txn = fixture_begin(f);
	ok(f, node_store_accept(f->store, &f->err));
	ok(f, store_commit(&txn, &f->err));
	assert_int_equal(access(moved, F_OK), 0);
}

static void test_crash_after_the_move(void **state)
{
	struct fixture *f = *state;
	struct node_row node;

	assert_int_equal(rename(fixture_path(f, DB), fixture_path(f, DB ".broken-x")), 0);
	unlink(fixture_path(f, DB "-wal"));
	unlink(fixture_path(f, DB "-shm"));
	ok(f, fixture_open(f, STORE_WRITE));
	ok(f, node_store_load(f->store, &node, &f->err));
	assert_int_equal(node.accept, NODE_REBUILT);
}

/* The database is gone or empty while its log is there: SQLite would throw the log away. */
static void test_cut(void **state)
{
	struct fixture *f = *state;

	write_file(f, DB, "", 0);
	/* To who only reads it is no store that was never there: the claim would speak of
	 * another's. */
	assert_int_equal(fixture_open(f, STORE_READ), -ERR_CORRUPT);
	assert_non_null(strstr(f->err.hint, "moves the file aside"));
	ok(f, fixture_open(f, STORE_WRITE));
	check_rebuilt(f);
	fixture_close(f);

	f->now.us++;
	assert_int_equal(unlink(fixture_path(f, DB)), 0);
	ok(f, fixture_open(f, STORE_WRITE));
	assert_non_null(store_moved_to(f->store));
	assert_int_equal(access(arena_printf(f->arena, "%s-wal", store_moved_to(f->store)), F_OK),
			 0);
}

static void count_broken(struct fixture *f, const char *data, size_t n, size_t *n_moved)
{
	write_file(f, DB, data, n);
	unlink(fixture_path(f, DB "-wal"));
	unlink(fixture_path(f, DB "-shm"));
	if (fixture_open(f, STORE_READ) == 0)
		(void)read_everything(f); /* an error is fine, a crash is not */
	fixture_close(f);
	f->now.us++;
	int r = fixture_open(f, STORE_WRITE);
	if (r < 0) { /* another program's, a newer one's: refused, never half open */
		assert_true(r == -ERR_LOCKED || r == -ERR_UNSUPPORTED);
		assert_string_not_equal(f->err.hint, "");
		return;
	}
	if (store_moved_to(f->store)) {
		check_rebuilt(f);
		assert_int_equal(unlink(store_moved_to(f->store)), 0);
		++*n_moved;
	}
	ok(f, read_everything(f));
	fixture_close(f);
}

static void test_truncated(void **state)
{
	struct fixture *f = *state;
	struct buf whole CLEAN(buf) = BUF_INIT(1 << 22);
	size_t n_moved = 0;
	size_t n_cases = 0;

	read_file(f, DB, &whole);
	for (size_t n = 1; n < whole.n; n += n < 600 ? 97 : 4096 + 511) {
		count_broken(f, whole.data, n, &n_moved);
		n_cases++;
	}
	assert_true(n_cases > 20);
	assert_int_equal(n_moved, n_cases);
}

static void test_flipped(void **state)
{
	struct fixture *f = *state;
	struct buf whole CLEAN(buf) = BUF_INIT(1 << 22);
	struct buf bad CLEAN(buf) = BUF_INIT(1 << 22);
	uint64_t seed = 20231114;
	size_t n_moved = 0;

	read_file(f, DB, &whole);
	for (int i = 0; i < 120; i++) {
		size_t len = 1 + rand_next(&seed) % 64;
		size_t at = rand_next(&seed) % (i % 2 ? whole.n - len : 4096 - len);

		buf_clear(&bad);
		buf_add(&bad, whole.data, whole.n);
		for (size_t k = 0; k < len; k++)
			bad.data[at + k] = (char)rand_next(&seed);
		count_broken(f, bad.data, bad.n, &n_moved);
	}
	assert_true(n_moved > 5); /* most of the file is room */
}

/* Runs a file of statements on the store behind its back. */
static void tamper(struct fixture *f, const char *script)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 16);
	const char *path = TEST_SOURCE_DIR "/tests/store/sql/";
	sqlite3 *db = NULL;

	ok(f, fs_read(AT_FDCWD, arena_printf(f->arena, "%s%s", path, script), &text, &f->err));
	assert_int_equal(sqlite3_open(fixture_path(f, DB), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text.data, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_refused(void **state)
{
	static const struct {
		const char *script;
		int r;
		const char *says, *hint;
	} rows[] = {
		{ "newer.sql", -ERR_UNSUPPORTED, "schema 999", "newer tallyman" },
		{ "changed.sql", -ERR_LOCKED, "migration 1 (init)", "tallyman that made" },
		{ "foreign.sql", -ERR_LOCKED, "another program", "move it away" },
	};
	struct fixture *f;

	fixture_teardown(state);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf before CLEAN(buf) = BUF_INIT(1 << 22);
		struct buf after CLEAN(buf) = BUF_INIT(1 << 22);

		setup(state);
		f = *state;
		tamper(f, rows[i].script);
		read_file(f, DB, &before);
		for (int mode = STORE_WRITE; mode <= STORE_READ; mode++) {
			assert_int_equal(fixture_open(f, (enum store_mode)mode), rows[i].r);
			assert_non_null(strstr(f->err.msg, rows[i].says));
			assert_non_null(strstr(f->err.hint, rows[i].hint));
			f->err = ERROR_INIT;
		}
		read_file(f, DB, &after);
		assert_int_equal(after.n, before.n);
		assert_memory_equal(after.data, before.data, before.n);
		fixture_teardown(state);
	}
	fixture_setup(state);
}

/* The right migrations are recorded, but a table is gone: the file is at fault. */
static void test_missing_table(void **state)
{
	struct fixture *f = *state;

	tamper(f, "dropped.sql");
	ok(f, fixture_open(f, STORE_WRITE));
	check_rebuilt(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_moved_aside),   TEST(test_crash_after_the_move),
		TEST(test_cut),           TEST(test_truncated),
		TEST(test_flipped),       TEST(test_refused),
		TEST(test_missing_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
