/* SPDX-License-Identifier: Apache-2.0 */
/* How wall time is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

static void test_text(void **state)
{
	static const struct {
		int64_t us;
		const char *rfc3339, *compact;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000000Z", "19700101T000000000000Z" },
		{ -1, "1969-12-31T23:59:59.999999Z", "19691231T235959999999Z" },
		{ INT64_C(1700000000123456), "2023-11-14T22:13:20.123456Z",
		  "20231114T221320123456Z" },
	};
	char buf[CLOCK_RFC3339_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wall t = { rows[i].us };

		assert_string_equal(clock_rfc3339(t, buf), rows[i].rfc3339);
		assert_string_equal(clock_compact(t, buf), rows[i].compact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
