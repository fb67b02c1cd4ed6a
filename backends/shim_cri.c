/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to lines. One time for all lines of a chunk: they came together. */
#include "backends/shim_cri.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

#define STAMP_SIZE (CLOCK_RFC3339_SIZE + 4)

/* Nine digits as CRI wants them; the clock gives six. */
static void stamp_now(char stamp[STAMP_SIZE])
{
	char text[CLOCK_RFC3339_SIZE];

	clock_rfc3339(clock_wall(), text);
	snprintf(stamp, STAMP_SIZE, "%.*s000Z", (int)strlen(text) - 1, text);
}

static void emit(struct buf *out, const char *stamp, const char *stream, char tag, struct buf *line)
{
	buf_printf(out, "%s %s %c ", stamp, stream, tag);
	buf_add(out, line->data, line->n);
	buf_putc(out, '\n');
	buf_clear(line);
}

void shim_cri_split(struct buf *line, const char *stream, const char *p, size_t n, struct buf *out)
{
	char stamp[STAMP_SIZE];

	stamp_now(stamp);
	while (n) {
		const char *end = memchr(p, '\n', n);
		size_t len = end ? (size_t)(end - p) : n;
		size_t room = LIMIT_LOG_LINE - line->n;
		size_t take = len < room ? len : room;

		buf_add(line, p, take);
		p += take;
		n -= take;
		if (take < len) {
			emit(out, stamp, stream, 'P', line);
		} else if (end) {
			emit(out, stamp, stream, 'F', line);
			p++;
			n--;
		}
	}
}

void shim_cri_rest(struct buf *line, const char *stream, char tag, struct buf *out)
{
	char stamp[STAMP_SIZE];

	if (!line->n)
		return;
	stamp_now(stamp);
	emit(out, stamp, stream, tag, line);
}

void shim_cri_tell(struct buf *out, const char *fmt, ...)
{
	char stamp[STAMP_SIZE];
	va_list ap;

	stamp_now(stamp);
	buf_printf(out, "%s system F tallyman: ", stamp);
	va_start(ap, fmt);
	buf_vprintf(out, fmt, ap);
	va_end(ap);
	buf_putc(out, '\n');
}
