/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Time. Structs, so that durations, wall time and plain integers cannot be
 * mixed by accident; microseconds everywhere. clock.c is the only file that
 * may read a clock: everybody else is handed `now`.
 */
#include <stddef.h>
#include <stdint.h>

#define CLOCK_MS  INT64_C(1000)
#define CLOCK_SEC INT64_C(1000000)

struct mono {
	int64_t us; /* since some point in the past; never goes back; stops in suspend */
};

struct wall {
	int64_t us; /* since 1970-01-01 UTC; may jump; for people */
};

struct boot {
	int64_t us; /* since boot, suspend included: for waits that outlive a process */
};

static inline struct mono mono_add(struct mono t, int64_t us)
{
	return (struct mono){ t.us + us };
}

static inline int mono_cmp(struct mono a, struct mono b)
{
	return (a.us > b.us) - (a.us < b.us);
}

/* What time it is; the loop reads once a turn and hands `now` on. */
struct mono clock_mono(void);
struct wall clock_wall(void);
struct boot clock_boot(void);

/** clock_sleep() - block this thread; workers and tests only, never the loop */
void clock_sleep(int64_t us);

#define CLOCK_RFC3339_SIZE 80 /* 27 for any year of four digits; room for what tm may hold */

/** clock_rfc3339() - "2026-11-23T23:59:59.123456Z" (always six digits, UTC) into @buf */
const char *clock_rfc3339(struct wall t, char buf[CLOCK_RFC3339_SIZE]);

/** clock_compact() - "20261123T235959123456Z": the same for file names, sorted like time */
const char *clock_compact(struct wall t, char buf[CLOCK_RFC3339_SIZE]);
