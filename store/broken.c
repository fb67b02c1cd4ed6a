/* SPDX-License-Identifier: Apache-2.0 */
/* Moves, never deletes, and never opens: an open and a close of a database by other means than
 * SQLite would drop the locks SQLite holds in this process. */
#include "store/broken.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"

CLEAN_DEFINE(dir, DIR *, closedir)

#define MARK ".broken-"

/* What belongs to a database, the database itself last. */
static const char *const suffixes[] = { "-wal", "-shm", "-journal", "" };

/* The size of @path with @suffix; -1 when it is not there. */
static long long size_of(const char *path, const char *suffix)
{
	char name[LIMIT_PATH];
	struct stat st;

	if (snprintf(name, sizeof(name), "%s%s", path, suffix) >= (int)sizeof(name))
		return -1;
	return lstat(name, &st) == 0 ? (long long)st.st_size : -1;
}

bool broken_is_cut(const char *db_path)
{
	bool has_log = size_of(db_path, "-wal") >= 0 || size_of(db_path, "-shm") >= 0;
	long long size = size_of(db_path, "");

	return size == 1 || (size <= 0 && has_log); /* one byte counts as empty to SQLite */
}

static int move_one(const char *from, const char *to, const char *suffix, struct error *err)
{
	char a[LIMIT_PATH];
	char b[LIMIT_PATH];

	if (snprintf(a, sizeof(a), "%s%s", from, suffix) >= (int)sizeof(a) ||
	    snprintf(b, sizeof(b), "%s%s", to, suffix) >= (int)sizeof(b))
		return error_set(err, ERR_LIMIT, 0, "path of the store is too long");
	if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE) == 0 || errno == ENOENT)
		return 0;
	return error_sys(err, errno, "move %s aside", a);
}

static int sync_parent(const char *path, struct error *err)
{
	char dir[LIMIT_PATH];
	const char *slash = strrchr(path, '/');

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	return fs_sync_dir(AT_FDCWD, dir, err);
}

int broken_move(const char *db_path, struct wall now, char **ret_path, struct error *err)
{
	char time[CLOCK_RFC3339_SIZE];
	char to[LIMIT_PATH];
	int r;

	clock_compact(now, time);
	if (snprintf(to, sizeof(to), "%s" MARK "%s", db_path, time) >= (int)sizeof(to))
		return error_set(err, ERR_LIMIT, 0, "path of the store is too long");
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		r = move_one(db_path, to, suffixes[i], err);
		if (r < 0)
			return r;
	}
	r = sync_parent(db_path, err);
	if (r < 0)
		return r;
	*ret_path = xstrdup(to);
	return 0;
}

int broken_exists(const char *db_path, struct error *err)
{
	char parent[LIMIT_PATH];
	const char *slash = strrchr(db_path, '/');
	const char *base = slash ? slash + 1 : db_path;
	size_t n = strlen(base);
	struct dirent *entry;

	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - db_path) : 1,
		 slash ? db_path : ".");
	DIR *dir CLEAN(dir) = opendir(parent);
	if (!dir)
		return error_sys(err, errno, "list %s", parent);
	errno = 0;
	while ((entry = readdir(dir)))
		if (strncmp(entry->d_name, base, n) == 0 &&
		    strncmp(entry->d_name + n, MARK, strlen(MARK)) == 0)
			return 1;
	return errno ? error_sys(err, errno, "list %s", parent) : 0;
}
