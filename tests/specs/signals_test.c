/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as files and images write them. */
#include "specs/signals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_signals(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int number;
	} cases[] = {
		{ "SIGTERM", 15 },    { "TERM", 15 },     { "15", 15 },      { "SIGKILL", 9 },
		{ "HUP", 1 },         { "SIGUSR2", 12 },  { "WINCH", 28 },   { "RTMIN", 34 },
		{ "SIGRTMIN+3", 37 }, { "RTMIN+30", 64 }, { "RTMIN+31", 0 }, { "SIGRTMAX", 64 },
		{ "SIGRTMAX-1", 63 }, { "RTMAX-30", 34 }, { "64", 64 },      { "65", 0 },
		{ "0", 0 },           { "", 0 },          { "SIG", 0 },      { "SIGNOTHING", 0 },
		{ "-9", 0 },          { "sigterm", 0 },   { "SIG15", 0 },    { "RTMIN+", 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (signals_number(cases[i].text) != cases[i].number)
			fail_msg("'%s' is %d, not %d", cases[i].text, signals_number(cases[i].text),
				 cases[i].number);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
