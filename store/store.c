/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening, and transactions. The order of a writer's opening is the point of this file: place and
 * lock first, then judge the file without changing it, then settings, migrations, statements. As
 * long as the file is only judged, closing does not touch it either (no checkpoint).
 *
 * The -wal and -shm stay when a writer closes: a reader, which may not make files, finds them.
 */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/crash.h"
#include "base/fs.h"
#include "base/limits.h"
#include "store/broken.h"
#include "store/db.h"
#include "store/migrate.h"
#include "store/node_store.h"
#include "store/place.h"
#include "store/queries.h"
#include "store/stmt.h"

struct store_txn {
	struct store *store;
};

struct store {
	sqlite3 *db;
	struct stmt_set *stmts;
	char *dir;
	char *path;       /* <dir>/tallyman.db */
	char *lock_path;  /* <dir>/tallyman.lock */
	char *moved_to;   /* of a broken file; NULL when there was none */
	const char *open; /* where the open transaction began; NULL when there is none */
	struct store_txn txn;
	enum store_mode mode;
	bool is_copy; /* in memory, of a file from an older build */
	int lock_fd;
};

enum { BROKEN = 1 }; /* outcome of the steps that judge a file */

static char *join(const char *dir, const char *name)
{
	size_t n = strlen(dir) + strlen(name) + 2;
	char *path = xcalloc(1, n);

	snprintf(path, n, "%s/%s", dir, name);
	return path;
}

/* Appends @path, with everything escaped that a URI could misread. */
static void add_escaped(struct buf *uri, const char *path)
{
	for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
		bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
				(*p >= '0' && *p <= '9') || strchr("/._-", *p);

		buf_printf(uri, is_plain ? "%c" : "%%%02X", *p);
	}
}

/* A connection whose closing leaves the file alone, until somebody decides otherwise. */
static int connect_db(struct store *s, const char *query, const char *vfs, struct error *err)
{
	struct buf uri CLEAN(buf) = BUF_INIT(8 * LIMIT_PATH);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE; /* the query's mode counts */
	int stays = 1;
	int rc;

	buf_puts(&uri, "file:");
	add_escaped(&uri, s->path);
	buf_printf(&uri, "?%s", query);
	if (s->mode == STORE_WRITE) {
		/* SQLite makes its files with the mode of the lock file: 0600. */
		buf_puts(&uri, "&modeof=");
		add_escaped(&uri, s->lock_path);
	}
	if (uri.overflow)
		return error_set(err, ERR_LIMIT, 0, "path of the store is too long");
	flags |= SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	rc = sqlite3_open_v2(uri.data, &s->db, flags, vfs);
	if (rc)
		return db_error(s->db, rc, err, "open %s", s->path);
	(void)sqlite3_extended_result_codes(s->db, 1);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_file_control(s->db, NULL, SQLITE_FCNTL_PERSIST_WAL, &stays);
	return db_run(s->db, Q_PRAGMA_BUSY_TIMEOUT, err);
}

static void disconnect(struct store *s)
{
	stmt_set_free(s->stmts);
	s->stmts = NULL;
	if (s->db)
		db_close(s->db);
	s->db = NULL;
}

/* BROKEN instead of an error that says so. */
static int broken_or(int r, const struct error *e, struct error *err)
{
	if (r >= 0)
		return r;
	if (db_is_broken(e->sys))
		return BROKEN;
	if (err)
		*err = *e;
	return r;
}

/* A page that cannot be read is the disk's trouble, not the file's. */
static bool is_read_error(const char *finding)
{
	const char *code = strstr(finding, "error code=");

	return code && (strtol(code + strlen("error code="), NULL, 10) & 0xff) == SQLITE_IOERR;
}

static int check_integrity(struct store *s, struct error *err)
{
	sqlite3_stmt *raw CLEAN(raw_stmt) = NULL;
	struct error e = ERROR_INIT;
	int r = db_prepare(s->db, Q_INTEGRITY_CHECK, false, &raw, &e);
	const char *finding;
	int rc;

	if (r < 0)
		return broken_or(r, &e, err);
	rc = sqlite3_step(raw);
	if (rc != SQLITE_ROW)
		return broken_or(db_error(s->db, rc, &e, "check %s", s->path), &e, err);
	finding = (const char *)sqlite3_column_text(raw, 0);
	if (finding && strcmp(finding, "ok") == 0)
		return 0;
	if (finding && is_read_error(finding))
		return error_set(err, ERR_IO, 0, "check %s: %s", s->path, finding);
	return BROKEN;
}

static int use_log(struct store *s, struct error *err)
{
	sqlite3_stmt *raw CLEAN(raw_stmt) = NULL;
	int r = db_prepare(s->db, Q_PRAGMA_WAL, false, &raw, err);
	int rc;

	if (r < 0)
		return r;
	rc = sqlite3_step(raw);
	if (rc != SQLITE_ROW)
		return db_error(s->db, rc, err, "switch %s to a log", s->path);
	if (strcmp((const char *)sqlite3_column_text(raw, 0), "wal") != 0)
		return error_set(err, ERR_UNSUPPORTED, 0, "%s cannot have a write-ahead log",
				 s->path);
	return 0;
}

static int configure_writer(struct store *s, struct error *err)
{
	static const int settings[] = { Q_PRAGMA_TRUSTED_SCHEMA, Q_PRAGMA_FOREIGN_KEYS,
					Q_PRAGMA_SYNCHRONOUS, Q_PRAGMA_JOURNAL_SIZE };
	int r = use_log(s, err);

	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	for (size_t i = 0; r == 0 && i < sizeof(settings) / sizeof(settings[0]); i++)
		r = db_run(s->db, settings[i], err);
	return r;
}

/* Statements that do not fit a file with the right migrations: is the file at fault, or this
 * program with this SQLite? A fresh schema in memory tells. */
static int prepare_all(struct store *s, struct wall now, struct error *err)
{
	sqlite3 *fresh CLEAN(db) = NULL;
	struct stmt_set *set = NULL;
	struct error e = ERROR_INIT;
	int r = stmt_set_new(s->db, &s->stmts, &e);

	if (r < 0 && e.code == ERR_CORRUPT && sqlite3_open(":memory:", &fresh) == SQLITE_OK &&
	    migrate_run(fresh, migrate_embedded(), now, NULL) == 0 &&
	    stmt_set_new(fresh, &set, NULL) == 0) {
		stmt_set_free(set);
		return BROKEN;
	}
	if (r < 0 && err)
		*err = e;
	return r;
}

/* SQLite opens what it may not write for reading, and says so with the first write. */
static int check_file_writable(struct store *s, struct error *err)
{
	if (sqlite3_db_readonly(s->db, "main") != 1)
		return 0;
	(void)error_set(err, ERR_IO, EROFS, "%s cannot be written", s->path);
	error_hint(err, "look at its permissions and attributes: ls -l, lsattr");
	return -ERR_IO;
}

/* Open, judge, upgrade. BROKEN leaves the store disconnected and the file as it was. */
static int open_file(struct store *s, const struct store_options *opts, struct error *err)
{
	struct error e = ERROR_INIT;
	int r;

	if (broken_is_cut(s->path))
		return BROKEN;
	r = connect_db(s, "mode=rwc", opts->vfs, err);
	if (r < 0)
		return r;
	r = check_file_writable(s, err);
	if (r < 0)
		return r;
	r = migrate_check(s->db, migrate_embedded(), &e);
	r = r > 0 ? 0 : broken_or(r, &e, err);
	if (r == 0)
		r = check_integrity(s, err);
	if (r == 0)
		r = configure_writer(s, err);
	if (r == 0)
		r = migrate_run(s->db, migrate_embedded(), opts->now, err);
	if (r == 0)
		r = prepare_all(s, opts->now, err);
	if (r == BROKEN)
		disconnect(s);
	return r;
}

/* The node's row is made with the store. A new store beside a file that was moved aside is a
 * rebuilt one, whichever run moved it. */
static int make_node(struct store *s, struct wall now, struct error *err)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	struct node_row row;
	int r = node_store_load(s, &row, err);

	if (r != NODE_ABSENT)
		return r;
	r = broken_exists(s->path, err);
	if (r < 0)
		return r;
	row = (struct node_row){ .created = now, .accept = r ? NODE_REBUILT : NODE_ACCEPTED };
	r = store_begin(s, ERROR_HERE, &txn, err);
	if (r < 0)
		return r;
	r = node_store_make(s, &row, err);
	return r < 0 ? r : store_commit(&txn, err);
}

static int open_writer(struct store *s, const struct store_options *opts, struct error *err)
{
	int r = fs_mkdirs(AT_FDCWD, opts->dir, 0700, err);

	if (r == 0)
		r = place_check_local(opts->dir, err);
	if (r == 0)
		r = place_check_writable(opts->dir, "--state-dir", err);
	if (r == 0)
		r = place_lock(s->lock_path, opts->command, &s->lock_fd, err);
	if (r == 0)
		r = open_file(s, opts, err);
	if (r == BROKEN) {
		r = broken_move(s->path, opts->now, &s->moved_to, err);
		if (r == 0)
			r = open_file(s, opts, err);
		if (r == BROKEN)
			r = error_set(err, ERR_CORRUPT, 0, "a new %s is broken at once", s->path);
	}
	return r < 0 ? r : make_node(s, opts->now, err);
}

/* False: errno says why. */
static bool has_file(const char *path, const char *suffix, off_t *ret_size)
{
	char name[LIMIT_PATH];
	struct stat st;

	if (snprintf(name, sizeof(name), "%s%s", path, suffix) >= (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (stat(name, &st) < 0)
		return false;
	*ret_size = st.st_size;
	return true;
}

/*
 * How to open for reading without making a file:
 *   -wal and -shm are there   the ordinary way: a writer runs, or has closed or died
 *   only a -wal with content  copied from elsewhere: unix-excl keeps the log's index in our own
 *                             memory, for a lock that needs mode=rw; nothing is written
 *   neither                   nothing but the database counts, and no writer is there
 */
static int connect_reader(struct store *s, const struct store_options *opts, struct error *err)
{
	off_t wal = 0;
	off_t shm = 0;
	bool has_wal = has_file(s->path, "-wal", &wal);

	if (has_wal && has_file(s->path, "-shm", &shm))
		return connect_db(s, "mode=ro", opts->vfs, err);
	if (has_wal && wal > 0)
		return connect_db(s, "mode=rw", "unix-excl", err);
	return connect_db(s, "mode=ro&immutable=1", opts->vfs, err);
}

/* A file of an older build is read as a changing command would make it, and stays as it is. */
static int use_copy(struct store *s, struct wall now, struct error *err)
{
	sqlite3 *copy = NULL;
	int r = migrate_copy(s->db, migrate_embedded(), now, &copy, err);

	if (r < 0)
		return r;
	disconnect(s);
	s->db = copy;
	s->is_copy = true;
	return 0;
}

static void hint_broken(struct error *err)
{
	error_hint(err, "any changing command, for example apply, moves the file aside and starts "
			"a new one");
}

static int open_reader(struct store *s, const struct store_options *opts, struct error *err)
{
	off_t size = 0;
	int r;

	if (broken_is_cut(s->path)) {
		r = error_set(err, ERR_CORRUPT, 0, "%s is gone or empty, and its log is there",
			      s->path);
		hint_broken(err);
		return r;
	}
	if (!has_file(s->path, "", &size) && errno != ENOENT && errno != ENOTDIR)
		return error_sys(err, errno, "look at %s", s->path);
	if (size == 0) /* not there, or made by a writer that has not written yet */
		return STORE_ABSENT;
	r = place_check_local(opts->dir, err);
	if (r == 0)
		r = connect_reader(s, opts, err);
	if (r == 0)
		r = migrate_check(s->db, migrate_embedded(), err);
	if (r == MIGRATE_EMPTY)
		return STORE_ABSENT;
	if (r == MIGRATE_OLDER)
		r = use_copy(s, opts->now, err);
	if (r == 0)
		r = db_run(s->db, Q_PRAGMA_QUERY_ONLY, err);
	if (r == 0)
		r = stmt_set_new(s->db, &s->stmts, err);
	if (r == -ERR_CORRUPT)
		hint_broken(err);
	return r;
}

int store_open(const struct store_options *opts, struct store **ret_store, struct error *err)
{
	struct store *s CLEAN(store) = xcalloc(1, sizeof(*s));
	int r;

	s->mode = opts->mode;
	s->lock_fd = -1;
	s->dir = xstrdup(opts->dir);
	s->path = join(opts->dir, "tallyman.db");
	s->lock_path = join(opts->dir, "tallyman.lock");
	s->txn.store = s;
	r = opts->mode == STORE_WRITE ? open_writer(s, opts, err) : open_reader(s, opts, err);
	if (r == -ERR_IO && err && err->sys == ENOSPC)
		db_hint_full(err);
	*ret_store = r == 0 ? TAKE(s) : NULL;
	return r < 0 ? error_wrap(err, r, "store in %s", opts->dir) : r;
}

int store_renew(struct store **s, struct wall now, struct error *err)
{
	struct store_options opts = { .dir = (*s)->dir, .mode = STORE_READ, .now = now };
	struct store *fresh = NULL;
	int r;

	if (!(*s)->is_copy)
		return 0;
	r = store_open(&opts, &fresh, err);
	if (r != 0)
		return r;
	store_close(*s);
	*s = fresh;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	assert(!s->open);
	disconnect(s);
	place_unlock(s->lock_fd);
	free(s->moved_to);
	free(s->lock_path);
	free(s->path);
	free(s->dir);
	free(s);
}

bool store_is_writer(const struct store *s)
{
	return s->mode == STORE_WRITE;
}

const char *store_moved_to(const struct store *s)
{
	return s->moved_to;
}

const char *store_dir(const struct store *s)
{
	return s->dir;
}

/* Rows of a file that was moved or deleted under us would be lost with us, and nobody warned. */
static int check_there(const struct store *s, struct error *err)
{
	int is_gone = 0;

	(void)sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &is_gone);
	if (!is_gone)
		return 0;
	(void)error_set(err, ERR_IO, 0, "%s was moved or deleted while it was open", s->path);
	error_hint(err, "put it back: nothing is done before, and everything goes on after");
	return -ERR_IO;
}

int store_begin(struct store *s, const char *where, struct store_txn **ret_txn, struct error *err)
{
	int r;

	/* Transactions do not nest: an assertion that names both places. */
	if (s->open)
		__assert_fail(s->open, __FILE__, __LINE__, where);
	r = s->mode == STORE_WRITE ? check_there(s, err) : 0;
	if (r == 0)
		r = db_run(s->db, s->mode == STORE_WRITE ? Q_BEGIN : Q_BEGIN_READ, err);
	if (r < 0)
		return r;
	s->open = where;
	*ret_txn = &s->txn;
	return 0;
}

int store_commit(struct store_txn **txn, struct error *err)
{
	struct store *s = (*txn)->store;
	int r;

	crash_point("commit", s->open);
	if (store_lost_txn(s))
		r = error_set(err, ERR_IO, 0, "the transaction was rolled back");
	else
		r = db_run(s->db, Q_COMMIT, err);
	if (r < 0)
		store_rollback(*txn);
	crash_point("committed", s->open);
	s->open = NULL;
	*txn = NULL;
	return r;
}

void store_rollback(struct store_txn *txn)
{
	struct store *s = txn->store;

	/* Cannot fail in a way that leaves the transaction open. */
	if (!sqlite3_get_autocommit(s->db))
		(void)db_run(s->db, Q_ROLLBACK, NULL);
	s->open = NULL;
}

bool store_in_write(const struct store *s)
{
	return s->mode == STORE_WRITE && s->open;
}

bool store_lost_txn(const struct store *s)
{
	return s->open && sqlite3_get_autocommit(s->db);
}

struct stmt_set *store_stmts(struct store *s)
{
	return s->stmts;
}

struct sqlite3 *store_db(struct store *s)
{
	return s->db;
}
