/* SPDX-License-Identifier: Apache-2.0 */
/* A state directory on a network file system: no store is opened there, neither to write nor to
 * read, and nothing is made. The kernel's answer is the test's: statfs() is wrapped at link time.
 */
#include "tests/store/fixture.h"

#include <sys/vfs.h>

static uint64_t magic; /* what the kernel says of every directory */

int __wrap_statfs64(const char *path, struct statfs *ret);
int __wrap_statfs64(const char *path, struct statfs *ret)
{
	assert_non_null(path);
	*ret = (struct statfs){ .f_type = (__typeof__(ret->f_type))magic };
	return 0;
}

static void refused(struct fixture *f, enum store_mode mode, const char *name)
{
	f->err = ERROR_INIT;
	assert_int_equal(fixture_open(f, mode), -ERR_UNSUPPORTED);
	assert_non_null(strstr(f->err.msg, f->dir));
	assert_non_null(strstr(f->err.msg, name));
	assert_non_null(strstr(f->err.hint, "--state-dir"));
	assert_null(f->store);
}

static void test_refused(void **state)
{
	static const struct {
		uint64_t magic;
		const char *name;
	} rows[] = { { 0x6969, "nfs" }, { 0x01021997, "9p" }, { 0xff534d42, "cifs" } };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		magic = rows[i].magic;
		refused(f, STORE_WRITE, rows[i].name);
		assert_true(fs_is_empty(AT_FDCWD, f->dir, &f->err) > 0);
	}
	magic = 0xef53;
	ok(f, fixture_open(f, STORE_WRITE));
	fixture_close(f);
	magic = 0x6969;
	refused(f, STORE_READ, "nfs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
