/* SPDX-License-Identifier: Apache-2.0 */
/* Doubling up to the maximum; the empty buffer owns nothing. */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"

static char empty[1];

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .data = empty, .max = max };
}

void buf_done(struct buf *b)
{
	if (b->size)
		free(b->data);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->overflow = false;
	if (b->size)
		b->data[0] = '\0';
}

bool buf_reserve(struct buf *b, size_t n)
{
	size_t want = b->n + n + 1;
	size_t size = b->size ? b->size : 64;

	if (n > b->max || b->n > b->max - n)
		return false;
	if (want <= b->size)
		return true;
	while (size < want)
		size *= 2;
	b->data = xrealloc(b->size ? b->data : NULL, size, 1);
	b->size = size;
	b->data[b->n] = '\0';
	return true;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (!buf_reserve(b, n)) {
		b->overflow = true;
		return;
	}
	memcpy(b->data + b->n, p, n);
	b->n += n;
	b->data[b->n] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0 || !buf_reserve(b, (size_t)n)) {
		b->overflow = true;
		return;
	}
	vsnprintf(b->data + b->n, (size_t)n + 1, fmt, ap);
	b->n += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_drop(struct buf *b, size_t n)
{
	if (n > b->n)
		n = b->n;
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->n - n + 1);
	b->n -= n;
}

char *buf_take(struct buf *b)
{
	char *p = b->size ? b->data : xcalloc(1, 1);

	buf_init(b, b->max);
	return p;
}
