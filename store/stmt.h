/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Statements: bind by parameter name, step, read by column name. Every statement of
 * store/queries/ is prepared once, when the store opens, and borrowed with CLEAN(stmt).
 *
 * Names that do not exist, a parameter that was not bound, a column that nobody read and a
 * statement that is borrowed twice are bugs and asserted: so read all columns first, judge after.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct store;
struct stmt;
struct stmt_set;
struct sqlite3;

/**
 * stmt_set_new() - prepare every statement of the query table on @db
 *
 * Return: 0; -ERR_CORRUPT when one does not fit the schema.
 */
int stmt_set_new(struct sqlite3 *db, struct stmt_set **ret, struct error *err);
void stmt_set_free(struct stmt_set *set); /* NULL is fine */

/** stmt_get() - borrow the statement @query (Q_…) of @store; give it back by CLEAN(stmt) */
struct stmt *stmt_get(struct store *store, int query);
void stmt_put(struct stmt *s);
CLEAN_DEFINE(stmt, struct stmt *, stmt_put)

/* Values are copied or, for text and bytes, borrowed until stmt_put(). NULL text binds null. */
void stmt_bind_text(struct stmt *s, const char *name, const char *value);
void stmt_bind_bytes(struct stmt *s, const char *name, const void *p, size_t n);
void stmt_bind_i64(struct stmt *s, const char *name, int64_t value);
void stmt_bind_bool(struct stmt *s, const char *name, bool value);
void stmt_bind_null(struct stmt *s, const char *name);
/** stmt_bind_opt() - @value when @is_known, else null */
void stmt_bind_opt(struct stmt *s, const char *name, bool is_known, int64_t value);

enum { STMT_ROW = 1 };

/** stmt_step() - STMT_ROW (> 0) when there is a row, 0 at the end */
int stmt_step(struct stmt *s, struct error *err);

/** stmt_run() - step to the end of a statement that gives no row */
int stmt_run(struct stmt *s, struct error *err);

/** stmt_run_one() - the same, and it must have changed exactly one row: -ERR_NOT_FOUND with @what
 */
int stmt_run_one(struct stmt *s, const char *what, struct error *err);

/** stmt_changes() - rows the last run changed */
int64_t stmt_changes(const struct stmt *s);

/* Of the row stmt_step() stands on. Null reads as 0, false or NULL. */
int64_t stmt_i64(struct stmt *s, const char *column);
bool stmt_bool(struct stmt *s, const char *column);
bool stmt_is_null(struct stmt *s, const char *column); /* does not count as reading it */
/** stmt_text() - a copy in @a */
const char *stmt_text(struct stmt *s, const char *column, struct arena *a);
const char *stmt_bytes(struct stmt *s, const char *column, struct arena *a, size_t *ret_n);
