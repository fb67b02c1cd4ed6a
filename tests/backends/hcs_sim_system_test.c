/* SPDX-License-Identifier: Apache-2.0 */
/* Compute systems of the simulator: their life, what repeats answer, lists, strict documents. */
#include "tests/support/hcs_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

static size_t count(struct hcs_world *w, const char *query)
{
	struct json_object *list CLEAN(json) = NULL;

	assert_int_equal(hcs_world_enumerate(w, query), S_OK);
	list = hcs_world_json(w);
	return json_object_array_length(list);
}

static void test_life(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = NULL;

	assert_int_equal(
		hcs_world_create(w, "shop.web-rep-0.1", hcs_world_config(w, "tallyman", ""), &s),
		S_OK);
	assert_string_equal(hcs_world_state(w, "shop.web-rep-0.1"), "Created");
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, s, NULL), S_OK);
	assert_string_equal(hcs_world_state(w, "shop.web-rep-0.1"), "Running");
	assert_int_equal(hcs_world_do(w, HCS_WORLD_SHUTDOWN, s, NULL), S_OK);
	assert_string_equal(hcs_world_state(w, "shop.web-rep-0.1"), "Stopped");
	w->api->HcsCloseComputeSystem(s);
	assert_null(hcs_world_state(w, "shop.web-rep-0.1"));
	assert_int_equal(hcs_world_open(w, "shop.web-rep-0.1", &s), HCS_E_SYSTEM_NOT_FOUND);
	assert_null(s);
}

/* One that was never started goes by terminate, and not by shutdown. */
static void test_created_only(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = NULL;

	assert_int_equal(hcs_world_create(w, "a", hcs_world_config(w, "o", ""), &s), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_SHUTDOWN, s, NULL), HCS_E_INVALID_STATE);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	w->api->HcsCloseComputeSystem(s);
	assert_null(hcs_world_state(w, "a"));
}

static void test_repeats(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o"), again = NULL;

	assert_int_equal(hcs_world_create(w, "a", hcs_world_config(w, "o", ""), &again),
			 HCS_E_SYSTEM_ALREADY_EXISTS);
	assert_null(again);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, s, NULL), HCS_E_INVALID_STATE);
	assert_int_equal(hcs_world_open(w, "a", &again), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL),
			 HCS_E_SYSTEM_ALREADY_STOPPED);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_SHUTDOWN, again, NULL),
			 HCS_E_SYSTEM_ALREADY_STOPPED);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, again, NULL), HCS_E_INVALID_STATE);
	/* The other handle keeps it in the list. */
	w->api->HcsCloseComputeSystem(s);
	assert_string_equal(hcs_world_state(w, "a"), "Stopped");
	w->api->HcsCloseComputeSystem(again);
	assert_null(hcs_world_state(w, "a"));
}

static void test_list_by_owner(void **state)
{
	static const struct {
		const char *query;
		size_t n;
	} cases[] = {
		{ NULL, 3 },
		{ "{}", 3 },
		{ "{\"Owners\":[\"tallyman\"]}", 1 },
		{ "{\"Owners\":[\"tallyman\",\"tallyman2\"]}", 3 },
		{ "{\"Owners\":[\"tally\"]}", 0 },
		{ "{\"Owners\":[\"Tallyman\"]}", 0 },
		{ "{\"Owners\":[\"tallyman2\"],\"Ids\":[\"b\"]}", 1 },
		{ "{\"Owners\":[\"tallyman\"],\"Ids\":[\"b\"]}", 0 },
		{ "{\"Types\":[\"VirtualMachine\"]}", 0 },
		{ "{\"Types\":[\"Container\"],\"Names\":[\"a\",\"c\"]}", 2 },
	};
	struct hcs_world *w = *state;
	HCS_SYSTEM a = NULL, b = NULL, c = NULL;
	struct json_object *list CLEAN(json) = NULL;
	const char *text = NULL;

	assert_int_equal(hcs_world_create(w, "a", hcs_world_config(w, "tallyman", ""), &a), S_OK);
	assert_int_equal(hcs_world_create(w, "b", hcs_world_config(w, "tallyman2", ""), &b), S_OK);
	assert_int_equal(hcs_world_create(w, "c", hcs_world_config(w, "tallyman2", ""), &c), S_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(count(w, cases[i].query), cases[i].n);
	assert_int_equal(hcs_world_enumerate(w, "{\"Owners\":[\"tallyman\"]}"), S_OK);
	list = hcs_world_json(w);
	assert_int_equal(json_need_str(json_object_array_get_idx(list, 0), "Owner", &text, &w->err),
			 0);
	assert_string_equal(text, "tallyman");
}

static void test_handles_end_it(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = NULL, other = NULL;
	const char *config =
		hcs_world_config(w, "o", "\"ShouldTerminateOnLastHandleClosed\":true,");

	assert_int_equal(hcs_world_create(w, "a", config, &s), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, s, NULL), S_OK);
	assert_int_equal(hcs_world_open(w, "a", &other), S_OK);
	w->api->HcsCloseComputeSystem(s);
	assert_string_equal(hcs_world_state(w, "a"), "Running");
	w->api->HcsCloseComputeSystem(other);
	while (hcs_world_state(w, "a"))
		clock_sleep(5 * CLOCK_MS);
	/* Without it a system lives on when nobody holds it. */
	s = hcs_world_running(w, "b", "o");
	w->api->HcsCloseComputeSystem(s);
	assert_string_equal(hcs_world_state(w, "b"), "Running");
}

static void test_exit_is_told(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	PWSTR result = NULL;

	assert_int_equal(w->api->HcsWaitForComputeSystemExit(s, 20, &result),
			 HCS_E_OPERATION_TIMEOUT);
	assert_null(result);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	assert_int_equal(w->api->HcsWaitForComputeSystemExit(s, INFINITE, &result), S_OK);
	assert_non_null(result);
	w->api->LocalFree(result);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, s, "{}"), S_OK);
	assert_non_null(strstr(w->document, "\"Stopped\":true"));
	assert_non_null(strstr(w->document, "\"ExitType\":\"ForcedExit\""));
}

static void test_properties(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");

	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, s, NULL), S_OK);
	assert_non_null(strstr(w->document, "\"State\":\"Running\""));
	assert_null(strstr(w->document, "\"Owner\""));
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, s,
				      "{\"PropertyTypes\":[\"Statistics\",\"ProcessList\","
				      "\"TerminateOnLastHandleClosed\"]}"),
			 S_OK);
	assert_non_null(strstr(w->document, "\"Owner\":\"o\""));
	assert_non_null(strstr(w->document, "\"Uptime100ns\""));
	assert_non_null(strstr(w->document, "\"ProcessList\":[]"));
	assert_non_null(strstr(w->document, "\"TerminateOnLastHandleClosed\":false"));
}

static void test_modify(void **state)
{
	static const struct {
		const char *document;
		HRESULT want;
	} cases[] = {
		{ "{\"ResourcePath\":\"Container/Memory/SizeInMB\",\"RequestType\":\"Update\","
		  "\"Settings\":512}",
		  S_OK },
		{ "{\"ResourcePath\":\"Container/Processor\",\"RequestType\":\"Update\","
		  "\"Settings\":{\"Maximum\":5000}}",
		  S_OK },
		{ "{\"ResourcePath\":\"Container/Processor\",\"RequestType\":\"Update\","
		  "\"Settings\":{\"Maximum\":20000}}",
		  HCS_E_INVALID_JSON },
		{ "{\"ResourcePath\":\"Container/Processor\",\"RequestType\":\"Remove\"}",
		  WIN32_NOT_SUPPORTED },
		{ "{\"ResourcePath\":\"Container/Colour\",\"RequestType\":\"Update\","
		  "\"Settings\":1}",
		  WIN32_NOT_SUPPORTED },
		{ "{\"RequestType\":\"Update\"}", HCS_E_INVALID_JSON },
		{ NULL, E_INVALIDARG },
	};
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(hcs_world_do(w, HCS_WORLD_MODIFY, s, cases[i].document),
				 cases[i].want);
}

/* --- documents -------------------------------------------------------------------------- */

/* A create document out of parts, where each can be wrong. */
static const char *config(struct hcs_world *w, const char *top, const char *container)
{
	return hcs_world_printf(w, "{%s\"Container\":{%s}}", top, container);
}

#define VERSION "\"SchemaVersion\":{\"Major\":2,\"Minor\":1},"

static void test_refused_documents(void **state)
{
	struct hcs_world *w = *state;
	const char *storage = hcs_world_storage(w);
	const char *gone = "b7c1e0c4-0000-4000-8000-00000000dead";
	const struct {
		const char *document;
		HRESULT want;
	} cases[] = {
		{ "", HCS_E_INVALID_JSON },
		{ "{", HCS_E_INVALID_JSON },
		{ "[]", HCS_E_INVALID_JSON },
		{ config(w, "", storage), HCS_E_INVALID_JSON },
		{ config(w, "\"SchemaVersion\":{\"Major\":1},", storage),
		  HCS_E_UNSUPPORTED_PROTOCOL_VERSION },
		{ config(w, "\"SchemaVersion\":{\"Major\":2,\"Minor\":99},", storage),
		  HCS_E_UNSUPPORTED_PROTOCOL_VERSION },
		{ config(w, VERSION "\"Colour\":1,", storage), HCS_E_INVALID_JSON },
		{ config(w, VERSION "\"owner\":\"x\",", storage), HCS_E_INVALID_JSON },
		{ config(w, VERSION "\"Owner\":7,", storage), HCS_E_INVALID_JSON },
		{ config(w, VERSION, hcs_world_printf(w, "%s,\"Colour\":1", storage)),
		  HCS_E_INVALID_JSON },
		{ config(w, VERSION,
			 hcs_world_printf(w, "%s,\"Networking\":{\"DnsSearchList\":[\"a\"]}",
					  storage)),
		  HCS_E_INVALID_JSON },
		{ config(w, VERSION "\"VirtualMachine\":{},", storage), HCS_E_INVALID_JSON },
		{ "{" VERSION "\"VirtualMachine\":{}}", HCS_E_HYPERV_NOT_INSTALLED },
		{ config(w, VERSION, ""), E_INVALIDARG },
		{ config(w, VERSION, "\"Storage\":{\"Path\":\"x\",\"Layers\":[]}"), E_INVALIDARG },
		{ config(w, VERSION,
			 hcs_world_printf(w, "%s,\"GuestOs\":{\"HostName\":\"sixteen-letters-\"}",
					  storage)),
		  E_INVALIDARG },
		{ config(w, VERSION,
			 hcs_world_printf(w, "%s,\"Networking\":{\"Namespace\":\"%s\"}", storage,
					  gone)),
		  E_INVALIDARG /* no HostName */ },
		{ config(w, VERSION,
			 hcs_world_printf(w,
					  "%s,\"GuestOs\":{\"HostName\":\"h\"},\"Networking\":"
					  "{\"Namespace\":\"%s\"}",
					  storage, gone)),
		  WIN32_NOT_FOUND },
		{ config(w, VERSION,
			 hcs_world_printf(
				 w,
				 "%s,\"MappedDirectories\":[{\"HostPath\":\"/nonexistent\","
				 "\"ContainerPath\":\"C:\\\\d\"}]",
				 storage)),
		  WIN32_PATH_NOT_FOUND },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		HCS_SYSTEM s = NULL;
		HRESULT hr = hcs_world_create(w, "a", cases[i].document, &s);

		if (!hcs_result_is(hr, cases[i].want))
			fail_msg("%s: %s, not %s", cases[i].document, hcs_result_name(hr),
				 hcs_result_name(cases[i].want));
		assert_null(s);
		assert_int_equal(hcs_result_document(hcs_world_wide(w, w->document)), hr);
	}
	assert_int_equal(count(w, NULL), 0);
}

/* The error's document says where in the document the fault is. */
static void test_reason(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = NULL;
	const char *document =
		config(w, VERSION,
		       hcs_world_printf(w, "%s,\"Memory\":{\"SizeInMb\":5}", hcs_world_storage(w)));
	HRESULT hr = hcs_world_create(w, "a", document, &s);

	assert_int_equal(hcs_result_error(&w->err, hr, hcs_world_wide(w, w->document), "create"),
			 -ERR_INVALID);
	assert_non_null(strstr(w->err.msg, "Container.Memory.SizeInMb: unknown member"));
}

static void test_newer_image(void **state)
{
	struct hcs_world *w = *state;
	const char *document = hcs_world_config(w, "o", "");
	const char *file = hcs_world_printf(w, "%s/layers/base/Files/hcs_sim_build.txt", w->path);
	FILE *f = fopen(file, "w");
	HCS_SYSTEM s = NULL;

	assert_non_null(f);
	fputs("26100\n", f);
	fclose(f);
	assert_int_equal(hcs_world_create(w, "a", document, &s), HCS_E_IMAGE_MISMATCH);
	(void)hcs_world_tool(w, "switch", "host_build=26100", NULL);
	assert_int_equal(hcs_world_create(w, "a", document, &s), S_OK);
}

/* --- switches --------------------------------------------------------------------------- */

static void test_switches(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = NULL;

	(void)hcs_world_tool(w, "switch", "codes=ntstatus", "exited_system=at-once", NULL);
	assert_int_equal(hcs_world_open(w, "a", &s), HCS_RESULT(0xC037010E));
	s = hcs_world_running(w, "a", "o");
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	assert_null(hcs_world_state(w, "a"));
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, s, NULL), HCS_RESULT(0xC037010E));
	w->api->HcsCloseComputeSystem(s);
	(void)hcs_world_tool(w, "switch", "failures_at=call", "codes=hresult", NULL);
	assert_int_equal(hcs_world_create(w, "a", "{}", &s), HCS_E_INVALID_JSON);
	/* A failure of the call itself leaves the operation as it was. */
	{
		HCS_OPERATION op = w->api->HcsCreateOperation(NULL, NULL);
		PWSTR result = NULL;

		assert_int_equal(w->api->HcsCreateComputeSystem(hcs_world_wide(w, "a"),
								hcs_world_wide(w, "{}"), op, NULL,
								&s),
				 HCS_E_INVALID_JSON);
		assert_int_equal(w->api->HcsGetOperationResult(op, &result),
				 HCS_E_OPERATION_NOT_STARTED);
		w->api->HcsCloseOperation(op);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hcs_world_setup, hcs_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_life),          TEST(test_created_only),   TEST(test_repeats),
		TEST(test_list_by_owner), TEST(test_handles_end_it), TEST(test_exit_is_told),
		TEST(test_properties),    TEST(test_modify),         TEST(test_refused_documents),
		TEST(test_reason),        TEST(test_newer_image),    TEST(test_switches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
