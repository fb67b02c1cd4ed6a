/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * An SQLite VFS, "fault", that is the system's until its n-th change of a file (write, sync,
 * truncate), where it fails, or ends the process. It patches a copy of the method table that the
 * system's VFS gave the file, so nothing has to be forwarded.
 */
#include <assert.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum fault_kind {
	FAULT_IO,   /* an I/O error */
	FAULT_FULL, /* no space; half of the bytes are written */
	FAULT_DIE,  /* the process ends, before the change */
};

static struct {
	int countdown; /* changes until the fault; 0: none comes */
	bool stays;    /* every change from there on fails */
	bool was_hit;
	enum fault_kind kind;
	sqlite3_vfs *real;
	sqlite3_vfs vfs;
	struct {
		const sqlite3_io_methods *original;
		sqlite3_io_methods patched;
	} tables[2]; /* of databases, which can be locked, and of logs */
} fault;

static inline const sqlite3_io_methods *fault_original(const sqlite3_file *file)
{
	return fault.tables[file->pMethods == &fault.tables[1].patched].original;
}

/* Shall this change fail? */
static inline bool fault_is_now(void)
{
	if (fault.countdown == 0)
		return false;
	if (fault.countdown > 1) {
		fault.countdown--;
		return false;
	}
	if (fault.kind == FAULT_DIE)
		_exit(77);
	fault.was_hit = true;
	if (!fault.stays)
		fault.countdown = 0;
	return true;
}

static inline int fault_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	if (!fault_is_now())
		return fault_original(file)->xWrite(file, p, n, at);
	if (fault.kind == FAULT_IO)
		return SQLITE_IOERR_WRITE;
	(void)fault_original(file)->xWrite(file, p, n / 2, at);
	return SQLITE_FULL;
}

static inline int fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return fault_is_now() ? SQLITE_IOERR_TRUNCATE : fault_original(file)->xTruncate(file, size);
}

static inline int fault_sync(sqlite3_file *file, int flags)
{
	return fault_is_now() ? SQLITE_IOERR_FSYNC : fault_original(file)->xSync(file, flags);
}

static inline int fault_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
			     int *ret_flags)
{
	int rc = fault.real->xOpen(fault.real, name, file, flags, ret_flags);

	(void)vfs;
	if (rc != SQLITE_OK || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
		return rc;
	bool is_log = flags & SQLITE_OPEN_WAL;
	if (!fault.tables[is_log].original) {
		fault.tables[is_log].original = file->pMethods;
		fault.tables[is_log].patched = *file->pMethods;
		fault.tables[is_log].patched.xWrite = fault_write;
		fault.tables[is_log].patched.xTruncate = fault_truncate;
		fault.tables[is_log].patched.xSync = fault_sync;
	}
	assert(file->pMethods == fault.tables[is_log].original);
	file->pMethods = &fault.tables[is_log].patched;
	return rc;
}

static inline void fault_register(void)
{
	if (fault.real)
		return;
	fault.real = sqlite3_vfs_find(NULL);
	fault.vfs = *fault.real;
	fault.vfs.zName = "fault";
	fault.vfs.xOpen = fault_open;
	sqlite3_vfs_register(&fault.vfs, 0);
}

static inline void fault_arm(int n, enum fault_kind kind, bool stays)
{
	fault.countdown = n;
	fault.kind = kind;
	fault.stays = stays;
	fault.was_hit = false;
}
