/* SPDX-License-Identifier: Apache-2.0 */
/* Isolation: every row of the table, and every refusal with its reason. */
#include "backends/hcs_isolation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct hcs_version host = { 10, 0, 20348 };

#define SAME  "10.0.20348.2113"
#define OLDER "10.0.17763.5329"
#define NEWER "10.0.26100.1742"

static void decides_by_builds(void **state)
{
	static const struct {
		enum isolation wanted;
		const char *image;
		bool knows_host;
		enum hcs_isolation want;
	} rows[] = {
		{ ISOLATION_PROCESS, SAME, true, HCS_ISOLATION_PROCESS },
		{ ISOLATION_PROCESS, OLDER, true, HCS_ISOLATION_PROCESS },
		{ ISOLATION_PROCESS, NULL, true, HCS_ISOLATION_PROCESS },
		{ ISOLATION_PROCESS, NEWER, false, HCS_ISOLATION_PROCESS },
		{ ISOLATION_HYPERV, SAME, true, HCS_ISOLATION_HYPERV },
		{ ISOLATION_HYPERV, OLDER, true, HCS_ISOLATION_HYPERV },
		{ ISOLATION_HYPERV, NULL, false, HCS_ISOLATION_HYPERV },
		{ ISOLATION_AUTO, SAME, true, HCS_ISOLATION_PROCESS },
		{ ISOLATION_AUTO, "10.0.20348", true, HCS_ISOLATION_PROCESS },
		{ ISOLATION_AUTO, OLDER, true, HCS_ISOLATION_HYPERV },
		{ ISOLATION_AUTO, SAME, false, HCS_ISOLATION_HYPERV },
		{ ISOLATION_AUTO, NULL, true, HCS_ISOLATION_PROCESS },
		{ ISOLATION_AUTO, "10.0", true, HCS_ISOLATION_PROCESS }, /* says nothing */
		{ ISOLATION_AUTO, "ltsc2022", false, HCS_ISOLATION_PROCESS },
		{ ISOLATION_UNSET, SAME, true, HCS_ISOLATION_PROCESS },
		{ ISOLATION_UNSET, OLDER, true, HCS_ISOLATION_HYPERV },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct hcs_isolation_case c = { .wanted = rows[i].wanted,
						      .image_version = rows[i].image,
						      .host = rows[i].knows_host ? &host : NULL,
						      .has_hyperv = true };
		enum hcs_isolation got;
		struct error err = ERROR_INIT;

		if (hcs_isolation_decide(&c, &got, &err) != 0)
			fail_msg("row %zu: %s", i, err.msg);
		if (got != rows[i].want)
			fail_msg("row %zu: %d", i, got);
	}
}

static void refuses_what_cannot_work(void **state)
{
	static const struct {
		struct hcs_isolation_case c;
		const char *says;
	} rows[] = {
		{ { ISOLATION_UNSET, NEWER, &host, true, false, 0 }, "newer than this host's" },
		{ { ISOLATION_PROCESS, NEWER, &host, true, false, 0 }, "newer than this host's" },
		{ { ISOLATION_HYPERV, "11.0.1", &host, true, false, 0 }, "newer than this host's" },
		{ { ISOLATION_HYPERV, SAME, &host, false, false, 0 }, "hyperv is not available" },
		{ { ISOLATION_AUTO, OLDER, &host, false, false, 0 },
		  "10.0.17763.5329 needs hyperv" },
		{ { ISOLATION_AUTO, SAME, NULL, false, false, 0 }, "build is not known" },
		{ { ISOLATION_AUTO, SAME, &host, true, true, 0 }, "resources.gpu: not possible" },
		{ { ISOLATION_PROCESS, OLDER, &host, true, true, 0 },
		  "resources.gpu: not possible" },
		{ { ISOLATION_HYPERV, SAME, &host, true, true, GPU_SHARING_MPS }, "mps is not" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum hcs_isolation got = (enum hcs_isolation)77;
		struct error err = ERROR_INIT;

		assert_int_equal(hcs_isolation_decide(&rows[i].c, &got, &err), -ERR_UNSUPPORTED);
		if (!strstr(err.msg, rows[i].says))
			fail_msg("row %zu: %s", i, err.msg);
		assert_int_equal(got, 77);
	}
}

static void gives_gpus_to_utility_vms(void **state)
{
	const struct hcs_isolation_case c = { .wanted = ISOLATION_HYPERV,
					      .image_version = SAME,
					      .host = &host,
					      .has_hyperv = true,
					      .wants_gpu = true,
					      .sharing = GPU_SHARING_EXCLUSIVE };
	enum hcs_isolation got;

	(void)state;
	assert_int_equal(hcs_isolation_decide(&c, &got, NULL), 0);
	assert_int_equal(got, HCS_ISOLATION_HYPERV);
}

static void reads_versions(void **state)
{
	static const char *const no[] = { "",
					  "10",
					  "10.0",
					  "10..1",
					  "10.0.",
					  "10.0.x",
					  "-1.0.1",
					  "10.0.4294967296",
					  "10.0.99999999999999999999",
					  "a.b.c" };
	struct hcs_version v = { 1, 2, 3 };

	(void)state;
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (hcs_isolation_version(no[i], &v) || v.build != 3)
			fail_msg("%s", no[i]);
	assert_true(hcs_isolation_version("10.0.4294967295.1.2", &v));
	assert_int_equal(v.build, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_by_builds),
		cmocka_unit_test(refuses_what_cannot_work),
		cmocka_unit_test(gives_gpus_to_utility_vms),
		cmocka_unit_test(reads_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
