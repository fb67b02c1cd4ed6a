/* SPDX-License-Identifier: Apache-2.0 */
/* The decision table of the composite, row by row: what is wanted, what the image is for, what the
 * node is, and the answer with its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backends/composite_route.h"

/* The three kinds of nodes: one runtime or both, and whose the node itself is. */
#define LINUX_NODE   .node = { "linux", "amd64" }, .has_linux = true
#define WINDOWS_NODE .node = { "windows", "amd64", "10.0.20348.1" }, .has_windows = true
#define WITH_WINDOWS .has_windows = true
#define WITH_LINUX   .has_linux = true

struct row {
	const char *name;
	struct composite_query q;
	enum composite_kind kind;
	const char *os;
	const char *reason; /* a part of it; NULL: none */
};

/* Upstream's cases that mean something here, on its node: HCS is primary, Linux the delegate. */
static const struct row upstream[] = {
	{ "windows_spec_goes_to_primary",
	  { WINDOWS_NODE, WITH_LINUX, .want = { .os = "windows" } },
	  COMPOSITE_RUN,
	  "windows",
	  NULL },
	{ "linux_spec_goes_to_delegate",
	  { WINDOWS_NODE, WITH_LINUX, .want = { .os = "linux" } },
	  COMPOSITE_RUN,
	  "linux",
	  NULL },
	{ "linux_without_delegate_routes_to_peer",
	  { WINDOWS_NODE, .want = { .os = "linux" } },
	  COMPOSITE_PEER,
	  "linux",
	  "platform.os wants linux, and this node has no runtime for linux containers" },
	{ "linux_image_without_delegate_routes_to_peer",
	  { WINDOWS_NODE, .image = { .os = "linux" } },
	  COMPOSITE_PEER,
	  "linux",
	  "the image is for linux, and this node has no runtime for linux containers" },
	{ "nothing_known_falls_through_to_the_nodes_own",
	  { WINDOWS_NODE, WITH_LINUX },
	  COMPOSITE_RUN,
	  "windows",
	  NULL },
	{ "image_os_counts_when_platform_is_missing",
	  { WINDOWS_NODE, WITH_LINUX, .image = { .os = "linux" } },
	  COMPOSITE_RUN,
	  "linux",
	  NULL },
	{ "windows_image_without_platform",
	  { WINDOWS_NODE, WITH_LINUX, .image = { .os = "windows" } },
	  COMPOSITE_RUN,
	  "windows",
	  NULL },
	/* Upstream hands these two to its primary, where they fail; here a peer is asked for. */
	{ "macos_spec_is_for_nobody_here",
	  { WINDOWS_NODE, WITH_LINUX, .want = { .os = "macos" } },
	  COMPOSITE_PEER,
	  "macos",
	  "no runtime for macos" },
	{ "darwin_image_is_a_macos_image",
	  { WINDOWS_NODE, WITH_LINUX, .image = { .os = "darwin" } },
	  COMPOSITE_PEER,
	  "macos",
	  "the image is for macos" },
};

static const struct row systems[] = {
	{ "a Linux node is Linux", { LINUX_NODE }, COMPOSITE_RUN, "linux", NULL },
	{ "linux wanted on Linux",
	  { LINUX_NODE, .want = { .os = "linux" } },
	  COMPOSITE_RUN,
	  "linux",
	  NULL },
	{ "windows wanted, and HCS is here",
	  { LINUX_NODE, WITH_WINDOWS, .want = { .os = "windows" } },
	  COMPOSITE_RUN,
	  "windows",
	  NULL },
	{ "windows wanted, and no HCS",
	  { LINUX_NODE, .want = { .os = "windows" } },
	  COMPOSITE_PEER,
	  "windows",
	  "platform.os wants windows" },
	{ "a Windows image, and no HCS",
	  { LINUX_NODE, .image = { .os = "windows" } },
	  COMPOSITE_PEER,
	  "windows",
	  "the image is for windows" },
	{ "a Windows image, and HCS is here",
	  { LINUX_NODE, WITH_WINDOWS, .image = { .os = "windows" } },
	  COMPOSITE_RUN,
	  "windows",
	  NULL },
	{ "a node whose own runtime is missing",
	  { .node = { "linux", "amd64" }, WITH_WINDOWS },
	  COMPOSITE_PEER,
	  "linux",
	  "this node has no runtime for linux" },
	{ "platform and image contradict",
	  { LINUX_NODE, WITH_WINDOWS, .want = { .os = "windows" }, .image = { .os = "linux" } },
	  COMPOSITE_MISMATCH,
	  "windows",
	  "the image is for linux, and platform.os wants windows" },
	{ "a contradiction is no matter for a peer",
	  { LINUX_NODE, .want = { .os = "windows" }, .image = { .os = "linux" } },
	  COMPOSITE_MISMATCH,
	  "windows",
	  "platform.os wants windows" },
	{ "darwin is what macos wants",
	  { LINUX_NODE, .want = { .os = "macos" }, .image = { .os = "darwin" } },
	  COMPOSITE_PEER,
	  "macos",
	  "platform.os wants macos" },
	{ "a model takes what nobody else does",
	  { .node = { "linux", "amd64" }, .has_model = true, .want = { "macos", "arm64" } },
	  COMPOSITE_RUN,
	  "macos",
	  NULL },
};

static const struct row processors[] = {
	{ "as the node",
	  { LINUX_NODE, .want = { "linux", "amd64" } },
	  COMPOSITE_RUN,
	  "linux",
	  NULL },
	{ "wanted for another",
	  { LINUX_NODE, .want = { "linux", "arm64" } },
	  COMPOSITE_MISMATCH,
	  "linux",
	  "it is for arm64, and this node is amd64" },
	{ "the image is for another",
	  { LINUX_NODE, .image = { "linux", "arm64" } },
	  COMPOSITE_MISMATCH,
	  "linux",
	  "it is for arm64, and this node is amd64" },
	{ "file and image differ",
	  { LINUX_NODE, .want = { "linux", "amd64" }, .image = { "linux", "arm64" } },
	  COMPOSITE_MISMATCH,
	  "linux",
	  "the image is for arm64, and platform.arch wants amd64" },
	{ "a peer is asked for before the node's processor counts",
	  { LINUX_NODE, .want = { "windows", "arm64" } },
	  COMPOSITE_PEER,
	  "windows",
	  "no runtime for windows" },
};

static const struct row versions[] = {
	{ "the node's own build",
	  { WINDOWS_NODE, .image = { "windows", "amd64", "10.0.20348.2402" } },
	  COMPOSITE_RUN,
	  "windows",
	  NULL },
	{ "an older image: HCS isolates it",
	  { WINDOWS_NODE, .image = { "windows", "amd64", "10.0.17763.1" } },
	  COMPOSITE_RUN,
	  "windows",
	  NULL },
	{ "a newer image",
	  { WINDOWS_NODE, .image = { "windows", "amd64", "10.0.26100.1" } },
	  COMPOSITE_MISMATCH,
	  "windows",
	  "it is for Windows 10.0.26100.1, and this node has the older 10.0.20348.1" },
	{ "a newer one is wanted",
	  { WINDOWS_NODE, .want = { "windows", "amd64", "10.0.26100" } },
	  COMPOSITE_MISMATCH,
	  "windows",
	  "it is for Windows 10.0.26100" },
	{ "the same build wanted, other revision",
	  { WINDOWS_NODE, .want = { "windows", "amd64", "10.0.20348.1" },
	    .image = { "windows", "amd64", "10.0.20348.2402" } },
	  COMPOSITE_RUN,
	  "windows",
	  NULL },
	{ "another build wanted than the image has",
	  { WINDOWS_NODE, .want = { "windows", "amd64", "10.0.17763.1" },
	    .image = { "windows", "amd64", "10.0.20348.2402" } },
	  COMPOSITE_MISMATCH,
	  "windows",
	  "the image is for Windows 10.0.20348.2402, and platform.osVersion wants 10.0.17763.1" },
	{ "names of versions that are no builds",
	  { WINDOWS_NODE, .want = { "windows", "amd64", "ltsc2022" },
	    .image = { "windows", "amd64", "ltsc2019" } },
	  COMPOSITE_MISMATCH,
	  "windows",
	  "platform.osVersion wants ltsc2022" },
	{ "a node that does not know its build",
	  { .node = { "linux", "amd64" },
	    .has_windows = true,
	    .image = { "windows", "amd64", "10.0.26100.1" } },
	  COMPOSITE_RUN,
	  "windows",
	  NULL },
	{ "Linux has no such versions",
	  { LINUX_NODE, .want = { "linux", "amd64", "10.0.1.1" },
	    .image = { "linux", "amd64", "6.1" } },
	  COMPOSITE_RUN,
	  "linux",
	  NULL },
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena *a CLEAN(arena) = arena_new();
		const struct row *w = &rows[i];
		struct composite_answer got;

		composite_route(&w->q, a, &got);
		if (got.kind != w->kind || strcmp(got.os, w->os) != 0)
			fail_msg("%s: answer %d for %s: %s", w->name, got.kind, got.os,
				 got.reason ? got.reason : "no reason");
		if (!got.reason != !got.hint)
			fail_msg("%s: hint '%s'", w->name, got.hint ? got.hint : "none");
		if (!got.reason != !w->reason || (w->reason && !strstr(got.reason, w->reason)))
			fail_msg("%s: reason '%s'", w->name, got.reason ? got.reason : "none");
	}
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void test_upstream(void **state)
{
	(void)state;
	CHECK(upstream);
}

static void test_systems(void **state)
{
	(void)state;
	CHECK(systems);
}

static void test_processors(void **state)
{
	(void)state;
	CHECK(processors);
}

static void test_versions(void **state)
{
	(void)state;
	CHECK(versions);
}

/* The laws over every combination of the words: what is never, whatever the row. */
static void check_laws(const struct composite_query *q)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct composite_answer got;

	composite_route(q, a, &got);
	if (got.kind == COMPOSITE_RUN)
		assert_true((q->has_linux && strcmp(got.os, "linux") == 0) ||
			    (q->has_windows && strcmp(got.os, "windows") == 0));
	if (got.kind == COMPOSITE_PEER)
		assert_false((q->has_linux && strcmp(got.os, "linux") == 0) ||
			     (q->has_windows && strcmp(got.os, "windows") == 0));
	assert_int_equal(got.kind == COMPOSITE_RUN, got.reason == NULL);
	if (q->want.os)
		assert_string_equal(got.os, q->want.os);
}

static void test_laws(void **state)
{
	static const char *const os[] = { NULL, "linux", "windows", "macos" };
	static const char *const arch[] = { NULL, "amd64", "arm64" };

	(void)state;
	for (unsigned i = 0; i < 4 * 4 * 3 * 3 * 2 * 2 * 2; i++) {
		const struct composite_query q = {
			.want = { .os = os[i % 4], .arch = arch[i / 16 % 3] },
			.image = { .os = os[i / 4 % 4], .arch = arch[i / 48 % 3] },
			.node = { i / 144 % 2 ? "linux" : "windows", "amd64" },
			.has_linux = i / 288 % 2,
			.has_windows = i / 576 % 2,
		};

		check_laws(&q);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_upstream),   cmocka_unit_test(test_systems),
		cmocka_unit_test(test_processors), cmocka_unit_test(test_versions),
		cmocka_unit_test(test_laws),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
