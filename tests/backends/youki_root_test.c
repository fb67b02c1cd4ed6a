/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a container's root: odd nodes where passwd should be, the directory to start in, modes
 * of what a tmpfs hides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "backends/youki.h"
#include "base/fs.h"

struct fixture {
	char dir[64];
	struct arena *a;
	struct error err;
	int root;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/tallyman-root-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->a = arena_new();
	f->root = open(f->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->root >= 0);
	assert_int_equal(mkdirat(f->root, "etc", 0755), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->root);
	assert_int_equal(fs_remove_tree(AT_FDCWD, f->dir, NULL), 0);
	arena_free(f->a);
	free(f);
	return 0;
}

static int resolve(struct fixture *f, const char *user, struct oci_user *ret)
{
	static const struct strings none = { NULL, 0 };

	f->err = ERROR_INIT;
	return youki_root_user(f->root, user, &none, f->a, ret, &f->err);
}

static void put(struct fixture *f, const char *path, const char *text)
{
	assert_int_equal(fs_write_atomic(f->root, path, text, strlen(text), 0644, &f->err), 0);
}

static void test_passwd(void **state)
{
	struct fixture *f = *state;
	struct oci_user u;

	/* A number needs no file. */
	assert_int_equal(resolve(f, "7:8", &u), 0);
	assert_int_equal(u.uid, 7);
	assert_int_equal(resolve(f, "app", &u), -ERR_INVALID);
	put(f, "etc/passwd", "app:x:1000:1001::/:/bin/sh\n");
	assert_int_equal(resolve(f, "app", &u), 0);
	assert_int_equal(u.uid, 1000);
	/* By a link, which stays inside: the host's passwd has a root. */
	assert_int_equal(unlinkat(f->root, "etc/passwd", 0), 0);
	put(f, "elsewhere", "app:x:1002:1001::/:/bin/sh\n");
	assert_int_equal(symlinkat("/elsewhere", f->root, "etc/passwd"), 0);
	assert_int_equal(resolve(f, "app", &u), 0);
	assert_int_equal(u.uid, 1002);
	assert_int_equal(unlinkat(f->root, "elsewhere", 0), 0);
	assert_int_equal(symlinkat("../../../../../../etc/passwd", f->root, "elsewhere"), 0);
	assert_int_equal(resolve(f, "root", &u), -ERR_INVALID);
}

/* What is no plain file has no users in it; nobody waits for it to speak. */
static void test_odd_passwd(void **state)
{
	struct fixture *f = *state;
	struct oci_user u;

	assert_int_equal(mkfifoat(f->root, "etc/passwd", 0644), 0);
	assert_int_equal(resolve(f, "app", &u), -ERR_INVALID);
	assert_int_equal(resolve(f, "7", &u), 0);
	assert_int_equal(unlinkat(f->root, "etc/passwd", 0), 0);
	assert_int_equal(mkdirat(f->root, "etc/passwd", 0755), 0);
	assert_int_equal(resolve(f, "7", &u), 0);
	assert_int_equal(symlinkat("group", f->root, "etc/group"), 0);
	assert_int_equal(resolve(f, "7", &u), 0);
	assert_int_equal(unlinkat(f->root, "etc/passwd", AT_REMOVEDIR), 0);
	if (geteuid() == 0) {
		assert_int_equal(mknodat(f->root, "etc/passwd", S_IFCHR | 0644, makedev(1, 5)), 0);
		assert_int_equal(resolve(f, "7", &u), 0); /* /dev/zero has no end */
	}
}

static const struct {
	const char *path;
	int result;
	const char *is_there; /* afterwards; NULL: nothing new */
} workdirs[] = {
	{ "/", 0, NULL },
	{ "/etc", 0, NULL },
	{ "/new", 0, "new" },
	{ "/a/b//c/", 0, "a/b/c" },
	{ "/in/x", 0, "real/x" }, /* through a link, inside */
	{ "/out/x", 0, "etc/x" }, /* a link to /etc is the container's */
	{ "/a/../b", 0, "b" },
	{ "/file", -ERR_INVALID, NULL },
	{ "/file/x", -ERR_INVALID, NULL },
	{ "/dangling/x", -ERR_INVALID, NULL },
	{ "/loop/x", -ERR_INVALID, NULL },
};

static void test_workdir(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	put(f, "file", "");
	assert_int_equal(mkdirat(f->root, "real", 0755), 0);
	assert_int_equal(symlinkat("real", f->root, "in"), 0);
	assert_int_equal(symlinkat("/etc", f->root, "out"), 0);
	assert_int_equal(symlinkat("/nowhere", f->root, "dangling"), 0);
	assert_int_equal(symlinkat("loop", f->root, "loop"), 0);
	for (size_t i = 0; i < sizeof(workdirs) / sizeof(workdirs[0]); i++) {
		int r;

		f->err = ERROR_INIT;
		r = youki_root_workdir(f->root, workdirs[i].path, &f->err);
		if (r != workdirs[i].result)
			fail_msg("%s: %d: %s", workdirs[i].path, r, f->err.msg);
		if (r < 0)
			assert_non_null(strstr(f->err.msg, "command.workdir"));
		if (!workdirs[i].is_there)
			continue;
		assert_int_equal(fstatat(f->root, workdirs[i].is_there, &st, 0), 0);
		assert_true(S_ISDIR(st.st_mode));
	}
	assert_int_equal(fs_exists(AT_FDCWD, "/etc/x", &f->err), 0);
	assert_int_equal(fs_exists(f->root, "nowhere", &f->err), 0);
}

static void test_modes(void **state)
{
	struct fixture *f = *state;
	struct storage_spec items[] = {
		{ .type = STORAGE_TMPFS, .target = "/etc", .mode = { true, 0700 } },
		{ .type = STORAGE_TMPFS, .target = "/new/one/", .mode = { true, 01777 } },
		{ .type = STORAGE_TMPFS, .target = "/etc/as-usual" },
		{ .type = STORAGE_NAMED, .target = "/not-made", .mode = { true, 0700 } },
	};
	struct storages all = { items, 4 };
	struct stat st;

	assert_int_equal(youki_root_modes(f->root, &all, &f->err), 0);
	assert_int_equal(fstatat(f->root, "etc", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(fstatat(f->root, "new/one", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 01777);
	assert_int_equal(fs_exists(f->root, "etc/as-usual", &f->err), 0);
	assert_int_equal(fs_exists(f->root, "not-made", &f->err), 0);
	put(f, "file", "");
	items[0].target = "/file/x";
	assert_int_equal(youki_root_modes(f->root, &all, &f->err), -ERR_INVALID);
	assert_non_null(strstr(f->err.msg, "storage: /file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_passwd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_odd_passwd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_workdir, setup, teardown),
		cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
