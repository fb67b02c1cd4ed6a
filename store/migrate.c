/* SPDX-License-Identifier: Apache-2.0 */
/* Reads schema_migration, compares, applies. Runs before any statement is prepared, so it works
 * on the bare connection. A file that is refused has not been written to. */
#include "store/migrate.h"

#include <sqlite3.h>
#include <string.h>

#include "store/db.h"
#include "store/queries.h"

#define APPLICATION_ID 1953262713 /* "tlly"; the same number stands in queries/open.sql */

struct migrate_list migrate_embedded(void)
{
	return (struct migrate_list){ migrations, n_migrations };
}

/* Does the file belong to this program? MIGRATE_EMPTY when to nobody. */
static int check_owner(sqlite3 *db, struct error *err)
{
	int64_t id = 0;
	int64_t n_objects = 0;
	int r = db_i64(db, Q_APPLICATION_ID_GET, &id, err);

	if (r < 0)
		return r;
	r = db_i64(db, Q_SCHEMA_COUNT, &n_objects, err);
	if (r < 0)
		return r;
	if (id == 0 && n_objects == 0)
		return MIGRATE_EMPTY;
	if (id == APPLICATION_ID)
		return 0;
	r = error_set(err, ERR_LOCKED, 0, "the database is another program's");
	error_hint(err, "move it away, or choose another directory with --state-dir");
	return r;
}

static int check_newest(sqlite3 *db, struct migrate_list known, struct error *err)
{
	int64_t newest = 0;
	int64_t has_table = 0;
	int r = db_i64(db, Q_HAS_MIGRATION_TABLE, &has_table, err);

	if (r < 0)
		return r;
	if (!has_table)
		return error_set(err, ERR_CORRUPT, SQLITE_CORRUPT, "no record of migrations");
	r = db_i64(db, Q_MIGRATION_HIGHEST, &newest, err);
	if (r < 0)
		return r;
	if (newest <= (int64_t)known.n)
		return newest == (int64_t)known.n ? 0 : MIGRATE_OLDER;
	r = error_set(err, ERR_UNSUPPORTED, 0,
		      "the store has schema %lld, this tallyman knows up to %zu", (long long)newest,
		      known.n);
	error_hint(err, "run the newer tallyman that made it, or bring back a backup from before");
	return r;
}

/* The recorded migrations must be the first ones we know, unchanged. */
static int check_hashes(sqlite3 *db, struct migrate_list known, struct error *err)
{
	sqlite3_stmt *raw CLEAN(raw_stmt) = NULL;
	int r = db_prepare(db, Q_MIGRATION_LIST, false, &raw, err);
	int64_t want = 1;
	int rc;

	if (r < 0)
		return r;
	while ((rc = sqlite3_step(raw)) == SQLITE_ROW) {
		const struct migration *m = &known.items[want - 1];
		const char *name = (const char *)sqlite3_column_text(raw, 1);
		const char *hash = (const char *)sqlite3_column_text(raw, 2);

		if (sqlite3_column_int64(raw, 0) != want || !name || !hash)
			return error_set(err, ERR_CORRUPT, SQLITE_CORRUPT,
					 "record of migration %lld is missing", (long long)want);
		if (strcmp(name, m->name) != 0 || strcmp(hash, m->sha256) != 0) {
			r = error_set(err, ERR_LOCKED, 0,
				      "migration %d (%s) is not the one that made this store",
				      m->version, m->name);
			error_hint(err, "run the tallyman that made the store");
			return r;
		}
		want++;
	}
	return rc == SQLITE_DONE ? 0 : db_error(db, rc, err, "read the record of migrations");
}

static int check_all(sqlite3 *db, struct migrate_list known, struct error *err)
{
	int r = check_owner(db, err);
	int state;

	if (r != 0)
		return r;
	state = check_newest(db, known, err);
	if (state < 0)
		return state;
	r = check_hashes(db, known, err);
	return r < 0 ? r : state;
}

/* Of one moment: a writer may be making the file just now. */
int migrate_check(struct sqlite3 *db, struct migrate_list known, struct error *err)
{
	int r = db_run(db, Q_BEGIN_READ, err);

	if (r < 0)
		return r;
	r = check_all(db, known, err);
	if (!sqlite3_get_autocommit(db))
		(void)db_run(db, Q_ROLLBACK, NULL); /* there is nothing to lose */
	return r;
}

static int record(sqlite3 *db, const struct migration *m, struct wall now, struct error *err)
{
	sqlite3_stmt *raw CLEAN(raw_stmt) = NULL;
	int r = db_prepare(db, Q_MIGRATION_RECORD, false, &raw, err);
	int rc;

	if (r < 0)
		return r;
	sqlite3_bind_int(raw, 1, m->version);
	sqlite3_bind_text(raw, 2, m->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(raw, 3, m->sha256, -1, SQLITE_STATIC);
	sqlite3_bind_int64(raw, 4, now.us);
	rc = sqlite3_step(raw);
	return rc == SQLITE_DONE ? 0 : db_error(db, rc, err, "record");
}

static int apply(sqlite3 *db, const struct migration *m, struct wall now, struct error *err)
{
	int r = db_run(db, Q_BEGIN, err);
	int rc;

	if (r < 0)
		return r;
	rc = sqlite3_exec(db, m->sql, NULL, NULL, NULL);
	r = rc ? db_error(db, rc, err, "apply") : record(db, m, now, err);
	if (r == 0 && m->version == 1)
		r = db_run(db, Q_APPLICATION_ID_SET, err);
	if (r == 0)
		r = db_run(db, Q_COMMIT, err);
	/* After some errors SQLite has rolled back by itself. */
	if (r < 0 && !sqlite3_get_autocommit(db))
		(void)db_run(db, Q_ROLLBACK, NULL);
	return r;
}

int migrate_run(struct sqlite3 *db, struct migrate_list known, struct wall now, struct error *err)
{
	int64_t done = 0;
	int64_t has_table = 0;
	int r = db_i64(db, Q_HAS_MIGRATION_TABLE, &has_table, err);

	if (r == 0 && has_table)
		r = db_i64(db, Q_MIGRATION_HIGHEST, &done, err);
	for (size_t i = (size_t)done; r == 0 && i < known.n; i++) {
		r = apply(db, &known.items[i], now, err);
		if (r < 0)
			return error_wrap(err, r, "migration %d (%s)", known.items[i].version,
					  known.items[i].name);
	}
	return r;
}

/* In one step, so that what another process writes meanwhile is in it whole or not at all. */
static int copy_all(sqlite3 *from, sqlite3 *to, struct error *err)
{
	sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");
	int rc = copy ? sqlite3_backup_step(copy, -1) : sqlite3_errcode(to);

	if (copy)
		(void)sqlite3_backup_finish(copy); /* repeats the error of the step */
	return rc == SQLITE_DONE ? 0 : db_error(to, rc, err, "copy into memory");
}

int migrate_copy(struct sqlite3 *from, struct migrate_list known, struct wall now,
		 struct sqlite3 **ret, struct error *err)
{
	static const int settings[] = { Q_PRAGMA_TRUSTED_SCHEMA, Q_PRAGMA_FOREIGN_KEYS };
	sqlite3 *to CLEAN(db) = NULL;
	int rc = sqlite3_open(":memory:", &to);
	int r = rc ? db_error(to, rc, err, "open a copy") : 0;

	if (r == 0)
		r = copy_all(from, to, err);
	for (size_t i = 0; r == 0 && i < sizeof(settings) / sizeof(settings[0]); i++)
		r = db_run(to, settings[i], err);
	if (r == 0)
		r = migrate_run(to, known, now, err);
	if (r < 0)
		return r;
	*ret = TAKE(to);
	return 0;
}
