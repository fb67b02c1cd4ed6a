/* SPDX-License-Identifier: Apache-2.0 */
/* Where a store may live, and who holds a lock. */
#include "tests/store/fixture.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/place.h"

static void test_network(void **state)
{
	static const struct {
		uint64_t magic;
		const char *name;
	} rows[] = {
		{ 0x6969, "nfs" },
		{ 0xfe534d42, "smb2" },
		{ 0xff534d42, "cifs" },
		{ 0x01021997, "9p" },
		{ 0x65735546, "fuse" },
		{ UINT64_C(0xffffffffff534d42), "cifs" }, /* sign-extended */
		{ 0xef53, NULL },
		{ 0x9123683e, NULL }, /* ext4, btrfs */
		{ 0x58465342, NULL },
		{ 0x01021994, NULL }, /* xfs, tmpfs */
		{ 0x794c7630, NULL }, /* overlayfs */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *name = place_network_fs(rows[i].magic);

		if (rows[i].name)
			assert_string_equal(name, rows[i].name);
		else
			assert_null(name);
	}
}

static void test_missing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(place_check_local(f->dir, &f->err), 0);
	assert_int_equal(place_check_writable(f->dir, "--state-dir", &f->err), 0);
	assert_int_equal(place_check_local(fixture_path(f, "none"), &f->err), -ERR_NOT_FOUND);
	assert_true(place_check_writable(fixture_path(f, "none"), "--state-dir", &f->err) < 0);
}

/* In a mount namespace of a child: a state directory that is mounted read-only. */
static void test_read_only(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		const unsigned long again = MS_REMOUNT | MS_BIND | MS_RDONLY;

		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount(f->dir, f->dir, NULL, MS_BIND, NULL) < 0 ||
		    mount(NULL, f->dir, NULL, again, NULL) < 0)
			_exit(77);
		int r = fixture_open(f, STORE_WRITE);
		bool has_text =
			strstr(f->err.msg, "Read-only") && strstr(f->err.hint, "--state-dir");

		_exit(r == -ERR_IO && has_text ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip(); /* no right to mount */
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_lock(void **state)
{
	struct fixture *f = *state;
	const char *path = fixture_path(f, "lock");
	int a = -1;
	int b = -1;

	ok(f, place_lock(path, "a\nb", &a, &f->err));
	assert_int_equal(fcntl(a, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(place_lock(path, "other", &b, &f->err), -ERR_LOCKED);
	assert_int_equal(b, -1);
	assert_non_null(strstr(f->err.msg, "(a")); /* the first line of what it says */
	place_unlock(a);
	ok(f, place_lock(path, NULL, &b, &f->err));
	assert_int_equal(place_lock(path, "other", &a, &f->err), -ERR_LOCKED);
	assert_non_null(strstr(f->err.msg, "(tallyman)"));
	place_unlock(b);
	place_unlock(-1);
}

/* What an earlier holder left, or rubbish, is only text. */
static void test_lock_text(void **state)
{
	static const char *const texts[] = { "", "\n", "\x01\x1b[2J", "process 1 (gone)\nmore" };
	struct fixture *f = *state;
	const char *path = fixture_path(f, "lock");
	int a = -1;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ok(f, fs_write_atomic(AT_FDCWD, path, texts[i], strlen(texts[i]), 0600, &f->err));
		ok(f, place_lock(path, "long name", &a, &f->err));
		int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
		ok(f, fs_write_all(fd, texts[i], strlen(texts[i]), &f->err));
		close(fd);
		int b;
		assert_int_equal(place_lock(path, "other", &b, &f->err), -ERR_LOCKED);
		assert_null(strchr(f->err.msg, '\x1b'));
		place_unlock(a);
	}
}

/* Asking who holds a lock is no lock: its holder and whoever comes next notice nothing. */
static void test_holder(void **state)
{
	struct fixture *f = *state;
	const char *path = fixture_path(f, "lock"), *other = fixture_path(f, "other");
	char name[PLACE_HOLDER_SIZE], want[PLACE_HOLDER_SIZE];
	int a = -1, b = -1;

	assert_int_equal(place_holder(path, name, &f->err), 0); /* no such file */
	assert_int_equal(fs_exists(AT_FDCWD, path, NULL), 0);
	ok(f, place_lock(path, "apply x", &a, &f->err));
	ok(f, place_lock(other, "down", &b, &f->err));
	snprintf(want, sizeof(want), "process %d (apply x)", (int)getpid());
	assert_int_equal(place_holder(path, name, &f->err), PLACE_HELD);
	assert_string_equal(name, want);
	snprintf(want, sizeof(want), "process %d (down)", (int)getpid());
	assert_int_equal(place_holder(other, name, &f->err), PLACE_HELD);
	assert_string_equal(name, want);
	/* What a crash left in the file names nobody. */
	close(a);
	assert_int_equal(place_holder(path, name, &f->err), 0);
	place_unlock(b);
	assert_int_equal(place_holder(other, name, &f->err), 0);
	ok(f, place_lock(path, NULL, &a, &f->err));
	assert_int_equal(ftruncate(a, 0), 0);
	assert_int_equal(place_holder(path, name, &f->err), PLACE_HELD);
	assert_string_equal(name, "another process");
	place_unlock(a);
}

static void test_long_command(void **state)
{
	struct fixture *f = *state;
	char *command = arena_alloc(f->arena, 1000);
	int a = -1;
	int b = -1;

	memset(command, 'x', 999);
	ok(f, place_lock(fixture_path(f, "lock"), command, &a, &f->err));
	assert_int_equal(place_lock(fixture_path(f, "lock"), "other", &b, &f->err), -ERR_LOCKED);
	assert_non_null(strstr(f->err.msg, "xxx"));
	place_unlock(a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_network), TEST(test_missing),   TEST(test_read_only),
		TEST(test_lock),    TEST(test_lock_text), TEST(test_long_command),
		TEST(test_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
