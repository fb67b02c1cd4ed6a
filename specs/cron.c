/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recogniser for cron schedules that takes and refuses what the crate's
 * grammar does. Two oddities follow from that grammar: white space may stand
 * around numbers and names within a field, and need not stand between fields.
 * It computes no times: cron services are not run yet.
 */
#include "specs/cron.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

struct cron_field {
	uint32_t min, max;
	bool allows_any;          /* `?` */
	const char *const *names; /* spellings: "jan january" for min, and so on */
};

static const char *const months[] = { "jan january", "feb february", "mar march",
				      "apr april",   "may",          "jun june",
				      "jul july",    "aug august",   "sep september",
				      "oct october", "nov november", "dec december",
				      NULL };
static const char *const weekdays[] = { "sun sunday",         "mon monday",
					"tue tues tuesday",   "wed wednesday",
					"thu thurs thursday", "fri friday",
					"sat saturday",       NULL };

static const struct cron_field fields[] = {
	{ 0, 59, false, NULL },      { 0, 59, false, NULL },   { 0, 23, false, NULL },
	{ 1, 31, true, NULL },       { 1, 12, false, months }, { 1, 7, true, weekdays },
	{ 1970, 2100, false, NULL },
};
#define N_FIELDS     (sizeof(fields) / sizeof(fields[0]))
#define N_FIELDS_MIN (N_FIELDS - 1) /* the year may be left out */

static void skip_space(const char **at)
{
	while (**at == ' ' || **at == '\t')
		(*at)++;
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool read_number(const char **at, uint32_t *ret)
{
	const char *s = *at;
	uint32_t n = 0;
	skip_space(&s);
	const char *digits = s;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint32_t)(*s - '0'), &n))
			return false;
	if (s == digits)
		return false;
	skip_space(&s);
	*at = s;
	*ret = n;
	return true;
}

static bool is_spelling(const char *list, const char *name, size_t n)
{
	for (const char *word = list; word; word = strchr(word, ' ')) {
		word += *word == ' ';
		if (strncasecmp(word, name, n) == 0 && (word[n] == ' ' || !word[n]))
			return true;
	}
	return false;
}

/* A number in range, or a name of the field. */
static bool read_point(const char **at, const struct cron_field *f, uint32_t *ret, bool *ret_named)
{
	*ret_named = false;
	if (read_number(at, ret))
		return *ret >= f->min && *ret <= f->max;
	const char *s = *at;
	skip_space(&s);
	const char *name = s;
	while (is_alpha(*s))
		s++;
	for (uint32_t i = 0; f->names && f->names[i] && s > name; i++) {
		if (!is_spelling(f->names[i], name, (size_t)(s - name)))
			continue;
		skip_space(&s);
		*at = s;
		*ret = f->min + i;
		*ret_named = true;
		return true;
	}
	return false;
}

/* *  ?  5  5-9  MON  MON-FRI, each perhaps with /step */
static bool read_item(const char **at, const struct cron_field *f)
{
	if (**at == '*' || (f->allows_any && **at == '?')) {
		(*at)++;
	} else {
		uint32_t first;
		uint32_t last;
		bool first_named;
		bool last_named;
		if (!read_point(at, f, &first, &first_named))
			return false;
		if (**at == '-') {
			(*at)++;
			if (!read_point(at, f, &last, &last_named) || first > last ||
			    first_named != last_named)
				return false;
		}
	}
	uint32_t step;
	if (**at != '/')
		return true;
	(*at)++;
	return read_number(at, &step) && step >= 1 && step <= f->max;
}

static bool read_field(const char **at, const struct cron_field *f)
{
	skip_space(at);
	if (!read_item(at, f))
		return false;
	while (**at == ',') {
		(*at)++;
		if (!read_item(at, f))
			return false;
	}
	skip_space(at);
	return true;
}

static bool is_shorthand(const char *text)
{
	static const char *const words[] = { "@yearly", "@monthly", "@weekly", "@daily",
					     "@hourly" };
	skip_space(&text);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);
		if (strncmp(text, words[i], n) != 0)
			continue;
		text += n;
		skip_space(&text);
		return *text == 0;
	}
	return false;
}

bool cron_check(const char *text, const char **ret_why)
{
	static const char *const wrong[N_FIELDS] = {
		"the seconds are wrong",     "the minutes are wrong", "the hours are wrong",
		"the day of month is wrong", "the month is wrong",    "the day of week is wrong",
		"the year is wrong",
	};
	if (is_shorthand(text))
		return true;
	const char *s = text;
	for (size_t i = 0; i < N_FIELDS; i++) {
		if (i >= N_FIELDS_MIN && !*s)
			return true;
		*ret_why = *s ? wrong[i]
			      : "six or seven fields are needed: sec min hour day month weekday "
				"[year]";
		if (!read_field(&s, &fields[i]))
			return false;
	}
	*ret_why = "there is text after the year";
	return *s == 0;
}
