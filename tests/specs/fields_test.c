/* SPDX-License-Identifier: Apache-2.0 */
/* The table field x runtime: it covers the whole schema, and warnings come from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "specs/fields.h"
#include "specs/fields_table.h"
#include "specs/parse.h"
#include "specs/schema.h"

static void check_field(void *ctx, const char *path, const struct schema_field *f,
			const struct schema_type *in)
{
	size_t *n = ctx;
	(void)in;
	assert_non_null(f->doc);
	assert_true(in->fields.n <= SCHEMA_FIELDS_MAX);
	assert_non_null(schema_find(path, NULL));
	for (int r = 0; r < FIELDS_N_RUNTIMES; r++) {
		struct fields_answer a = { FIELDS_HONOURED, NULL };
		assert_int_equal(fields_lookup(path, (enum fields_runtime)r, &a), 0);
		if (a.support >= FIELDS_IGNORED)
			assert_non_null(a.why);
	}
	(*n)++;
}

static void test_whole_schema(void **state)
{
	(void)state;
	size_t n = 0;
	schema_walk(check_field, &n);
	assert_true(n > 200);
}

/* No row is about a field that the format does not have. */
static void test_rows_exist(void **state)
{
	(void)state;
	for (size_t i = 0; i < fields_table_n; i++) {
		struct arena *arena CLEAN(arena) = arena_new();
		const char *p = fields_table[i].path;
		p = *p == '/' ? p + 1 : arena_printf(arena, "services.*.%s", p);
		if (!schema_find(p, NULL))
			fail_msg("row %s is about no field", p);
	}
}

static void test_lookup(void **state)
{
	(void)state;
	struct fields_answer a;
	struct arena *arena CLEAN(arena) = arena_new();
	assert_int_equal(fields_lookup("services.*.ulimits", FIELDS_YOUKI, &a), 0);
	assert_int_equal(a.support, FIELDS_HONOURED);
	assert_int_equal(fields_lookup("services.web.ulimits.nofile.soft", FIELDS_HCS, &a), 0);
	assert_int_equal(a.support, FIELDS_IMPOSSIBLE);
	assert_int_equal(fields_lookup("services.a.endpoints[0].port", FIELDS_YOUKI, &a), 0);
	assert_int_equal(a.support, FIELDS_IGNORED);
	assert_int_equal(fields_lookup("services.a.endpoints[0].tunnel.to", FIELDS_WSL2, &a), 0);
	assert_int_equal(a.support, FIELDS_IGNORED);
	assert_int_equal(fields_lookup("tunnels.a.to", FIELDS_YOUKI, &a), 0);
	assert_int_equal(a.support, FIELDS_IGNORED);
	assert_int_equal(fields_lookup("services.*.nothing", FIELDS_YOUKI, &a), FIELDS_UNKNOWN);
	assert_int_equal(fields_lookup("", FIELDS_YOUKI, &a), FIELDS_UNKNOWN);
	assert_non_null(fields_notes("services.*.storage[].size", FIELDS_YOUKI, 0, arena));
	assert_null(fields_notes("services.*.env", FIELDS_YOUKI, 0, arena));
	assert_int_equal(fields_runtime_find("wsl2"), FIELDS_WSL2);
	assert_int_equal(fields_runtime_find("docker"), FIELDS_N_RUNTIMES);
}

static const struct {
	const char *fields; /* of a service beside its image */
	const char *runtime;
	const char *warnings; /* fields only, each ended by a space */
} cases[] = {
	{ "network_mode: none", "youki", "" },
	{ "network_mode: host", "youki", "" },
	{ "tty: false", "youki", "services.a.network_mode default: " },
	{ "network_mode: none\n    ulimits: {nofile: {soft: 1}}", "youki", "" },
	{ "network_mode: none\n    ulimits: {nofile: {soft: 1}}", "hcs", "services.a.ulimits: " },
	{ "network_mode: none\n    storage: [{type: named, name: a, target: /a, size: 1Gi}]",
	  "youki", "services.a.storage[0].size: " },
	{ "network_mode: none\n    storage: [{type: tmpfs, target: /a, size: 1Gi}]", "youki", "" },
	{ "network_mode: none\n    storage: [{type: s3, bucket: b, target: /a}]", "youki",
	  "services.a.storage[0].bucket: services.a.storage[0].type s3: " },
	{ "network_mode: none\n    security_opt: [seccomp=unconfined, apparmor=x]", "youki",
	  "services.a.security_opt: " },
	{ "network_mode: none\n    health: {check: {type: tcp, port: 1}}\n"
	  "    endpoints: [{name: a, protocol: tcp, port: 1}]",
	  "youki", "services.a.endpoints: services.a.health: " },
	{ "network_mode: none\n    node_mode: dedicated", "youki", "services.a.node_mode: " },
	{ "network_mode: none\n    rtype: job", "youki", "" },
	{ "network_mode: none\n    rtype: cron\n    schedule: '@daily'", "youki",
	  "services.a.rtype cron: services.a.schedule: " },
	{ "tty: true", "memory", "" },
	{ "tty: true", "another", "" },
};

static void test_warnings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena CLEAN(arena) = arena_new();
		struct findings findings;
		struct deployment *d = NULL;
		struct fields_warnings w = { NULL, 0 };
		struct buf said CLEAN(buf) = BUF_INIT(4096);
		const char *text = arena_printf(arena,
						"version: v1\ndeployment: abc\nservices:\n  a:\n"
						"    image: {name: x}\n    %s\n",
						cases[i].fields);
		findings_init(&findings, arena, "text");
		assert_int_equal(parse_deployment(text, strlen(text), arena, &findings, &d, NULL),
				 0);
		fields_warn(&d->services.items[0], cases[i].runtime, arena, &w);
		for (size_t k = 0; k < w.n; k++)
			buf_printf(&said, "%.*s", (int)(strstr(w.items[k], ": ") + 2 - w.items[k]),
				   w.items[k]);
		assert_string_equal(said.data, cases[i].warnings);
	}
}

static void test_top(void **state)
{
	(void)state;
	static const char text[] = "version: v1\ndeployment: abc\napi: {enabled: false}\n"
				   "externals: {x: {backends: [a]}}\n";
	struct arena *arena CLEAN(arena) = arena_new();
	struct findings findings;
	struct deployment *d = NULL;
	struct fields_warnings w = { NULL, 0 };
	findings_init(&findings, arena, "text");
	assert_int_equal(parse_deployment(text, strlen(text), arena, &findings, &d, NULL), 0);
	fields_warn_deployment(d, arena, &w);
	assert_int_equal(w.n, 2);
	assert_non_null(strstr(w.items[0], "api: ignored: "));
	assert_non_null(strstr(w.items[1], "externals: ignored: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_schema), cmocka_unit_test(test_rows_exist),
		cmocka_unit_test(test_lookup),       cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_top),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
