/* SPDX-License-Identifier: Apache-2.0 */
/* Texts on the wire: problem documents there and back, statuses, server-sent events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "controller/api/api_problem.h"
#include "controller/api/api_sse.h"

static void test_problem(void **state)
{
	struct error err = ERROR_INIT, again = ERROR_INIT;
	struct json_object *doc CLEAN(json) = NULL;
	struct buf text CLEAN(buf) = BUF_INIT(4096);

	(void)state;
	(void)error_set(&err, ERR_NOT_FOUND, 0, "no service \"web\"");
	(void)error_wrap(&err, -ERR_NOT_FOUND, "apply shop");
	error_hint(&err, "did you mean 'wed'?");
	doc = api_problem_document(&err);
	json_canonical(doc, &text);
	assert_string_equal(text.data,
			    "{\"cause\":\"no service \\\"web\\\"\",\"code\":\"not-found\","
			    "\"hint\":\"did you mean 'wed'?\","
			    "\"message\":\"apply shop: no service \\\"web\\\"\","
			    "\"schema\":\"tallyman.error.v1\"}");
	assert_int_equal(api_problem_read(text.data, text.n, &again, NULL), 0);
	assert_int_equal(again.code, ERR_NOT_FOUND);
	assert_string_equal(again.msg, err.msg);
	assert_string_equal(again.cause, err.cause);
	assert_string_equal(again.hint, err.hint);
}

static void test_no_problem(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"null",
		"<html>",
		"{}",
		"{\"schema\":\"tallyman.plan.v1\",\"code\":\"io\",\"message\":\"x\"}",
		"{\"schema\":\"tallyman.error.v1\",\"code\":7,\"message\":\"x\"}",
		"{\"schema\":\"tallyman.error.v1\",\"code\":\"io\"}",
		"{\"schema\":\"tallyman.error.v1\",\"code\":\"io\",\"message\":\"x\",\"hint\":3}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct error read = ERROR_INIT, err = ERROR_INIT;

		assert_int_equal(api_problem_read(texts[i], strlen(texts[i]), &read, &err),
				 -ERR_INVALID);
		assert_int_equal(read.code, ERR_OK);
	}
}

/* Every code has a status of its kind, and a retry is announced exactly where it makes sense. */
static void test_statuses(void **state)
{
	(void)state;
	for (int code = ERR_OK + 1; code < ERR_N; code++) {
		const unsigned status = api_problem_status((enum error_code)code);

		assert_in_range(status, 400, 599);
		assert_in_range(api_problem_code(status), ERR_OK + 1, ERR_N - 1);
	}
	assert_int_equal(api_problem_code(404), ERR_NOT_FOUND);
	assert_int_equal(api_problem_code(431), ERR_LIMIT);
	assert_int_equal(api_problem_code(503), ERR_UNAVAILABLE);
	assert_int_equal(api_problem_code(500), ERR_IO);
	assert_int_equal(api_problem_code(599), ERR_IO);
	assert_int_equal(api_problem_code(400), ERR_INVALID);
	assert_int_equal(api_problem_code(418), ERR_INVALID);
}

static void test_event_text(void **state)
{
	struct buf text CLEAN(buf) = BUF_INIT(4096);

	(void)state;
	api_sse_event(&text, 7, "step", "a\nb\r\nc\rd");
	api_sse_event(&text, 0, NULL, "");
	api_sse_event(&text, 0, "x\nid: 9", "y\n");
	assert_string_equal(text.data, "id: 7\nevent: step\ndata: a\ndata: b\ndata: c\ndata: d\n\n"
				       "data: \n\n"
				       "event: x\ndata: y\ndata: \n\n");
}

/* The events of @text, in pieces of @step bytes, one a line: "id|event|data;". */
static int read_events(const char *text, size_t step, size_t max, struct buf *ret)
{
	struct api_sse_reader r;
	const char *end = text + strlen(text);
	int outcome = API_SSE_MORE;

	api_sse_reader_init(&r, max);
	while (text < end && outcome != API_SSE_TOO_LONG) {
		size_t n = (size_t)(end - text) < step ? (size_t)(end - text) : step, used;
		struct api_sse_event e;

		outcome = api_sse_read(&r, text, n, &used, &e);
		if (outcome == API_SSE_TOO_LONG)
			break;
		assert_in_range(used, 1, n);
		if (outcome == 0)
			buf_printf(ret, "%s|%s|%s;", e.id, e.event, e.data);
		text += used;
	}
	api_sse_reader_done(&r);
	return outcome;
}

static void test_reader(void **state)
{
	static const struct {
		const char *text, *events;
	} cases[] = {
		{ "data: a\n\n", "|message|a;" },
		{ "data:a\n\n", "|message|a;" },
		{ "data:  a\n\n", "|message| a;" },
		{ "data\n\n", "|message|;" },
		{ "data: a\r\ndata: b\r\n\r\n", "|message|a\nb;" },
		{ "data: a\rdata: b\r\r", "|message|a\nb;" },
		{ ": comment\n\nid: 4\ndata: a\n\ndata: b\n\n", "4|message|a;4|message|b;" },
		{ "event: end\n\ndata: a\n\n", "|message|a;" }, /* no data, no event */
		{ "event: end\ndata: a\nretry: 10\nfoo: bar\n\n", "|end|a;" },
		{ "id: 1\nevent: x\ndata: a\n\nevent: y\nid: 2\ndata: b\n\ndata: c",
		  "1|x|a;2|y|b;" },
		{ "data: a:b: c\n\n", "|message|a:b: c;" },
		{ "\n\n\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t step = 1; step < 20; step++) {
			struct buf got CLEAN(buf) = BUF_INIT(4096);

			(void)read_events(cases[i].text, step, 1000, &got);
			assert_string_equal(got.data, cases[i].events);
		}
	}
}

static void test_reader_bound(void **state)
{
	struct buf got CLEAN(buf) = BUF_INIT(4096);

	(void)state;
	for (size_t step = 1; step < 20; step++)
		assert_int_equal(read_events("data: 0123456789\n\n", step, 10, &got),
				 API_SSE_TOO_LONG);
	assert_int_equal(read_events("data: 01\ndata: 23\ndata: 456\n\n", 3, 10, &got), 0);
	assert_int_equal(read_events("data: 01\ndata: 23\ndata: 4567\ndata: 8\n\n", 3, 10, &got),
			 API_SSE_TOO_LONG);
	assert_string_equal(got.data, "|message|01\n23\n456;");
}

/* What one side writes the other reads, whatever is in it. */
static void test_there_and_back(void **state)
{
	struct buf text CLEAN(buf) = BUF_INIT(4096);
	struct buf got CLEAN(buf) = BUF_INIT(4096);

	(void)state;
	api_sse_event(&text, UINT64_MAX, "log", "{\"line\":\"a: b\"}\n\n:c\n");
	api_sse_event(&text, 0, NULL, " x");
	(void)read_events(text.data, 5, 1000, &got);
	assert_string_equal(got.data, "18446744073709551615|log|{\"line\":\"a: b\"}\n\n:c\n;"
				      "18446744073709551615|message| x;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_problem),        cmocka_unit_test(test_no_problem),
		cmocka_unit_test(test_statuses),       cmocka_unit_test(test_event_text),
		cmocka_unit_test(test_reader),         cmocka_unit_test(test_reader_bound),
		cmocka_unit_test(test_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
