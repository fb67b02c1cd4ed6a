/* SPDX-License-Identifier: Apache-2.0 */
/* The reader goes byte by byte: events are small, and a piece may end anywhere, also inside \r\n.
 */
#include "controller/api/api_sse.h"

#include <inttypes.h>
#include <string.h>

static size_t line_length(const char *p)
{
	return strcspn(p, "\r\n");
}

void api_sse_event(struct buf *ret, uint64_t id, const char *event, const char *data)
{
	if (id)
		buf_printf(ret, "id: %" PRIu64 "\n", id);
	if (event)
		buf_printf(ret, "event: %.*s\n", (int)line_length(event), event);
	for (;;) {
		size_t n = line_length(data);

		buf_puts(ret, "data: ");
		buf_add(ret, data, n);
		buf_putc(ret, '\n');
		data += n;
		if (!*data)
			break;
		data += data[0] == '\r' && data[1] == '\n' ? 2 : 1;
	}
	buf_putc(ret, '\n');
}

void api_sse_reader_init(struct api_sse_reader *r, size_t max)
{
	*r = (struct api_sse_reader){ 0 };
	buf_init(&r->line, max);
	buf_init(&r->data, max);
}

void api_sse_reader_done(struct api_sse_reader *r)
{
	buf_done(&r->line);
	buf_done(&r->data);
}

/* A name that does not fit is cut: ours never are that long. */
static void keep(char to[API_SSE_MAX_NAME + 1], const char *value)
{
	snprintf(to, API_SSE_MAX_NAME + 1, "%s", value);
}

static void take_field(struct api_sse_reader *r, const char *name, const char *value)
{
	if (strcmp(name, "event") == 0) {
		keep(r->event, value);
	} else if (strcmp(name, "id") == 0) {
		keep(r->id, value);
	} else if (strcmp(name, "data") == 0) {
		if (r->has_data)
			buf_putc(&r->data, '\n');
		buf_puts(&r->data, value);
		r->has_data = true;
	}
}

/* "name: value", "name:value", "name", ": comment". */
static void take_line(struct api_sse_reader *r)
{
	char *line = r->line.data;
	char *colon = strchr(line, ':');
	const char *value = "";

	if (colon == line)
		return;
	if (colon) {
		*colon = '\0';
		value = colon + 1 + (colon[1] == ' ');
	}
	take_field(r, line, value);
}

/* The end of a line; is an event whole? One without data is none. */
static bool end_line(struct api_sse_reader *r, struct api_sse_event *ret)
{
	if (r->line.n) {
		take_line(r);
		buf_clear(&r->line);
		return false;
	}
	if (!r->has_data) {
		r->event[0] = '\0';
		return false;
	}
	*ret = (struct api_sse_event){ .event = r->event[0] ? r->event : "message",
				       .data = r->data.data,
				       .id = r->id };
	return true;
}

/* What the last call handed out is over. */
static void begin(struct api_sse_reader *r)
{
	if (!r->is_told)
		return;
	r->is_told = r->has_data = false;
	r->event[0] = '\0';
	buf_clear(&r->data);
}

int api_sse_read(struct api_sse_reader *r, const char *p, size_t n, size_t *ret_used,
		 struct api_sse_event *ret)
{
	begin(r);
	for (size_t i = 0; i < n; i++) {
		const bool joins = r->after_cr && p[i] == '\n'; /* the second half of \r\n */

		r->after_cr = p[i] == '\r';
		if (joins)
			continue;
		if (p[i] != '\r' && p[i] != '\n') {
			buf_putc(&r->line, p[i]);
			if (r->line.overflow)
				return API_SSE_TOO_LONG;
			continue;
		}
		r->is_told = end_line(r, ret);
		if (r->data.overflow)
			return API_SSE_TOO_LONG;
		if (r->is_told) {
			*ret_used = i + 1;
			return 0;
		}
	}
	*ret_used = n;
	return API_SSE_MORE;
}
