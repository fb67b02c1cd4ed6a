/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The store: one SQLite file of a node, `<dir>/tallyman.db`, opened here and nowhere else.
 * One writer at a time on the machine, known by its lock file; readers work beside it.
 * Only the thread that opened a store may use it. Every descriptor is close-on-exec.
 *
 * The *_store.h headers load and save one kind of thing each. What they change belongs to the
 * transaction that the caller has opened with store_begin(); they never begin one themselves.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/error.h"

struct sqlite3;
struct stmt_set;
struct store;
struct store_txn;

enum store_mode {
	STORE_WRITE, /* takes the lock; makes, upgrades and mends the file */
	STORE_READ,  /* takes nothing, makes nothing, changes nothing */
};

struct store_options {
	const char *dir; /* the state directory, absolute; made when missing (STORE_WRITE) */
	enum store_mode mode;
	struct wall now;
	const char *command; /* of this process, shown to a second writer; NULL: unknown */
	const char *vfs;     /* name of the SQLite VFS; NULL: the system's */
};

enum { STORE_ABSENT = 1 };

/**
 * store_open() - open, and for a writer check, mend and upgrade, the store in a directory
 *
 * Writer: a file that is broken (no database, truncated, damaged) is renamed to
 * tallyman.db.broken-<time>, with its -wal and -shm, and an empty store takes its place, whose
 * node row says NODE_REBUILT.
 * Reader: a file from an older tallyman is read as a copy, upgraded in memory; see store_renew().
 *
 * Return: 0; STORE_ABSENT (> 0; reader only, *ret_store is NULL): there is no store, or an empty
 *         one: treat it as empty;
 *         -ERR_LOCKED: another process writes (named);
 *         -ERR_UNSUPPORTED: a network file system, or a file from a newer tallyman (untouched);
 *         -ERR_LOCKED: the file is another program's, or another tallyman's build's (untouched);
 *         -ERR_CORRUPT: reader only: broken, a writer would move it aside;
 *         -ERR_IO, -ERR_UNAUTHORIZED: the disk, or the directory, with a hint.
 */
int store_open(const struct store_options *opts, struct store **ret_store, struct error *err);
void store_close(struct store *s); /* NULL is fine; no transaction may be open */
CLEAN_DEFINE(store, struct store *, store_close)

/**
 * store_renew() - for a reader that goes on reading: a copy of an older file is taken anew
 * @s: a reader; another one afterwards where it was a copy, and the one from before on failure
 *
 * Return: 0; STORE_ABSENT (> 0): the file is gone; < 0 as store_open().
 */
int store_renew(struct store **s, struct wall now, struct error *err);

/** store_is_writer() - was it opened with STORE_WRITE? */
bool store_is_writer(const struct store *s);

/** store_moved_to() - where this open put a broken file; NULL when it did not */
const char *store_moved_to(const struct store *s);

/** store_dir() - the state directory, as given */
const char *store_dir(const struct store *s);

/**
 * store_begin() - open a transaction; a writer's for changes, a reader's for one steady view
 * @where:   ERROR_HERE; an open transaction is asserted with the place that opened it
 * @ret_txn: hold it as `struct store_txn *txn CLEAN(store_txn) = NULL;`: leaving the scope
 *           without store_commit() rolls back
 */
int store_begin(struct store *s, const char *where, struct store_txn **ret_txn, struct error *err);

/**
 * store_commit() - make the transaction durable; *txn is NULL afterwards
 *
 * Return: 0: it is on disk. < 0: it was rolled back, and this process goes on with the state from
 *         before; had the machine crashed at that moment, it could be found whole.
 */
int store_commit(struct store_txn **txn, struct error *err);
void store_rollback(struct store_txn *txn);
CLEAN_DEFINE(store_txn, struct store_txn *, store_rollback)

/* For the files of store/ only. */

/** store_in_write() - is a writer's transaction open? */
bool store_in_write(const struct store *s);
/** store_lost_txn() - has SQLite ended the open transaction by itself after an error? */
bool store_lost_txn(const struct store *s);
struct stmt_set *store_stmts(struct store *s);
struct sqlite3 *store_db(struct store *s);
