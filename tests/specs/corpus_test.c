/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole documents: ours under tests/specs/docs, and upstream's corpus and its
 * mutants where ../shared is there. A document of upstream's on which we differ
 * is named here with the code of the rule; nothing else may differ.
 */
#include <dirent.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "specs/parse.h"

/* Mutants upstream takes and our stricter rules refuse. */
static const struct {
	const char *id;
	enum finding_code code;
} stricter[] = {
	{ "m0176", FINDING_SERVICE_NAME },    { "m0446", FINDING_TARGET_RELATIVE },
	{ "m0620", FINDING_SERVICE_NAME },    { "m0626", FINDING_TARGET_RELATIVE },
	{ "m0792", FINDING_TARGET_RELATIVE }, { "m0953", FINDING_SERVICE_NAME },
	{ "m1014", FINDING_SERVICE_NAME },    { "m1030", FINDING_TARGET_RELATIVE },
	{ "m1184", FINDING_SERVICE_NAME },    { "m1189", FINDING_SERVICE_NAME },
	{ "m1200", FINDING_TARGET_RELATIVE }, { "m1230", FINDING_SERVICE_NAME },
	{ "m1244", FINDING_TARGET_RELATIVE }, { "m1285", FINDING_SERVICE_NAME },
	{ "m1337", FINDING_TARGET_RELATIVE }, { "m1343", FINDING_TARGET_RELATIVE },
	{ "m1379", FINDING_SERVICE_NAME },
};

static enum finding_code stricter_code(const char *id)
{
	for (size_t i = 0; i < sizeof(stricter) / sizeof(stricter[0]); i++)
		if (strcmp(stricter[i].id, id) == 0)
			return stricter[i].code;
	return 0;
}

/* Every error of @f has that code, and there is one. */
static bool has_only(const struct findings *f, enum finding_code code)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->items[i].severity == SEVERITY_ERROR && f->items[i].code != code)
			return false;
	return f->n_errors > 0;
}

static void check_document(const char *id, const char *bytes, size_t n, bool is_accepted)
{
	struct arena *arena CLEAN(arena) = arena_new();
	struct findings findings;
	struct deployment *d = NULL;
	struct error err = ERROR_INIT;
	findings_init(&findings, arena, id);
	int r = parse_deployment(bytes, n, arena, &findings, &d, &err);
	enum finding_code code = stricter_code(id);
	if (is_accepted && code) {
		assert_true(r < 0);
		assert_true(has_only(&findings, code));
		return;
	}
	if ((r == 0) != is_accepted)
		fail_msg("%s: should be %s: %s", id, is_accepted ? "accepted" : "rejected",
			 r < 0 ? err.msg : "no error");
	assert_int_equal(findings.n_errors > 0, !is_accepted);
	assert_int_equal(d != NULL, is_accepted);
}

/* A comment `# code: E0201` in the first line of one of ours says what must be found. */
static void check_code(const char *path, const char *bytes, size_t n)
{
	static const char mark[] = "# code: E0";
	struct arena *arena CLEAN(arena) = arena_new();
	struct findings findings;
	struct deployment *d = NULL;
	if (n < sizeof(mark) || strncmp(bytes, mark, sizeof(mark) - 1) != 0)
		return;
	findings_init(&findings, arena, path);
	(void)parse_deployment(bytes, n, arena, &findings, &d,
			       NULL); /* the findings are looked at */
	const char *want = bytes + strlen("# code: ");
	for (size_t i = 0; i < findings.n; i++)
		if (strncmp(findings_code_text(findings.items[i].code), want, 5) == 0)
			return;
	fail_msg("%s: finding %.5s is missing", path, want);
}

static size_t check_folder(const char *folder, bool is_accepted)
{
	DIR *dir = opendir(folder);
	size_t n = 0;
	for (struct dirent *e; dir && (e = readdir(dir));) {
		struct buf b CLEAN(buf) = BUF_INIT(2 * LIMIT_SPEC_BYTES);
		struct error err = ERROR_INIT;
		if (!strstr(e->d_name, ".yaml") && !strstr(e->d_name, ".json"))
			continue;
		if (fs_read(dirfd(dir), e->d_name, &b, &err) < 0)
			fail_msg("%s", err.msg);
		check_document(e->d_name, b.data, b.n, is_accepted);
		check_code(e->d_name, b.data, b.n);
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

static void test_own(void **state)
{
	(void)state;
	assert_true(check_folder(TEST_SOURCE_DIR "/tests/specs/docs/accept", true) >= 10);
	assert_true(check_folder(TEST_SOURCE_DIR "/tests/specs/docs/reject", false) >= 10);
}

static void test_upstream(void **state)
{
	(void)state;
	size_t n = check_folder(TEST_SHARED_DIR "/corpus/zlayer/accept", true);
	n += check_folder(TEST_SHARED_DIR "/corpus/zlayer/reject", false);
	if (n == 0)
		skip();
	assert_int_equal(n, 142);
}

static void check_mutant(const char *line, size_t n)
{
	struct json_object *o CLEAN(json) = NULL;
	struct error err = ERROR_INIT;
	const char *id;
	const char *verdict;
	const char *yaml;
	if (json_parse(line, n, &o, &err) < 0 || json_need_str(o, "id", &id, &err) < 0 ||
	    json_need_str(o, "verdict", &verdict, &err) < 0 ||
	    json_need_str(o, "yaml", &yaml, &err) < 0)
		fail_msg("%s", err.msg);
	size_t n_yaml = (size_t)json_object_get_string_len(json_object_object_get(o, "yaml"));
	check_document(id, yaml, n_yaml, strcmp(verdict, "accept") == 0);
}

static void test_mutants(void **state)
{
	(void)state;
	struct buf b CLEAN(buf) = BUF_INIT(16 << 20);
	size_t n = 0;
	if (fs_read(AT_FDCWD, TEST_SHARED_DIR "/corpus/mutants/mutants.jsonl", &b, NULL) < 0)
		skip();
	for (char *line = b.data, *end; (end = strchr(line, '\n')); line = end + 1, n++)
		check_mutant(line, (size_t)(end - line));
	assert_int_equal(n, 1400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_upstream),
		cmocka_unit_test(test_mutants),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
