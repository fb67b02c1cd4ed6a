/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's online backup into a file beside its final name, then a rename. Ages are told by the
 * names; a name from the future (the clock was wrong) counts as the oldest. */
#include "store/backup.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/limits.h"
#include "store/db.h"
#include "store/store.h"

CLEAN_DEFINE(dir, DIR *, closedir)

#define PREFIX "tallyman-"
#define SUFFIX ".db"
#define PART   ".part"

struct backup {
	sqlite3 *to;
	sqlite3_backup *copy;
	struct wall now;
	char dir[LIMIT_PATH];
	char part[LIMIT_PATH];
	char path[LIMIT_PATH];
	bool is_done;
};

struct names {
	char **items;
	size_t n;
	char now[CLOCK_RFC3339_SIZE + sizeof(PREFIX SUFFIX)];
};

static bool is_backup(const char *name)
{
	size_t n = strlen(name);

	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 && n > strlen(SUFFIX) &&
	       strcmp(name + n - strlen(SUFFIX), SUFFIX) == 0;
}

static void name_of(struct wall t, char *out, size_t size)
{
	char stamp[CLOCK_RFC3339_SIZE];

	snprintf(out, size, PREFIX "%s" SUFFIX, clock_compact(t, stamp));
}

/* Newest first; what is later than the middle argument comes last. */
static int newer(const void *a, const void *b, void *arg)
{
	const struct names *list = arg;
	const char *x = *(char *const *)a;
	const char *y = *(char *const *)b;
	bool is_x_late = strcmp(x, list->now) > 0;
	bool is_y_late = strcmp(y, list->now) > 0;

	return is_x_late != is_y_late ? is_x_late - is_y_late : strcmp(y, x);
}

/* All backups in @dir into @a, newest first; a directory that is not there has none. */
static int list_backups(const char *dir_path, struct wall now, struct arena *a, struct names *ret,
			struct error *err)
{
	DIR *dir CLEAN(dir) = opendir(dir_path);
	struct dirent *entry;

	memset(ret, 0, sizeof(*ret));
	name_of(now, ret->now, sizeof(ret->now));
	if (!dir)
		return errno == ENOENT ? 0 : error_sys(err, errno, "list %s", dir_path);
	errno = 0;
	while ((entry = readdir(dir))) {
		if (!is_backup(entry->d_name))
			continue;
		ret->items = arena_grow(a, ret->items, ret->n, sizeof(*ret->items));
		ret->items[ret->n++] = arena_strdup(a, entry->d_name);
	}
	if (errno)
		return error_sys(err, errno, "list %s", dir_path);
	if (ret->n)
		qsort_r(ret->items, ret->n, sizeof(*ret->items), newer, ret);
	return 0;
}

static int backup_dir(struct store *s, char out[LIMIT_PATH], struct error *err)
{
	if (snprintf(out, LIMIT_PATH, "%s/backup", store_dir(s)) >= LIMIT_PATH)
		return error_set(err, ERR_LIMIT, 0, "path of the backups is too long");
	return 0;
}

int backup_is_due(struct store *s, struct wall now, bool *ret, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	char dir[LIMIT_PATH];
	char limit[sizeof(((struct names *)0)->now)];
	struct names list;
	int r = backup_dir(s, dir, err);

	if (r == 0)
		r = list_backups(dir, now, a, &list, err);
	if (r < 0)
		return r;
	name_of((struct wall){ now.us - BACKUP_PERIOD_US }, limit, sizeof(limit));
	*ret = list.n == 0 || strcmp(list.items[0], limit) <= 0 ||
	       strcmp(list.items[0], list.now) > 0;
	return 0;
}

/* Made here for its mode, and closed before SQLite opens it: a close would drop its locks. */
static int make_part(const char *path, struct error *err)
{
	int fd CLEAN(fd) = -1;

	if (unlink(path) < 0 && errno != ENOENT)
		return error_sys(err, errno, "remove %s", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? error_sys(err, errno, "create %s", path) : 0;
}

static int open_target(struct backup *b, struct store *s, struct error *err)
{
	int r = make_part(b->part, err);
	int rc;

	if (r < 0)
		return r;
	rc = sqlite3_open_v2(b->part, &b->to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc)
		return db_error(b->to, rc, err, "open %s", b->part);
	b->copy = sqlite3_backup_init(b->to, "main", store_db(s), "main");
	if (!b->copy)
		return db_error(b->to, sqlite3_errcode(b->to), err, "back up to %s", b->part);
	return 0;
}

int backup_begin(struct store *s, struct wall now, struct backup **ret, struct error *err)
{
	struct backup *b CLEAN(backup) = xcalloc(1, sizeof(*b));
	char name[sizeof(((struct names *)0)->now)];
	int r = backup_dir(s, b->dir, err);

	assert(store_is_writer(s));
	name_of(now, name, sizeof(name));
	b->now = now;
	if (r == 0 &&
	    (snprintf(b->path, sizeof(b->path), "%s/%s", b->dir, name) >= (int)sizeof(b->path) ||
	     snprintf(b->part, sizeof(b->part), "%s/backup" PART, b->dir) >= (int)sizeof(b->part)))
		r = error_set(err, ERR_LIMIT, 0, "path of the backups is too long");
	if (r == 0)
		r = fs_mkdirs(AT_FDCWD, b->dir, 0700, err);
	if (r == 0)
		r = open_target(b, s, err);
	if (r < 0)
		return r;
	*ret = TAKE(b);
	return 0;
}

static int remove_old(struct backup *b, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct names list;
	int r = list_backups(b->dir, b->now, a, &list, err);

	for (size_t i = BACKUP_KEPT; r == 0 && i < list.n; i++) {
		const char *path = arena_printf(a, "%s/%s", b->dir, list.items[i]);

		if (unlink(path) < 0 && errno != ENOENT)
			return error_sys(err, errno, "remove %s", path);
	}
	return r;
}

/* SQLite has synced what it wrote when the copy is finished. */
static int finish(struct backup *b, struct error *err)
{
	int rc = sqlite3_backup_finish(TAKE(b->copy));
	int r;

	if (rc)
		return db_error(b->to, rc, err, "finish %s", b->part);
	db_close(TAKE(b->to));
	if (rename(b->part, b->path) < 0)
		return error_sys(err, errno, "rename %s", b->part);
	b->is_done = true;
	r = fs_sync_dir(AT_FDCWD, b->dir, err);
	return r < 0 ? r : remove_old(b, err);
}

int backup_step(struct backup *b, int n_pages, struct error *err)
{
	int rc = sqlite3_backup_step(b->copy, n_pages);

	if (rc == SQLITE_OK)
		return BACKUP_MORE;
	if (rc == SQLITE_DONE)
		return finish(b, err);
	return db_error(b->to, rc, err, "back up to %s", b->part);
}

void backup_end(struct backup *b)
{
	if (!b)
		return;
	if (b->copy) /* its error, if any, has been reported by the step */
		(void)sqlite3_backup_finish(b->copy);
	if (b->to)
		db_close(b->to);
	if (!b->is_done && b->part[0])
		(void)unlink(b->part); /* stays for the next begin otherwise */
	free(b);
}
