/* SPDX-License-Identifier: Apache-2.0 */
/* Slices: what is one, which addresses it has, how it is halved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "specs/slice.h"

static struct slice parsed(const char *text)
{
	struct error err = ERROR_INIT;
	struct slice s;

	if (slice_parse(text, &s, &err) < 0)
		fail_msg("%s", err.msg);
	return s;
}

static void test_text(void **state)
{
	static const char *const good[] = { "10.220.99.0/28", "10.0.0.0/8", "192.168.1.252/30",
					    "0.0.0.0/8", "255.255.255.0/24" };
	char text[SLICE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct slice s = parsed(good[i]);

		slice_to_string(&s, text);
		assert_string_equal(text, good[i]);
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"10.220.99.0",
		"10.220.99.0/",
		"10.220.99.0/31",
		"10.220.99.0/7",
		"10.220.99/28",
		"10.220.99.0.1/28",
		"10.220.099.0/28",
		"10.220.256.0/24",
		"10.220.99.0/28 ",
		" 10.220.99.0/28",
		"10.220.99.0/+28",
		"a.b.c.d/24",
		"10..99.0/28",
		"fd00::/64",
		"10.220.99.0/028x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = ERROR_INIT;
		struct slice s = { 1, 2 };

		if (slice_parse(bad[i], &s, &err) != -ERR_INVALID)
			fail_msg("'%s' is taken", bad[i]);
		assert_int_equal(s.base, 1);
	}
}

static void test_within_a_network(void **state)
{
	struct error err = ERROR_INIT;
	struct slice s;

	(void)state;
	assert_int_equal(slice_parse("10.220.99.5/28", &s, &err), -ERR_INVALID);
	assert_string_equal(err.hint, "write 10.220.99.0/28");
}

static void test_addresses(void **state)
{
	struct slice s = parsed("10.220.99.0/28");
	char text[SLICE_TEXT];
	uint32_t address;

	(void)state;
	slice_address_to_string(slice_gateway(&s), text);
	assert_string_equal(text, "10.220.99.1");
	assert_int_equal(slice_size(&s), 13);
	slice_address_to_string(slice_address(&s, 0), text);
	assert_string_equal(text, "10.220.99.2");
	slice_address_to_string(slice_address(&s, 12), text);
	assert_string_equal(text, "10.220.99.14");
	for (uint32_t i = 0; i < 13; i++)
		assert_true(slice_holds(&s, slice_address(&s, i)));
	assert_false(slice_holds(&s, slice_gateway(&s)));
	assert_false(slice_holds(&s, s.base));
	assert_false(slice_holds(&s, s.base + 15));
	assert_false(slice_holds(&s, s.base + 16));
	assert_true(slice_address_parse("10.220.99.14", &address));
	assert_int_equal(address, slice_address(&s, 12));
	assert_false(slice_address_parse("10.220.99.14/28", &address));
	assert_int_equal(slice_size(&(struct slice){ 0, 30 }), 1);
}

static void test_halves(void **state)
{
	struct slice s = parsed("10.220.99.0/28"), low, high;
	char text[SLICE_TEXT];

	(void)state;
	assert_true(slice_halve(&s, &low, &high));
	slice_to_string(&low, text);
	assert_string_equal(text, "10.220.99.0/29");
	slice_to_string(&high, text);
	assert_string_equal(text, "10.220.99.8/29");
	assert_false(slice_meets(&low, &high));
	assert_true(slice_meets(&s, &low));
	assert_true(slice_meets(&high, &s));
	assert_false(slice_halve(&low, &s, &high));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_within_a_network),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
