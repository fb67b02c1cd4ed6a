/* SPDX-License-Identifier: Apache-2.0 */
/* FORMAT.md says what the tables say: every code with its meaning, every field with its line. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/fs.h"
#include "specs/findings.h"
#include "specs/schema.h"

static void load(struct buf *b)
{
	assert_int_equal(fs_read(AT_FDCWD, TEST_SOURCE_DIR "/specs/FORMAT.md", b, NULL), 0);
}

static void test_codes(void **state)
{
	(void)state;
	struct buf b CLEAN(buf) = BUF_INIT(1 << 20);
	load(&b);
	size_t n = 0;
	for (int code = 1; code < 1000; code++) {
		char row[256];
		const char *meaning = findings_code_meaning(code);
		snprintf(row, sizeof(row), "| E%04d | %s | %s |", code,
			 code / 100 == 5 ? "warning" : "error", meaning ? meaning : "");
		if (!meaning)
			continue;
		if (!strstr(b.data, row))
			fail_msg("FORMAT.md lacks: %s", row);
		n++;
	}
	size_t n_rows = 0;
	const char *table = strstr(b.data, "## Codes");
	assert_non_null(table);
	for (const char *s = table; (s = strstr(s, "\n| E0")); s++)
		n_rows++;
	assert_int_equal(n_rows, n);
}

/* Parts that stand in several places are described in one of them. */
static bool is_elsewhere(const char *path)
{
	static const char *const copies[] = {
		"externals.*.endpoints[].",
		"externals.*.health.",
		"services.*.replica_groups[].image.",
		"services.*.replica_groups[].command.",
		"services.*.replica_groups[].resources.",
		"services.*.tallyman.",
	};
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++)
		if (strncmp(path, copies[i], strlen(copies[i])) == 0)
			return true;
	return false;
}

static void check_field(void *ctx, const char *path, const struct schema_field *f,
			const struct schema_type *in)
{
	char start[256];
	(void)in;
	snprintf(start, sizeof(start), "\n| `%s`", path);
	if (is_elsewhere(path))
		return;
	const char *row = strstr(ctx, start);
	if (!row)
		fail_msg("FORMAT.md lacks the field %s", path);
	size_t n = strcspn(row + 1, "\n");
	const char *doc = strstr(row, f->doc);
	if (!doc || doc > row + n)
		fail_msg("FORMAT.md says something else of %s than: %s", path, f->doc);
}

static void test_fields(void **state)
{
	(void)state;
	struct buf b CLEAN(buf) = BUF_INIT(1 << 20);
	load(&b);
	schema_walk(check_field, b.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
