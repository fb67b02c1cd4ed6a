/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of the Host Compute Service: real ones are read, rubbish is an error and never absence.
 */
#include "backends/hcs_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void lists_systems(void **state)
{
	static const char text[] =
		"[{\"Id\":\"shop.web-rep-0.17\",\"SystemType\":\"Container\",\"Owner\":"
		"\"TallyMan\","
		"\"RuntimeId\":\"{B7C1A2D3-0000-5000-8000-00000000000A}\",\"State\":\"Running\"},"
		"{\"Id\":\"x\",\"State\":\"Hibernating\",\"Later\":{\"a\":[1]}},"
		"{\"Id\":\"y\",\"SystemType\":null,\"Owner\":\"\",\"State\":\"SavedAsTemplate\"}]";
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_system *s;
	size_t n;

	(void)state;
	assert_int_equal(hcs_reply_systems(text, strlen(text), a, &s, &n, NULL), 0);
	assert_int_equal(n, 3);
	assert_string_equal(s[0].id, "shop.web-rep-0.17");
	assert_string_equal(s[0].type, "Container");
	assert_string_equal(s[0].owner, "tallyman");
	assert_string_equal(s[0].runtime_id, "{B7C1A2D3-0000-5000-8000-00000000000A}");
	assert_int_equal(s[0].state, HCS_STATE_RUNNING);
	assert_int_equal(s[1].state, HCS_STATE_UNKNOWN);
	assert_string_equal(s[1].type, "");
	assert_null(s[1].owner);
	assert_null(s[2].owner);
	assert_int_equal(s[2].state, HCS_STATE_TEMPLATE);
}

static void takes_nothing_for_an_empty_list(void **state)
{
	static const char *const texts[] = { NULL, "", "null", "[]" };
	struct arena *a CLEAN(arena) = arena_new();

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct hcs_system *s;
		size_t n = 9;

		assert_int_equal(hcs_reply_systems(texts[i], texts[i] ? strlen(texts[i]) : 0, a, &s,
						   &n, NULL),
				 0);
		assert_int_equal(n, 0);
	}
}

static void refuses_broken_lists(void **state)
{
	static const char *const texts[] = { "{}",
					     "[1]",
					     "[{}]",
					     "[{\"Id\":1}]",
					     "[{\"Id\":\"\"}]",
					     "[",
					     "[{\"Id\":\"a\",\"Owner\":3}]",
					     "[{\"Id\":\"a\",\"State\":[]}]",
					     "nul",
					     "\"\"" };
	struct arena *a CLEAN(arena) = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct hcs_system *s = NULL;
		struct error err = ERROR_INIT;
		size_t n = 9;

		if (hcs_reply_systems(texts[i], strlen(texts[i]), a, &s, &n, &err) != -ERR_CORRUPT)
			fail_msg("%s", texts[i]);
		assert_int_equal(err.code, ERR_CORRUPT);
		assert_int_equal(n, 9);
	}
}

static void reads_properties(void **state)
{
	static const char text[] =
		"{\"Id\":\"shop.web-rep-0.17\",\"SystemType\":\"Container\",\"State\":\"Stopped\","
		"\"Stopped\":true,\"ExitType\":\"ForcedExit\",\"Statistics\":{\"Timestamp\":"
		"\"2026-04-21T12:34:56Z\",\"Uptime100ns\":2960000000,\"Processor\":{"
		"\"TotalRuntime100ns\":1234567,\"RuntimeUser100ns\":900000},\"Memory\":{"
		"\"MemoryUsageCommitBytes\":268435456,\"MemoryUsagePrivateWorkingSetBytes\":"
		"201326592}},"
		"\"ProcessList\":[{\"ProcessId\":4294967295,\"ImageName\":\"app.exe\"},{}]}";
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_properties p;

	(void)state;
	assert_int_equal(hcs_reply_properties(text, strlen(text), a, &p, NULL), 0);
	assert_int_equal(p.basics.state, HCS_STATE_STOPPED);
	assert_true(p.stopped);
	assert_string_equal(p.exit_type, "ForcedExit");
	assert_true(p.has_statistics);
	assert_int_equal(p.cpu_us, 123456);
	assert_int_equal(p.uptime_us, 296000000);
	assert_int_equal(p.memory_bytes, 201326592);
	assert_int_equal(p.n_processes, 2);
	assert_int_equal(p.processes[0].pid, UINT32_MAX);
	assert_string_equal(p.processes[0].image, "app.exe");
	assert_null(p.processes[1].image);
}

static void needs_little(void **state)
{
	static const char text[] = "{\"Id\":\"x\",\"SystemType\":\"Container\"}";
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_properties p;

	(void)state;
	assert_int_equal(hcs_reply_properties(text, strlen(text), a, &p, NULL), 0);
	assert_false(p.has_statistics);
	assert_null(p.processes);
	assert_int_equal(p.basics.state, HCS_STATE_UNKNOWN);
}

static void refuses_broken_properties(void **state)
{
	static const char *const texts[] = {
		"",
		"null",
		"[]",
		"{\"SystemType\":\"Container\"}",
		"{\"Id\":\"x\",\"Stopped\":1}",
		"{\"Id\":\"x\",\"Statistics\":[]}",
		"{\"Id\":\"x\",\"Statistics\":{\"Uptime100ns\":-1}}",
		("{\"Id\":\"x\",\"Statistics\":{\"Memory\":{\"MemoryUsagePrivateWorkingSetBytes\":"
		 "\"1\"}}}"),
		"{\"Id\":\"x\",\"ProcessList\":{}}",
		"{\"Id\":\"x\",\"ProcessList\":[null]}",
		"{\"Id\":\"x\",\"ProcessList\":[{\"ProcessId\":4294967296}]}",
		"{\"Id\":\"x\"} ]",
	};
	struct arena *a CLEAN(arena) = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct hcs_properties p = { .n_processes = 77 };

		if (hcs_reply_properties(texts[i], strlen(texts[i]), a, &p, NULL) != -ERR_CORRUPT)
			fail_msg("%s", texts[i]);
		assert_int_equal(p.n_processes, 77);
	}
}

static void knows_how_processes_ended(void **state)
{
	static const struct {
		const char *text;
		bool exited, has_code;
		uint32_t code;
	} rows[] = {
		{ "{\"ProcessId\":12,\"Exited\":true,\"ExitCode\":0,\"LastWaitResult\":0}", true,
		  true, 0 },
		{ "{\"ProcessId\":12,\"Exited\":true,\"ExitCode\":3221225477}", true, true,
		  0xC0000005 },
		{ "{\"ProcessId\":12,\"Exited\":true,\"ExitCode\":-1073741819}", true, true,
		  0xC0000005 },
		{ "{\"ProcessId\":12,\"Exited\":false,\"ExitCode\":7}", false, false, 0 },
		{ "{\"ProcessId\":12,\"Exited\":true}", true, false, 0 },
		{ "{\"ProcessId\":12,\"Exited\":true,\"ExitCode\":7,\"LastWaitResult\":-"
		  "2147024891}",
		  true, false, 0 },
	};
	struct hcs_exit x;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			hcs_reply_process_exit(rows[i].text, strlen(rows[i].text), &x, NULL), 0);
		assert_int_equal(x.pid, 12);
		assert_int_equal(x.exited, rows[i].exited);
		assert_int_equal(x.has_code, rows[i].has_code);
		assert_int_equal(x.code, rows[i].code);
	}
	assert_int_equal(hcs_reply_process_exit("", 0, &x, NULL), -ERR_CORRUPT);
	assert_int_equal(hcs_reply_process_exit("{\"ExitCode\":4294967296}", 23, &x, NULL),
			 -ERR_CORRUPT);
}

static void knows_how_systems_ended(void **state)
{
	struct arena *a CLEAN(arena) = arena_new();
	static const char graceful[] = "{\"Status\":0,\"ExitType\":\"GracefulExit\"}";
	static const char code[] = "{\"ExitCode\":5}";
	struct hcs_exit x;

	(void)state;
	assert_int_equal(hcs_reply_system_exit(graceful, strlen(graceful), a, &x, NULL), 0);
	assert_true(x.exited);
	assert_false(x.has_code); /* the status of the wait is no exit code */
	assert_string_equal(x.exit_type, "GracefulExit");
	assert_int_equal(hcs_reply_system_exit(code, strlen(code), a, &x, NULL), 0);
	assert_true(x.has_code);
	assert_int_equal(x.code, 5);
	assert_int_equal(hcs_reply_system_exit(NULL, 0, a, &x, NULL), 0);
	assert_true(x.exited);
	assert_false(x.has_code);
	assert_int_equal(hcs_reply_system_exit("3", 1, a, &x, NULL), -ERR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_systems),
		cmocka_unit_test(takes_nothing_for_an_empty_list),
		cmocka_unit_test(refuses_broken_lists),
		cmocka_unit_test(reads_properties),
		cmocka_unit_test(needs_little),
		cmocka_unit_test(refuses_broken_properties),
		cmocka_unit_test(knows_how_processes_ended),
		cmocka_unit_test(knows_how_systems_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
