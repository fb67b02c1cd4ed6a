/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of the simulator: each kind, where it strikes, and a loop over all points. */
#include "tests/support/hcs_world.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/number.h"

#define V2 "{\"SchemaVersion\":{\"Major\":2,\"Minor\":0}}"

static void fault(struct hcs_world *w, const char *rule)
{
	(void)hcs_world_tool(w, "fault", rule, NULL);
}

static void clear(struct hcs_world *w)
{
	(void)hcs_world_tool(w, "clear", NULL);
}

static const char *rules_file(struct hcs_world *w)
{
	return hcs_world_printf(w, "%s/faults.json", w->host);
}

/* The one rule there is, by file: the loop over all points is shorter without the tool. */
static void only_fault(struct hcs_world *w, const char *rule)
{
	const char *text = hcs_world_printf(w, "{\"rules\":[%s]}", rule);

	assert_int_equal(
		fs_write_atomic(AT_FDCWD, rules_file(w), text, strlen(text), 0600, &w->err), 0);
}

/* A count of the first rule; the keeper writes them before it answers. */
static int64_t count_of(struct hcs_world *w, const char *name)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 20);
	struct json_object *o CLEAN(json) = NULL;
	struct json_object *list = NULL;
	int64_t n = 0;

	assert_int_equal(fs_read(AT_FDCWD, rules_file(w), &text, &w->err), 0);
	assert_int_equal(json_parse(text.data, text.n, &o, &w->err), 0);
	assert_int_equal(json_get_array(o, "rules", &list, &w->err), 0);
	assert_true(json_get_i64(json_object_array_get_idx(list, 0), name, &n, &w->err) >= 0);
	return n;
}

static int64_t hits(struct hcs_world *w)
{
	return count_of(w, "hits");
}

static uint64_t calls(struct hcs_world *w)
{
	const char *text = hcs_world_tool(w, "calls", NULL);
	uint64_t n = 0;

	assert_true(number_u64(hcs_world_printf(w, "%.*s", (int)strcspn(text, "\n"), text),
			       UINT64_MAX, &n));
	return n;
}

/* --- kinds -------------------------------------------------------------------------------- */

static void test_error(void **state)
{
	struct hcs_world *w = *state;

	fault(w, "{\"call\":\"HcnCreateNamespace\",\"do\":\"error\"}");
	assert_int_equal(hcs_world_namespace(w, 1, V2), WIN32_NO_SYSTEM_RESOURCES);
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_NAMESPACE, 1, NULL), WIN32_NOT_FOUND);
	assert_int_equal(hits(w), 1);
	assert_int_equal(hcs_world_namespace(w, 1, V2), S_OK);
	clear(w);
	fault(w, "{\"call\":\"HcnDelete*\",\"do\":\"error\",\"hr\":\"HCN_E_MANAGER_STOPPED\"}");
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_NAMESPACE, 1), HCN_E_MANAGER_STOPPED);
	assert_int_equal(hcs_result_document(hcs_world_wide(w, w->record)), HCN_E_MANAGER_STOPPED);
}

/* The two channels: the operation's result, with a document; or the call itself. */
static void test_error_of_operation(void **state)
{
	struct hcs_world *w = *state;
	HCS_OPERATION op = w->api->HcsCreateOperation(NULL, NULL);
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	PWSTR result = NULL;

	fault(w, "{\"call\":\"HcsTerminateComputeSystem\",\"do\":\"error\",\"hr\":\"0x80370105\"}");
	assert_int_equal(w->api->HcsTerminateComputeSystem(s, op, NULL), S_OK);
	assert_int_equal(w->api->HcsWaitForOperationResult(op, INFINITE, &result),
			 HCS_E_INVALID_STATE);
	assert_int_equal(hcs_result_document(result), HCS_E_INVALID_STATE);
	w->api->LocalFree(result);
	w->api->HcsCloseOperation(op);
	assert_string_equal(hcs_world_state(w, "a"), "Running");
	clear(w);
	fault(w, "{\"call\":\"HcsTerminateComputeSystem\",\"do\":\"error\",\"at\":\"call\"}");
	op = w->api->HcsCreateOperation(NULL, NULL);
	assert_int_equal(w->api->HcsTerminateComputeSystem(s, op, NULL), HCS_E_CONNECTION_TIMEOUT);
	assert_int_equal(w->api->HcsGetOperationResult(op, &result), HCS_E_OPERATION_NOT_STARTED);
	/* It was not begun: the same operation serves. */
	assert_int_equal(w->api->HcsTerminateComputeSystem(s, op, NULL), S_OK);
	assert_int_equal(w->api->HcsWaitForOperationResult(op, INFINITE, &result), S_OK);
	w->api->HcsCloseOperation(op);
}

static void test_late(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = NULL;

	fault(w, "{\"call\":\"HcnCreateNamespace\",\"do\":\"late\"}");
	assert_int_equal(hcs_world_namespace(w, 1, V2), WIN32_NO_SYSTEM_RESOURCES);
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_NAMESPACE, 1, NULL), S_OK);
	clear(w);
	fault(w, "{\"call\":\"HcsCreateComputeSystem\",\"do\":\"late\"}");
	assert_int_equal(hcs_world_create(w, "a", hcs_world_config(w, "o", ""), &s),
			 HCS_E_CONNECTION_TIMEOUT);
	assert_string_equal(hcs_world_state(w, "a"), "Created");
	/* The handle may be set although the operation failed: it is one. */
	assert_non_null(s);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, s, NULL), S_OK);
	clear(w);
	fault(w, "{\"call\":\"HcsTerminateComputeSystem\",\"do\":\"late\",\"at\":\"call\"}");
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), HCS_E_CONNECTION_TIMEOUT);
	assert_int_equal(w->api->HcsWaitForComputeSystemExit(s, INFINITE, NULL), S_OK);
}

static void test_pretend(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");

	assert_int_equal(hcs_world_namespace(w, 1, V2), S_OK);
	fault(w, "{\"call\":\"HcnDelete*\",\"do\":\"pretend\"}");
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_NAMESPACE, 1), S_OK);
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_NAMESPACE, 1, NULL), S_OK);
	clear(w);
	fault(w, "{\"call\":\"HcsTerminateComputeSystem\",\"do\":\"pretend\"}");
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	assert_string_equal(hcs_world_state(w, "a"), "Running");
}

static void test_partial(void **state)
{
	struct hcs_world *w = *state;
	struct json_object *list CLEAN(json) = NULL;

	for (unsigned i = 1; i <= 5; i++)
		assert_int_equal(hcs_world_namespace(w, i, V2), S_OK);
	fault(w, "{\"call\":\"HcnEnumerateNamespaces\",\"do\":\"partial\"}");
	assert_int_equal(hcs_world_hcn_list(w, HCS_WORLD_NAMESPACE, HCS_WORLD_V2), S_OK);
	list = hcs_world_json(w);
	assert_int_equal(json_object_array_length(list), 2);
}

static void test_match_and_count(void **state)
{
	struct hcs_world *w = *state;

	fault(w, "{\"call\":\"HcnCreateNamespace\",\"match\":\"00000002-\",\"do\":\"error\"}");
	assert_int_equal(hcs_world_namespace(w, 1, V2), S_OK);
	assert_int_equal(hcs_world_namespace(w, 2, V2), WIN32_NO_SYSTEM_RESOURCES);
	clear(w);
	fault(w, "{\"call\":\"HcnCreateNamespace\",\"nth\":2,\"times\":2,\"do\":\"error\"}");
	assert_int_equal(hcs_world_namespace(w, 3, V2), S_OK);
	assert_int_equal(hcs_world_namespace(w, 4, V2), WIN32_NO_SYSTEM_RESOURCES);
	assert_int_equal(hcs_world_namespace(w, 4, V2), WIN32_NO_SYSTEM_RESOURCES);
	assert_int_equal(hcs_world_namespace(w, 4, V2), S_OK);
	assert_int_equal(hits(w), 2);
}

static void test_restart(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o"), again = NULL;

	fault(w, "{\"call\":\"HcsTerminateComputeSystem\",\"do\":\"restart\"}");
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), HCS_E_SERVICE_DISCONNECT);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, s, NULL), HCS_E_SERVICE_DISCONNECT);
	assert_string_equal(hcs_world_state(w, "a"), "Running");
	assert_int_equal(hcs_world_open(w, "a", &again), S_OK);
	clear(w);
	fault(w, "{\"call\":\"HcsTerminateComputeSystem\",\"do\":\"restart\",\"after\":true}");
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, again, NULL),
			 HCS_E_SERVICE_DISCONNECT);
	while (hcs_world_state(w, "a"))
		clock_sleep(5 * CLOCK_MS);
}

/* An exit that nobody is told: whoever opens again sees it. */
static void test_dropped_events(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o"), again = NULL;

	fault(w, "{\"call\":\"SystemExited\",\"match\":\"a\",\"do\":\"drop\"}");
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	assert_int_equal(hits(w), 1);
	assert_int_equal(w->api->HcsWaitForComputeSystemExit(s, 50, NULL), HCS_E_OPERATION_TIMEOUT);
	assert_int_equal(hcs_world_open(w, "a", &again), S_OK);
	assert_int_equal(w->api->HcsWaitForComputeSystemExit(again, INFINITE, NULL), S_OK);
	/* A rule for all functions counts no events: one call here, and one event. */
	s = hcs_world_running(w, "b", "o");
	only_fault(w, "{\"call\":\"*\",\"nth\":1000,\"do\":\"error\"}");
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	assert_int_equal(count_of(w, "seen"), 1);
}

/* --- hanging ------------------------------------------------------------------------------ */

struct hanging {
	struct hcs_world *w;
	HRESULT hr;
	volatile bool is_back;
};

static void *create_namespace(void *arg)
{
	struct hanging *h = arg;
	GUID id = hcs_world_guid(1);
	HCN_NAMESPACE o = NULL;
	static const WCHAR text[] = { '{', '"', 'S', 'c', 'h', 'e', 'm', 'a', 'V', 'e',
				      'r', 's', 'i', 'o', 'n', '"', ':', '{', '"', 'M',
				      'a', 'j', 'o', 'r', '"', ':', '2', '}', '}', 0 };

	h->hr = h->w->api->HcnCreateNamespace(&id, text, &o, NULL);
	h->is_back = true;
	return NULL;
}

/* Nothing comes back from the second call on, whatever is called; when the rule goes, all do. */
static void test_wedged(void **state)
{
	struct hcs_world *w = *state;
	struct hanging h = { .w = w };
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	pthread_t thread;

	fault(w, "{\"call\":\"*\",\"nth\":2,\"times\":0,\"do\":\"hang\"}");
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, s, NULL), S_OK);
	assert_int_equal(pthread_create(&thread, NULL, create_namespace, &h), 0);
	while (hits(w) == 0)
		clock_sleep(5 * CLOCK_MS);
	assert_false(h.is_back);
	/* What only waits or closes is no call to the service. */
	assert_int_equal(w->api->HcsWaitForComputeSystemExit(s, 1, NULL), HCS_E_OPERATION_TIMEOUT);
	clear(w);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(h.hr, S_OK);
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_NAMESPACE, 1, NULL), S_OK);
}

/* The service is restarted under a call that hangs: it fails, and has had no effect. */
static void test_restart_ends_hangs(void **state)
{
	struct hcs_world *w = *state;
	struct hanging h = { .w = w };
	pthread_t thread;

	fault(w, "{\"call\":\"HcnCreateNamespace\",\"do\":\"hang\"}");
	assert_int_equal(pthread_create(&thread, NULL, create_namespace, &h), 0);
	while (hits(w) == 0)
		clock_sleep(5 * CLOCK_MS);
	(void)hcs_world_tool(w, "restart", "hcn", NULL);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(h.hr, WIN32_RPC_CALL_FAILED);
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_NAMESPACE, 1, NULL), WIN32_NOT_FOUND);
}

static void test_operation_hangs(void **state)
{
	static const char *const rules[] = {
		"{\"call\":\"HcsTerminateComputeSystem\",\"do\":\"hang\",\"at\":\"operation\"}",
		"{\"call\":\"HcsTerminateComputeSystem\",\"do\":\"hang\",\"after\":true}",
	};
	static const char *const states[] = { "Running", "Stopped" };
	struct hcs_world *w = *state;

	for (int i = 0; i < 2; i++) {
		HCS_OPERATION op = w->api->HcsCreateOperation(NULL, NULL);
		HCS_SYSTEM s = hcs_world_running(w, i ? "b" : "a", "o");

		fault(w, rules[i]);
		assert_int_equal(w->api->HcsTerminateComputeSystem(s, op, NULL), S_OK);
		assert_int_equal(w->api->HcsWaitForOperationResult(op, 200, NULL),
				 HCS_E_OPERATION_TIMEOUT);
		assert_string_equal(hcs_world_state(w, i ? "b" : "a"), states[i]);
		clear(w);
		assert_int_equal(w->api->HcsWaitForOperationResult(op, INFINITE, NULL), S_OK);
		assert_string_equal(hcs_world_state(w, i ? "b" : "a"), "Stopped");
		w->api->HcsCloseOperation(op);
	}
}

/* --- rules -------------------------------------------------------------------------------- */

static void test_rules_by_file(void **state)
{
	static const char rules[] =
		"{\"rules\":[{\"call\":\"HcnCreateNamespace\",\"do\":\"error\",\"times\":0}]}";
	static const char *const wrong[] = {
		"{",
		"7",
		"{\"do\":\"error\"}",
		"{\"call\":\"*\"}",
		"{\"call\":\"*\",\"do\":\"explode\"}",
		"{\"call\":\"*\",\"do\":\"drop\"}",
		"{\"call\":\"SystemExited\",\"do\":\"error\"}",
		"{\"call\":\"*\",\"do\":\"error\",\"hr\":\"S_OK\"}",
		"{\"call\":\"*\",\"do\":\"error\",\"hr\":\"0x5\"}",
		"{\"call\":\"*\",\"do\":\"error\",\"at\":\"once\"}",
		"{\"call\":\"*\",\"do\":\"error\",\"nth\":0}",
		"{\"call\":\"*\",\"do\":\"error\",\"colour\":1}",
	};
	struct hcs_world *w = *state;
	const char *file = rules_file(w);

	assert_int_equal(fs_write_atomic(AT_FDCWD, file, rules, strlen(rules), 0600, &w->err), 0);
	assert_int_equal(hcs_world_namespace(w, 1, V2), WIN32_NO_SYSTEM_RESOURCES);
	/* One that is wrong changes nothing. */
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *text = hcs_world_printf(w, "{\"rules\":[%s]}", wrong[i]);

		assert_int_equal(fs_write_atomic(AT_FDCWD, file, text, strlen(text), 0600, &w->err),
				 0);
		assert_int_equal(hcs_world_namespace(w, 1, V2), WIN32_NO_SYSTEM_RESOURCES);
	}
	assert_int_equal(unlink(file), 0);
	assert_int_equal(hcs_world_namespace(w, 1, V2), S_OK);
}

static void test_counting(void **state)
{
	struct hcs_world *w = *state;
	uint64_t n = calls(w);
	HCS_SYSTEM s = NULL;

	assert_int_equal(hcs_world_open(w, "a", &s), HCS_E_SYSTEM_NOT_FOUND);
	assert_int_equal(calls(w), n + 1);
	assert_int_equal(hcs_world_namespace(w, 1, V2), S_OK); /* and its close: not counted */
	assert_int_equal(calls(w), n + 2);
	/* The count goes on with another keeper. */
	(void)hcs_world_tool(w, "down", NULL);
	hcs_world_awake(w);
	assert_true(calls(w) > n + 2);
}

/* --- a loop over all points --------------------------------------------------------------- */

/* A careful controller in miniature: whatever a call says, it looks before it goes on, and takes
 * absence for success. True when the world is as wished. */
static bool is_there(struct hcs_world *w, enum hcs_world_kind kind, unsigned n)
{
	HRESULT hr;

	do
		hr = hcs_world_hcn_query(w, kind, n, HCS_WORLD_V2);
	while (hr < 0 && hcs_result_outcome(hr) != HCS_ABSENT);
	return hr >= 0;
}

static void put_up(struct hcs_world *w)
{
	static const char network[] =
		"{\"SchemaVersion\":{\"Major\":2},\"Name\":\"n\",\"Ipams\":[{\"Subnets\":"
		"[{\"IpAddressPrefix\":\"10.0.0.0/28\"}]}]}";

	while (!is_there(w, HCS_WORLD_NETWORK, 1))
		(void)hcs_world_network(w, 1, network);
	while (!is_there(w, HCS_WORLD_NAMESPACE, 2))
		(void)hcs_world_namespace(w, 2, V2);
	while (!is_there(w, HCS_WORLD_ENDPOINT, 3))
		(void)hcs_world_endpoint(w, 1, 3, V2);
	while (hcs_result_outcome(hcs_world_attach(w, 2, 3, true)) != HCS_ATTACHED)
		;
}

static void take_down(struct hcs_world *w)
{
	while (is_there(w, HCS_WORLD_NAMESPACE, 2) &&
	       hcs_result_outcome(hcs_world_attach(w, 2, 3, false)) != HCS_ABSENT)
		;
	while (is_there(w, HCS_WORLD_ENDPOINT, 3))
		(void)hcs_world_hcn_delete(w, HCS_WORLD_ENDPOINT, 3);
	while (is_there(w, HCS_WORLD_NAMESPACE, 2))
		(void)hcs_world_hcn_delete(w, HCS_WORLD_NAMESPACE, 2);
	while (is_there(w, HCS_WORLD_NETWORK, 1))
		(void)hcs_world_hcn_delete(w, HCS_WORLD_NETWORK, 1);
}

static void test_every_point(void **state)
{
	static const char *const kinds[] = { "error", "late", "restart" };
	struct hcs_world *w = *state;
	int points = 0;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		int64_t hit = 1;

		for (int n = 1; hit > 0; n++) {
			only_fault(w,
				   hcs_world_printf(w, "{\"call\":\"*\",\"nth\":%d,\"do\":\"%s\"}",
						    n, kinds[k]));
			put_up(w);
			take_down(w);
			hit = hits(w);
			points += hit > 0;
		}
	}
	assert_true(points > 60);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hcs_world_setup, hcs_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_error),
		TEST(test_error_of_operation),
		TEST(test_late),
		TEST(test_pretend),
		TEST(test_partial),
		TEST(test_match_and_count),
		TEST(test_restart),
		TEST(test_dropped_events),
		TEST(test_wedged),
		TEST(test_restart_ends_hangs),
		TEST(test_operation_hangs),
		TEST(test_rules_by_file),
		TEST(test_counting),
		TEST(test_every_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
