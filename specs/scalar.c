/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalars by the rules of serde_yaml 0.9, which upstream reads with: where a
 * number begins and a text ends decides whether a document is accepted, so the
 * edges ("+0x1f", "-0b1", "010", ".5", "1.") are its edges, not ours.
 */
#include "specs/scalar.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "specs/node.h"

static bool is_one_of(const char *text, const char *const words[])
{
	for (size_t i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

bool scalar_null(const char *text)
{
	static const char *const words[] = { "null", "Null", "NULL", "~", NULL };
	return is_one_of(text, words);
}

bool scalar_bool(const char *text, bool *ret)
{
	static const char *const yes[] = { "true", "True", "TRUE", NULL };
	static const char *const no[] = { "false", "False", "FALSE", NULL };
	bool is_true = is_one_of(text, yes);
	if (!is_true && !is_one_of(text, no))
		return false;
	*ret = is_true;
	return true;
}

/* "007": digits, but no number. One sign in front does not change that. */
static bool has_leading_zero(const char *text)
{
	text += *text == '-' || *text == '+';
	return text[0] == '0' && text[1] && strspn(text, "0123456789") == strlen(text);
}

static bool read_digits(const char *s, unsigned base, uint64_t *ret)
{
	uint64_t n = 0;
	const char *start = s;
	for (; *s; s++) {
		unsigned digit = isdigit((unsigned char)*s)    ? (unsigned)(*s - '0')
				 : isxdigit((unsigned char)*s) ? (unsigned)((*s | 0x20) - 'a') + 10
							       : base;
		if (digit >= base || __builtin_mul_overflow(n, base, &n) ||
		    __builtin_add_overflow(n, digit, &n))
			return false;
	}
	*ret = n;
	return s > start;
}

/* Splits off one sign and a base; the digits' value without the sign. */
static bool read_magnitude(const char *text, bool *ret_negative, uint64_t *ret)
{
	static const struct {
		const char *prefix;
		unsigned base;
	} bases[] = { { "0x", 16 }, { "0o", 8 }, { "0b", 2 } };
	const char *s = text + (*text == '-' || *text == '+');
	*ret_negative = *text == '-';
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		if (strncmp(s, bases[i].prefix, 2) == 0)
			return read_digits(s + 2, bases[i].base, ret);
	return !has_leading_zero(text) && read_digits(s, 10, ret);
}

bool scalar_u64(const char *text, uint64_t *ret)
{
	bool is_negative;
	uint64_t n;
	if (!read_magnitude(text, &is_negative, &n) || is_negative)
		return false;
	*ret = n;
	return true;
}

bool scalar_i64(const char *text, int64_t *ret)
{
	bool is_negative;
	uint64_t n;
	if (!read_magnitude(text, &is_negative, &n))
		return false;
	if (n > (uint64_t)INT64_MAX + is_negative)
		return false;
	*ret = is_negative ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

/* [sign] digits [. digits] [e [sign] digits], at least one digit before the exponent */
static bool is_decimal(const char *s)
{
	s += *s == '-' || *s == '+';
	size_t n_whole = strspn(s, "0123456789");
	s += n_whole;
	size_t n_fraction = *s == '.' ? strspn(s + 1, "0123456789") : 0;
	s += *s == '.' ? n_fraction + 1 : 0;
	if (n_whole + n_fraction == 0)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		size_t n = strspn(s, "0123456789");
		if (n == 0)
			return false;
		s += n;
	}
	return *s == 0;
}

bool scalar_float(const char *text, double *ret)
{
	static const char *const inf[] = { ".inf", ".Inf", ".INF", NULL };
	static const char *const nan_words[] = { ".nan", ".NaN", ".NAN", NULL };
	bool is_signed = *text == '-' || *text == '+';
	if (is_one_of(text + is_signed, inf)) {
		*ret = *text == '-' ? -INFINITY : INFINITY;
		return true;
	}
	if (is_one_of(text, nan_words)) {
		*ret = NAN;
		return true;
	}
	if (!is_decimal(text))
		return false;
	double value = strtod(text, NULL);
	if (isinf(value))
		return false; /* too large counts as a text */
	*ret = value;
	return true;
}

const char *scalar_local_tag(const struct node *n)
{
	return n->tag && n->tag[0] == '!' ? n->tag + 1 : NULL;
}

bool scalar_is_null(const struct node *n)
{
	if (n->kind != NODE_SCALAR || !n->is_plain)
		return false;
	if (n->tag)
		return strcmp(n->tag, SCALAR_TAG_NULL) == 0 && scalar_null(n->text);
	return !*n->text || scalar_null(n->text);
}

bool scalar_is_literal(const struct node *n, const char *tag)
{
	if (n->kind != NODE_SCALAR)
		return false;
	return n->is_plain || (n->is_literal && n->tag && strcmp(n->tag, tag) == 0);
}

static bool is_int(const char *text)
{
	int64_t i;
	uint64_t u;
	return scalar_i64(text, &i) || scalar_u64(text, &u);
}

static enum scalar_type plain_type(const char *text)
{
	bool b;
	double d;
	if (!*text || scalar_null(text))
		return SCALAR_NULL;
	if (scalar_bool(text, &b))
		return SCALAR_BOOL;
	if (is_int(text))
		return SCALAR_INT;
	if (!has_leading_zero(text) && scalar_float(text, &d))
		return SCALAR_FLOAT;
	return SCALAR_TEXT;
}

enum scalar_type scalar_type_of(const struct node *n)
{
	bool b;
	double d;
	if (scalar_local_tag(n))
		return SCALAR_BAD;
	if (!n->tag)
		return n->is_plain ? plain_type(n->text) : SCALAR_TEXT;
	if (strcmp(n->tag, SCALAR_TAG_BOOL) == 0)
		return scalar_bool(n->text, &b) ? SCALAR_BOOL : SCALAR_BAD;
	if (strcmp(n->tag, SCALAR_TAG_INT) == 0)
		return is_int(n->text) ? SCALAR_INT : SCALAR_BAD;
	if (strcmp(n->tag, SCALAR_TAG_FLOAT) == 0)
		return scalar_float(n->text, &d) ? SCALAR_FLOAT : SCALAR_BAD;
	if (strcmp(n->tag, SCALAR_TAG_NULL) == 0)
		return scalar_null(n->text) ? SCALAR_NULL : SCALAR_BAD;
	return SCALAR_TEXT;
}

const char *scalar_format_float(double value, char buf[SCALAR_FLOAT_SIZE])
{
	if (isnan(value)) {
		snprintf(buf, SCALAR_FLOAT_SIZE, ".nan");
	} else if (isinf(value)) {
		snprintf(buf, SCALAR_FLOAT_SIZE, value < 0 ? "-.inf" : ".inf");
	} else {
		for (int digits = 15; digits <= 17; digits++) {
			snprintf(buf, SCALAR_FLOAT_SIZE, "%.*g", digits, value);
			if (strtod(buf, NULL) == value)
				break;
		}
		if (!strpbrk(buf, ".e")) /* a whole number is still a float */
			snprintf(buf + strlen(buf), SCALAR_FLOAT_SIZE - strlen(buf), ".0");
	}
	return buf;
}
