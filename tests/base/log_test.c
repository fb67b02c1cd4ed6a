/* SPDX-License-Identifier: Apache-2.0 */
/* What others said stands in a line of the log, and is part of that line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static void test_a_line_stays_one(void **state)
{
	int ends[2], old = dup(STDERR_FILENO);
	char text[256] = "";

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_line(LOG_ERROR, "slot=%s msg=%s", "web", "a\nlevel=info msg=b\033[2J\xc3\xa4");
	assert_true(dup2(old, STDERR_FILENO) >= 0);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "level=error slot=web msg=a?level=info msg=b?[2J\xc3\xa4\n");
	close(ends[0]);
	close(ends[1]);
	close(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_stays_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
