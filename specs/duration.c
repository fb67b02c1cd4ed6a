/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader with humantime 2.3's exact idea of what is a duration, oddities
 * included: white space may stand between digits, and after a unit it ends it.
 */
#include "specs/duration.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NSEC_PER_SEC UINT64_C(1000000000)

struct unit {
	const char *names; /* separated and ended by spaces */
	uint64_t sec;      /* length of one; 0: below a second, see nsec */
	uint64_t nsec;
};

static const struct unit units[] = {
	{ " nanos nsec ns ", 0, 1 },
	{ " usec us \xc2\xb5s ", 0, 1000 },
	{ " millis msec ms ", 0, 1000000 },
	{ " seconds second secs sec s ", 1, 0 },
	{ " minutes minute mins min m ", 60, 0 },
	{ " hours hour hrs hr h ", 3600, 0 },
	{ " days day d ", 86400, 0 },
	{ " weeks week wks wk w ", 604800, 0 },
	{ " months month M ", 2630016, 0 },
	{ " years year yrs yr y ", 31557600, 0 },
};
#define N_UNITS (sizeof(units) / sizeof(units[0]))

struct number {
	uint64_t whole;
	uint64_t num, den; /* fraction num/den; den 0: none */
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Length of a unit's letter at @s: 1, 2 for the micro sign, 0 for anything else. */
static size_t letter_length(const char *s)
{
	if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z'))
		return 1;
	return s[0] == '\xc2' && s[1] == '\xb5' ? 2 : 0;
}

static bool push_digit(uint64_t *n, uint64_t digit)
{
	return !__builtin_mul_overflow(*n, 10, n) && !__builtin_add_overflow(*n, digit, n);
}

/* At the first digit; moves behind the number and the white space around its digits. */
static bool read_number(const char **at, struct number *ret, const char **ret_why)
{
	const char *s = *at;
	struct number n = { 0, 0, 0 };
	*ret_why = "number is too large";
	for (; is_digit(*s) || is_space(*s); s++)
		if (is_digit(*s) && !push_digit(&n.whole, (uint64_t)(*s - '0')))
			return false;
	if (*s == '.') {
		n.den = 1;
		for (s++; is_digit(*s) || is_space(*s); s++)
			if (is_digit(*s) && (!push_digit(&n.num, (uint64_t)(*s - '0')) ||
					     __builtin_mul_overflow(n.den, 10, &n.den)))
				return false;
		*ret_why = "digit expected after the point";
		if (n.den == 1)
			return false;
	}
	*at = s;
	*ret = n;
	return true;
}

static const struct unit *find_unit(const char *name, size_t n)
{
	for (size_t i = 0; i < N_UNITS; i++)
		for (const char *p = units[i].names; (p = strchr(p, ' ')) && p[1]; p++)
			if (strncmp(p + 1, name, n) == 0 && p[n + 1] == ' ')
				return &units[i];
	return NULL;
}

/* *total += n units; false when the sum does not fit. */
static bool add(struct duration *total, const struct number *n, const struct unit *unit)
{
	uint64_t sec = 0;
	uint64_t nsec = 0;
	uint64_t part;
	if (__builtin_mul_overflow(n->whole, unit->sec, &sec) ||
	    __builtin_mul_overflow(n->whole, unit->nsec, &nsec))
		return false;
	if (n->den && unit->sec > 60) {
		if (__builtin_mul_overflow(n->num, unit->sec, &part))
			return false;
		if (__builtin_add_overflow(sec, part / n->den, &sec))
			return false;
	} else if (n->den) {
		uint64_t scale = unit->sec ? unit->sec * NSEC_PER_SEC : unit->nsec;
		if (__builtin_mul_overflow(n->num, scale, &part) ||
		    __builtin_add_overflow(nsec, part / n->den, &nsec))
			return false;
	}
	if (__builtin_add_overflow(nsec, total->nsec, &nsec) ||
	    __builtin_add_overflow(sec, nsec / NSEC_PER_SEC, &sec) ||
	    __builtin_add_overflow(total->sec, sec, &total->sec))
		return false;
	total->nsec = (uint32_t)(nsec % NSEC_PER_SEC);
	return true;
}

bool duration_parse(const char *text, struct duration *ret, const char **ret_why)
{
	struct duration total = { 0, 0 };
	const char *s = text;
	bool is_empty = true;
	if (strcmp(text, "0") == 0) {
		*ret = total;
		return true;
	}
	for (;;) {
		while (is_space(*s))
			s++;
		if (!*s)
			break;
		struct number n;
		*ret_why = "a number is expected";
		if (!is_digit(*s) || !read_number(&s, &n, ret_why))
			return false;
		const char *name = s;
		for (size_t step; (step = letter_length(s)) > 0;)
			s += step;
		*ret_why = "invalid character";
		if (*s && !is_space(*s) && !is_digit(*s))
			return false;
		const struct unit *unit = s > name ? find_unit(name, (size_t)(s - name)) : NULL;
		*ret_why = s > name ? "unknown time unit" : "a time unit is needed, as in 10s";
		if (!unit)
			return false;
		*ret_why = "number is too large";
		if (!add(&total, &n, unit))
			return false;
		is_empty = false;
	}
	*ret_why = "value is empty";
	if (is_empty)
		return false;
	*ret = total;
	return true;
}

/* Append "N<unit>" and a space before it when it is not the first. */
static size_t append(char buf[DURATION_TEXT_SIZE], size_t at, uint64_t n, const char *unit)
{
	if (n == 0)
		return at;
	bool is_plural = n > 1 && strlen(unit) > 2; /* only the long names have one */
	int r = snprintf(buf + at, DURATION_TEXT_SIZE - at, "%s%llu%s%s", at ? " " : "",
			 (unsigned long long)n, unit, is_plural ? "s" : "");
	return at + (size_t)r;
}

const char *duration_format(struct duration d, char buf[DURATION_TEXT_SIZE])
{
	static const struct {
		const char *name;
		uint64_t length;
	} parts[] = { { "year", 31557600 }, { "month", 2630016 }, { "day", 86400 },
		      { "h", 3600 },        { "m", 60 },          { "s", 1 } };
	size_t at = 0;
	uint64_t rest = d.sec;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		at = append(buf, at, rest / parts[i].length, parts[i].name);
		rest %= parts[i].length;
	}
	at = append(buf, at, d.nsec / 1000000, "ms");
	at = append(buf, at, d.nsec / 1000 % 1000, "us");
	at = append(buf, at, d.nsec % 1000, "ns");
	if (at == 0)
		snprintf(buf, DURATION_TEXT_SIZE, "0s");
	return buf;
}

int64_t duration_us(struct duration d)
{
	if (d.sec >= (uint64_t)INT64_MAX / 1000000)
		return INT64_MAX;
	return (int64_t)(d.sec * 1000000 + d.nsec / 1000);
}
