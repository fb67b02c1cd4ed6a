/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kills: of a client, of the keeper, of both at once between any two changes of a file. A host
 * comes up again from whatever is left of it, and what lived under the keeper is gone with it.
 *
 * "hcs_sim_crash_test client" is the client that is killed: it puts a scenario up and takes it
 * down.
 */
#include "tests/support/hcs_world.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/process.h"

#define V2 "{\"SchemaVersion\":{\"Major\":2,\"Minor\":0}}"

enum { TRIES = 200 }; /* of one step, before the test gives up */

/* --- a client that looks after every failure ------------------------------------------------ */

static void more_tries(int *tries, const char *what)
{
	if (++*tries == TRIES)
		fail_msg("%s does not come about", what);
	if (*tries > 3)
		clock_sleep(10 * CLOCK_MS);
}

static bool is_there(struct hcs_world *w, enum hcs_world_kind kind, unsigned n)
{
	int tries = 0;
	HRESULT hr;

	while ((hr = hcs_world_hcn_query(w, kind, n, HCS_WORLD_V2)) < 0 &&
	       hcs_result_outcome(hr) != HCS_ABSENT)
		more_tries(&tries, "an answer");
	return hr >= 0;
}

static void put_up_network(struct hcs_world *w)
{
	static const char network[] =
		"{\"SchemaVersion\":{\"Major\":2},\"Name\":\"n\",\"Ipams\":[{\"Subnets\":"
		"[{\"IpAddressPrefix\":\"10.0.0.0/28\"}]}]}";
	int tries = 0;

	while (!is_there(w, HCS_WORLD_NETWORK, 1)) {
		more_tries(&tries, "the network");
		(void)hcs_world_network(w, 1, network);
	}
	while (!is_there(w, HCS_WORLD_NAMESPACE, 2)) {
		more_tries(&tries, "the namespace");
		(void)hcs_world_namespace(w, 2, V2);
	}
	while (!is_there(w, HCS_WORLD_ENDPOINT, 3)) {
		more_tries(&tries, "the endpoint");
		(void)hcs_world_endpoint(w, 1, 3, V2);
	}
	while (hcs_result_outcome(hcs_world_attach(w, 2, 3, true)) != HCS_ATTACHED)
		more_tries(&tries, "the attachment");
}

static void take_down_network(struct hcs_world *w)
{
	int tries = 0;

	while (is_there(w, HCS_WORLD_NAMESPACE, 2) &&
	       hcs_result_outcome(hcs_world_attach(w, 2, 3, false)) != HCS_ABSENT)
		more_tries(&tries, "the detachment");
	while (is_there(w, HCS_WORLD_ENDPOINT, 3)) {
		more_tries(&tries, "the endpoint's end");
		(void)hcs_world_hcn_delete(w, HCS_WORLD_ENDPOINT, 3);
	}
	while (is_there(w, HCS_WORLD_NAMESPACE, 2)) {
		more_tries(&tries, "the namespace's end");
		(void)hcs_world_hcn_delete(w, HCS_WORLD_NAMESPACE, 2);
	}
	while (is_there(w, HCS_WORLD_NETWORK, 1)) {
		more_tries(&tries, "the network's end");
		(void)hcs_world_hcn_delete(w, HCS_WORLD_NETWORK, 1);
	}
}

/* A system with a process, from nothing to nothing; the keeper may go at any moment, and it with
 * the keeper. */
static void system_up_and_down(struct hcs_world *w, const char *config)
{
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;
	HCS_SYSTEM s = NULL;
	int tries = 0;

	for (;;) {
		HRESULT hr = hcs_world_open(w, "a", &s);

		if (hcs_result_outcome(hr) == HCS_ABSENT)
			(void)hcs_world_create(w, "a", config, &s);
		if (s && hcs_world_do(w, HCS_WORLD_PROPERTIES, s, NULL) == S_OK)
			break;
		w->api->HcsCloseComputeSystem(s);
		s = NULL;
		more_tries(&tries, "the system");
	}
	(void)hcs_world_do(w, HCS_WORLD_START, s, NULL);
	if (hcs_world_process(w, s, "{\"CommandLine\":\"ping -t localhost\"}", &p, &info) == S_OK)
		w->api->HcsCloseProcess(p);
	w->api->HcsCloseComputeSystem(s);
	while (hcs_result_outcome(hcs_world_open(w, "a", &s)) != HCS_ABSENT) {
		(void)hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL);
		w->api->HcsCloseComputeSystem(s);
		more_tries(&tries, "the system's end");
	}
}

/* --- keepers that are killed ---------------------------------------------------------------- */

/* A program in place of the keeper's that arms the next one only, where the file `armed` is. */
static void use_wrapper(struct hcs_world *w)
{
	const char *script = hcs_world_printf(w, "%s/keeper.sh", w->path);
	const char *text = hcs_world_printf(
		w,
		"#!/bin/sh\n"
		"if [ -e %s/armed ]; then\n"
		"\t. %s/armed\n"
		"\trm %s/armed\n"
		"\texport KILL_AT KILL_TOO KILL_MARK=%s/killed LD_PRELOAD=%s\n"
		"\texport ASAN_OPTIONS=verify_asan_link_order=0\n"
		"fi\n"
		"exec %s/hcs_sim_host \"$@\"\n",
		w->path, w->path, w->path, w->path, HCS_SIM_KILLER, TEST_BINARY_DIR);

	assert_int_equal(fs_write_atomic(AT_FDCWD, script, text, strlen(text), 0755, &w->err), 0);
	assert_int_equal(setenv("HCS_SIM_HOST", script, 1), 0);
}

static void arm(struct hcs_world *w, int at, pid_t too)
{
	const char *text = too ? hcs_world_printf(w, "KILL_AT=%d KILL_TOO=%d\n", at, too)
			       : hcs_world_printf(w, "KILL_AT=%d\n", at);

	(void)hcs_world_tool(w, "down", NULL);
	(void)unlink(hcs_world_printf(w, "%s/killed", w->path));
	assert_int_equal(fs_write_atomic(AT_FDCWD, hcs_world_printf(w, "%s/armed", w->path), text,
					 strlen(text), 0600, &w->err),
			 0);
}

static bool was_killed(struct hcs_world *w)
{
	return fs_exists(AT_FDCWD, hcs_world_printf(w, "%s/killed", w->path), NULL) == FS_EXISTS;
}

/* The keeper dies at its 1st, 2nd, ... change of a file, until the scenario has no more. */
static void test_keeper_at_every_change(void **state)
{
	struct hcs_world *w = *state;
	const char *config = hcs_world_config(w, "o", "");
	int n = 0;

	use_wrapper(w);
	do {
		arm(w, ++n, 0);
		put_up_network(w);
		system_up_and_down(w, config);
		take_down_network(w);
	} while (was_killed(w));
	assert_true(n > 20);
	assert_int_equal(unsetenv("HCS_SIM_HOST"), 0);
}

static void touch(struct hcs_world *w, const char *name)
{
	assert_int_equal(fs_write_atomic(AT_FDCWD, hcs_world_printf(w, "%s/%s", w->path, name), "",
					 0, 0600, &w->err),
			 0);
}

static void wait_for_file(struct hcs_world *w, const char *name)
{
	const char *path = hcs_world_printf(w, "%s/%s", w->path, name);
	int tries = 0;

	while (fs_exists(AT_FDCWD, path, NULL) != FS_EXISTS)
		more_tries(&tries, name);
}

static pid_t start_client(struct hcs_world *w, const char *what)
{
	const char *argv[] = { "/proc/self/exe", what, w->path, NULL };
	struct process_spec spec = { .argv = argv };
	pid_t pid = 0;

	assert_int_equal(process_spawn(&spec, &pid, &w->err), 0);
	return pid;
}

/* Client and keeper die together, at every change; what is left can be taken down. */
static void test_everything_at_every_change(void **state)
{
	struct hcs_world *w = *state;
	int n = 0, status;
	bool killed;

	use_wrapper(w);
	do {
		pid_t client;

		(void)hcs_world_tool(w, "down", NULL);
		client = start_client(w, "scenario");
		arm(w, ++n, client);
		touch(w, "go"); /* it has waited for that */
		assert_int_equal(waitpid(client, &status, 0), client);
		assert_int_equal(unlink(hcs_world_printf(w, "%s/go", w->path)), 0);
		killed = was_killed(w);
		if (!killed && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
			fail_msg("the client ended with %x", (unsigned)status);
		hcs_world_awake(w);
		assert_null(hcs_world_state(w, "a"));
		take_down_network(w);
	} while (killed);
	assert_true(n > 10);
	assert_int_equal(unsetenv("HCS_SIM_HOST"), 0);
}

/* --- one kill ------------------------------------------------------------------------------- */

static void test_keeper_killed(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o"), again = NULL;
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;
	PWSTR result = NULL;

	put_up_network(w);
	assert_int_equal(
		hcs_world_process(w, s, "{\"CommandLine\":\"ping -t localhost\"}", &p, &info),
		S_OK);
	assert_int_equal(kill(hcs_world_keeper(w), SIGKILL), 0);
	assert_int_equal(w->api->HcsWaitForProcessExit(p, INFINITE, &result),
			 HCS_E_SERVICE_DISCONNECT);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, s, NULL), HCS_E_SERVICE_DISCONNECT);
	w->api->HcsCloseProcess(p);
	w->api->HcsCloseComputeSystem(s);
	assert_int_equal(hcs_world_open(w, "a", &again), HCS_E_SYSTEM_NOT_FOUND);
	assert_true(is_there(w, HCS_WORLD_ENDPOINT, 3));
	/* Its processes ended with it. */
	for (int tries = 0; kill((pid_t)info.ProcessId, 0) == 0;)
		more_tries(&tries, "the process's end");
	/* The other answer: they are there, as stopped by accident. */
	(void)hcs_world_tool(w, "switch", "lost_systems=stopped", NULL);
	s = hcs_world_running(w, "b", "o");
	assert_int_equal(kill(hcs_world_keeper(w), SIGKILL), 0);
	assert_int_equal(w->api->HcsWaitForComputeSystemExit(s, INFINITE, &result),
			 HCS_E_SERVICE_DISCONNECT);
	assert_int_equal(hcs_world_open(w, "b", &again), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, again, NULL), S_OK);
	assert_non_null(strstr(w->document, "\"ExitType\":\"UnexpectedExit\""));
	w->api->HcsCloseComputeSystem(again);
	assert_null(hcs_world_state(w, "b"));
}

/* State and exit code outlive the client that started it; its pipes do not. */
static void test_client_killed(void **state)
{
	struct hcs_world *w = *state;
	pid_t client = start_client(w, "hold");
	HCS_SYSTEM s = NULL;
	HCS_PROCESS p = NULL;
	struct json_object *o CLEAN(json) = NULL;
	struct json_object *list = NULL;
	int64_t pid = 0;
	int status, tries;

	wait_for_file(w, "ready");
	assert_int_equal(kill(client, SIGKILL), 0);
	assert_int_equal(waitpid(client, &status, 0), client);
	/* The one that shall not outlive its handles is gone. */
	for (tries = 0; hcs_world_state(w, "mortal");)
		more_tries(&tries, "the mortal's end");
	assert_string_equal(hcs_world_state(w, "held"), "Running");
	assert_int_equal(hcs_world_open(w, "held", &s), S_OK);
	assert_int_equal(
		hcs_world_do(w, HCS_WORLD_PROPERTIES, s, "{\"PropertyTypes\":[\"ProcessList\"]}"),
		S_OK);
	o = hcs_world_json(w);
	assert_int_equal(json_get_array(o, "ProcessList", &list, &w->err), 0);
	assert_int_equal(json_object_array_length(list), 1);
	assert_int_equal(
		json_need_i64(json_object_array_get_idx(list, 0), "ProcessId", &pid, &w->err), 0);
	assert_int_equal(w->api->HcsOpenProcess(s, (DWORD)pid, GENERIC_ALL, &p), S_OK);
	/* It writes into a pipe without a reader: an error for it, and it goes on to its end. */
	touch(w, "log");
	assert_int_equal(hcs_world_exit_code(w, p), 42);
	w->api->HcsCloseProcess(p);
	w->api->HcsCloseComputeSystem(s);
}

/* Nobody there, nothing to hold: it leaves without being told. */
static void test_keeper_leaves(void **state)
{
	char path[] = "/tmp/hcs-world.XXXXXX";
	struct hcs_world *w;
	int tries = 0;

	(void)state;
	assert_non_null(mkdtemp(path));
	w = hcs_world_join(path);
	(void)hcs_world_tool(w, "calls", NULL);
	while (hcs_world_keeper(w) != 0)
		more_tries(&tries, "its leaving");
	hcs_world_free(w);
}

/* All that runs ends, all handles are dead; what persists is there. */
static void test_reboot(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;

	put_up_network(w);
	assert_int_equal(
		hcs_world_process(w, s, "{\"CommandLine\":\"ping -t localhost\"}", &p, &info),
		S_OK);
	(void)hcs_world_tool(w, "reboot", NULL);
	assert_int_equal(kill((pid_t)info.ProcessId, 0), -1);
	assert_int_equal(w->api->HcsWaitForProcessExit(p, INFINITE, NULL),
			 HCS_E_SERVICE_DISCONNECT);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, s, NULL), HCS_E_SERVICE_DISCONNECT);
	w->api->HcsCloseProcess(p);
	w->api->HcsCloseComputeSystem(s);
	assert_null(hcs_world_state(w, "a"));
	assert_true(is_there(w, HCS_WORLD_ENDPOINT, 3));
}

/* --- the client ----------------------------------------------------------------------------- */

static int be_client(const char *what, const char *path)
{
	struct hcs_world *w = hcs_world_join(path);
	const char *script =
		hcs_world_printf(w,
				 "{\"CommandLine\":\"cmd /c \\\"while [ ! -e %s/log ]; do "
				 "echo x; sleep 0.05; done; echo y; exit 42\\\"\","
				 "\"CreateStdOutPipe\":true,\"CreateStdErrPipe\":true}",
				 path);
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;
	HCS_SYSTEM s = NULL;

	if (strcmp(what, "scenario") == 0) {
		wait_for_file(w, "go");
		put_up_network(w);
		system_up_and_down(w, hcs_world_config(w, "o", ""));
		take_down_network(w);
		hcs_world_leave(w);
		return 0;
	}
	assert_int_equal(
		hcs_world_create(
			w, "mortal",
			hcs_world_config(w, "o", "\"ShouldTerminateOnLastHandleClosed\":true,"),
			&s),
		S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, s, NULL), S_OK);
	s = hcs_world_running(w, "held", "o");
	assert_int_equal(hcs_world_process(w, s, script, &p, &info), S_OK);
	touch(w, "ready");
	for (;;)
		pause();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hcs_world_setup, hcs_world_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_keeper_killed),
		TEST(test_client_killed),
		TEST(test_reboot),
		cmocka_unit_test(test_keeper_leaves),
		TEST(test_keeper_at_every_change),
		TEST(test_everything_at_every_change),
	};

	if (argc == 3)
		return be_client(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
