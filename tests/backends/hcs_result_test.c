/* SPDX-License-Identifier: Apache-2.0 */
/* The official values, both spellings, what they mean, and errors with the document's reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backends/hcs_result.h"
#include "backends/hcs_text.h"

struct world {
	struct arena *arena;
	struct error err;
};

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->arena = arena_new();
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	arena_free(w->arena);
	free(w);
	return 0;
}

static PCWSTR wide(struct world *w, const char *text)
{
	PCWSTR ret = NULL;

	assert_int_equal(hcs_text_to_utf16(text, w->arena, &ret, &w->err), 0);
	return ret;
}

/* Typed again from winerror.h, so that a slip in the table is seen; the first ones are those that
 * are easily taken for each other. */
static void test_official_values(void **state)
{
	static const struct {
		uint32_t value;
		HRESULT constant;
		const char *name;
		enum hcs_outcome outcome;
	} cases[] = {
		{ 0x80370100, HCS_E_TERMINATED_DURING_START, "HCS_E_TERMINATED_DURING_START",
		  HCS_FAILED },
		{ 0x8037010E, HCS_E_SYSTEM_NOT_FOUND, "HCS_E_SYSTEM_NOT_FOUND", HCS_ABSENT },
		{ 0x80370117, HCS_E_OPERATION_PENDING, "HCS_E_OPERATION_PENDING", HCS_RUNNING },
		{ 0x80370109, HCS_E_CONNECTION_TIMEOUT, "HCS_E_CONNECTION_TIMEOUT", HCS_RUNNING },
		{ 0x8037010D, HCS_E_INVALID_JSON, "HCS_E_INVALID_JSON", HCS_FAILED },
		{ 0x80370110, HCS_E_SYSTEM_ALREADY_STOPPED, "HCS_E_SYSTEM_ALREADY_STOPPED",
		  HCS_STOPPED },
		{ 0x8037011F, HCS_E_PROCESS_ALREADY_STOPPED, "HCS_E_PROCESS_ALREADY_STOPPED",
		  HCS_STOPPED },
		{ 0x8037011E, HCS_E_SERVICE_DISCONNECT, "HCS_E_SERVICE_DISCONNECT", HCS_LOST },
		{ 0x80370118, HCS_E_OPERATION_TIMEOUT, "HCS_E_OPERATION_TIMEOUT", HCS_RUNNING },
		{ 0x80370105, HCS_E_INVALID_STATE, "HCS_E_INVALID_STATE", HCS_STATE },
		{ 0x8037010F, HCS_E_SYSTEM_ALREADY_EXISTS, "HCS_E_SYSTEM_ALREADY_EXISTS",
		  HCS_EXISTS },
		{ 0x803B0002, HCN_E_ENDPOINT_NOT_FOUND, "HCN_E_ENDPOINT_NOT_FOUND", HCS_ABSENT },
		{ 0x803B0004, HCN_E_SWITCH_NOT_FOUND, "HCN_E_SWITCH_NOT_FOUND", HCS_FAILED },
		{ 0x803B000C, HCN_E_INVALID_ENDPOINT, "HCN_E_INVALID_ENDPOINT", HCS_FAILED },
		{ 0x803B0014, HCN_E_ENDPOINT_ALREADY_ATTACHED, "HCN_E_ENDPOINT_ALREADY_ATTACHED",
		  HCS_ATTACHED },
		{ 0x803B001B, HCN_E_INVALID_JSON, "HCN_E_INVALID_JSON", HCS_FAILED },
		{ 0x803B002B, HCN_E_ENDPOINT_NAMESPACE_ALREADY_EXISTS,
		  "HCN_E_ENDPOINT_NAMESPACE_ALREADY_EXISTS", HCS_ATTACHED },
		{ 0x803B002C, HCN_E_ENTITY_HAS_REFERENCES, "HCN_E_ENTITY_HAS_REFERENCES",
		  HCS_IN_USE },
		{ 0x80070490, WIN32_NOT_FOUND, "WIN32_NOT_FOUND", HCS_ABSENT },
		{ 0x80070020, WIN32_SHARING_VIOLATION, "WIN32_SHARING_VIOLATION", HCS_IN_USE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal((uint32_t)cases[i].constant, cases[i].value);
		assert_string_equal(hcs_result_name(cases[i].constant), cases[i].name);
		assert_int_equal(hcs_result_outcome(cases[i].constant), cases[i].outcome);
	}
}

/* Every row: failure, found by its own value (none twice), a policy that is none of success. */
static void test_table(void **state)
{
	(void)state;
#define X(name, value, outcome, code)                                                              \
	assert_true(hcs_result_failed(name));                                                      \
	assert_string_equal(hcs_result_name(name), #name);                                         \
	assert_int_equal(hcs_result_outcome(name), HCS_##outcome);                                 \
	assert_int_equal(hcs_result_code(name), code);                                             \
	assert_int_not_equal(code, ERR_OK);
	HCS_RESULTS(X)
#undef X
}

static void test_two_spellings(void **state)
{
	HRESULT legacy = HCS_RESULT(0xC037010E);

	(void)state;
	assert_int_equal(hcs_result_normal(legacy), HCS_E_SYSTEM_NOT_FOUND);
	assert_true(hcs_result_is(legacy, HCS_E_SYSTEM_NOT_FOUND));
	assert_true(hcs_result_is(HCS_E_SYSTEM_NOT_FOUND, legacy));
	assert_int_equal(hcs_result_outcome(legacy), HCS_ABSENT);
	assert_int_equal(hcs_result_code(legacy), ERR_NOT_FOUND);
	assert_int_equal(hcs_result_outcome(HCS_RESULT(0xC0370103)), HCS_RUNNING);
	/* Other facilities have no second spelling, and success is nobody's alias. */
	assert_int_equal(hcs_result_normal(HCS_RESULT(0xC03B0002)), HCS_RESULT(0xC03B0002));
	assert_int_equal(hcs_result_normal(HCS_RESULT(0x0037010E)), 0x0037010E);
	assert_false(hcs_result_is(S_OK, HCS_E_SYSTEM_NOT_FOUND));
}

static void test_success_and_unknown(void **state)
{
	(void)state;
	assert_int_equal(hcs_result_outcome(S_OK), HCS_DONE);
	assert_int_equal(hcs_result_outcome(1), HCS_DONE);
	assert_int_equal(hcs_result_code(S_OK), ERR_OK);
	assert_string_equal(hcs_result_name(S_OK), "S_OK");
	assert_int_equal(hcs_result_outcome(HCS_RESULT(0x80370FFF)), HCS_FAILED);
	assert_int_equal(hcs_result_code(HCS_RESULT(0x80370FFF)), ERR_IO);
	assert_string_equal(hcs_result_name(HCS_RESULT(0x80370FFF)), "an unknown code");
}

static void test_document_codes(void **state)
{
	static const struct {
		const char *document;
		uint32_t want;
	} cases[] = {
		{ "{\"Success\":false,\"Error\":\"Element not found. \",\"ErrorCode\":2147943568}",
		  0x80070490 },
		{ "{\"Success\":false,\"Error\":\"x\",\"ErrorCode\":1168}", 0x80070490 },
		{ "{\"Error\":-2143878899,\"ErrorMessage\":\"bad\"}", 0x8037010D },
		{ "{\"Error\":-1070137074}", 0x8037010E },
		{ "{\"Success\":false,\"Error\":\"x\"}", 0x80004005 },
		{ "{\"Success\":true}", 0 },
		{ "{\"Error\":\"text\"}", 0 },
		{ "[]", 0 },
		{ "no json", 0 },
		{ "", 0 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal((uint32_t)hcs_result_document(wide(w, cases[i].document)),
				 cases[i].want);
	assert_int_equal(hcs_result_document(NULL), S_OK);
}

static void test_errors(void **state)
{
	struct world *w = *state;
	static const WCHAR broken[] = { '{', 0xD83D, 0 };

	assert_int_equal(
		hcs_result_error(&w->err, HCS_E_INVALID_JSON,
				 wide(w, "{\"Error\":-2143878899,\"ErrorMessage\":\"The "
					 "document is invalid.\",\"ErrorEvents\":[{"
					 "\"Message\":\"Unknown field 'Foo'.\\r\\n\"},7]}"),
				 "create system %s", "web"),
		-ERR_INVALID);
	assert_string_equal(w->err.msg, "create system web: HCS_E_INVALID_JSON (0x8037010d): "
					"The document is invalid: Unknown field 'Foo'");
	assert_int_equal(w->err.sys, HCS_E_INVALID_JSON);
	assert_int_equal(hcs_result_error(&w->err, WIN32_NOT_FOUND,
					  wide(w, "{\"Success\":false,\"Error\":\"Element not "
						  "found. \",\"ErrorCode\":2147943568}"),
					  "open endpoint"),
			 -ERR_NOT_FOUND);
	assert_string_equal(w->err.msg,
			    "open endpoint: WIN32_NOT_FOUND (0x80070490): Element not found");
	assert_int_equal(hcs_result_error(&w->err, HCS_RESULT(0x8BADF00D), broken, "start"),
			 -ERR_IO);
	assert_string_equal(w->err.msg, "start: an unknown code (0x8badf00d)");
	assert_int_equal(hcs_result_error(NULL, HCS_E_OPERATION_TIMEOUT, NULL, "x"), -ERR_TIMEOUT);
	assert_int_equal(hcs_result_error(&w->err, S_OK, NULL, "x"), -ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_official_values),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_two_spellings),
		cmocka_unit_test(test_success_and_unknown),
		cmocka_unit_test_setup_teardown(test_document_codes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
