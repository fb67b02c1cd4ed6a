/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One log file of a slot: CRI lines (`TIME STREAM F|P TEXT`), read forward, pieces of long
 * lines put together again. Knows how to begin near the end and how to go on when more
 * was written.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/error.h"

struct log_reader;

struct log_line {
	struct wall time;   /* of its first piece; 0 when the line has none */
	const char *stream; /* "stdout", "stderr", "system", or "unknown" */
	const char *text;   /* @n bytes without a newline, any bytes; valid until the next call */
	size_t n;
};

enum {
	LOG_READER_END = 1,    /* nothing more now */
	LOG_READER_ABSENT = 1, /* there is no such file yet */
};

/**
 * log_reader_open() - open a log
 * @tail: begin that many lines before its end; < 0: at its beginning
 *
 * Return: 0; LOG_READER_ABSENT; < 0.
 */
int log_reader_open(const char *path, int64_t tail, struct log_reader **ret, struct error *err);
void log_reader_free(struct log_reader *r); /* NULL is fine */
CLEAN_DEFINE(log_reader, struct log_reader *, log_reader_free)

/**
 * log_reader_next() - the next line
 * @is_last: no more will come: what was begun and not ended is a line, too
 *
 * Return: 0; LOG_READER_END; < 0. After an end it may be called again.
 */
int log_reader_next(struct log_reader *r, bool is_last, struct log_line *ret, struct error *err);
