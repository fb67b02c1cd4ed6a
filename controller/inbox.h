/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What runtimes' threads tell the loop: exits of containers, and broken connections. The
 * threads put in and ring the bell; the loop takes out.
 */
#include "backends/runtime.h"
#include "base/limits.h"

struct inbox;

struct inbox_exit {
	char id[LIMIT_RUNTIME_ID];
	bool has_code;
	int code;
	struct wall at;
};

/** inbox_new() - @bell: eventfd to ring; the caller's, outlives the inbox */
struct inbox *inbox_new(int bell);
void inbox_free(struct inbox *box); /* NULL is fine; no runtime may hold its sink any more */
CLEAN_DEFINE(inbox, struct inbox *, inbox_free)

/** inbox_sink() - to be given to runtimes; valid as long as the inbox */
struct runtime_sink inbox_sink(struct inbox *box);

/** inbox_take() - the oldest exit; false when there is none */
bool inbox_take(struct inbox *box, struct inbox_exit *ret);

/** inbox_take_lost() - has a connection broken since the last call? */
bool inbox_take_lost(struct inbox *box);
