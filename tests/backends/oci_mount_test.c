/* SPDX-License-Identifier: Apache-2.0 */
/* An overlay of many layers, by both ways, that the host's mount table never shows. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/oci_mount.h"
#include "base/arena.h"
#include "base/fs.h"

enum { N_LAYERS = 128 };

static void test_many_layers(bool classic)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct buf table CLEAN(buf) = BUF_INIT(4 << 20);
	struct error err = ERROR_INIT;
	char dir[] = "/tmp/tallyman-mount-XXXXXX";
	const char *names[N_LAYERS];
	struct oci_overlay o = { .layers = names, .n_layers = N_LAYERS, .classic = classic };
	int host = -1, r;

	assert_non_null(mkdtemp(dir));
	o.layers_root = dir;
	o.bundle = arena_printf(a, "%s/bundle", dir);
	for (int i = 0; i < N_LAYERS; i++) {
		names[i] = arena_printf(a, "%012d/fs", i);
		assert_int_equal(fs_mkdirs(AT_FDCWD, arena_printf(a, "%s/%s/d%d", dir, names[i], i),
					   0755, &err),
				 0);
	}
	assert_int_equal(fs_mkdirs(AT_FDCWD, arena_printf(a, "%s/upper", o.bundle), 0755, &err), 0);
	assert_int_equal(fs_mkdirs(AT_FDCWD, arena_printf(a, "%s/work", o.bundle), 0755, &err), 0);
	assert_int_equal(fs_mkdirs(AT_FDCWD, arena_printf(a, "%s/rootfs", o.bundle), 0755, &err),
			 0);
	assert_int_equal(oci_mount_host(&host, &err), 0);
	assert_int_equal(oci_mount_enter(&err), 0);
	r = oci_mount_overlay(&o, &err);
	if (r == 0) {
		r |= access(arena_printf(a, "%s/rootfs/d0", o.bundle), F_OK);
		r |= access(arena_printf(a, "%s/rootfs/d%d", o.bundle, N_LAYERS - 1), F_OK);
	}
	oci_mount_leave(host);
	close(host);
	if (r != 0)
		fail_msg("classic %d: %s", classic, err.msg);
	assert_int_equal(fs_read(AT_FDCWD, "/proc/self/mountinfo", &table, &err), 0);
	assert_null(strstr(table.data, dir));
	assert_int_not_equal(access(arena_printf(a, "%s/rootfs/d0", o.bundle), F_OK), 0);
	assert_int_equal(fs_remove_tree(AT_FDCWD, dir, &err), 0);
}

static void test_steps(void **state)
{
	(void)state;
	test_many_layers(false);
}

static void test_classic(void **state)
{
	(void)state;
	test_many_layers(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_steps),
					    cmocka_unit_test(test_classic) };

	if (geteuid() != 0) {
		printf("SKIP oci_mount: not root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
