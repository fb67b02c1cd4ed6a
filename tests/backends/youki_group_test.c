/* SPDX-License-Identifier: Apache-2.0 */
/* Where control groups begin, and where an instance's own is: systemd may have been there first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/youki.h"

/* A tree as systemd makes it, on a file system that is none of control groups. */
struct fixture {
	struct arena *a;
	char mount[32];
};

static const char *const groups[] = { "/system.slice", "/system.slice/t.service",
				      "/system.slice/t.service/shim" };
enum { SLICE, UNIT, BELOW, N_GROUPS };

static void mark(const struct fixture *f, const char *group)
{
	const char *dir = arena_printf(f->a, "%s%s", f->mount, group);

	/* systemd of the whole host sets the one, somebody's own the other. */
	if (setxattr(dir, "trusted.delegate", "1", 1, 0) < 0)
		assert_int_equal(setxattr(dir, "user.delegate", "1", 1, 0), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->a = arena_new();
	memcpy(f->mount, "/tmp/tm-group.XXXXXX", sizeof("/tmp/tm-group.XXXXXX"));
	assert_non_null(mkdtemp(f->mount));
	for (int i = 0; i < N_GROUPS; i++)
		assert_int_equal(mkdir(arena_printf(f->a, "%s%s", f->mount, groups[i]), 0700), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = N_GROUPS; i-- > 0;)
		assert_int_equal(rmdir(arena_printf(f->a, "%s%s", f->mount, groups[i])), 0);
	assert_int_equal(rmdir(f->mount), 0);
	arena_free(f->a);
	free(f);
	return 0;
}

static void test_not_delegated(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < N_GROUPS; i++)
		assert_string_equal(oci_cgroup_base(f->mount, groups[i], f->a), "");
	assert_string_equal(oci_cgroup_base(f->mount, "/", f->a), "");
	assert_string_equal(oci_cgroup_base(f->mount, "", f->a), "");
}

/* DelegateSubgroup=: the unit's group has no process, so it may hand controllers on. */
static void test_below_a_delegated_one(void **state)
{
	struct fixture *f = *state;

	mark(f, groups[UNIT]);
	assert_string_equal(oci_cgroup_base(f->mount, groups[BELOW], f->a), groups[UNIT]);
}

/* An older systemd: the shim itself is in the unit's group. */
static void test_in_a_delegated_one(void **state)
{
	struct fixture *f = *state;

	mark(f, groups[UNIT]);
	assert_string_equal(oci_cgroup_base(f->mount, groups[UNIT], f->a), "");
	/* So it is when the slice is somebody's own, as a user's: ours is still the unit's. */
	mark(f, groups[SLICE]);
	assert_string_equal(oci_cgroup_base(f->mount, groups[UNIT], f->a), "");
}

/* The group that was written down with the instance, unless that cannot be it. */
static void test_of_an_instance(void **state)
{
	static const char now[] = "/new.service/t-owner/shop.web-rep-0.1";
	static const struct {
		const char *was, *is;
	} cases[] = {
		{ NULL, now },
		{ now, now },
		{ "/t-owner/shop.web-rep-0.1", "/t-owner/shop.web-rep-0.1" },
		{ "/old.service/t-owner/shop.web-rep-0.1",
		  "/old.service/t-owner/shop.web-rep-0.1" },
		{ "/", now },
		{ "", now },
		{ "/t-owner", now },
		{ "/t-owner/shop.web-rep-0.12", now },
		{ "/not-owner/shop.web-rep-0.1", now },
		{ "/x/another-t-owner/shop.web-rep-0.1", now },
	};
	struct fixture *f = *state;
	struct youki y = { .layout.owner = "t-owner", .cgroups.base = "/new.service" };
	struct youki_box box = { .id = "shop.web-rep-0.1", .y = &y };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		box.rec.cgroup = cases[i].was;
		assert_string_equal(youki_box_cgroup(&box, f->a), cases[i].is);
	}
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_not_delegated),
		CASE(test_below_a_delegated_one),
		CASE(test_in_a_delegated_one),
		CASE(test_of_an_instance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
