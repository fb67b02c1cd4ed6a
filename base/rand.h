/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Randomness: rand.c is the only source of seeds. Pure code carries its own generator state. */
#include <stddef.h>
#include <stdint.h>

/** rand_bytes() - from the system; aborts when it has none */
void rand_bytes(void *p, size_t n);

/** rand_next() - splitmix64; the whole state is *@state */
static inline uint64_t rand_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}
