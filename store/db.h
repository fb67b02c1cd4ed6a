/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The edge to SQLite inside store/: result codes become errors here, and only here. */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clean.h"
#include "base/error.h"

static inline void db_close(sqlite3 *db)
{
	/* Statements are finalised by then; _v2 would keep the files open in silence. */
	(void)sqlite3_close(db);
}
CLEAN_DEFINE(db, sqlite3 *, db_close)

static inline void db_finalize(sqlite3_stmt *raw)
{
	/* Repeats the error of the last step, which has been reported. */
	(void)sqlite3_finalize(raw);
}
CLEAN_DEFINE(raw_stmt, sqlite3_stmt *, db_finalize)

/**
 * db_error() - what @db says about its last call, as an error
 * @rc: of that call
 *
 * Return: -code, never 0. A full disk is ERR_IO with a hint.
 */
int db_error(sqlite3 *db, int rc, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** db_hint_full() - what to do about a full disk */
void db_hint_full(struct error *err);

/** db_is_broken() - does @rc say that the file's content is damaged? */
bool db_is_broken(int rc);

/** db_run() - run a text of the query table (Q_…) that takes nothing and whose rows nobody needs */
int db_run(sqlite3 *db, int query, struct error *err);

/** db_i64() - the first column of the only row of a text that takes nothing */
int db_i64(sqlite3 *db, int query, int64_t *ret, struct error *err);

/** db_prepare() - a statement of the query table, to be finalised by the caller */
int db_prepare(sqlite3 *db, int query, bool persistent, sqlite3_stmt **ret, struct error *err);
