/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Logs of several slots as one, in the order of time. */
#include "controller/log_reader.h"
#include "controller/target.h"
#include "specs/layout.h"

struct log_merge;

struct log_source {
	const char *deployment;
	const char *service;
	uint32_t slot;
	const char *name; /* "web-rep-0" */
};

struct log_merge *log_merge_new(const struct layout *layout);
void log_merge_free(struct log_merge *m); /* NULL is fine */
CLEAN_DEFINE(log_merge, struct log_merge *, log_merge_free)

/**
 * log_merge_add() - a slot whose log is read from now on; one that is there already is skipped
 * @tail: as log_reader_open(); used when its file is found, now or later
 */
void log_merge_add(struct log_merge *m, const struct log_source *source, int64_t tail);

/** log_merge_width() - of the longest name */
int log_merge_width(const struct log_merge *m);

/**
 * log_merge_next() - the oldest line that is there
 * @is_last: no more will come
 * @ret_source: valid as long as @m
 *
 * Return: 0; LOG_READER_END; < 0.
 */
int log_merge_next(struct log_merge *m, bool is_last, const struct log_source **ret_source,
		   struct log_line *ret, struct error *err);
