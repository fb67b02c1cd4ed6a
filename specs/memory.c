/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes from text. Whether a size makes sense on a machine is nobody's business here. */
#include "specs/memory.h"

#include <string.h>

struct suffix {
	const char *text;
	uint64_t factor;
	bool is_strict;
};

static const struct suffix suffixes[] = {
	{ "Ki", UINT64_C(1) << 10, true },
	{ "Mi", UINT64_C(1) << 20, true },
	{ "Gi", UINT64_C(1) << 30, true },
	{ "Ti", UINT64_C(1) << 40, true },
	{ "K", UINT64_C(1000), false },
	{ "M", UINT64_C(1000000), false },
	{ "G", UINT64_C(1000000000), false },
	{ "T", UINT64_C(1000000000000), false },
	{ "", 1, false },
};

static bool parse(const char *text, bool is_strict, uint64_t *ret_bytes)
{
	const char *s = *text == '+' ? text + 1 : text;
	const char *digits = s;
	uint64_t n = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *s - '0', &n))
			return false;
	if (s == digits || n == 0)
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(s, suffixes[i].text) != 0 || (is_strict && !suffixes[i].is_strict))
			continue;
		if (__builtin_mul_overflow(n, suffixes[i].factor, ret_bytes))
			*ret_bytes = UINT64_MAX;
		return true;
	}
	return false;
}

bool memory_parse(const char *text, uint64_t *ret_bytes)
{
	return parse(text, true, ret_bytes);
}

bool memory_parse_lax(const char *text, uint64_t *ret_bytes)
{
	return parse(text, false, ret_bytes);
}
