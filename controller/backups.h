/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Backups: when the store is copied. The daemon does it a slice a turn, a command in one go when it
 * is done. Neither fails for it: a copy that cannot be made is said, and tried again later.
 */
#include "base/clock.h"
#include "base/error.h"

struct backup;
struct store;

struct backups {
	struct store *store;
	struct backup *copy; /* under way; NULL: none */
	struct mono due;     /* of the next look whether one is due; 0: at once */
};

/**
 * backups_turn() - the next slice, or a look whether a copy is due; between transactions
 *
 * Return: 0; < 0: that copy has failed, or nobody can tell; tried again in an hour.
 */
int backups_turn(struct backups *b, struct mono now, struct error *err);

/** backups_wake() - when the next turn is needed */
struct mono backups_wake(const struct backups *b);

/** backups_end() - before the store closes; an unfinished copy is removed */
void backups_end(struct backups *b);

/** backups_run() - copy @store now if that is due */
int backups_run(struct store *store, struct error *err);
