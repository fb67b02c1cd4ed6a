/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Holders: which file gives a deployment. Names that differ only in case are one. */
#include <stdbool.h>

#include "base/arena.h"

struct source_holder;

struct source_holders {
	struct arena *arena;         /* the caller's */
	struct source_holder *table; /* NULL: nobody holds anything */
};

/** source_holders_same() - is it one deployment? */
bool source_holders_same(const char *a, const char *b);

/**
 * source_holders_add() - @path gives @deployment from now on, unless another one does
 *
 * Return: the path that gives it: @path itself, or the other one. The strings outlive the table.
 */
const char *source_holders_add(struct source_holders *h, const char *deployment, const char *path);

/** source_holders_has() - does any path give it? */
bool source_holders_has(const struct source_holders *h, const char *deployment);

/** source_holders_clear() - nobody holds anything any more */
void source_holders_clear(struct source_holders *h);
