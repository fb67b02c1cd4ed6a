/* SPDX-License-Identifier: Apache-2.0 */
/* A library that is there, one that is not, and one that lacks a function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/late.h"

#define MATH_CALLS(X) X(, floor) X(, ldexp)

struct math_calls {
	MATH_CALLS(LATE_CALL)
};

static const char *const names[] = { MATH_CALLS(LATE_NAME) };
static const char *const wrong_names[] = { "floor", "no_such_function" };

static void test_loads(void **state)
{
	struct math_calls libm = { 0 };
	struct late late = LATE_INIT("libm.so.6", "libc6", names, &libm);
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(late_load(&late, &err), 0);
	assert_true(libm.floor(2.5) == 2.0);
	assert_true(libm.ldexp(1.0, 10) == 1024.0);
	assert_int_equal(late_load(&late, &err), 0);
}

static void test_refuses(struct late *late, const char *why)
{
	struct math_calls *libm = late->calls;
	struct error err = ERROR_INIT;

	assert_int_equal(late_load(late, &err), -ERR_UNAVAILABLE);
	assert_non_null(strstr(err.msg, why));
	assert_string_equal(err.hint, "install it: apt-get install libwanted1");
	assert_null(libm->floor);
	assert_null(libm->ldexp);
}

static void test_missing_library(void **state)
{
	struct math_calls libm = { 0 };
	struct late late = LATE_INIT("libwanted.so.1", "libwanted1", names, &libm);

	(void)state;
	test_refuses(&late, "libwanted.so.1");
}

static void test_missing_function(void **state)
{
	struct math_calls libm = { 0 };
	struct late late = LATE_INIT("libm.so.6", "libwanted1", wrong_names, &libm);

	(void)state;
	test_refuses(&late, "no_such_function");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_missing_library),
		cmocka_unit_test(test_missing_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
