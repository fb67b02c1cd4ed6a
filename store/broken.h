/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What happens to a database file that cannot be trusted: it is kept, under another name. */
#include <stdbool.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

/**
 * broken_is_cut() - was the database emptied or taken away, while its -wal or -shm stayed?
 *
 * SQLite would take that for a new database and throw the log away.
 * Return: true when @db_path is such a file; false also when nothing is there at all.
 */
bool broken_is_cut(const char *db_path);

/**
 * broken_move() - rename @db_path and what belongs to it to <db_path>.broken-<time>[-wal …]
 * @ret_path: the database's new name, malloc'ed
 *
 * Nothing is open. The database goes last, so that a crash in between leaves one to judge again.
 */
int broken_move(const char *db_path, struct wall now, char **ret_path, struct error *err);

/** broken_exists() - > 0 when a file lies aside beside @db_path, 0 when not, < 0 unknown */
int broken_exists(const char *db_path, struct error *err);
