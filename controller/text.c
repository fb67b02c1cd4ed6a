/* SPDX-License-Identifier: Apache-2.0 */
/* Small formats that several commands print. No clock is read here. */
#include "controller/text.h"

#include <string.h>

const char *text_size(struct arena *a, int64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes < 1024)
		return arena_printf(a, "%jd B", (intmax_t)bytes);
	for (value /= 1024; value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		value /= 1024;
	return arena_printf(a, "%.1f %s", value, units[unit]);
}

const char *text_age(struct arena *a, struct wall t, struct wall now)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' } };
	int64_t s = (now.us - t.us) / CLOCK_SEC;

	if (t.us == 0)
		return NULL;
	if (s < 0)
		s = 0; /* the clock was set back */
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (s >= 2 * units[i].seconds)
			return arena_printf(a, "%jd%c", (intmax_t)(s / units[i].seconds),
					    units[i].unit);
	return arena_printf(a, "%jds", (intmax_t)s);
}

const char *text_time(struct arena *a, struct wall t)
{
	char buf[CLOCK_RFC3339_SIZE];

	return t.us ? arena_strdup(a, clock_rfc3339(t, buf)) : NULL;
}

const char *text_time_short(struct arena *a, struct wall t)
{
	char buf[CLOCK_RFC3339_SIZE];
	char *text, *at;

	if (t.us == 0)
		return NULL;
	text = arena_strdup(a, clock_rfc3339(t, buf));
	at = strchr(text, 'T');
	if (at)
		*at = ' ';
	at = strchr(text, '.');
	if (at)
		*at = '\0';
	return text;
}

const char *text_digest(struct arena *a, const char *digest)
{
	const char *hex = digest ? strchr(digest, ':') : NULL;

	return digest ? arena_printf(a, "%.12s", hex ? hex + 1 : digest) : NULL;
}

/* Bytes of the sequence that begins at @p, or 0 when it is none. */
static size_t sequence(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char mask, bits;
		unsigned least;
	} forms[] = { { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };

	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < 3; i++) {
		unsigned value;

		if ((p[0] & forms[i].mask) != forms[i].bits || n < i + 2)
			continue;
		value = p[0] & (unsigned char)~forms[i].mask;
		for (size_t j = 1; j < i + 2; j++) {
			if ((p[j] & 0xc0) != 0x80)
				return 0;
			value = value << 6 | (p[j] & 0x3f);
		}
		if (value < forms[i].least || value > 0x10ffff ||
		    (value >= 0xd800 && value < 0xe000))
			return 0;
		return i + 2;
	}
	return 0;
}

const char *text_utf8(struct arena *a, const char *p, size_t n)
{
	char *text = arena_alloc(a, 3 * n + 1);
	size_t used = 0;

	for (size_t i = 0; i < n;) {
		size_t length = sequence((const unsigned char *)p + i, n - i);

		if (length == 0 || p[i] == '\0') {
			memcpy(text + used, "\xef\xbf\xbd", 3);
			used += 3;
			i++;
			continue;
		}
		memcpy(text + used, p + i, length);
		used += length;
		i += length;
	}
	return text;
}

const char *text_plain(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s);

	/* A byte that begins no sequence, so that both kinds are marked the same. */
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '\xff';
	return text_utf8(a, copy, strlen(copy));
}

/* @count digits at *p, which moves behind them. */
static bool digits(const char **p, const char *end, int count, int *ret)
{
	*ret = 0;
	for (; count > 0; count--, (*p)++) {
		if (*p >= end || **p < '0' || **p > '9')
			return false;
		*ret = *ret * 10 + (**p - '0');
	}
	return true;
}

static bool skip(const char **p, const char *end, char c)
{
	return *p < end && *(*p)++ == c;
}

static bool time_of_day(const char **p, const char *end, struct tm *tm, int64_t *ret_us)
{
	int64_t unit = CLOCK_SEC;

	if (!skip(p, end, 'T') || !digits(p, end, 2, &tm->tm_hour) || !skip(p, end, ':') ||
	    !digits(p, end, 2, &tm->tm_min) || !skip(p, end, ':') ||
	    !digits(p, end, 2, &tm->tm_sec))
		return false;
	if (*p < end && **p == '.')
		for ((*p)++; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
			unit /= 10;
			*ret_us += unit * (**p - '0');
		}
	return skip(p, end, 'Z');
}

bool text_parse_time(const char *p, size_t n, struct wall *ret)
{
	const char *end = p + n;
	struct tm tm = { 0 };
	int64_t us = 0;
	int year;

	if (!digits(&p, end, 4, &year) || !skip(&p, end, '-') || !digits(&p, end, 2, &tm.tm_mon) ||
	    !skip(&p, end, '-') || !digits(&p, end, 2, &tm.tm_mday))
		return false;
	if (p < end && !time_of_day(&p, end, &tm, &us))
		return false;
	if (p != end || year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon--;
	*ret = (struct wall){ (int64_t)timegm(&tm) * CLOCK_SEC + us };
	return true;
}
