/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's parts that need no keeper: words of command lines, prefixes, paths, switches, names.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backends/hcs_sim/host/command.h"
#include "backends/hcs_sim/host/image_path.h"
#include "backends/hcs_sim/host/store.h"
#include "backends/hcs_sim/host/subnet.h"
#include "backends/hcs_sim/host/switches.h"
#include "base/fs.h"

static int setup(void **state)
{
	*state = arena_new();
	return 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

/* The examples of Microsoft's documentation of argument parsing, and edges. */
static void test_words(void **state)
{
	static const struct {
		const char *line;
		const char *words[6];
	} cases[] = {
		{ "a b  c", { "a", "b", "c" } },
		{ "  lead\ttail ", { "lead", "tail" } },
		{ "\"a b c\" d e", { "a b c", "d", "e" } },
		{ "\"ab\\\"c\" \"\\\\\" d", { "ab\"c", "\\", "d" } },
		{ "a\\\\\\b d\"e f\"g h", { "a\\\\\\b", "de fg", "h" } },
		{ "a\\\\\\\"b c d", { "a\\\"b", "c", "d" } },
		{ "a\\\\\\\\\"b c\" d e", { "a\\\\b c", "d", "e" } },
		{ "a\"b\"\" c d", { "ab\" c d" } },
		{ "\"\" x", { "", "x" } },
		{ "C:\\dir\\ next", { "C:\\dir\\", "next" } },
		{ "", { "" } },
		{ "\"open end", { "open end" } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const *got = command_split(cases[i].line, *state);
		size_t n = 0;

		for (; cases[i].words[n]; n++) {
			assert_non_null(got[n]);
			assert_string_equal(got[n], cases[i].words[n]);
		}
		assert_null(got[n]);
	}
}

static void test_subnets(void **state)
{
	static const char *const bad[] = { "10.0.0.0",  "10.0.0.1/24", "10.0.0.0/33",
					   "10.0.0.0/", "10.0.0.0/-1", "/24",
					   "x/24",      "fd00::1/64",  "10.0.0.0/ 8" };
	struct subnet a, b, six;
	struct address in, out, edge;
	char text[ADDRESS_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(subnet_parse(bad[i], &a));
	assert_true(subnet_parse("10.220.99.0/28", &a));
	assert_true(subnet_parse("10.220.96.0/20", &b));
	assert_true(subnet_parse("fd00:1::/64", &six));
	assert_true(subnet_overlaps(&a, &b) && subnet_overlaps(&b, &a));
	assert_false(subnet_overlaps(&a, &six));
	assert_true(address_parse("10.220.99.15", &edge) && address_parse("10.220.99.14", &in) &&
		    address_parse("10.220.99.16", &out));
	assert_true(subnet_has(&a, &edge) && !subnet_is_host(&a, &edge));
	assert_true(subnet_is_host(&a, &in) && !subnet_has(&a, &out));
	assert_false(subnet_is_host(&a, &a.base));
	subnet_next(&edge);
	assert_true(address_equal(&edge, &out));
	assert_true(address_parse("10.0.0.255", &edge));
	subnet_next(&edge);
	assert_string_equal(address_format(&edge, text), "10.0.1.0");
	/* Of two addresses both are for hosts, and so is the last one of the other family. */
	assert_true(subnet_parse("10.0.0.0/31", &a) && subnet_is_host(&a, &a.base));
	assert_true(address_parse("fd00:1::ffff:ffff:ffff:ffff", &in) && subnet_is_host(&six, &in));
}

static void test_image_paths(void **state)
{
	char root[] = "/tmp/hcs-path.XXXXXX";
	struct arena *a = *state;
	const char *deep;

	assert_non_null(mkdtemp(root));
	deep = arena_printf(a, "%s/Program Files/App", root);
	assert_int_equal(fs_mkdirs(AT_FDCWD, deep, 0755, NULL), 0);
	assert_string_equal(image_path_find(root, "C:\\program files\\APP", a), deep);
	assert_string_equal(image_path_find(root, "\\Program Files/.\\app\\", a), deep);
	assert_string_equal(image_path_find(root, "..\\..\\program files\\x\\..\\app", a), deep);
	assert_string_equal(image_path_find(root, "", a), root);
	assert_null(image_path_find(root, "C:\\program", a));
	assert_string_equal(image_path_below(root, "d:\\PROGRAM FILES\\New\\..\\..\\..\\etc", a),
			    arena_printf(a, "%s/etc", root));
	assert_string_equal(image_path_below(root, "C:\\program files\\New", a),
			    arena_printf(a, "%s/Program Files/New", root));
	assert_int_equal(fs_remove_tree(AT_FDCWD, root, NULL), 0);
}

static void test_switches(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "{\"colour\":\"red\"}", "no switch is called 'colour'" },
		{ "{\"codes\":\"ntstatuses\"}", "switch codes is one of: hresult ntstatus" },
		{ "{\"codes\":1}", "switch codes is one of: hresult ntstatus" },
		{ "{\"latency_ms\":-1}", "switch latency_ms is a number from 0 to 60000" },
		{ "{\"latency_ms\":\"5\"}", "switch latency_ms is a number from 0 to 60000" },
		{ "[]", "switches are one JSON object" },
	};
	static const char good[] = "{\"endpoint_delete\":\"refused\",\"latency_ms\":5}";
	struct switches s;
	struct error err;
	struct json_object *o;

	(void)state;
	switches_default(&s);
	assert_int_equal(s.host_build, 20348);
	assert_int_equal(s.endpoint_delete, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(switches_read(cases[i].text, strlen(cases[i].text), &s, &err),
				 -ERR_INVALID);
		assert_string_equal(err.msg, cases[i].why);
	}
	assert_int_equal(switches_read(good, strlen(good), &s, &err), 0);
	assert_int_equal(s.endpoint_delete, SWITCH_ENDPOINT_DELETE_REFUSED);
	o = switches_to_json(&s);
	assert_string_equal(json_object_get_string(json_object_object_get(o, "endpoint_delete")),
			    "refused");
	assert_int_equal(json_object_get_int(json_object_object_get(o, "latency_ms")), 5);
	json_free(o);
}

static void test_file_names(void **state)
{
	char name[STORE_NAME_SIZE], longest[400];

	(void)state;
	assert_int_equal(store_name("shop.web-rep-0.17", name, NULL), 0);
	assert_string_equal(name, "shop.web-rep-0.17");
	assert_int_equal(store_name("../a b%", name, NULL), 0);
	assert_string_equal(name, "%2e.%2fa%20b%25");
	assert_int_equal(store_name("", name, NULL), -ERR_LIMIT);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(store_name(longest, name, NULL), -ERR_LIMIT);
}

static const char *content(struct arena *a, int dir)
{
	struct buf text CLEAN(buf) = BUF_INIT(100);

	return fs_read(dir, "f", &text, NULL) < 0 ? "" : arena_strdup(a, text.data);
}

/* Counts are written into a file that others replace: never over what they have written. */
static void test_replacing(void **state)
{
	char root[] = "/tmp/hcs-store.XXXXXX";
	struct store_seen seen = { 0 }, stale;
	int dir CLEAN(fd) = -1;

	assert_non_null(mkdtemp(root));
	dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(store_replace(dir, "f", "one", 3, &seen, NULL), 0);
	assert_int_equal(store_replace(dir, "f", "two", 3, &seen, NULL), 0);
	assert_string_equal(content(*state, dir), "two");
	stale = seen;
	assert_int_equal(fs_write_atomic(dir, "f", "theirs", 6, 0600, NULL), 0);
	assert_int_equal(store_replace(dir, "f", "mine", 4, &seen, NULL), STORE_CHANGED);
	assert_string_equal(content(*state, dir), "theirs");
	assert_true(store_is_same(&seen, &stale));
	seen = store_look(dir, "f");
	assert_int_equal(store_replace(dir, "f", "mine", 4, &seen, NULL), 0);
	assert_string_equal(content(*state, dir), "mine");
	/* Gone, or come, is changed, too. */
	assert_int_equal(unlinkat(dir, "f", 0), 0);
	assert_int_equal(store_replace(dir, "f", "mine", 4, &seen, NULL), STORE_CHANGED);
	assert_string_equal(content(*state, dir), "");
	assert_int_equal(fs_write_atomic(dir, "f", "theirs", 6, 0600, NULL), 0);
	seen = (struct store_seen){ 0 };
	assert_int_equal(store_replace(dir, "f", "mine", 4, &seen, NULL), STORE_CHANGED);
	assert_string_equal(content(*state, dir), "theirs");
	assert_int_equal(fs_exists(dir, "f.new", NULL), 0);
	assert_int_equal(fs_remove_tree(AT_FDCWD, root, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_words),    TEST(test_subnets),    TEST(test_image_paths),
		TEST(test_switches), TEST(test_file_names), TEST(test_replacing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
