/* SPDX-License-Identifier: Apache-2.0 */
/* Where the address sanitizer is built in, an arena's memory is out of bounds unless handed out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define __asan_address_is_poisoned(p) ((void)(p), 1)
#endif

#include "base/arena.h"

static void test_poison(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	char *first = arena_alloc(a, 16);
	char *large;

#ifndef __SANITIZE_ADDRESS__
	skip();
#endif
	assert_true(__asan_address_is_poisoned(first + 16));
	large = arena_alloc(a, 4096); /* in a second block */
	for (size_t i = 0; i < 4096; i++)
		assert_int_equal(large[i], 0);
	assert_int_equal(first[0], 0);
	arena_reset(a);
	assert_true(__asan_address_is_poisoned(large));
	assert_true(__asan_address_is_poisoned(large + 4095));
	large = arena_strdup(a, "again");
	assert_string_equal(large, "again");
	assert_true(__asan_address_is_poisoned(large + 16));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_poison) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
