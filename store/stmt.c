/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared statements with names instead of numbers. The bit sets `bound` and `read` are what turns
 * a forgotten parameter or column into an assertion. Knows no table and no aggregate. */
#include "store/stmt.h"

#include <assert.h>
#include <sqlite3.h>
#include <string.h>

#include "store/db.h"
#include "store/queries.h"
#include "store/store.h"

#define MAX_NAMES 64 /* parameters or columns of one statement: they are bits of a word */

struct stmt {
	sqlite3_stmt *raw;
	const struct query *query;
	struct store *store; /* while borrowed, else NULL */
	uint64_t bound;      /* parameters, by position in the query's list */
	uint64_t read;       /* columns, likewise */
	size_t next;         /* where the next name is looked for first: callers go in order */
	bool has_row;
	int64_t changes;
};

struct stmt_set {
	struct stmt *items; /* n_queries of them */
};

/* The build read the names out of the text; SQLite's own view must be the same. */
static void check_names(const struct stmt *s)
{
	const struct query *q = s->query;

	assert(q->n_params <= MAX_NAMES && q->n_columns <= MAX_NAMES);
	assert((size_t)sqlite3_bind_parameter_count(s->raw) == q->n_params);
	assert((size_t)sqlite3_column_count(s->raw) == q->n_columns);
	for (size_t i = 0; i < q->n_params; i++)
		assert(strcmp(sqlite3_bind_parameter_name(s->raw, (int)i + 1), q->params[i]) == 0);
	for (size_t i = 0; i < q->n_columns; i++)
		assert(strcmp(sqlite3_column_name(s->raw, (int)i), q->columns[i]) == 0);
}

int stmt_set_new(struct sqlite3 *db, struct stmt_set **ret, struct error *err)
{
	struct stmt_set *set = xcalloc(1, sizeof(*set));

	set->items = xcalloc((size_t)n_queries, sizeof(*set->items));
	for (int i = 0; i < n_queries; i++) {
		struct stmt *s = &set->items[i];
		int r;

		s->query = &queries[i];
		if (!s->query->is_prepared)
			continue;
		r = db_prepare(db, i, true, &s->raw, err);
		if (r < 0) {
			stmt_set_free(set);
			return error_wrap(err, r, "prepare");
		}
		check_names(s);
	}
	*ret = set;
	return 0;
}

void stmt_set_free(struct stmt_set *set)
{
	if (!set)
		return;
	for (int i = 0; i < n_queries; i++) {
		assert(!set->items[i].store);
		db_finalize(set->items[i].raw);
	}
	free(set->items);
	free(set);
}

struct stmt *stmt_get(struct store *store, int query)
{
	struct stmt_set *set = store_stmts(store);
	struct stmt *s = &set->items[query];

	assert(query >= 0 && query < n_queries && s->raw);
	assert(!s->store && "statement is borrowed already");
	assert(sqlite3_stmt_readonly(s->raw) || store_in_write(store));
	s->store = store;
	s->bound = s->read = 0;
	s->next = 0;
	s->has_row = false;
	s->changes = 0;
	return s;
}

static void assert_row_was_read(const struct stmt *s)
{
	uint64_t all = s->query->n_columns == MAX_NAMES ? UINT64_MAX
							: (UINT64_C(1) << s->query->n_columns) - 1;

	assert(!s->has_row || s->read == all);
}

void stmt_put(struct stmt *s)
{
	assert_row_was_read(s);
	/* Repeats the error of the last step, which has been reported. */
	(void)sqlite3_reset(s->raw);
	(void)sqlite3_clear_bindings(s->raw);
	s->store = NULL;
}

/* The position of @name in a list that starts with @skip characters of decoration. */
static size_t find_name(struct stmt *s, const char *const *list, size_t n, const char *name)
{
	size_t skip = list == s->query->params;

	for (size_t i = 0; i < n; i++) {
		size_t at = (s->next + i) % n;

		if (strcmp(list[at] + skip, name) == 0) {
			s->next = at + 1;
			return at;
		}
	}
	assert(0 && "no parameter or column of that name");
	return 0;
}

/* The number SQLite knows parameter @name by; marks it as bound. */
static int param(struct stmt *s, const char *name)
{
	size_t at = find_name(s, s->query->params, s->query->n_params, name);

	assert(!s->has_row);
	s->bound |= UINT64_C(1) << at;
	return (int)at + 1;
}

/* Binding fails on a wrong number or a huge size only: both are ours. */
static void bound(int rc)
{
	assert(rc == SQLITE_OK);
}

void stmt_bind_text(struct stmt *s, const char *name, const char *value)
{
	bound(sqlite3_bind_text(s->raw, param(s, name), value, -1, SQLITE_STATIC));
}

void stmt_bind_bytes(struct stmt *s, const char *name, const void *p, size_t n)
{
	/* A null pointer would bind null instead of no bytes. */
	bound(sqlite3_bind_blob64(s->raw, param(s, name), p ? p : "", n, SQLITE_STATIC));
}

void stmt_bind_i64(struct stmt *s, const char *name, int64_t value)
{
	bound(sqlite3_bind_int64(s->raw, param(s, name), value));
}

void stmt_bind_bool(struct stmt *s, const char *name, bool value)
{
	bound(sqlite3_bind_int(s->raw, param(s, name), value));
}

void stmt_bind_null(struct stmt *s, const char *name)
{
	bound(sqlite3_bind_null(s->raw, param(s, name)));
}

void stmt_bind_opt(struct stmt *s, const char *name, bool is_known, int64_t value)
{
	if (is_known)
		stmt_bind_i64(s, name, value);
	else
		stmt_bind_null(s, name);
}

int stmt_step(struct stmt *s, struct error *err)
{
	sqlite3 *db = sqlite3_db_handle(s->raw);
	size_t n = s->query->n_params;
	int rc;

	assert(s->bound == (n == MAX_NAMES ? UINT64_MAX : (UINT64_C(1) << n) - 1));
	assert_row_was_read(s);
	/* After some errors SQLite rolls back by itself; what follows must not slip out alone. */
	if (store_lost_txn(s->store))
		return error_set(err, ERR_IO, 0, "%s: the transaction was rolled back",
				 s->query->name);
	rc = sqlite3_step(s->raw);
	s->has_row = rc == SQLITE_ROW;
	s->read = 0;
	s->next = 0;
	if (rc == SQLITE_ROW)
		return STMT_ROW;
	if (rc != SQLITE_DONE)
		return db_error(db, rc, err, "%s", s->query->name);
	s->changes = sqlite3_changes64(db);
	return 0;
}

int stmt_run(struct stmt *s, struct error *err)
{
	int r = stmt_step(s, err);

	assert(r <= 0);
	return r;
}

int stmt_run_one(struct stmt *s, const char *what, struct error *err)
{
	int r = stmt_run(s, err);

	if (r == 0 && s->changes != 1)
		return error_set(err, ERR_NOT_FOUND, 0, "%s is not in the store", what);
	return r;
}

int64_t stmt_changes(const struct stmt *s)
{
	return s->changes;
}

/* The number SQLite knows @name by; marks it as read. */
static int column(struct stmt *s, const char *name)
{
	size_t at = find_name(s, s->query->columns, s->query->n_columns, name);

	assert(s->has_row);
	s->read |= UINT64_C(1) << at;
	return (int)at;
}

int64_t stmt_i64(struct stmt *s, const char *name)
{
	return sqlite3_column_int64(s->raw, column(s, name));
}

bool stmt_bool(struct stmt *s, const char *name)
{
	return stmt_i64(s, name) != 0;
}

bool stmt_is_null(struct stmt *s, const char *name)
{
	uint64_t before = s->read;
	bool is_null = sqlite3_column_type(s->raw, column(s, name)) == SQLITE_NULL;

	s->read = before;
	s->next--; /* the value is likely to be read next */
	return is_null;
}

const char *stmt_text(struct stmt *s, const char *name, struct arena *a)
{
	return arena_strdup(a, (const char *)sqlite3_column_text(s->raw, column(s, name)));
}

const char *stmt_bytes(struct stmt *s, const char *name, struct arena *a, size_t *ret_n)
{
	int at = column(s, name);
	const void *p = sqlite3_column_blob(s->raw, at);
	size_t n = (size_t)sqlite3_column_bytes(s->raw, at);

	*ret_n = n;
	return arena_strndup(a, p ? p : "", n);
}
