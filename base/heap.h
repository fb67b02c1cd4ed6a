/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* How much memory a process keeps that it does not use. */

/**
 * heap_begin() - one heap for all threads; first thing in main()
 *
 * The allocator's own choice is one for each thread, and none of them uses what another has freed.
 * Our threads wait for programs and disks, not for each other's allocations.
 */
void heap_begin(void);

/**
 * heap_rest() - give back what is free, when that is much
 *
 * For a process that lives for years, when nothing is under way any more. Cheap when nothing was
 * done since the last time.
 */
void heap_rest(void);
