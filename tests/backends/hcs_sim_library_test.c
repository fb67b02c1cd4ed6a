/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library of the simulator as a library: what it exports, operations and their two channels for
 * errors, callbacks, handles that are wrong, memory and its two frees.
 */
#include "tests/support/hcs_world.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/process.h"

/* --- what it shows ------------------------------------------------------------------------ */

static bool is_in_interface(const char *symbol)
{
	static const char *const names[] = {
#define X(library, result, name, params) #name,
		HCS_API_FUNCTIONS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], symbol) == 0)
			return true;
	return false;
}

/* Sanitizers and coverage add symbols of their own, which begin with underscores. */
static void test_exports(void **state)
{
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	const char *argv[] = {
		"nm", "-D", "--defined-only", "--format=posix", TEST_BINARY_DIR "/libhcs_sim.so",
		NULL
	};
	struct process_spec spec = { .argv = argv };
	struct error err;
	size_t n = 0;

	(void)state;
	if (process_run(&spec, &res, &err) < 0 || res.exit_code != 0)
		fail_msg("nm: %s", res.err.data);
	for (char *line = res.out.data; *line;) {
		char *end = line + strcspn(line, "\n");
		size_t len = strcspn(line, " \n");

		*end = '\0';
		line[len] = '\0';
		if (strncmp(line, "__", 2) != 0 && !is_in_interface(line))
			fail_msg("%s is exported", line);
		n += strncmp(line, "__", 2) != 0;
		line = end + 1;
	}
	assert_true(n > 70);
}

/* --- operations --------------------------------------------------------------------------- */

static void test_operation_states(void **state)
{
	struct hcs_world *w = *state;
	int context = 0;
	HCS_OPERATION op = w->api->HcsCreateOperation(&context, NULL);
	HCS_PROCESS_INFORMATION info;
	PWSTR result = NULL;

	assert_ptr_equal(w->api->HcsGetOperationContext(op), &context);
	assert_int_equal(w->api->HcsGetOperationType(op), HcsOperationTypeNone);
	assert_int_equal(w->api->HcsGetOperationId(op), UINT64_MAX);
	assert_int_equal(w->api->HcsGetOperationResult(op, &result), HCS_E_OPERATION_NOT_STARTED);
	assert_int_equal(w->api->HcsWaitForOperationResult(op, 10, &result),
			 HCS_E_OPERATION_NOT_STARTED);
	assert_int_equal(w->api->HcsEnumerateComputeSystems(NULL, op), S_OK);
	assert_int_equal(w->api->HcsEnumerateComputeSystems(NULL, op),
			 HCS_E_OPERATION_ALREADY_STARTED);
	assert_int_equal(w->api->HcsGetOperationType(op), HcsOperationTypeEnumerate);
	assert_int_not_equal(w->api->HcsGetOperationId(op), UINT64_MAX);
	assert_int_equal(w->api->HcsCancelOperation(op), E_NOTIMPL);
	assert_int_equal(w->api->HcsWaitForOperationResult(op, INFINITE, &result), S_OK);
	w->api->LocalFree(result);
	/* The result stays; of this type there is no process. */
	assert_int_equal(w->api->HcsGetOperationResult(op, &result), S_OK);
	w->api->LocalFree(result);
	assert_int_equal(w->api->HcsGetOperationResultAndProcessInfo(op, &info, &result),
			 E_INVALIDARG);
	assert_null(result);
	assert_int_equal(w->api->HcsEnumerateComputeSystems(NULL, op),
			 HCS_E_OPERATION_ALREADY_STARTED);
	w->api->HcsCloseOperation(op);
	assert_int_equal(w->api->HcsEnumerateComputeSystems(NULL, NULL), E_INVALIDARG);
}

static void test_wait_is_no_cancel(void **state)
{
	struct hcs_world *w = *state;
	HCS_OPERATION op = w->api->HcsCreateOperation(NULL, NULL);
	const char *config = hcs_world_config(w, "o", "");
	HCS_SYSTEM s = NULL;
	PWSTR result = NULL;

	(void)hcs_world_tool(w, "switch", "latency_ms=300", NULL);
	assert_int_equal(w->api->HcsCreateComputeSystem(hcs_world_wide(w, "a"),
							hcs_world_wide(w, config), op, NULL, &s),
			 S_OK);
	assert_int_equal(w->api->HcsGetOperationResult(op, &result), HCS_E_OPERATION_PENDING);
	assert_int_equal(w->api->HcsWaitForOperationResult(op, 1, &result),
			 HCS_E_OPERATION_TIMEOUT);
	assert_int_equal(w->api->HcsWaitForOperationResult(op, INFINITE, &result), S_OK);
	w->api->HcsCloseOperation(op);
	assert_non_null(hcs_world_state(w, "a"));
}

/* --- callbacks ---------------------------------------------------------------------------- */

struct seen {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	const struct hcs_api *api;
	int n_operations, n_events;
	HCS_EVENT_TYPE last;
	char data[200]; /* of the last event, ASCII */
	pthread_t thread;
	bool closes_itself;
	HCS_SYSTEM system_handle;
};

static void wait_until(struct seen *seen, const int *counter, int n)
{
	struct timespec t = { .tv_sec = clock_wall().us / CLOCK_SEC + 60 };

	pthread_mutex_lock(&seen->lock);
	while (*counter < n)
		if (pthread_cond_timedwait(&seen->changed, &seen->lock, &t) != 0)
			fail_msg("%d callbacks of %d", *counter, n);
	pthread_mutex_unlock(&seen->lock);
}

static void on_operation(HCS_OPERATION operation, void *context)
{
	struct seen *seen = context;
	PWSTR result = NULL;
	HRESULT hr = seen->api->HcsGetOperationResult(operation, &result);

	seen->api->LocalFree(result);
	pthread_mutex_lock(&seen->lock);
	seen->n_operations += hr == S_OK;
	seen->thread = pthread_self();
	pthread_cond_broadcast(&seen->changed);
	pthread_mutex_unlock(&seen->lock);
}

static void on_event(HCS_EVENT *event, void *context)
{
	struct seen *seen = context;

	if (seen->closes_itself)
		seen->api->HcsCloseComputeSystem(seen->system_handle);
	pthread_mutex_lock(&seen->lock);
	seen->n_events++;
	seen->last = event->Type;
	seen->data[0] = '\0';
	for (size_t i = 0; event->EventData && i < sizeof(seen->data) - 1; i++) {
		seen->data[i] = (char)event->EventData[i];
		seen->data[i + 1] = '\0';
		if (!event->EventData[i])
			break;
	}
	pthread_cond_broadcast(&seen->changed);
	pthread_mutex_unlock(&seen->lock);
}

#define SEEN(w)                                                                                    \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER,            \
		.api = (w)->api                                                                    \
	}

static void test_operation_callback(void **state)
{
	struct hcs_world *w = *state;
	struct seen seen = SEEN(w);
	HCS_OPERATION op = w->api->HcsCreateOperation(&seen, on_operation);

	assert_int_equal(w->api->HcsEnumerateComputeSystems(NULL, op), S_OK);
	wait_until(&seen, &seen.n_operations, 1);
	assert_false(pthread_equal(seen.thread, pthread_self()));
	assert_int_equal(w->api->HcsSetOperationCallback(op, &seen, on_operation),
			 HCS_E_OPERATION_ALREADY_STARTED);
	w->api->HcsCloseOperation(op);
}

static void test_system_callback(void **state)
{
	struct hcs_world *w = *state;
	struct seen seen = SEEN(w);
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");

	assert_int_equal(
		w->api->HcsSetComputeSystemCallback(s, HcsEventOptionNone, &seen, on_event), S_OK);
	assert_int_equal(
		w->api->HcsSetComputeSystemCallback(s, HcsEventOptionNone, &seen, on_event),
		HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	wait_until(&seen, &seen.n_events, 1);
	assert_int_equal(seen.last, HcsEventSystemExited);
	assert_string_equal(seen.data, "{\"Status\":0,\"ExitType\":\"ForcedExit\"}");
	assert_int_equal(w->api->HcsSetComputeSystemCallback(s, HcsEventOptionNone, NULL, NULL),
			 S_OK);
	w->api->HcsCloseComputeSystem(s);
}

static void test_operations_as_events(void **state)
{
	struct hcs_world *w = *state;
	struct seen seen = SEEN(w);
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");

	assert_int_equal(w->api->HcsSetComputeSystemCallback(
				 s, HcsEventOptionEnableOperationCallbacks, &seen, on_event),
			 S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, s, NULL), S_OK);
	wait_until(&seen, &seen.n_events, 1);
	assert_int_equal(seen.last, HcsEventOperationCallback);
	w->api->HcsCloseComputeSystem(s);
}

/* A callback may close the handle it is for. */
static void test_close_in_callback(void **state)
{
	struct hcs_world *w = *state;
	struct seen seen = SEEN(w);
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");

	seen.closes_itself = true;
	seen.system_handle = s;
	assert_int_equal(
		w->api->HcsSetComputeSystemCallback(s, HcsEventOptionNone, &seen, on_event), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	wait_until(&seen, &seen.n_events, 1);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, s, NULL), E_HANDLE);
}

/* An event that waits while another callback runs does not reach a handle that was closed. */
static void test_no_callback_after_close(void **state)
{
	struct hcs_world *w = *state;
	struct seen first = SEEN(w), second = SEEN(w);
	HCS_SYSTEM a = hcs_world_running(w, "a", "o"), b = hcs_world_running(w, "b", "o");
	HCS_OPERATION op = w->api->HcsCreateOperation(&first, on_operation);

	assert_int_equal(
		w->api->HcsSetComputeSystemCallback(b, HcsEventOptionNone, &second, on_event),
		S_OK);
	pthread_mutex_lock(&first.lock); /* keeps the callback of `op` running */
	assert_int_equal(w->api->HcsEnumerateComputeSystems(NULL, op), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, b, NULL), S_OK);
	assert_int_equal(w->api->HcsWaitForComputeSystemExit(b, INFINITE, NULL), S_OK);
	w->api->HcsCloseComputeSystem(b);
	pthread_mutex_unlock(&first.lock);
	wait_until(&first, &first.n_operations, 1);
	w->api->HcsCloseOperation(op);
	/* One more round through the same thread: what was queued before has been passed. */
	assert_int_equal(
		w->api->HcsSetComputeSystemCallback(a, HcsEventOptionNone, &first, on_event), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, a, NULL), S_OK);
	wait_until(&first, &first.n_events, 1);
	assert_int_equal(second.n_events, 0);
	w->api->HcsCloseComputeSystem(a);
}

static void test_process_callback(void **state)
{
	struct hcs_world *w = *state;
	struct seen seen = SEEN(w);
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;

	assert_int_equal(hcs_world_process(w, s,
					   "{\"CommandLine\":\"cmd /c \\\"read x; exit 5\\\"\","
					   "\"CreateStdInPipe\":true}",
					   &p, &info),
			 S_OK);
	assert_int_equal(w->api->HcsSetProcessCallback(p, HcsEventOptionNone, &seen, on_event),
			 S_OK);
	close(hcs_api_fd(info.StdInput));
	wait_until(&seen, &seen.n_events, 1);
	assert_int_equal(seen.last, HcsEventProcessExited);
	assert_non_null(strstr(seen.data, "\"ExitCode\":5,\"LastWaitResult\":0"));
	w->api->HcsCloseProcess(p);
}

/* vmcompute starts again: handles are dead and say so, systems live on. */
static void test_service_restart(void **state)
{
	struct hcs_world *w = *state;
	struct seen seen = SEEN(w);
	HCS_SYSTEM s = hcs_world_running(w, "a", "o"), again = NULL;
	PWSTR result = NULL;

	assert_int_equal(
		w->api->HcsSetComputeSystemCallback(s, HcsEventOptionNone, &seen, on_event), S_OK);
	(void)hcs_world_tool(w, "restart", "hcs", NULL);
	wait_until(&seen, &seen.n_events, 1);
	assert_int_equal(seen.last, HcsEventServiceDisconnect);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, s, NULL), HCS_E_SERVICE_DISCONNECT);
	assert_int_equal(w->api->HcsWaitForComputeSystemExit(s, INFINITE, &result),
			 HCS_E_SERVICE_DISCONNECT);
	w->api->HcsCloseComputeSystem(s);
	assert_int_equal(hcs_world_open(w, "a", &again), S_OK);
	assert_string_equal(hcs_world_state(w, "a"), "Running");
	w->api->HcsCloseComputeSystem(again);
}

struct notified {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int n;
	DWORD types[32];
};

static void on_notification(DWORD type, void *context, HRESULT status, PCWSTR data)
{
	struct notified *seen = context;

	(void)status;
	(void)data;
	pthread_mutex_lock(&seen->lock);
	seen->types[seen->n++ % 32] = type;
	pthread_cond_broadcast(&seen->changed);
	pthread_mutex_unlock(&seen->lock);
}

static void test_network_notifications(void **state)
{
	struct hcs_world *w = *state;
	struct notified seen = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, { 0 } };
	HCN_CALLBACK cb = NULL;

	assert_int_equal(w->api->HcnRegisterServiceCallback(on_notification, &seen, &cb), S_OK);
	assert_int_equal(hcs_world_namespace(w, 1, "{\"SchemaVersion\":{\"Major\":2,\"Minor\":0}}"),
			 S_OK);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_NAMESPACE, 1), S_OK);
	pthread_mutex_lock(&seen.lock);
	while (seen.n < 2)
		pthread_cond_wait(&seen.changed, &seen.lock);
	pthread_mutex_unlock(&seen.lock);
	assert_int_equal(seen.types[0], HcnNotificationNamespaceCreate);
	assert_int_equal(seen.types[1], HcnNotificationNamespaceDelete);
	assert_int_equal(w->api->HcnUnregisterServiceCallback(cb), S_OK);
	assert_int_equal(w->api->HcnUnregisterServiceCallback(cb), E_HANDLE);
}

/* --- handles and memory ------------------------------------------------------------------- */

static void test_wrong_handles(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	HCS_OPERATION op = w->api->HcsCreateOperation(NULL, NULL);
	PWSTR result = NULL;

	/* One of another kind, one that was closed, none. */
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROCESS_TERMINATE, s, NULL), E_HANDLE);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, op, NULL), E_HANDLE);
	w->api->HcsCloseComputeSystem(s);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), E_HANDLE);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, NULL, NULL), E_HANDLE);
	w->api->HcsCloseComputeSystem(s);
	w->api->HcsCloseOperation(op);
	w->api->HcsCloseOperation(op);
	assert_int_equal(w->api->HcsGetOperationResult(op, &result), E_HANDLE);
	assert_int_equal(w->api->HcnCloseEndpoint(NULL), E_HANDLE);
}

/* A result that goes to the wrong free ends the program: seen from a child. */
static void test_wrong_free(void **state)
{
	struct hcs_world *w = *state;
	PWSTR result = NULL;
	int status;
	pid_t pid;

	assert_int_equal(w->api->HcsGetServiceProperties(NULL, &result), S_OK);
	pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		signal(SIGABRT, SIG_DFL);
		w->api->CoTaskMemFree(result);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_null(w->api->LocalFree(result));
	assert_null(w->api->LocalFree(NULL));
	w->api->CoTaskMemFree(NULL);
}

/* Many threads at once, each with calls of its own. */
static void *hammer(void *arg)
{
	struct hcs_world *w = arg;
	uintptr_t failed = 0;

	for (int i = 0; i < 50; i++) {
		HCS_OPERATION op = w->api->HcsCreateOperation(NULL, NULL);
		PWSTR result = NULL;

		failed += w->api->HcsEnumerateComputeSystems(NULL, op) != S_OK;
		failed += w->api->HcsWaitForOperationResult(op, INFINITE, &result) != S_OK;
		w->api->LocalFree(result);
		w->api->HcsCloseOperation(op);
	}
	return (void *)failed;
}

static void test_threads(void **state)
{
	struct hcs_world *w = *state;
	pthread_t threads[8];
	void *failed = NULL;

	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, w), 0);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hcs_world_setup, hcs_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exports),
		TEST(test_operation_states),
		TEST(test_wait_is_no_cancel),
		TEST(test_operation_callback),
		TEST(test_system_callback),
		TEST(test_operations_as_events),
		TEST(test_close_in_callback),
		TEST(test_no_callback_after_close),
		TEST(test_process_callback),
		TEST(test_service_restart),
		TEST(test_network_notifications),
		TEST(test_wrong_handles),
		TEST(test_wrong_free),
		TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
