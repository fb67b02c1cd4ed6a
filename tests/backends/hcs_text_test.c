/* SPDX-License-Identifier: Apache-2.0 */
/* Every character there and back; everything that is no character is refused at its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backends/hcs_text.h"

struct world {
	struct arena *arena;
	struct error err;
};

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->arena = arena_new();
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	arena_free(w->arena);
	free(w);
	return 0;
}

/* The reference: one character as UTF-16, by the formula of the standard. */
static size_t units_of(uint32_t c, WCHAR out[3])
{
	size_t n = 0;

	if (c < 0x10000) {
		out[n++] = (WCHAR)c;
	} else {
		out[n++] = (WCHAR)(0xD800 | (c - 0x10000) / 0x400);
		out[n++] = (WCHAR)(0xDC00 | (c - 0x10000) % 0x400);
	}
	out[n] = 0;
	return n;
}

static void test_every_character(void **state)
{
	struct world *w = *state;
	struct buf text CLEAN(buf) = BUF_INIT(8);
	WCHAR want[3];
	PCWSTR got;

	for (uint32_t c = 1; c <= 0x10FFFF; c++) {
		size_t n = units_of(c, want);

		if (c >= 0xD800 && c < 0xE000)
			continue;
		arena_reset(w->arena);
		buf_clear(&text);
		assert_int_equal(hcs_text_from_utf16(want, &text, &w->err), 0);
		assert_int_equal(hcs_text_to_utf16(text.data, w->arena, &got, &w->err), 0);
		assert_memory_equal(got, want, (n + 1) * sizeof(WCHAR));
		assert_int_equal(hcs_text_length(got), n);
	}
}

static void test_known_text(void **state)
{
	static const WCHAR wide[] = { 'C', ':', '\\', 0x00FC, 0x20AC, 0xD83D, 0xDE00, 'z', 0 };
	static const char narrow[] = "C:\\\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80z";
	struct world *w = *state;
	struct buf text CLEAN(buf) = BUF_INIT(100);
	PCWSTR got;

	assert_int_equal(hcs_text_to_utf16(narrow, w->arena, &got, &w->err), 0);
	assert_memory_equal(got, wide, sizeof(wide));
	buf_puts(&text, "at ");
	assert_int_equal(hcs_text_from_utf16(wide, &text, &w->err), 0);
	assert_string_equal(text.data + 3, narrow);
}

static void test_no_utf8(void **state)
{
	static const struct {
		const char *text;
		int at;
	} cases[] = {
		{ "ab\x80", 2 },
		{ "\xC3", 0 },
		{ "\xC3z", 0 },
		{ "\xC0\x80", 0 },
		{ "\xC1\xBF", 0 },
		{ "\xE0\x80\x80", 0 },
		{ "\xE0\x9F\xBF", 0 },
		{ "x\xED\xA0\x80", 1 },
		{ "\xED\xBF\xBF", 0 },
		{ "\xE2\x82", 0 },
		{ "\xF0\x80\x80\x80", 0 },
		{ "\xF0\x8F\xBF\xBF", 0 },
		{ "\xF0\x9F\x98", 0 },
		{ "\xF4\x90\x80\x80", 0 },
		{ "\xF5\x80\x80\x80", 0 },
		{ "\xFF", 0 },
		{ "\xE2\x28\xA1", 0 },
		{ "\xF8\x88\x80\x80\x80", 0 },
		{ "\xE2\x82\xAC\xAC", 3 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		PCWSTR got = NULL;

		assert_int_equal(hcs_text_to_utf16(cases[i].text, w->arena, &got, &w->err),
				 -ERR_INVALID);
		assert_string_equal(w->err.msg,
				    arena_printf(w->arena, "not UTF-8 at byte %d", cases[i].at));
		assert_null(got);
	}
}

static void test_no_utf16(void **state)
{
	static const WCHAR cases[][4] = {
		{ 0xD83D, 0 },         { 0xDE00, 0 },         { 'a', 0xD83D, 'b', 0 },
		{ 0xDE00, 0xD83D, 0 }, { 0xD83D, 0xD83D, 0 }, { 'a', 'b', 0xDBFF, 0 },
	};
	struct world *w = *state;
	struct buf text CLEAN(buf) = BUF_INIT(100);

	buf_puts(&text, "kept");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(hcs_text_from_utf16(cases[i], &text, &w->err), -ERR_INVALID);
		assert_string_equal(text.data, "kept");
	}
}

static void test_limits_and_nothing(void **state)
{
	static const WCHAR euro[] = { 0x20AC, 'x', 0 };
	struct world *w = *state;
	struct buf small CLEAN(buf) = BUF_INIT(3);
	struct buf exact CLEAN(buf) = BUF_INIT(4);
	PCWSTR got = euro;

	assert_int_equal(hcs_text_from_utf16(euro, &small, &w->err), -ERR_LIMIT);
	assert_int_equal(small.n, 0);
	assert_int_equal(hcs_text_from_utf16(euro, &exact, &w->err), 0);
	assert_int_equal(exact.n, 4);
	assert_int_equal(hcs_text_from_utf16(NULL, &small, &w->err), 0);
	assert_int_equal(hcs_text_to_utf16(NULL, w->arena, &got, &w->err), 0);
	assert_null(got);
	assert_int_equal(hcs_text_to_utf16("", w->arena, &got, &w->err), 0);
	assert_int_equal(hcs_text_length(got), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_character, setup, teardown),
		cmocka_unit_test_setup_teardown(test_known_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_utf8, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_utf16, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits_and_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
