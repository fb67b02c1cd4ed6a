/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The schema of a file against the migrations this program knows. */
#include "base/clock.h"
#include "base/error.h"
#include "store/migrations.h"

struct sqlite3;

enum {
	MIGRATE_EMPTY = 1, /* nothing is in the file */
	MIGRATE_OLDER = 2, /* some are not applied yet */
};

/* The embedded ones, or another list in tests. */
struct migrate_list {
	const struct migration *items; /* numbers 1..n */
	size_t n;
};
struct migrate_list migrate_embedded(void);

/**
 * migrate_check() - may this program use the file? Changes nothing; no transaction is open
 *
 * Return: 0: all applied; MIGRATE_EMPTY; MIGRATE_OLDER;
 *         -ERR_UNSUPPORTED: a newer program's; -ERR_LOCKED: another program's, or a recorded
 *         migration's hash or name differs; -ERR_CORRUPT with sys SQLITE_CORRUPT or SQLITE_NOTADB:
 *         the content is damaged.
 */
int migrate_check(struct sqlite3 *db, struct migrate_list known, struct error *err);

/** migrate_run() - apply what is missing, each in its own transaction with its record */
int migrate_run(struct sqlite3 *db, struct migrate_list known, struct wall now, struct error *err);

/**
 * migrate_copy() - what is in @from, upgraded in memory; @from stays as it is
 * @ret: closed by the caller with db_close()
 */
int migrate_copy(struct sqlite3 *from, struct migrate_list known, struct wall now,
		 struct sqlite3 **ret, struct error *err);
