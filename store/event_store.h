/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Events: what happened, for people; the newest LIMIT_EVENTS are kept. The same event of a slot
 * within EVENT_REPEAT_US of itself is counted instead of repeated.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

struct store;

#define EVENT_REPEAT_US (10 * 60 * CLOCK_SEC) /* what people take for one story */

enum event_level { EVENT_INFO, EVENT_WARNING, EVENT_ERROR };

/** event_store_level_to_string() - its name in text and JSON */
const char *event_store_level_to_string(enum event_level level);

struct event_row {
	int64_t seq; /* 1.., never used again; the store gives it */
	struct wall first, last;
	int64_t count; /* 1..: how often from first to last */
	enum event_level level;
	const char *kind;       /* a word: "started", "exited", "apply" */
	const char *deployment; /* NULL: of the node */
	const char *service;    /* NULL: of the deployment */
	int64_t slot;           /* -1: of the service */
	const char *runtime_id; /* NULL: of no instance */
	const char *message;
	bool by_person; /* a person asked for it */
};

struct event_rows {
	struct event_row *items;
	size_t n;
};

struct event_filter {
	const char *deployment; /* NULL: any */
	const char *service;    /* NULL: any */
	int64_t after;          /* only with a larger seq; 0: from the first */
	int64_t limit;          /* the newest that many; 0: all */
};

/** event_store_append() - @row->last is the time; drops the oldest when the ring is full */
int event_store_append(struct store *s, const struct event_row *row, struct error *err);

/** event_store_list() - oldest first, by their last time; what was written after the clock had been
 * set back is newer than all before */
int event_store_list(struct store *s, const struct event_filter *filter, struct arena *a,
		     struct event_rows *ret, struct error *err);
