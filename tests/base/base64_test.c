/* SPDX-License-Identifier: Apache-2.0 */
/* The vectors of RFC 4648, all byte values, and what is no base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"

static void test_vectors(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text CLEAN(buf) = BUF_INIT(100);
		struct buf back CLEAN(buf) = BUF_INIT(100);

		base64_encode(cases[i][0], strlen(cases[i][0]), &text);
		assert_string_equal(text.data, cases[i][1]);
		assert_int_equal(base64_decode(text.data, &back, NULL), 0);
		assert_string_equal(back.data, cases[i][0]);
	}
}

static void test_all_bytes(void **state)
{
	struct buf text CLEAN(buf) = BUF_INIT(1000);
	struct buf back CLEAN(buf) = BUF_INIT(256);
	uint8_t all[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	base64_encode(all, sizeof(all), &text);
	assert_int_equal(base64_decode(text.data, &back, NULL), 0);
	assert_int_equal(back.n, 256);
	assert_memory_equal(back.data, all, 256);
	assert_int_equal(base64_decode("Zg==", &back, NULL), -ERR_LIMIT);
}

static void test_no_base64(void **state)
{
	static const char *const cases[] = { "Z",         "Zg=",       "Zg==Zg==", "Z===", "====",
					     "Zm 8=Zm9v", "Zm9v\nZm9", "Zg=v",     "Zm-_" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf back CLEAN(buf) = BUF_INIT(100);

		assert_int_equal(base64_decode(cases[i], &back, NULL), -ERR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_all_bytes),
		cmocka_unit_test(test_no_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
