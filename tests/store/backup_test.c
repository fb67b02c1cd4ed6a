/* SPDX-License-Identifier: Apache-2.0 */
/* Backups: when, how many, what is in them, and what an unfinished one leaves. */
#include "tests/store/fixture.h"

#include <dirent.h>
#include <sys/stat.h>

#include "store/backup.h"

static int setup(void **state)
{
	struct fixture *f;

	fixture_setup(state);
	f = *state;
	ok(f, fixture_open(f, STORE_WRITE));
	return 0;
}

/* How many files are in backup/; the name of one of them in *ret_name. */
static int count(struct fixture *f, const char **ret_name)
{
	DIR *dir = opendir(fixture_path(f, "backup"));
	struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			*ret_name = arena_strdup(f->arena, entry->d_name);
			n++;
		}
	if (dir)
		closedir(dir);
	return n;
}

static bool is_due(struct fixture *f)
{
	bool due = false;

	ok(f, backup_is_due(f->store, f->now, &due, &f->err));
	return due;
}

static int back_up(struct fixture *f, int n_pages)
{
	struct backup *b = NULL;
	int slices = 0;
	int r;

	ok(f, backup_begin(f->store, f->now, &b, &f->err));
	do {
		r = ok(f, backup_step(b, n_pages, &f->err));
		slices++;
	} while (r == BACKUP_MORE);
	backup_end(b);
	return slices;
}

static void test_daily(void **state)
{
	struct fixture *f = *state;
	const char *name = NULL;

	assert_true(is_due(f));
	for (int day = 0; day < 5; day++) {
		assert_true(is_due(f));
		assert_true(back_up(f, 4) > 3);
		assert_false(is_due(f));
		f->now.us += BACKUP_PERIOD_US - 1;
		assert_false(is_due(f));
		f->now.us++;
	}
	assert_int_equal(count(f, &name), BACKUP_KEPT);
	f->now.us -= 100 * BACKUP_PERIOD_US; /* the clock was wrong */
	assert_true(is_due(f));
	back_up(f, 100);
	assert_false(is_due(f));
	assert_int_equal(count(f, &name), BACKUP_KEPT);
}

static void test_content(void **state)
{
	struct fixture *f = *state;
	struct deployment_rows rows;
	struct backup *b = NULL;
	const char *name = NULL;
	struct stat st;

	struct store_txn *txn = fixture_begin(f);
	fixture_put(f, "before", "one");
	ok(f, store_commit(&txn, &f->err));
	ok(f, backup_begin(f->store, f->now, &b, &f->err));
	assert_int_equal(backup_step(b, 2, &f->err), BACKUP_MORE);
	txn = fixture_begin(f);
	fixture_put(f, "during", "two");
	ok(f, store_commit(&txn, &f->err));
	while (ok(f, backup_step(b, 2, &f->err)) == BACKUP_MORE)
		;
	backup_end(b);
	assert_int_equal(count(f, &name), 1);
	name = arena_printf(f->arena, "%s/backup/%s", f->dir, name);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	fixture_close(f);
	assert_int_equal(rename(name, fixture_path(f, "tallyman.db")), 0);
	unlink(fixture_path(f, "tallyman.db-wal"));
	unlink(fixture_path(f, "tallyman.db-shm"));
	/* A reader comes first, and makes nothing. */
	assert_int_equal(ok(f, fixture_open(f, STORE_READ)), 0);
	ok(f, deployment_store_list(f->store, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 2);
	assert_true(access(fixture_path(f, "tallyman.db-wal"), F_OK) < 0);
	assert_true(access(fixture_path(f, "tallyman.db-shm"), F_OK) < 0);
	fixture_close(f);
	ok(f, fixture_open(f, STORE_WRITE));
	assert_null(store_moved_to(f->store));
	ok(f, deployment_store_list(f->store, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 2);
	assert_string_equal(rows.items[1].name, "during");
}

static void test_unfinished(void **state)
{
	struct fixture *f = *state;
	const char *name = NULL;
	struct backup *b = NULL;

	ok(f, backup_begin(f->store, f->now, &b, &f->err));
	assert_int_equal(backup_step(b, 1, &f->err), BACKUP_MORE);
	backup_end(b);
	assert_int_equal(count(f, &name), 0);
	assert_true(is_due(f));
	/* What a crash leaves is in nobody's way. */
	ok(f,
	   fs_write_atomic(AT_FDCWD, fixture_path(f, "backup/backup.part"), "x", 1, 0600, &f->err));
	assert_true(is_due(f));
	back_up(f, 100);
	assert_int_equal(count(f, &name), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_daily),
		TEST(test_content),
		TEST(test_unfinished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
