/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config hash: the golden file says that no hash ever changes; the tables
 * say which change touches which group.
 */
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
#include "specs/hash.h"
#include "specs/parse.h"

static struct service *parse(const char *text, struct arena *arena)
{
	struct json_object *json CLEAN(json) = NULL;
	struct error err = ERROR_INIT;
	struct service *s = NULL;
	if (json_parse(text, strlen(text), &json, &err) < 0 ||
	    parse_service_json("s", json, arena, &s, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return s;
}

/* Lines of "service as JSON <tab> hash"; # begins a comment. Append-only. */
static void test_golden(void **state)
{
	(void)state;
	struct buf b CLEAN(buf) = BUF_INIT(1 << 20);
	assert_int_equal(fs_read(AT_FDCWD, TEST_SOURCE_DIR "/tests/golden/hashes.tsv", &b, NULL),
			 0);
	size_t n = 0;
	for (char *line = b.data, *end; (end = strchr(line, '\n')); line = end + 1) {
		struct arena *arena CLEAN(arena) = arena_new();
		char hash[HASH_SIZE];
		*end = 0;
		char *want = strchr(line, '\t');
		if (*line == '#' || !want)
			continue;
		*want++ = 0;
		hash_service(parse(line, arena), NULL, hash);
		if (strcmp(hash, want) != 0)
			fail_msg("%s\n  have %s\n  want %s", line, hash, want);
		n++;
	}
	assert_true(n >= 10);
}

#define BASE "{\"image\":{\"name\":\"busybox\"}"

static const struct {
	const char *json;  /* further members, after BASE */
	const char *group; /* that changes against BASE alone; NULL: none */
	enum hash_cost change;
} cases[] = {
	{ ",\"env\":{\"A\":\"1\"}", "env", HASH_CHANGE_RECREATE },
	{ ",\"env\":{}", NULL, HASH_CHANGE_NONE },
	{ ",\"command\":{\"args\":[]}", "process", HASH_CHANGE_RECREATE },
	{ ",\"command\":{\"args\":null}", NULL, HASH_CHANGE_NONE },
	{ ",\"resources\":{\"memory\":\"1Gi\"}", "resources", HASH_CHANGE_IN_PLACE },
	{ ",\"resources\":{\"gpu\":{}}", "process", HASH_CHANGE_RECREATE },
	{ ",\"ulimits\":{\"nofile\":{}}", "process", HASH_CHANGE_RECREATE },
	{ ",\"storage\":[{\"type\":\"tmpfs\",\"target\":\"/t\"}]", "mounts", HASH_CHANGE_RECREATE },
	{ ",\"network_mode\":\"host\"", "network", HASH_CHANGE_RECREATE },
	{ ",\"network_mode\":\"default\"", NULL, HASH_CHANGE_NONE },
	{ ",\"host_network\":true", "network", HASH_CHANGE_RECREATE },
	{ ",\"host_network\":false", NULL, HASH_CHANGE_NONE },
	{ ",\"health\":{\"check\":{\"type\":\"tcp\",\"port\":0}}", "probes", HASH_CHANGE_NONE },
	{ ",\"restart_policy\":{\"kind\":\"no\"}", "policy", HASH_CHANGE_NONE },
	{ ",\"stop_grace_period\":\"5s\"", "policy", HASH_CHANGE_NONE },
	{ ",\"scale\":{\"mode\":\"fixed\",\"replicas\":9}", NULL, HASH_CHANGE_NONE },
	{ ",\"depends\":[{\"service\":\"x\"}]", NULL, HASH_CHANGE_NONE },
	{ ",\"labels\":{\"a\":\"b\"}", "process", HASH_CHANGE_RECREATE },
	{ ",\"labels\":{\"dev.tallyman.protect\":\"true\"}", NULL, HASH_CHANGE_NONE },
	{ ",\"tallyman\":{\"update\":{\"max_parallel\":5}}", NULL, HASH_CHANGE_NONE },
	{ ",\"image\":{\"name\":\"docker.io/library/busybox:latest\"}", NULL, HASH_CHANGE_NONE },
	{ ",\"image\":{\"name\":\"busybox:1\"}", "image", HASH_CHANGE_RECREATE },
	{ ",\"image\":{\"name\":\"busybox\",\"pull_policy\":\"always\"}", NULL, HASH_CHANGE_NONE },
	{ ",\"privileged\":true", "process", HASH_CHANGE_RECREATE },
	{ ",\"read_only_root_fs\":true", "mounts", HASH_CHANGE_RECREATE },
};

static void test_groups(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena CLEAN(arena) = arena_new();
		char have[HASH_SIZE];
		char want[HASH_SIZE];
		struct service *base = parse(BASE "}", arena);
		struct service *other =
			parse(arena_printf(arena, BASE "%s}", cases[i].json), arena);
		hash_service(base, NULL, have);
		hash_service(other, NULL, want);
		struct hash_difference d = hash_compare(have, want);
		struct hash_changes c = hash_changes(base, other, arena);
		assert_int_equal(d.unknown, 0);
		assert_int_equal(hash_worst_change(d.changed), cases[i].change);
		assert_int_equal(c.n > 0, d.changed != 0);
		unsigned groups = 0;
		for (size_t j = 0; j < c.n; j++)
			groups |= 1u << (c.items[j].group - GROUP_FIRST);
		assert_int_equal(groups, d.changed);
		for (int g = GROUP_FIRST; g < GROUP_NONE; g++)
			assert_int_equal((d.changed >> (g - GROUP_FIRST)) & 1,
					 cases[i].group &&
						 strcmp(schema_group_name((enum field_group)g),
							cases[i].group) == 0);
	}
}

static const struct {
	const char *have;
	const char *want;
	const char *text; /* all changes, each line ended */
} change_cases[] = {
	{ ",\"env\":{\"V\":\"1\",\"W\":\"\"}", ",\"env\":{\"V\":\"2\",\"X\":\"\"}",
	  "env.V: 1 -> 2\nenv.W: \"\" -> (unset)\nenv.X: (unset) -> \"\"\n" },
	{ "", ",\"privileged\":true", "privileged: false -> true\n" },
	{ "", ",\"storage\":[{\"type\":\"tmpfs\",\"target\":\"/t\"}]", "storage[0]: added\n" },
	{ ",\"health\":{\"check\":{\"type\":\"tcp\",\"port\":1}}", "", "health: removed\n" },
	{ ",\"command\":{\"args\":[\"a\",\"b\"]}", ",\"command\":{\"args\":[\"a\",\"c\"]}",
	  "command.args[1]: b -> c\n" },
	{ "", ",\"hostname\":\"h\"", "hostname: (unset) -> h\n" },
	{ "", ",\"image\":{\"name\":\"busybox:1\"}",
	  "image.name: docker.io/library/busybox:latest -> docker.io/library/busybox:1\n" },
	{ "", "", "" },
};

static void test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(change_cases) / sizeof(change_cases[0]); i++) {
		struct arena *arena CLEAN(arena) = arena_new();
		struct buf text CLEAN(buf) = BUF_INIT(4096);
		struct hash_changes c = hash_changes(
			parse(arena_printf(arena, BASE "%s}", change_cases[i].have), arena),
			parse(arena_printf(arena, BASE "%s}", change_cases[i].want), arena), arena);
		for (size_t j = 0; j < c.n; j++)
			buf_printf(&text, "%s\n", hash_change_text(&c.items[j], arena));
		assert_string_equal(text.data, change_cases[i].text);
	}
}

static const char *resolve(void *ctx, const char *key, const char *raw)
{
	assert_string_equal(key, "A");
	assert_true(strcmp(raw, "$S:x") == 0 || strcmp(raw, "$E:x") == 0);
	return ctx;
}

static void test_references(void **state)
{
	(void)state;
	struct arena *arena CLEAN(arena) = arena_new();
	char a[HASH_SIZE];
	char b[HASH_SIZE];
	const unsigned env = 1u << (GROUP_ENV - GROUP_FIRST);
	struct service *secret = parse(BASE ",\"env\":{\"A\":\"$S:x\"}}", arena);
	struct service *variable = parse(BASE ",\"env\":{\"A\":\"$E:x\"}}", arena);
	struct service *plain = parse(BASE ",\"env\":{\"A\":\"1\"}}", arena);
	struct hash_resolver one = { resolve, (char[]){ "1" } };
	struct hash_resolver two = { resolve, (char[]){ "2" } };
	struct hash_resolver none = { resolve, NULL };
	hash_service(secret, NULL, a);
	assert_int_equal(hash_compare(a, a).unknown, env);
	hash_service(secret, &none, a);
	assert_int_equal(hash_compare(a, a).unknown, env);
	hash_service(secret, &one, a);
	hash_service(secret, &two, b);
	assert_int_equal(hash_compare(a, b).changed, env);
	hash_service(variable, &one, a);
	hash_service(plain, NULL, b);
	assert_string_equal(a, b);
	assert_int_equal(hash_compare("h0:1", b).unknown, 0xff);
}

/* An update that may have happened or not: what it changes equals nothing, neither before nor
 * after, until it is trusted; what it cannot change stays as it was. */
static void test_doubt(void **state)
{
	struct arena *arena CLEAN(arena) = arena_new();
	char have[HASH_SIZE], want[HASH_SIZE];
	const char *doubted;
	unsigned changed;

	(void)state;
	hash_service(parse(BASE ",\"env\":{\"A\":\"1\"}}", arena), NULL, have);
	hash_service(
		parse(BASE ",\"env\":{\"A\":\"2\"},\"resources\":{\"memory\":\"64Mi\"}}", arena),
		NULL, want);
	doubted = hash_doubt(have, want, arena);
	assert_int_equal(strlen(doubted), HASH_SIZE - 1);
	changed = hash_compare(doubted, have).changed;
	assert_int_equal(hash_worst_change(changed), HASH_CHANGE_IN_PLACE);
	assert_int_equal(hash_compare(doubted, want).changed, hash_compare(have, want).changed);
	assert_int_equal(hash_compare(doubted, have).unknown, 0);
	assert_string_equal(hash_doubt(doubted, want, arena), doubted);
	assert_string_equal(hash_trust(doubted, arena), have);
	assert_string_equal(hash_doubt(have, have, arena), have);
	assert_string_equal(hash_trust("h0:abc", arena), "h0:abc");
	assert_null(hash_trust(NULL, arena));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),  cmocka_unit_test(test_groups),
		cmocka_unit_test(test_changes), cmocka_unit_test(test_references),
		cmocka_unit_test(test_doubt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
