/* SPDX-License-Identifier: Apache-2.0 */
/* The one formula of back-off, for slots and for looks. */
#include "controller/backoff.h"

#include "base/rand.h"

int64_t backoff_length(uint32_t fails, int64_t first_us, uint64_t *rng)
{
	int64_t us = first_us > 0 ? first_us : BACKOFF_FIRST_US;
	for (uint32_t i = 1; i < fails && us < BACKOFF_CAP_US; i++)
		us *= 2;
	if (us > BACKOFF_CAP_US)
		us = BACKOFF_CAP_US;
	return us + (int64_t)(rand_next(rng) % (uint64_t)(us / 4 + 1));
}
