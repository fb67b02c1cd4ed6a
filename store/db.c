/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's result codes in the program's own words, and the few calls that run around prepared
 * statements: settings, checks, migrations. Opens nothing; knows no table. */
#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "store/queries.h"

static enum error_code code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return ERR_UNAVAILABLE;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return ERR_UNAUTHORIZED;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR:
	case SQLITE_FORMAT:
		return ERR_CORRUPT;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
		return ERR_CONFLICT;
	case SQLITE_TOOBIG:
		return ERR_LIMIT;
	case SQLITE_INTERRUPT:
		return ERR_CANCELED;
	}
	return ERR_IO;
}

/* Writes say so themselves; a file that cannot be made or grown says it in errno. */
static bool is_full(sqlite3 *db, int rc)
{
	int primary = rc & 0xff;

	if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
		return db && sqlite3_system_errno(db) == ENOSPC;
	return primary == SQLITE_FULL;
}

void db_hint_full(struct error *err)
{
	error_hint(err, "free some space on the file system of the state directory and run the "
			"command again; nothing is half written");
}

int db_error(sqlite3 *db, int rc, struct error *err, const char *fmt, ...)
{
	const char *said = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
	char what[160];
	va_list ap;
	int r;

	/* Sizes are bounded by us: out of memory is as fatal here as anywhere. */
	assert((rc & 0xff) != SQLITE_NOMEM && (rc & 0xff) != SQLITE_MISUSE);
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	r = error_set(err, code_of(rc), rc, "%s: %s", what, said);
	if (is_full(db, rc))
		db_hint_full(err);
	return r;
}

bool db_is_broken(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

int db_run(sqlite3 *db, int query, struct error *err)
{
	int rc = sqlite3_exec(db, queries[query].sql, NULL, NULL, NULL);

	return rc ? db_error(db, rc, err, "%s", queries[query].name) : 0;
}

int db_prepare(sqlite3 *db, int query, bool persistent, sqlite3_stmt **ret, struct error *err)
{
	unsigned flags = persistent ? SQLITE_PREPARE_PERSISTENT : 0;
	int rc = sqlite3_prepare_v3(db, queries[query].sql, -1, flags, ret, NULL);

	return rc ? db_error(db, rc, err, "%s", queries[query].name) : 0;
}

int db_i64(sqlite3 *db, int query, int64_t *ret, struct error *err)
{
	sqlite3_stmt *raw CLEAN(raw_stmt) = NULL;
	int r = db_prepare(db, query, false, &raw, err);
	int rc;

	if (r < 0)
		return r;
	rc = sqlite3_step(raw);
	if (rc != SQLITE_ROW)
		return db_error(db, rc, err, "%s", queries[query].name);
	*ret = sqlite3_column_int64(raw, 0);
	return 0;
}
