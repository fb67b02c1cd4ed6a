/* SPDX-License-Identifier: Apache-2.0 */
/* Image references: what is accepted, what it canonically is, and what is refused with which words.
 */
#include "specs/image_ref.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX32 "0123456789abcdef0123456789abcdef"
#define W50   "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"

static const struct {
	const char *text, *canonical;
} accepted[] = {
	{ "busybox", "docker.io/library/busybox:latest" },
	{ "busybox:1.36", "docker.io/library/busybox:1.36" },
	{ "docker.io/busybox", "docker.io/library/busybox:latest" },
	{ "docker.io/library/busybox:latest", "docker.io/library/busybox:latest" },
	{ "index.docker.io/busybox", "docker.io/library/busybox:latest" },
	{ "local/busybox:1", "docker.io/local/busybox:1" },
	{ "docker.io/local/busybox:1", "docker.io/local/busybox:1" },
	{ "localhost/busybox", "localhost/busybox:latest" },
	{ "localhost:5000/bb:1", "localhost:5000/bb:1" },
	{ "localhost:5000", "docker.io/library/localhost:5000" },
	{ "127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c:latest" },
	{ "MyHost.example/app:V1.2_x-y", "MyHost.example/app:V1.2_x-y" },
	{ "User/app",
	  "docker.io/User/app:latest" }, /* upstream's group for hosts lets it through */
	{ "ghcr.io/org/deep/er__est/na--me.x", "ghcr.io/org/deep/er__est/na--me.x:latest" },
	{ "mcr.microsoft.com/windows/nanoserver:ltsc2022",
	  "mcr.microsoft.com/windows/nanoserver:ltsc2022" },
	{ "a:_x", "docker.io/library/a:_x" },
	{ "host:5000/a/b@sha256:" HEX64, "host:5000/a/b@sha256:" HEX64 },
	{ "bb@sha256:" HEX64, "docker.io/library/bb@sha256:" HEX64 },
	{ "bb:1@sha256:" HEX64, "docker.io/library/bb:1@sha256:" HEX64 },
	{ "bb@sha256:0123456789ABCDEF" HEX32 "0123456789ABCDEF",
	  "docker.io/library/bb@sha256:" HEX64 },
	{ "bb@sha384:" HEX64 HEX32, "docker.io/library/bb@sha384:" HEX64 HEX32 },
	{ "bb@sha512:" HEX64 HEX64, "docker.io/library/bb@sha512:" HEX64 HEX64 },
	{ "a:" W50 W50 "12345678901234567890_-.x1234",
	  "docker.io/library/a:" W50 W50 "12345678901234567890_-.x1234" },
};

static const char *const malformed[] = {
	" ",
	"@daily",
	"2h 15m",
	"$E:HOME",
	"10 min",
	"repo/IMG:1",
	"0 0 * * * *",
	".inf",
	"1Gi",
	"0Mi",
	"Busybox",
	"bb:",
	"bb@",
	"bb:1:2",
	"bb@1",
	":1",
	"/bb",
	"bb/",
	"a//b",
	"a/../b",
	"-a",
	"a-",
	"a_",
	"a___b",
	"a._b",
	"a..b",
	"bb:.x",
	"bb:-x",
	"bb\n",
	"bb:1\n",
	"host-/a",
	"-host/a:1:2",
	"host:/a",
	"host:x/a/b:c:d",
	"h\xc3\xb6st/a",
	"http://host/a",
	"bb@sha256:" HEX64 "x",
	"bb@sha256:0123456789abcdef", /* fewer than 32 digits */
	"bb@256:" HEX64,
	"a:" W50 W50 "12345678901234567890_-.x12345",
};

static void accepts_and_spells(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct error err = ERROR_INIT;
		struct image_ref ref, again;
		const char *canonical;

		if (image_ref_parse(accepted[i].text, a, &ref, &err) < 0)
			fail_msg("%s: %s", accepted[i].text, err.msg);
		canonical = image_ref_canonical(&ref, a);
		assert_string_equal(canonical, accepted[i].canonical);
		if (strstr(canonical, "/User/"))
			continue; /* with a host in front the grammar wants it in lower case */
		/* the canonical form is a reference, and its own canonical form */
		assert_int_equal(image_ref_parse(canonical, a, &again, &err), 0);
		assert_string_equal(image_ref_canonical(&again, a), canonical);
	}
}

static void refuses(void **state)
{
	struct arena *a CLEAN(arena) = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		struct error err = ERROR_INIT;
		struct image_ref ref = { .registry = "untouched" };

		if (image_ref_parse(malformed[i], a, &ref, &err) != -ERR_INVALID)
			fail_msg("accepted: %s", malformed[i]);
		assert_string_equal(err.msg, "invalid reference format");
		assert_string_equal(ref.registry, "untouched");
	}
}

static void says_why(void **state)
{
	struct arena *a CLEAN(arena) = arena_new();
	char name[300];
	static const struct {
		const char *text, *message;
	} t[] = {
		{ "", "repository name must have at least one component" },
		{ "bb@sha256:" HEX32, "invalid checksum digest length" },
		{ "bb@sha512:" HEX64, "invalid checksum digest length" },
		{ "bb@md5:" HEX32, "unsupported digest algorithm" },
	};
	struct image_ref ref;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		err = ERROR_INIT;
		assert_int_equal(image_ref_parse(t[i].text, a, &ref, &err), -ERR_INVALID);
		assert_string_equal(err.msg, t[i].message);
	}
	/* with "library/" in front it is 255 bytes long, then 256 */
	memset(name, 'a', sizeof(name));
	name[247] = '\0';
	assert_int_equal(image_ref_parse(name, a, &ref, &err), 0);
	name[247] = 'a';
	name[248] = '\0';
	err = ERROR_INIT;
	assert_int_equal(image_ref_parse(name, a, &ref, &err), -ERR_INVALID);
	assert_string_equal(err.msg, "repository name must not be more than 255 characters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_and_spells),
		cmocka_unit_test(refuses),
		cmocka_unit_test(says_why),
	};

	return cmocka_run_group_tests_name("image_ref", tests, NULL, NULL);
}
