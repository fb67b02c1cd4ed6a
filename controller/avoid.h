/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Addresses of a slice that somebody else on the host has, as a create found out. For a while no
 * new instance gets one of them, then the next may try again: that is how it shows that one is
 * free. In memory only: what is forgotten costs one create that fails.
 */
#include <stdbool.h>

#include "base/clean.h"
#include "base/clock.h"

struct avoid;

struct avoid *avoid_new(void);
void avoid_free(struct avoid *v); /* NULL is fine */
CLEAN_DEFINE(avoid, struct avoid *, avoid_free)

/** avoid_add() - @address on @runtime is somebody else's at @now */
void avoid_add(struct avoid *v, const char *runtime, const char *address, struct mono now);

/** avoid_has() - is it one of them still? */
bool avoid_has(const struct avoid *v, const char *runtime, const char *address, struct mono now);
