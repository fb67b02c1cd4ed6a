/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as people and programs see them: place, caret, hint, all of a file, none twice. */
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"
#include "specs/parse.h"

#define HEAD "version: v1\ndeployment: docs\nservices:\n  web:\n"

static const struct {
	const char *text;
	const char *printed;
} cases[] = {
	{ HEAD "    imge: x\n    image: {name: x}\n",
	  "f.yaml:5:5: error: services.web: unknown field 'imge' [E0201]\n"
	  "   |     imge: x\n"
	  "   |     ^\n"
	  "   hint: did you mean 'image'?\n" },
	{ HEAD "    image: nginx\n",
	  "f.yaml:5:12: error: services.web.image: expected a map, found nginx [E0204]\n"
	  "   |     image: nginx\n"
	  "   |            ^\n"
	  "   hint: write image: {name: REFERENCE}\n" },
	/* the caret counts characters, and a tab is one */
	{ HEAD "    image: {name: x}\n    env: {\"\xc3\xa9\t\": [1]}\n",
	  "f.yaml:6:17: error: services.web.env.\xc3\xa9?: expected a text, found a list [E0204]\n"
	  "   |     env: {\"\xc3\xa9 \": [1]}\n"
	  "   |                 ^\n" },
	/* all of them, in the order of the file; what follows from another is not said */
	{ HEAD "    image: {name: X}\n    scale: {mode: fixd}\n    depends: [{service: db}]\n",
	  "f.yaml:5:19: error: services.web.image.name: X: invalid reference format [E0208]\n"
	  "   |     image: {name: X}\n"
	  "   |                   ^\n"
	  "   hint: references look like host:5000/path/name:tag\n"
	  "f.yaml:6:19: error: services.web.scale.mode: fixd is none of adaptive, fixed or manual "
	  "[E0206]\n"
	  "   |     scale: {mode: fixd}\n"
	  "   |                   ^\n"
	  "   hint: did you mean 'fixed'?\n"
	  "f.yaml:7:25: error: services.web.depends[0].service: unknown service 'db' [E0901]\n"
	  "   |     depends: [{service: db}]\n"
	  "   |                         ^\n"
	  "   hint: the name of a service in this file is needed\n" },
	{ HEAD "    image: {name: x}\n    endpoints: [{name: a, protocol: tcp, port: no}]\n",
	  "f.yaml:6:48: error: services.web.endpoints[0].port: expected a whole number, found no "
	  "[E0204]\n"
	  "   |     endpoints: [{name: a, protocol: tcp, port: no}]\n"
	  "   |                                                ^\n" },
	{ HEAD "    image: {name: x}\n    env: {A: 1, A: 2}\n    x-a: 1\n",
	  "f.yaml:6:17: warning: services.web.env: 'A' is written again; this one counts, not line "
	  "6 [E0501]\n"
	  "   |     env: {A: 1, A: 2}\n"
	  "   |                 ^\n"
	  "f.yaml:7:5: warning: services.web: 'x-a' is ignored [E0502]\n"
	  "   |     x-a: 1\n"
	  "   |     ^\n" },
	{ "version: v1\n\tdeployment: x\n", NULL },
	{ "", "f.yaml:1:1: error: the file has no document [E0108]\n" }, /* no line to show */
};

static void test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena CLEAN(arena) = arena_new();
		struct buf text CLEAN(buf) = BUF_INIT(1 << 16);
		struct findings f;
		struct deployment *d;
		findings_init(&f, arena, "f.yaml");
		(void)parse_deployment(cases[i].text, strlen(cases[i].text), arena, &f, &d, NULL);
		findings_print(&f, &text);
		if (cases[i].printed)
			assert_string_equal(text.data, cases[i].printed);
		else
			assert_true(f.n_errors > 0);
	}
}

static void test_json_and_strict(void **state)
{
	(void)state;
	struct arena *arena CLEAN(arena) = arena_new();
	struct findings f;
	struct deployment *d;
	findings_init(&f, arena, "f.yaml");
	assert_int_equal(
		parse_deployment(cases[5].text, strlen(cases[5].text), arena, &f, &d, NULL), 0);
	assert_int_equal(f.n_warnings, 2);
	findings_strict(&f);
	assert_int_equal(f.n_errors, 2);
	struct json_object *json CLEAN(json) = findings_to_json(&f);
	struct buf text CLEAN(buf) = BUF_INIT(1 << 16);
	json_canonical(json_object_array_get_idx(json, 1), &text);
	assert_string_equal(text.data,
			    "{\"code\":\"E0502\",\"column\":5,\"file\":\"f.yaml\",\"hint\":null,"
			    "\"line\":7,\"message\":\"'x-a' is ignored\",\"path\":\"services.web\","
			    "\"severity\":\"error\"}");
}

/* A file with a thousand errors: counted, and a bounded list of them. */
static void test_many(void **state)
{
	(void)state;
	struct arena *arena CLEAN(arena) = arena_new();
	struct buf text CLEAN(buf) = BUF_INIT(1 << 20);
	struct buf out CLEAN(buf) = BUF_INIT(1 << 20);
	struct findings f;
	struct deployment *d;
	buf_puts(&text, "version: v1\ndeployment: docs\nservices:\n");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "  s%d: {image: {name: x}, nope: 1}\n", i);
	findings_init(&f, arena, "f.yaml");
	assert_true(parse_deployment(text.data, text.n, arena, &f, &d, NULL) < 0);
	assert_int_equal(f.n_errors, 1000);
	assert_int_equal(f.n, LIMIT_FINDINGS);
	findings_print(&f, &out);
	assert_non_null(strstr(out.data, "900 more errors not shown\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json_and_strict),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
