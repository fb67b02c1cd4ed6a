/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Growing bytes with a mandatory maximum. data is always NUL-terminated (and
 * "" before the first byte), n does not count that NUL. Going over the maximum
 * drops the bytes and sets `overflow`: the writer goes on, whoever takes the
 * result asks once.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clean.h"

struct buf {
	char *data; /* owned; never NULL between init and done */
	size_t n;
	size_t size;
	size_t max; /* bytes, without the NUL */
	bool overflow;
};

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */

#define BUF_INIT(limit) ((struct buf){ .data = (char *)"", .max = (limit) })
static inline void clean_buf(struct buf *b)
{
	buf_done(b);
}

/* Append bytes, text, one byte, formatted text. */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/** buf_reserve() - at least @n more bytes can be written at data + n; false at the maximum */
bool buf_reserve(struct buf *b, size_t n);

/** buf_drop() - forget the first @n bytes */
void buf_drop(struct buf *b, size_t n);

/** buf_take() - the bytes, malloc'ed and NUL-terminated; @b is empty again */
char *buf_take(struct buf *b);
