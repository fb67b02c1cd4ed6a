/* SPDX-License-Identifier: Apache-2.0 */
/* Text there and back, what is no GUID, and version 5 against published values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backends/hcs_guid.h"

/* The name space of domain names, RFC 4122 appendix C. */
static const GUID dns = {
	0x6ba7b810, 0x9dad, 0x11d1, { 0x80, 0xb4, 0, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 }
};

static void test_text(void **state)
{
	static const char want[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
	static const char *const spellings[] = {
		want,
		"{6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
		"6BA7B810-9DAD-11D1-80B4-00C04FD430C8",
		"{6BA7b810-9dad-11D1-80B4-00c04fd430c8}",
	};
	char text[HCS_GUID_SIZE];
	GUID id;

	(void)state;
	assert_string_equal(hcs_guid_format(&dns, text), want);
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		assert_true(hcs_guid_parse(spellings[i], &id));
		assert_true(hcs_guid_equal(&id, &dns));
	}
	assert_false(hcs_guid_is_zero(&dns));
	assert_true(hcs_guid_parse("00000000-0000-0000-0000-000000000000", &id));
	assert_true(hcs_guid_is_zero(&id));
}

static void test_no_guid(void **state)
{
	static const char *const cases[] = {
		"",
		"{",
		"{}",
		"6ba7b810",
		"6ba7b810-9dad-11d1-80b4-00c04fd430c",
		"6ba7b810-9dad-11d1-80b4-00c04fd430c80",
		"{6ba7b810-9dad-11d1-80b4-00c04fd430c8",
		"6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
		"6ba7b8109dad11d180b400c04fd430c8",
		"6ba7b810-9dad-11d1-80b4_00c04fd430c8",
		"6ba7b810-9dad-11d1-80b4-00c04fd430cg",
		" 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
		"6ba7b81-09dad-11d1-80b4-00c04fd430c8",
	};
	GUID id = dns;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_false(hcs_guid_parse(cases[i], &id));
	assert_true(hcs_guid_equal(&id, &dns));
}

/* Values that other programs give as examples of version 5. */
static void test_derived(void **state)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2" },
		{ "python.org", "886313e1-3b8a-5372-9b90-0c9aee199e5d" },
		{ "", "4ebd0208-8328-5d69-8c44-ec50939c0967" },
	};
	char text[HCS_GUID_SIZE];
	GUID id;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		hcs_guid_derive(&dns, cases[i].name, strlen(cases[i].name), &id);
		assert_string_equal(hcs_guid_format(&id, text), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_no_guid),
		cmocka_unit_test(test_derived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
