/* SPDX-License-Identifier: Apache-2.0 */
/* Strict decimal parsing; formats with other spellings (YAML, humantime) have their own readers. */
#include "base/number.h"

bool number_u64(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned d = (unsigned)(unsigned char)*text - '0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

bool number_i64(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = *text == '-';
	uint64_t v;
	int64_t signed_v;

	if (!number_u64(text + negative, (uint64_t)INT64_MAX + negative, &v))
		return false;
	signed_v = negative ? (int64_t)(0 - v) : (int64_t)v;
	if (signed_v < min || signed_v > max)
		return false;
	*ret = signed_v;
	return true;
}

unsigned number_log2(uint64_t n)
{
	return n > 1 ? 63U - (unsigned)__builtin_clzll(n) : 0;
}
