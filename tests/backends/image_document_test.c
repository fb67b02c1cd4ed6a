/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of images: what is read from them, and what is refused with which words. */
#include "backends/image_document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/image_document_put.h"

#define HEX  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIG  "\"digest\":\"sha256:" HEX "\""
#define BLOB "{" DIG ",\"size\":1}"

enum kind { CONFIG, MANIFEST, INDEX, DOCKER };

static int parse(enum kind kind, const char *text, struct arena *a, struct error *err)
{
	struct image_config config;
	struct image_manifest manifest;
	struct image_index index;
	struct image_docker_entry *entries;
	size_t n;

	switch (kind) {
	case CONFIG:
		return image_document_config(text, strlen(text), a, &config, err);
	case MANIFEST:
		return image_document_manifest(text, strlen(text), a, &manifest, err);
	case INDEX:
		return image_document_index(text, strlen(text), a, &index, err);
	case DOCKER:
		return image_document_docker(text, strlen(text), a, &entries, &n, err);
	}
	return 0;
}

static const struct {
	enum kind kind;
	const char *text;
	int want;
	const char *says;
} refused[] = {
	{ CONFIG, "", -ERR_INVALID, "not valid JSON" },
	{ CONFIG, "[]", -ERR_INVALID, "expected a JSON object" },
	{ CONFIG, "{\"os\":\"linux\"}", -ERR_INVALID, "\"architecture\" is missing" },
	{ CONFIG, "{\"os\":1,\"architecture\":\"x\"}", -ERR_INVALID, "\"os\" is not of type" },
	{ CONFIG, "{\"os\":\"l\",\"architecture\":\"x\"}", -ERR_INVALID, "\"rootfs\" is missing" },
	{ CONFIG, "{\"os\":\"l\",\"architecture\":\"x\",\"rootfs\":{\"diff_ids\":[\"sha256:0\"]}}",
	  -ERR_INVALID, "diff_id 0 is no sha256 digest" },
	{ CONFIG, "{\"os\":\"l\",\"architecture\":\"x\",\"rootfs\":{},\"config\":{\"Env\":[1]}}",
	  -ERR_INVALID, "\"Env\" is not a list of strings" },
	{ CONFIG, "{\"os\":\"l\",\"architecture\":\"x\",\"rootfs\":{},\"config\":{\"Cmd\":\"sh\"}}",
	  -ERR_INVALID, "\"Cmd\" is not of type array" },
	{ CONFIG,
	  "{\"os\":\"l\",\"architecture\":\"x\",\"rootfs\":{},\"config\":{\"Labels\":{\"a\":1}}}",
	  -ERR_INVALID, "label a is no string" },
	{ MANIFEST, "{}", -ERR_INVALID, "\"config\" is missing" },
	{ MANIFEST, "{\"config\":" BLOB "}", -ERR_INVALID, "\"layers\" is missing" },
	{ MANIFEST, "{\"config\":{\"size\":1},\"layers\":[]}", -ERR_INVALID,
	  "\"digest\" is missing" },
	{ MANIFEST, "{\"config\":{" DIG "},\"layers\":[]}", -ERR_INVALID, "\"size\" is missing" },
	{ MANIFEST, "{\"config\":{" DIG ",\"size\":-1},\"layers\":[]}", -ERR_LIMIT, "-1 bytes" },
	{ MANIFEST, "{\"config\":{" DIG ",\"size\":1e30},\"layers\":[]}", -ERR_INVALID,
	  "\"size\" is not of type int" },
	{ MANIFEST, "{\"config\":{\"digest\":\"sha512:00\",\"size\":1},\"layers\":[]}",
	  -ERR_UNSUPPORTED, "is not sha256" },
	{ MANIFEST,
	  "{\"config\":{\"digest\":\"sha256:../../etc/passwd\",\"size\":1},\"layers\":[]}",
	  -ERR_UNSUPPORTED, "is not sha256" },
	{ MANIFEST, "{\"config\":" BLOB ",\"layers\":[" BLOB ",null]}", -ERR_INVALID, "layer 1" },
	{ INDEX, "{\"manifests\":{}}", -ERR_INVALID, "\"manifests\" is not of type array" },
	{ INDEX, "{\"manifests\":[" BLOB ",7]}", -ERR_INVALID, "manifest 1" },
	{ DOCKER, "{}", -ERR_INVALID, "not a list of images" },
	{ DOCKER, "[{}]", -ERR_INVALID, "\"Config\" is missing" },
	{ DOCKER, "[{\"Config\":\"c\",\"RepoTags\":\"x\"}]", -ERR_INVALID, "\"RepoTags\"" },
};

static void refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct error err = ERROR_INIT;
		int r = parse(refused[i].kind, refused[i].text, a, &err);

		if (r != refused[i].want || !strstr(err.msg, refused[i].says))
			fail_msg("%s: %d %s", refused[i].text, r, err.msg);
	}
}

static void counts_layers(void **state)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct buf b CLEAN(buf) = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;

	(void)state;
	buf_puts(&b, "{\"config\":" BLOB ",\"layers\":[" BLOB);
	for (int i = 1; i < 513; i++)
		buf_puts(&b, "," BLOB);
	buf_puts(&b, "]}");
	assert_int_equal(parse(MANIFEST, b.data, a, &err), -ERR_LIMIT);
}

static void reads_and_writes_configs(void **state)
{
	static const char text[] =
		"{\"architecture\":\"arm\",\"config\":{\"ArgsEscaped\":true,\"Cmd\":[\"a\",\"\"],"
		"\"Entrypoint\":[\"/"
		"e\"],"
		"\"Env\":[\"A=b\"],\"ExposedPorts\":{\"80/tcp\":{}},\"Labels\":{\"k\":\"v\"},"
		"\"StopSignal\":\"SIGINT\",\"User\":\"1:2\",\"Volumes\":{\"/v\":{}},"
		"\"WorkingDir\":\"/w\"},\"created\":\"2026-01-02T03:04:05Z\",\"os\":\"linux\","
		"\"os.version\":\"1\",\"rootfs\":{\"diff_ids\":[\"sha256:" HEX
		"\"],\"type\":\"layers\"},\"variant\":\"v7\"}";
	struct arena *a CLEAN(arena) = arena_new();
	struct buf b CLEAN(buf) = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct image_config c;

	(void)state;
	assert_int_equal(image_document_config(text, strlen(text), a, &c, &err), 0);
	assert_string_equal(c.platform.variant, "v7");
	assert_string_equal(c.entrypoint.v[0], "/e");
	assert_true(c.args_escaped);
	assert_int_equal(c.cmd.n, 2);
	assert_string_equal(c.ports.v[0], "80/tcp");
	assert_string_equal(c.volumes.v[0], "/v");
	assert_string_equal(c.stop_signal, "SIGINT");
	assert_string_equal(c.created, "2026-01-02T03:04:05Z");
	image_document_put_config(&c, &b);
	assert_string_equal(b.data, text);
}

static void tells_an_index(void **state)
{
	static const struct {
		const char *type, *text;
		bool want;
	} t[] = {
		{ IMAGE_TYPE_INDEX, "", true },
		{ IMAGE_TYPE_MANIFEST, "", false },
		{ "application/vnd.docker.distribution.manifest.list.v2+json", "", true },
		{ "application/vnd.docker.distribution.manifest.v2+json", "", false },
		{ NULL, "{\"manifests\":[]}", true },
		{ NULL, "{\"layers\":[]}", false },
		{ NULL, "[]", false },
		{ NULL, "nonsense", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(image_document_is_index(t[i].type, t[i].text, strlen(t[i].text)),
				 t[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(counts_layers),
		cmocka_unit_test(reads_and_writes_configs),
		cmocka_unit_test(tells_an_index),
	};

	return cmocka_run_group_tests_name("image_document", tests, NULL, NULL);
}
