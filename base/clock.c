/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that reads a clock. Decides nothing. */
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts = { 0 };

	/* Cannot fail for the clocks named below. */
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * CLOCK_SEC + ts.tv_nsec / 1000;
}

struct mono clock_mono(void)
{
	return (struct mono){ read_clock(CLOCK_MONOTONIC) };
}

struct wall clock_wall(void)
{
	return (struct wall){ read_clock(CLOCK_REALTIME) };
}

struct boot clock_boot(void)
{
	return (struct boot){ read_clock(CLOCK_BOOTTIME) };
}

void clock_sleep(int64_t us)
{
	struct timespec ts = { .tv_sec = us / CLOCK_SEC, .tv_nsec = us % CLOCK_SEC * 1000 };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

const char *clock_rfc3339(struct wall t, char buf[CLOCK_RFC3339_SIZE])
{
	int64_t us = t.us % CLOCK_SEC;
	time_t sec = (time_t)(t.us / CLOCK_SEC);
	struct tm tm;

	if (us < 0) {
		us += CLOCK_SEC;
		sec--;
	}
	if (!gmtime_r(&sec, &tm))
		tm = (struct tm){ .tm_mday = 1, .tm_year = 70 };
	snprintf(buf, CLOCK_RFC3339_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)us);
	return buf;
}

const char *clock_compact(struct wall t, char buf[CLOCK_RFC3339_SIZE])
{
	size_t n = 0;

	clock_rfc3339(t, buf);
	for (const char *p = buf; *p; p++)
		if (!strchr("-:.", *p))
			buf[n++] = *p;
	buf[n] = 0;
	return buf;
}
