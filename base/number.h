/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Numbers from text, whole or not at all: no sign, space, prefix or trailing byte is forgiven. */
#include <stdbool.h>
#include <stdint.h>

/** number_u64() - decimal digits, 0..@max; false (and *ret untouched) otherwise */
bool number_u64(const char *text, uint64_t max, uint64_t *ret);

/** number_i64() - the same with an optional '-' and a range */
bool number_i64(const char *text, int64_t min, int64_t max, int64_t *ret);

/** number_log2() - floor of the logarithm; 0 for 0 and 1 */
unsigned number_log2(uint64_t n);
