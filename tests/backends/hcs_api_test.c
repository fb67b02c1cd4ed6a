/* SPDX-License-Identifier: Apache-2.0 */
/* The table is filled with the right functions, or not at all and the error names what lacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backends/hcs_api.h"

/* What the library's function answers, whatever prototype the table gives it. */
static int call(const void *pointer)
{
	int (*function)(void);

	memcpy(&function, pointer, sizeof(function));
	return function();
}

static void test_whole(void **state)
{
	struct hcs_api *api CLEAN(hcs_api) = NULL;
	struct error err;
	int place = 0;

	(void)state;
	assert_int_equal(hcs_api_open(HCS_API_WHOLE, &api, &err), 0);
#define X(library, result, name, params) assert_int_equal(call(&api->name), place++);
	HCS_API_FUNCTIONS(X)
#undef X
	assert_true(place > 70);
}

static void test_without_processes(void **state)
{
	struct hcs_api *api CLEAN(hcs_api) = NULL;
	struct error err;

	(void)state;
	assert_int_equal(hcs_api_open(HCS_API_OLD, &api, &err), -ERR_UNAVAILABLE);
	assert_null(api);
	assert_non_null(strstr(err.msg, "has no HcsCreateProcess, HcsOpenProcess, HcsCloseProcess "
					"and 7 more"));
	assert_non_null(strstr(err.msg, HCS_API_OLD));
}

static void test_no_library(void **state)
{
	struct hcs_api *api CLEAN(hcs_api) = NULL;
	struct error err;

	(void)state;
	assert_int_equal(hcs_api_open("/nonexistent/hcs.so", &api, &err), -ERR_UNAVAILABLE);
	assert_non_null(strstr(err.msg, "/nonexistent/hcs.so"));
	assert_int_equal(hcs_api_open(TEST_SOURCE_DIR "/README.md", &api, &err), -ERR_UNAVAILABLE);
	assert_int_equal(hcs_api_open(NULL, &api, &err), -ERR_UNAVAILABLE);
	assert_string_equal(err.msg, "no computecore.dll: this is not Windows");
	assert_non_null(strstr(err.hint, "hcs.library"));
	assert_null(api);
	hcs_api_close(NULL);
}

static void test_pipe_descriptors(void **state)
{
	(void)state;
	assert_int_equal(hcs_api_fd(NULL), -1);
	assert_int_equal(hcs_api_fd((HANDLE)(intptr_t)17), 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_without_processes),
		cmocka_unit_test(test_no_library),
		cmocka_unit_test(test_pipe_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
