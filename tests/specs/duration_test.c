/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and sizes: what is one, how long or large it is, how it is spelled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "specs/duration.h"
#include "specs/memory.h"

static const struct {
	const char *text;
	uint64_t sec;
	uint32_t nsec;
	const char *spelled;
} good[] = {
	{ "0", 0, 0, "0s" },
	{ "10s", 10, 0, "10s" },
	{ "90s", 90, 0, "1m 30s" },
	{ "1h30m", 5400, 0, "1h 30m" },
	{ "2h 15m", 8100, 0, "2h 15m" },
	{ " 1 0 s ", 10, 0, "10s" },
	{ "500ms", 0, 500000000, "500ms" },
	{ "1.5s", 1, 500000000, "1s 500ms" },
	{ "0.5h", 1800, 0, "30m" },
	{ "1.50m", 90, 0, "1m 30s" },
	{ "5\xc2\xb5s", 0, 5000, "5us" },
	{ "7us 8ns", 0, 7008, "7us 8ns" },
	{ "2days", 172800, 0, "2days" },
	{ "1week", 604800, 0, "7days" },
	{ "1M", 2630016, 0, "1month" },
	{ "2y", 63115200, 0, "2years" },
	{ "1000ms", 1, 0, "1s" },
	{ "3sec 3secs 3second", 9, 0, "9s" },
};

static const char *const bad[] = { "",
				   " ",
				   "30",
				   "s",
				   "-1s",
				   "+1s",
				   "1.s",
				   ".5s",
				   "5ss",
				   "1S",
				   "1s,",
				   "1s-",
				   "5 parsecs",
				   "99999999999999999999s",
				   "18446744073709551615y" };

static void test_durations(void **state)
{
	(void)state;
	char text[DURATION_TEXT_SIZE];
	const char *why = NULL;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct duration d = { 0, 0 };
		struct duration again = { 0, 0 };
		if (!duration_parse(good[i].text, &d, &why))
			fail_msg("%s: %s", good[i].text, why);
		assert_true(d.sec == good[i].sec);
		assert_true(d.nsec == good[i].nsec);
		assert_string_equal(duration_format(d, text), good[i].spelled);
		assert_true(duration_parse(text, &again, &why));
		assert_true(again.sec == d.sec && again.nsec == d.nsec);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct duration d;
		why = NULL;
		if (duration_parse(bad[i], &d, &why))
			fail_msg("'%s' is taken", bad[i]);
		assert_non_null(why);
	}
	assert_true(duration_us((struct duration){ 2, 1999 }) == 2000001);
	assert_true(duration_us((struct duration){ UINT64_MAX, 0 }) == INT64_MAX);
}

static const struct {
	const char *text;
	uint64_t strict; /* 0: refused */
	uint64_t lax;
} sizes[] = {
	{ "1Ki", 1024, 1024 },
	{ "512Mi", UINT64_C(512) << 20, UINT64_C(512) << 20 },
	{ "+2Gi", UINT64_C(2) << 30, UINT64_C(2) << 30 },
	{ "1Ti", UINT64_C(1) << 40, UINT64_C(1) << 40 },
	{ "18446744073709551615Ti", UINT64_MAX, UINT64_MAX },
	{ "64", 0, 64 },
	{ "64K", 0, 64000 },
	{ "1G", 0, 1000000000 },
	{ "0Mi", 0, 0 },
	{ "0", 0, 0 },
	{ "", 0, 0 },
	{ "Mi", 0, 0 },
	{ "1 Mi", 0, 0 },
	{ "1.5Gi", 0, 0 },
	{ "-1", 0, 0 },
	{ "1MiB", 0, 0 },
	{ "1mi", 0, 0 },
	{ "18446744073709551616", 0, 0 },
};

static void test_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t strict = 0;
		uint64_t lax = 0;
		assert_int_equal(memory_parse(sizes[i].text, &strict), sizes[i].strict != 0);
		assert_int_equal(memory_parse_lax(sizes[i].text, &lax), sizes[i].lax != 0);
		assert_true(strict == sizes[i].strict && lax == sizes[i].lax);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
