/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rendering is the opposite of reading: for every document we take, the
 * rendered YAML, the rendered JSON and each service's JSON give the same value.
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
#include "specs/render.h"

#define RENDERED_MAX (4 * LIMIT_SPEC_BYTES)

static struct deployment *parse(const char *name, const char *bytes, size_t n, struct arena *arena)
{
	struct findings findings;
	struct deployment *d = NULL;
	struct error err = ERROR_INIT;
	findings_init(&findings, arena, name);
	if (parse_deployment(bytes, n, arena, &findings, &d, &err) < 0)
		fail_msg("%s: %s\n%s", name, err.msg, bytes);
	return d;
}

static void check_yaml(const char *name, const struct deployment *d, struct arena *arena)
{
	struct buf first CLEAN(buf) = BUF_INIT(RENDERED_MAX);
	struct buf second CLEAN(buf) = BUF_INIT(RENDERED_MAX);
	render_yaml(d, &first);
	render_yaml(parse(name, first.data, first.n, arena), &second);
	assert_string_equal(first.data, second.data);
}

static void check_json(const char *name, const struct deployment *d, struct arena *arena)
{
	struct buf first CLEAN(buf) = BUF_INIT(RENDERED_MAX);
	struct buf second CLEAN(buf) = BUF_INIT(RENDERED_MAX);
	struct json_object *json CLEAN(json) = render_json(d);
	const char *text = json_object_to_json_string(json);
	render_yaml(d, &first);
	render_yaml(parse(name, text, strlen(text), arena), &second);
	if (!strstr(first.data, ".nan") && !strstr(first.data, ".inf")) /* null in JSON */
		assert_string_equal(first.data, second.data);
}

static void check_services(const struct deployment *d, struct arena *arena)
{
	for (size_t i = 0; i < d->services.n; i++) {
		const struct service *s = &d->services.items[i];
		struct error err = ERROR_INIT;
		struct service *again = NULL;
		struct json_object *json CLEAN(json) = render_service_json(s);
		if (parse_service_json(s->name, json, arena, &again, &err) < 0)
			fail_msg("%s: %s", s->name, err.msg);
		struct json_object *twice CLEAN(json) = render_service_json(again);
		if (!s->resources.cpu.has)
			assert_string_equal(json_object_to_json_string(json),
					    json_object_to_json_string(twice));
		assert_int_equal(s->policy.stop_grace_us, again->policy.stop_grace_us);
		assert_string_equal(s->name, again->name);
	}
}

static size_t check_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t n = 0;
	for (struct dirent *e; dir && (e = readdir(dir)); n++) {
		struct arena *arena CLEAN(arena) = arena_new();
		struct buf b CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
		if (!strstr(e->d_name, ".yaml") && !strstr(e->d_name, ".json"))
			continue;
		assert_int_equal(fs_read(dirfd(dir), e->d_name, &b, NULL), 0);
		const struct deployment *d = parse(e->d_name, b.data, b.n, arena);
		check_yaml(e->d_name, d, arena);
		check_json(e->d_name, d, arena);
		check_services(d, arena);
	}
	if (dir)
		closedir(dir);
	return n;
}

static void test_round_trips(void **state)
{
	(void)state;
	assert_true(check_folder(TEST_SOURCE_DIR "/tests/specs/docs/accept") > 20);
	check_folder(TEST_SHARED_DIR "/corpus/zlayer/accept");
}

static void test_quoting(void **state)
{
	(void)state;
	static const char *const values[] = {
		"",
		"plain",
		"8080",
		"true",
		"yes",
		"null",
		"~",
		"1e5",
		"0x1f",
		".5",
		"a: b",
		"a #b",
		"- a",
		"a\nb",
		"\t",
		"\x01",
		"\xc2\x85",
		"\xe2\x80\xa8",
		"\xf0\x9f\x90\xb3",
		"\"\\",
		"!x",
		"&x",
		"*x",
		"a:",
		"2024-01-01",
		"1:30",
		"{}",
		"[]",
		" x ",
		"@x",
		"`",
		"%",
		"---",
		"...",
		"<<",
		"=",
	};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct arena *arena CLEAN(arena) = arena_new();
		struct buf text CLEAN(buf) = BUF_INIT(4096);
		struct pair env = { "KEY", values[i] };
		struct pair label = { values[i], "value" };
		struct service s = { .name = "a",
				     .image = { .name = "x" },
				     .env = { &env, 1 },
				     .labels = { &label, 1 } };
		struct deployment d = { .version = "v1", .name = "docs", .services = { &s, 1 } };
		s.scale.mode = SCALE_MANUAL;
		d.api.bind = "x";
		render_yaml(&d, &text);
		const struct service *r =
			&parse(values[i], text.data, text.n, arena)->services.items[0];
		assert_string_equal(r->env.items[0].value, values[i]);
		assert_string_equal(r->labels.items[0].key, values[i]);
	}
}

static void test_long_key(void **state)
{
	(void)state;
	struct arena *arena CLEAN(arena) = arena_new();
	char bytes[4096];
	char key[2000];
	memset(key, 'k', sizeof(key));
	int n = snprintf(bytes, sizeof(bytes),
			 "version: v1\ndeployment: docs\nservices: {a: {image: {name: x}, labels: "
			 "{? %.*s : v}}}\n",
			 (int)sizeof(key), key);
	const struct deployment *d = parse("long", bytes, (size_t)n, arena);
	check_yaml("long", d, arena);
}

static void test_canonical(void **state)
{
	(void)state;
	static const char text[] = "deployment: d-1\nversion: v1\nservices:\n"
				   "  b: {image: {name: x}, host_network: true}\n"
				   "  a: {image: {name: x}, env: {B: 1, A: $S:key}}\n";
	struct arena *arena CLEAN(arena) = arena_new();
	struct buf out CLEAN(buf) = BUF_INIT(RENDERED_MAX);
	render_yaml(parse("text", text, strlen(text), arena), &out);
	const char *a = strstr(out.data, "\n  a:");
	const char *b = strstr(out.data, "\n  b:");
	assert_non_null(a);
	assert_non_null(b);
	assert_true(a < b);
	assert_non_null(strstr(out.data, "      A: \"$S:key\"\n      B: \"1\"\n"));
	assert_non_null(strstr(b, "network_mode: host\n"));
	assert_null(strstr(out.data, "host_network"));
	assert_null(strstr(out.data, "tallyman"));
	assert_non_null(strstr(out.data, "cooldown: 30s\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_long_key),
		cmocka_unit_test(test_canonical),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
