/* SPDX-License-Identifier: Apache-2.0 */
/* links: api */
/* Texts of the API: problems, events and targets are read or refused, and what is written of them
 * reads as the same. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "controller/api/api_problem.h"
#include "controller/api/api_route.h"
#include "controller/api/api_sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_TEXT = 1 << 20, MAX_EVENT = 4096 };

static void check_problem(const char *text, size_t n)
{
	struct error first = ERROR_INIT, again = ERROR_INIT;
	struct json_object *doc CLEAN(json) = NULL;
	struct buf out CLEAN(buf) = BUF_INIT(MAX_TEXT);

	if (api_problem_read(text, n, &first, NULL) < 0)
		return;
	assert(!strchr(first.msg, '\n'));
	doc = api_problem_document(&first);
	json_canonical(doc, &out);
	/* A cut may fall into a character; then it is no JSON that we read. */
	if (api_problem_read(out.data, out.n, &again, NULL) == 0)
		assert(first.code == again.code && strcmp(first.msg, again.msg) == 0);
}

/* Events of @text in pieces of @step bytes, written anew. */
static int read_events(const char *text, size_t n, size_t step, struct buf *ret)
{
	struct api_sse_reader r;
	size_t at = 0, used;
	int outcome = API_SSE_MORE;

	api_sse_reader_init(&r, MAX_EVENT);
	while (at < n && outcome != API_SSE_TOO_LONG) {
		struct api_sse_event e;

		outcome = api_sse_read(&r, text + at, n - at < step ? n - at : step, &used, &e);
		if (outcome == 0)
			api_sse_event(ret, 7, e.event, e.data);
		if (outcome != API_SSE_TOO_LONG)
			at += used;
	}
	api_sse_reader_done(&r);
	return outcome;
}

/* However it is cut, it says the same; and what we write, we read. */
static void check_events(const char *text, size_t n)
{
	struct buf first CLEAN(buf) = BUF_INIT(16 * MAX_TEXT),
			 cut CLEAN(buf) = BUF_INIT(16 * MAX_TEXT);
	struct buf again CLEAN(buf) = BUF_INIT(16 * MAX_TEXT);
	const bool is_long = read_events(text, n, n, &first) == API_SSE_TOO_LONG;

	assert((read_events(text, n, 3, &cut) == API_SSE_TOO_LONG) == is_long);
	assert(cut.n == first.n && memcmp(cut.data, first.data, cut.n) == 0);
	(void)read_events(first.data, first.n, first.n, &again);
	assert(again.n == first.n && memcmp(again.data, first.data, again.n) == 0);
}

static void check_target(const char *text, size_t n)
{
	static const struct api_route routes[] = {
		{ "GET", "/v1/a", 1, API_READ },       { "GET", "/v1/{x}", 2, API_READ },
		{ "POST", "/v1/{x}/b", 3, API_READ },  { "GET", "/v1/{x}/{y}/c/{z}", 4, API_READ },
		{ "DELETE", "/{p}/{q}", 5, API_READ },
	};
	const struct api_table table = { routes, sizeof(routes) / sizeof(routes[0]) };
	struct arena *arena CLEAN(arena) = arena_new();
	const char *target = arena_strndup(arena, text, strnlen(text, n));
	struct buf written CLEAN(buf) = BUF_INIT(MAX_TEXT);
	struct api_match m, again;

	if (api_route_match(&table, "GET", target, arena, &m, NULL) != 0)
		return;
	/* The same with every value written by us. */
	for (const char *p = m.route->pattern; *p; p++) {
		if (*p != '{') {
			buf_putc(&written, *p);
			continue;
		}
		api_route_encode(&written, api_route_param(&m, (char[]){ p[1], '\0' }));
		p += 2;
	}
	for (size_t i = 0; i < m.n_query; i++) {
		buf_putc(&written, i ? '&' : '?');
		api_route_encode(&written, m.query[i].name);
		buf_putc(&written, '=');
		api_route_encode(&written, m.query[i].value);
	}
	assert(api_route_match(&table, "GET", written.data, arena, &again, NULL) == 0);
	assert(again.route == m.route && again.n_query == m.n_query);
	for (size_t i = 0; i < m.n_query; i++)
		assert(strcmp(m.query[i].value, again.query[i].value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	if (size == 0 || size > MAX_TEXT / 4)
		return 0;
	check_problem(text, size);
	check_events(text, size);
	check_target(text, size);
	return 0;
}
