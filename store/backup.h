/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A backup a day, `<state dir>/backup/tallyman-<time>.db`, made in slices while the loop goes on;
 * the newest BACKUP_KEPT stay. What is written meanwhile by the same store is in it. To restore:
 * stop everything, put the file in the place of tallyman.db and remove its -wal and -shm.
 */
#include <stdbool.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/error.h"

struct backup;
struct store;

#define BACKUP_KEPT      3
#define BACKUP_PERIOD_US (24 * 3600 * CLOCK_SEC)

/** backup_is_due() - is the newest backup older than a period (or none there)? */
int backup_is_due(struct store *s, struct wall now, bool *ret, struct error *err);

/** backup_begin() - of a writer's store; at most one at a time, ended before the store closes */
int backup_begin(struct store *s, struct wall now, struct backup **ret, struct error *err);

enum { BACKUP_MORE = 1 };

/**
 * backup_step() - copy @n_pages pages of 4 KiB; between transactions
 *
 * Return: BACKUP_MORE (> 0); 0: the backup is complete, durable and in place, and old ones are
 *         gone; < 0: this backup has failed. After 0 and < 0 only backup_end() may follow.
 */
int backup_step(struct backup *b, int n_pages, struct error *err);

/** backup_end() - forget it; an unfinished file is removed; NULL is fine */
void backup_end(struct backup *b);
CLEAN_DEFINE(backup, struct backup *, backup_end)
