/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Back-off: how long to wait after a number of failures in a row. Pure. */
#include <stdint.h>

#include "base/clock.h"

#define BACKOFF_FIRST_US (1 * CLOCK_SEC)  /* long enough for a port or a lock to be released */
#define BACKOFF_CAP_US   (60 * CLOCK_SEC) /* a person who looks sees it move */
/* An instance that ran so long was well: what follows is a new trouble. */
#define BACKOFF_RESET_US (2 * BACKOFF_CAP_US)

/**
 * backoff_length() - microseconds
 * @fails:    failures in a row, 1..
 * @first_us: after the first one; 0: BACKOFF_FIRST_US
 * @rng:      state of the jitter (up to a quarter more, so that many do not come at once)
 */
int64_t backoff_length(uint32_t fails, int64_t first_us, uint64_t *rng);
