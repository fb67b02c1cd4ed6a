/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is really full: a small file system of memory in a mount namespace of a child. */
#include "tests/store/fixture.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { CANNOT_MOUNT = 77 };

static void mount_small(const char *dir, const char *options)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("small", dir, "tmpfs", 0, options) < 0)
		_exit(CANNOT_MOUNT);
}

/* What is free, but @leave bytes, goes into a file. */
static void fill(struct fixture *f, size_t leave)
{
	char block[4096] = { 0 };
	int fd = open(fixture_path(f, "ballast"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	off_t size;

	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	size = lseek(fd, 0, SEEK_CUR);
	assert_int_equal(ftruncate(fd, size - (off_t)leave), 0);
	close(fd);
}

static size_t count(struct fixture *f)
{
	struct deployment_rows rows;

	ok(f, deployment_store_list(f->store, f->arena, &rows, &f->err));
	return rows.n;
}

static int add(struct fixture *f, unsigned n, const char *text)
{
	struct store_txn *txn CLEAN(store_txn) = fixture_begin(f);
	struct revision_row rev = fixture_revision(text, f->now);
	const char *name = arena_printf(f->arena, "deployment-%u", n);
	int64_t number;
	int r = deployment_store_put(f->store, name, &rev, true, &number, &f->err);

	return r < 0 ? r : store_commit(&txn, &f->err);
}

/* Works until it is full; what was committed stays; with room again it goes on. */
static void fill_up(struct fixture *f)
{
	unsigned n = 0;
	int r = 0;
	char text[2048];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	mount_small(f->dir, "size=2m");
	ok(f, fixture_open(f, STORE_WRITE));
	fill(f, 200000);
	while ((r = add(f, n, text)) == 0)
		n++;
	assert_int_equal(r, -ERR_IO);
	assert_non_null(strstr(f->err.hint, "free some space"));
	assert_true(n > 2);
	assert_int_equal(count(f), n);
	fixture_close(f);
	assert_int_equal(unlink(fixture_path(f, "ballast")), 0);
	ok(f, fixture_open(f, STORE_WRITE));
	assert_null(store_moved_to(f->store));
	assert_true(count(f) >= n && count(f) <= n + 1);
	ok(f, add(f, n + 1, text));
	fixture_close(f);
}

/* No room, or too little, for a store at all: a clear error, and once there is room a new one
 * that nobody takes for broken. */
static void make_full(struct fixture *f)
{
	mount_small(f->dir, "size=1m");
	for (size_t room = 0; room < 300000; room += 3 * 4096) {
		int r;

		fill(f, room);
		f->err = ERROR_INIT;
		r = fixture_open(f, STORE_WRITE);
		if (r < 0) {
			assert_int_equal(r, -ERR_IO);
			assert_non_null(strstr(f->err.hint, "free some space"));
		}
		fixture_close(f);
		assert_int_equal(unlink(fixture_path(f, "ballast")), 0);
		ok(f, fixture_open(f, STORE_WRITE));
		assert_null(store_moved_to(f->store));
		assert_int_equal(count(f), 0);
		fixture_close(f);
		unlink(fixture_path(f, "tallyman.db"));
		unlink(fixture_path(f, "tallyman.db-wal"));
		unlink(fixture_path(f, "tallyman.db-shm"));
	}
}

static void in_child(void **state, void (*run)(struct fixture *))
{
	struct fixture *f = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		run(f);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_MOUNT)
		skip();
	assert_int_equal(status, 0);
}

static void test_fill_up(void **state)
{
	in_child(state, fill_up);
}

static void test_make_full(void **state)
{
	in_child(state, make_full);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fill_up),
		TEST(test_make_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
