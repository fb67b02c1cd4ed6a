/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of the simulator: what runs, its output and codes, signals, consoles, whose pipes. */
#include "tests/support/hcs_world.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"

static void test_commands(void **state)
{
	static const struct {
		const char *line, *out;
		int64_t code;
	} cases[] = {
		{ "cmd /c echo hi", "hi\n", 0 },
		{ "cmd.exe /S /C \"exit 7\"", "", 7 },
		{ "C:\\Windows\\System32\\CMD.EXE /c exit 300", "", 44 },
		{ "cmd /c \"echo %COMPUTERNAME% %Username% %NOBODY%\"",
		  "web-0 ContainerUser %NOBODY%\n", 0 },
		{ "cmd /c \"i=1; while [ $i -le 3 ]; do echo line $i; i=$((i+1)); done\"",
		  "line 1\nline 2\nline 3\n", 0 },
		{ "cmd /c \"ping -n 1 127.0.0.1 && timeout /t 0 && echo both\"", "both\n", 0 },
		{ "ping -n 1 localhost", "", 0 },
		{ "timeout.exe /T 0 /NOBREAK", "", 0 },
		{ "/bin/echo \"a b\"  c\\d \"e\\\"f\"", "a b c\\d e\"f\n", 0 },
		{ "printf %s-%s x", "x-", 0 },
		{ "cmd /c \"echo out; echo err >&2; exit 3\"", "out\nerr\n", 3 },
		{ "cmd /c \"kill -SEGV $$\"", "", 0xC0000005 },
		{ "cmd", "", 0 },
	};
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t code = -1;

		assert_string_equal(hcs_world_run(w, s, cases[i].line, &code), cases[i].out);
		assert_int_equal(code, cases[i].code);
	}
}

static void test_environment(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;
	const char *out;

	assert_int_equal(
		hcs_world_process(w, s,
				  "{\"CommandLine\":\"cmd /c set\",\"User\":\"app\","
				  "\"Environment\":{\"GREETING\":\"a b=c\",\"Path\":\"C:\\\\x\"},"
				  "\"CreateStdOutPipe\":true}",
				  &p, &info),
		S_OK);
	assert_null(info.StdInput);
	assert_null(info.StdError);
	out = hcs_world_read(w, info.StdOutput);
	assert_non_null(strstr(out, "GREETING=a b=c\n"));
	assert_non_null(strstr(out, "Path=C:\\x\n"));
	assert_non_null(strstr(out, "USERNAME=app\n"));
	assert_non_null(strstr(out, "SystemRoot=C:\\Windows\n"));
	assert_non_null(strstr(out, "HCS_SIM_SYSTEM=a\n"));
	assert_null(strstr(out, "HCS_SIM_DIR"));
	assert_int_equal(hcs_world_exit_code(w, p), 0);
	w->api->HcsCloseProcess(p);
}

/* The image's files, in any case, and the writable layer as working directory. */
static void test_image(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	const char *app = hcs_world_printf(w, "%s/layers/base/Files/App", w->path);
	int64_t code = -1;
	FILE *f;

	assert_int_equal(fs_mkdirs(AT_FDCWD, app, 0755, &w->err), 0);
	f = fopen(hcs_world_printf(w, "%s/serve.exe", app), "w");
	fputs("#!/bin/sh\necho served $1\n", f);
	fclose(f);
	chmod(hcs_world_printf(w, "%s/serve.exe", app), 0755);
	f = fopen(hcs_world_printf(w, "%s/start.cmd", app), "w");
	fputs("echo started\n", f);
	fclose(f);
	assert_string_equal(hcs_world_run(w, s, "C:\\app\\Serve.exe you", &code), "served you\n");
	assert_string_equal(hcs_world_run(w, s, "\\APP\\serve me", &code), "served me\n");
	assert_string_equal(hcs_world_run(w, s, "c:\\app\\start", &code), "started\n");
	assert_string_equal(hcs_world_run(w, s, "c:\\app\\..\\..\\..\\app\\start", &code),
			    "started\n");
}

static void test_working_directory(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;
	const char *out;

	assert_int_equal(hcs_world_process(w, s,
					   "{\"CommandLine\":\"cmd /c pwd\",\"WorkingDirectory\":"
					   "\"C:\\\\data\\\\in\",\"CreateStdOutPipe\":true}",
					   &p, &info),
			 S_OK);
	out = hcs_world_read(w, info.StdOutput);
	assert_non_null(strstr(out, hcs_world_printf(w, "%s/layers/scratch.", w->path)));
	assert_non_null(strstr(out, "/Files/data/in\n"));
	w->api->HcsCloseProcess(p);
}

static void test_refused(void **state)
{
	static const struct {
		const char *parameters;
		HRESULT want;
	} cases[] = {
		{ "{\"CommandLine\":\"C:\\\\nothing\\\\here.exe\"}", WIN32_FILE_NOT_FOUND },
		{ "{\"CommandLine\":\"no-such-program\"}", WIN32_FILE_NOT_FOUND },
		{ "{\"CommandLine\":\"\"}", E_INVALIDARG },
		{ "{}", E_INVALIDARG },
		{ "{\"CommandLine\":\"cmd\",\"Shell\":true}", HCS_E_INVALID_JSON },
		{ "{\"CommandLine\":\"cmd\",\"Environment\":[\"A=1\"]}", HCS_E_INVALID_JSON },
		{ "{\"CommandLine\":\"cmd\",\"Environment\":{\"A\":1}}", HCS_E_INVALID_JSON },
		{ "{\"CommandLine\":\"cmd\",\"CreateStdInPipe\":\"yes\"}", HCS_E_INVALID_JSON },
		{ NULL, E_INVALIDARG },
	};
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o"), created = NULL;
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(hcs_world_process(w, s, cases[i].parameters, &p, &info),
				 cases[i].want);
		assert_null(p);
	}
	assert_int_equal(hcs_world_create(w, "b", hcs_world_config(w, "o", ""), &created), S_OK);
	assert_int_equal(hcs_world_process(w, created, "{\"CommandLine\":\"cmd\"}", &p, &info),
			 HCS_E_INVALID_STATE);
}

static HCS_PROCESS sleeper(struct hcs_world *w, HCS_SYSTEM s, DWORD *ret_pid)
{
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;

	assert_int_equal(
		hcs_world_process(w, s, "{\"CommandLine\":\"ping -t localhost\"}", &p, &info),
		S_OK);
	*ret_pid = info.ProcessId;
	return p;
}

static void test_signals_and_codes(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	HCS_PROCESS p;
	DWORD pid;

	p = sleeper(w, s, &pid);
	assert_int_equal(w->api->HcsWaitForProcessExit(p, 10, NULL), HCS_E_OPERATION_TIMEOUT);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROCESS_PROPERTIES, p, NULL), S_OK);
	assert_non_null(strstr(w->document, "\"Exited\":false"));
	assert_int_equal(
		hcs_world_do(w, HCS_WORLD_PROCESS_SIGNAL, p, "{\"Signal\":\"CtrlShutdown\"}"),
		S_OK);
	assert_int_equal(hcs_world_exit_code(w, p), 0xC000013A);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROCESS_SIGNAL, p, "{\"Signal\":\"CtrlC\"}"),
			 HCS_E_PROCESS_ALREADY_STOPPED);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROCESS_TERMINATE, p, NULL),
			 HCS_E_PROCESS_ALREADY_STOPPED);
	w->api->HcsCloseProcess(p);
	p = sleeper(w, s, &pid);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROCESS_SIGNAL, p, "{\"Signal\":\"SIGTERM\"}"),
			 HCS_E_INVALID_JSON);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROCESS_TERMINATE, p, NULL), S_OK);
	assert_int_equal(hcs_world_exit_code(w, p), 1);
	w->api->HcsCloseProcess(p);
	(void)hcs_world_tool(w, "switch", "terminate_exit_code=4294967295", NULL);
	p = sleeper(w, s, &pid);
	kill((pid_t)pid, SIGKILL);
	assert_int_equal(hcs_world_exit_code(w, p), 4294967295);
	w->api->HcsCloseProcess(p);
}

/* The system goes on when its processes have ended, and they end with it. */
static void test_with_the_system(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	HCS_PROCESS p;
	int64_t code = -1;
	DWORD pid;

	(void)hcs_world_run(w, s, "cmd /c exit 0", &code);
	assert_string_equal(hcs_world_state(w, "a"), "Running");
	p = sleeper(w, s, &pid);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_SHUTDOWN, s, NULL), S_OK);
	assert_int_equal(hcs_world_exit_code(w, p), 0xC000013A);
	assert_string_equal(hcs_world_state(w, "a"), "Stopped");
	assert_int_equal(kill((pid_t)pid, 0), -1);
	w->api->HcsCloseProcess(p);
}

/* One that does not listen keeps a shutdown waiting; terminate ends both, also grandchildren that
 * have gone into the background. */
static void test_deaf(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	HCS_OPERATION op = w->api->HcsCreateOperation(NULL, NULL);
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;
	char pid[32] = "";
	PWSTR result = NULL;

	assert_int_equal(
		hcs_world_process(w, s,
				  "{\"CommandLine\":\"cmd /c \\\"trap '' TERM; setsid sleep "
				  "1000 & echo $!; wait\\\"\",\"CreateStdOutPipe\":true}",
				  &p, &info),
		S_OK);
	assert_true(read(hcs_api_fd(info.StdOutput), pid, sizeof(pid) - 1) > 0);
	assert_int_equal(w->api->HcsShutDownComputeSystem(s, op, NULL), S_OK);
	assert_int_equal(w->api->HcsWaitForOperationResult(op, 100, &result),
			 HCS_E_OPERATION_TIMEOUT);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_SHUTDOWN, s, NULL),
			 HCS_E_SYSTEM_ALREADY_STOPPED);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	/* The operation went on all the while, and ends now. */
	assert_int_equal(w->api->HcsWaitForOperationResult(op, INFINITE, &result), S_OK);
	assert_int_equal(hcs_world_exit_code(w, p), 1);
	w->api->HcsCloseOperation(op);
	close(hcs_api_fd(info.StdOutput));
	w->api->HcsCloseProcess(p); /* teardown sees that no process is left */
}

static void test_standard_input(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;
	int in;

	assert_int_equal(hcs_world_process(w, s,
					   "{\"CommandLine\":\"cat\",\"CreateStdInPipe\":true,"
					   "\"CreateStdOutPipe\":true}",
					   &p, &info),
			 S_OK);
	in = hcs_api_fd(info.StdInput);
	assert_int_equal(write(in, "one\ntwo\n", 8), 8);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROCESS_MODIFY, p,
				      "{\"Operation\":\"CloseHandle\",\"CloseHandle\":"
				      "{\"Handle\":\"StdIn\"}}"),
			 S_OK);
	close(in);
	assert_string_equal(hcs_world_read(w, info.StdOutput), "one\ntwo\n");
	assert_int_equal(hcs_world_exit_code(w, p), 0);
	w->api->HcsCloseProcess(p);
}

static void test_console(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;
	const char *out;

	assert_int_equal(
		hcs_world_process(
			w, s,
			"{\"CommandLine\":\"cmd /c \\\"read word; stty size; echo err >&2\\\"\","
			"\"EmulateConsole\":true,\"ConsoleSize\":[24,80],"
			"\"CreateStdInPipe\":true,\"CreateStdOutPipe\":true,"
			"\"CreateStdErrPipe\":true}",
			&p, &info),
		S_OK);
	assert_null(info.StdError);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROCESS_MODIFY, p,
				      "{\"ConsoleSize\":{\"Height\":30,\"Width\":90}}"),
			 HCS_E_INVALID_JSON); /* no Operation */
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROCESS_MODIFY, p,
				      "{\"Operation\":\"ConsoleSize\",\"ConsoleSize\":"
				      "{\"Height\":30,\"Width\":90}}"),
			 S_OK);
	assert_int_equal(write(hcs_api_fd(info.StdInput), "go\n", 3), 3);
	assert_int_equal(hcs_world_exit_code(w, p), 0);
	close(hcs_api_fd(info.StdInput));
	out = hcs_world_read(w, info.StdOutput);
	assert_non_null(strstr(out, "30 90\r\n"));
	assert_non_null(strstr(out, "err\r\n"));
	w->api->HcsCloseProcess(p);
}

static void test_open_and_list(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	HCS_PROCESS p, again = NULL;
	DWORD pid;

	p = sleeper(w, s, &pid);
	assert_int_equal(
		hcs_world_do(w, HCS_WORLD_PROPERTIES, s, "{\"PropertyTypes\":[\"ProcessList\"]}"),
		S_OK);
	assert_non_null(strstr(w->document, hcs_world_printf(w, "\"ProcessId\":%u", pid)));
	assert_non_null(strstr(w->document, "\"ImageName\":\"ping.exe\""));
	assert_int_equal(w->api->HcsOpenProcess(s, pid + 100000, GENERIC_ALL, &again),
			 WIN32_NOT_FOUND);
	w->api->HcsCloseProcess(p);
	assert_int_equal(w->api->HcsOpenProcess(s, pid, GENERIC_ALL, &again), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROCESS_TERMINATE, again, NULL), S_OK);
	assert_int_equal(hcs_world_exit_code(w, again), 1);
	w->api->HcsCloseProcess(again);
	/* Its code is there for who comes later, unless the switch says otherwise. */
	assert_int_equal(w->api->HcsOpenProcess(s, pid, GENERIC_ALL, &again), S_OK);
	assert_int_equal(hcs_world_exit_code(w, again), 1);
	(void)hcs_world_tool(w, "switch", "exited_process=goes", NULL);
	w->api->HcsCloseProcess(again);
	assert_int_equal(w->api->HcsOpenProcess(s, pid, GENERIC_ALL, &again), WIN32_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hcs_world_setup, hcs_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_commands),        TEST(test_environment),
		TEST(test_image),           TEST(test_working_directory),
		TEST(test_refused),         TEST(test_signals_and_codes),
		TEST(test_with_the_system), TEST(test_deaf),
		TEST(test_standard_input),  TEST(test_console),
		TEST(test_open_and_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
