/* SPDX-License-Identifier: Apache-2.0 */
/* Pure. The version itself is in shim_version.c. */
#include "backends/shim_build.h"

#include <stdint.h>

/* The number at *at, which goes on to behind the next dot. */
static uint64_t next_number(const char **at)
{
	uint64_t n = 0;

	for (; **at >= '0' && **at <= '9' && n < UINT32_MAX; ++*at)
		n = n * 10 + (uint64_t)(**at - '0');
	while (**at && **at != '.')
		++*at;
	*at += **at == '.';
	return n;
}

int shim_build_compare(const char *a, const char *b)
{
	while (*a || *b) {
		uint64_t x = next_number(&a), y = next_number(&b);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}
