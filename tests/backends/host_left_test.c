/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of an owner: bundles, living processes, and nothing that only looks alike. */
#include "backends/host_left.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/oci_cgroup.h"
#include "backends/oci_cgroup_remove.h"
#include "base/fs.h"

struct fixture {
	char dir[64];
	struct arena *a;
	struct layout layout;
	struct error err;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/tallyman-left-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->a = arena_new();
	f->layout =
		(struct layout){ arena_printf(f->a, "t-left-%d", (int)getpid()), f->dir, f->dir };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fs_remove_tree(AT_FDCWD, f->dir, NULL), 0);
	arena_free(f->a);
	free(f);
	return 0;
}

static int look(struct fixture *f)
{
	int r = host_left(&f->layout, &f->err);

	if (r < 0)
		fail_msg("%s", f->err.msg);
	return r;
}

static void test_bundles(void **state)
{
	struct fixture *f = *state;
	const char *bundle = layout_bundle(&f->layout, f->a, "shop.web-rep-0.1");

	assert_int_equal(look(f), 0);
	assert_int_equal(fs_mkdirs(AT_FDCWD, bundle, 0700, &f->err), 0);
	assert_int_equal(look(f), HOST_LEFT);
	assert_int_equal(rmdir(bundle), 0);
	assert_int_equal(look(f), 0);
	f->layout.state_dir = "/nowhere/at/all";
	assert_int_equal(look(f), 0);
}

/* A process in `path` of the hierarchy that counts processes; what a look says then. */
static int look_with(struct fixture *f, const struct oci_cgroups *c, const char *path)
{
	char pid[32];
	pid_t child;
	int r;

	for (size_t i = 0; i < c->n; i++) {
		const char *dir = arena_printf(f->a, "%s%s", c->items[i].mount, path);

		if (!strstr(c->items[i].controllers, "pids"))
			continue;
		if (fs_mkdirs(AT_FDCWD, dir, 0755, &f->err) < 0)
			fail_msg("%s", f->err.msg);
	}
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		for (;;)
			pause();
	}
	snprintf(pid, sizeof(pid), "%d", (int)child);
	assert_int_equal(oci_cgroup_write(c, path, "pids", "cgroup.procs", pid, &f->err), 0);
	r = look(f);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(oci_cgroup_remove(c, path, &f->err), 0);
	oci_cgroup_remove_empty(c, arena_strndup(f->a, path, strcspn(path + 1, "/") + 1));
	return r;
}

static void test_processes(void **state)
{
	struct fixture *f = *state;
	const char *owner = f->layout.owner;
	struct oci_cgroups c;

	if (geteuid() != 0)
		skip();
	assert_int_equal(oci_cgroup_open(f->a, &c, &f->err), 0);
	assert_int_equal(look_with(f, &c, arena_printf(f->a, "/%s/shop.web-rep-0.1", owner)),
			 HOST_LEFT);
	assert_int_equal(look_with(f, &c, arena_printf(f->a, "/%s2/shop.web-rep-0.1", owner)), 0);
	assert_int_equal(look_with(f, &c, arena_printf(f->a, "/x%s/shop.web-rep-0.1", owner)), 0);
	assert_int_equal(look_with(f, &c, arena_printf(f->a, "/%s/probe-crun", owner)), 0);
	assert_int_equal(look(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bundles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_processes, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
