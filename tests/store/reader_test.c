/* SPDX-License-Identifier: Apache-2.0 */
/* Readers: beside a writer in another process, after one that died, with files missing, without
 * rights; never making or changing a file. And what children of a writer do not inherit. */
#include "tests/store/fixture.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"

/* Names, sizes and times of what is in the directory, as text; the -shm is memory, not content. */
static const char *snapshot(struct fixture *f)
{
	struct dirent **list;
	int n = scandir(f->dir, &list, NULL, alphasort);
	const char *text = "";

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		struct stat st;

		assert_int_equal(stat(fixture_path(f, list[i]->d_name), &st), 0);
		if (list[i]->d_name[0] != '.')
			text = arena_printf(f->arena, "%s%s %lld %lld\n", text, list[i]->d_name,
					    (long long)st.st_size,
					    strstr(list[i]->d_name, "-shm")
						    ? 0
						    : (long long)st.st_mtim.tv_nsec);
		free(list[i]);
	}
	free(list);
	return text;
}

/* The number of deployments a reader sees; the directory is the same afterwards. */
static size_t read_all(struct fixture *f)
{
	const char *before = snapshot(f);
	struct deployment_rows rows;

	assert_int_equal(ok(f, fixture_open(f, STORE_READ)), 0);
	ok(f, deployment_store_list(f->store, f->arena, &rows, &f->err));
	assert_string_equal(snapshot(f), before);
	fixture_close(f);
	assert_string_equal(snapshot(f), before);
	return rows.n;
}

static void add(struct fixture *f, const char *name)
{
	struct store_txn *txn = fixture_begin(f);

	fixture_put(f, name, "one");
	ok(f, store_commit(&txn, &f->err));
}

/* A writer in a process of its own that adds "one", says so, and stays until it is killed. */
static pid_t start_writer(struct fixture *f, int n)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (fixture_open(f, STORE_WRITE) != 0)
			_exit(1);
		for (int i = 0; i < n; i++)
			add(f, arena_printf(f->arena, "deployment-%d", i));
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void kill_writer(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_beside_a_writer(void **state)
{
	struct fixture *f = *state;
	pid_t pid = start_writer(f, 3);

	assert_int_equal(read_all(f), 3);
	assert_int_equal(fixture_open(f, STORE_WRITE), -ERR_LOCKED);
	kill_writer(pid);
	assert_int_equal(read_all(f), 3); /* it died without closing */
	ok(f, fixture_open(f, STORE_WRITE));
	add(f, "more");
	fixture_close(f);
	assert_int_equal(read_all(f), 4);
}

static void test_missing_files(void **state)
{
	struct fixture *f = *state;

	kill_writer(start_writer(f, 2));
	/* Only the log: a copy of a running store from which the -shm was left out. */
	assert_int_equal(unlink(fixture_path(f, "tallyman.db-shm")), 0);
	assert_int_equal(read_all(f), 2);
	ok(f, fixture_open(f, STORE_WRITE));
	fixture_close(f);
	assert_int_equal(read_all(f), 2);
	assert_int_equal(unlink(fixture_path(f, "tallyman.db-shm")), 0); /* an empty log */
	assert_int_equal(read_all(f), 2);
	assert_int_equal(unlink(fixture_path(f, "tallyman.db-wal")), 0);
	assert_int_equal(read_all(f), 2);
	ok(f, fixture_open(f, STORE_WRITE));
	assert_null(store_moved_to(f->store));
	add(f, "more");
	fixture_close(f);
	assert_int_equal(read_all(f), 3);
}

static void test_half_made(void **state)
{
	struct fixture *f = *state;
	const char *before;

	ok(f, fs_write_atomic(AT_FDCWD, fixture_path(f, "tallyman.db"), "", 0, 0600, &f->err));
	before = snapshot(f);
	errno = ENOTTY; /* whatever failed before is not about the store */
	assert_int_equal(fixture_open(f, STORE_READ), STORE_ABSENT);
	assert_string_equal(snapshot(f), before);
	ok(f, fixture_open(f, STORE_WRITE)); /* nobody has written to it: not broken */
	assert_null(store_moved_to(f->store));
}

static void test_steady_view(void **state)
{
	struct fixture *f = *state;
	struct store_options opts = { .dir = f->dir, .mode = STORE_READ, .now = f->now };
	struct store *reader = NULL;
	struct deployment_rows rows;
	struct store_txn *txn = NULL;

	ok(f, fixture_open(f, STORE_WRITE));
	add(f, "one");
	ok(f, store_open(&opts, &reader, &f->err));
	ok(f, store_begin(reader, ERROR_HERE, &txn, &f->err));
	ok(f, deployment_store_list(reader, f->arena, &rows, &f->err));
	add(f, "two");
	ok(f, deployment_store_list(reader, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 1);
	ok(f, store_commit(&txn, &f->err));
	ok(f, deployment_store_list(reader, f->arena, &rows, &f->err));
	assert_int_equal(rows.n, 2);
	store_close(reader);
}

/* Many readers beside a busy writer: nobody ever sees an error, or less than was there. */
static void test_crowd(void **state)
{
	enum { READERS = 8, ROUNDS = 12 };
	struct fixture *f = *state;
	pid_t readers[READERS];

	ok(f, fixture_open(f, STORE_WRITE));
	add(f, "first");
	for (int i = 0; i < READERS; i++) {
		readers[i] = fork();
		if (readers[i] == 0) {
			size_t seen = 0;
			struct fixture own = *f;

			for (int round = 0; round < ROUNDS; round++) {
				struct deployment_rows rows;

				if (fixture_open(&own, STORE_READ) != 0 ||
				    deployment_store_list(own.store, own.arena, &rows, &own.err) <
					    0 ||
				    rows.n < 1 || rows.n < seen)
					_exit(1);
				seen = rows.n;
				fixture_close(&own);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 60; i++)
		add(f, arena_printf(f->arena, "deployment-%d", i));
	for (int i = 0; i < READERS; i++) {
		int status;

		assert_int_equal(waitpid(readers[i], &status, 0), readers[i]);
		assert_int_equal(status, 0);
	}
}

/* In a child without rights: what opening gives. */
static int open_as_nobody(struct fixture *f, enum store_mode mode)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(99);
		int r = fixture_open(f, mode);
		bool has_hint = f->err.hint[0] != 0;

		_exit(r < 0 ? (has_hint ? -r : 98) : r);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_without_rights(void **state)
{
	struct fixture *f = *state;
	static const char *const files[] = { "", "/tallyman.db", "/tallyman.db-wal",
					     "/tallyman.db-shm" };

	if (geteuid() != 0)
		skip();
	ok(f, fixture_open(f, STORE_WRITE));
	add(f, "one");
	assert_int_equal(chmod(f->dir, 0755), 0);
	assert_int_equal(open_as_nobody(f, STORE_WRITE), ERR_UNAUTHORIZED);
	for (size_t i = 1; i < sizeof(files) / sizeof(files[0]); i++)
		assert_int_equal(chmod(arena_printf(f->arena, "%s%s", f->dir, files[i]), 0644), 0);
	assert_int_equal(open_as_nobody(f, STORE_READ), 0); /* beside the writer */
	fixture_close(f);
	assert_int_equal(open_as_nobody(f, STORE_READ), 0);
}

/* What a child started now, by fork and exec, has open: the lines of ls. */
static void list_child(struct fixture *f, struct buf *ret)
{
	int out[2];
	char chunk[4096];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		execl("/bin/ls", "ls", "-l", "/proc/self/fd", (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	while ((n = read(out[0], chunk, sizeof(chunk))) > 0)
		buf_add(ret, chunk, (size_t)n);
	close(out[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(ret->n > 0);
	(void)f;
}

static void test_children_inherit_nothing(void **state)
{
	struct fixture *f = *state;
	struct buf text CLEAN(buf) = BUF_INIT(1 << 16);
	pid_t pid;

	ok(f, fixture_open(f, STORE_WRITE));
	add(f, "one");
	list_child(f, &text);
	assert_null(strstr(text.data, f->dir));
	pid = fork();
	if (pid == 0) {
		execl("/bin/sleep", "sleep", "100", (char *)NULL);
		_exit(127);
	}
	/* The child has its own program from now on, or never; the lock is ours alone. */
	for (int i = 0; i < 1000; i++) {
		char exe[64];
		char target[64] = "";

		snprintf(exe, sizeof(exe), "/proc/%ld/exe", (long)pid);
		if (readlink(exe, target, sizeof(target) - 1) > 0 && strstr(target, "sleep"))
			break;
		clock_sleep(1000);
	}
	fixture_close(f);
	assert_int_equal(fixture_open(f, STORE_WRITE), 0);
	kill_writer(pid);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_beside_a_writer),
		TEST(test_missing_files),
		TEST(test_half_made),
		TEST(test_steady_view),
		TEST(test_crowd),
		TEST(test_without_rights),
		TEST(test_children_inherit_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
