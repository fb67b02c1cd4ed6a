/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary file, rename. A file that cannot be read stops the keeper: it was tampered with. */
#include "backends/hcs_sim/host/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

enum { MAX_OBJECT = 4 << 20 };

int store_name(const char *id, char ret[STORE_NAME_SIZE], struct error *err)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_";
	struct buf b CLEAN(buf) = BUF_INIT(STORE_NAME_SIZE - 16); /* and ".json", ".new" */

	for (const char *p = id; *p; p++) {
		if (strchr(plain, *p) || (*p == '.' && p != id))
			buf_putc(&b, *p);
		else
			buf_printf(&b, "%%%02x", (unsigned)(unsigned char)*p);
	}
	if (b.overflow || b.n == 0)
		return error_set(err, ERR_LIMIT, 0, "'%.60s' is too long for a name, or empty", id);
	memcpy(ret, b.data, b.n + 1);
	return 0;
}

static struct store_seen seen_of(const struct stat *st)
{
	return (struct store_seen){ st->st_ino, st->st_mtim };
}

struct store_seen store_look(int dirfd, const char *path)
{
	struct stat st;

	return fstatat(dirfd, path, &st, 0) < 0 ? (struct store_seen){ 0 } : seen_of(&st);
}

bool store_is_same(const struct store_seen *a, const struct store_seen *b)
{
	return a->inode == b->inode && a->time.tv_sec == b->time.tv_sec &&
	       a->time.tv_nsec == b->time.tv_nsec;
}

/* The bytes in a file beside @path, whose name goes into @tmp. */
static int stage(int dirfd, const char *path, const void *p, size_t n,
		 char tmp[2 * STORE_NAME_SIZE], struct error *err)
{
	int fd CLEAN(fd) = -1;

	snprintf(tmp, (size_t)2 * STORE_NAME_SIZE, "%s.new", path);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, errno, "create %s", tmp);
	return fs_write_all(fd, p, n, err);
}

int store_write(int dirfd, const char *path, const void *p, size_t n, struct error *err)
{
	char tmp[2 * STORE_NAME_SIZE];
	int r = stage(dirfd, path, p, n, tmp, err);

	if (r == 0 && renameat(dirfd, tmp, dirfd, path) < 0)
		r = error_sys(err, errno, "rename to %s", path);
	return r;
}

/* What others have put at @path, now at @tmp, goes back there, unless they have done so again. */
static void give_back(int dirfd, const char *tmp, const char *path, const struct store_seen *ours)
{
	struct store_seen out;

	if (renameat2(dirfd, tmp, dirfd, path, RENAME_EXCHANGE) < 0)
		return; /* it was removed meanwhile, and ours with it */
	out = store_look(dirfd, tmp);
	if (!store_is_same(&out, ours))
		(void)renameat(dirfd, tmp, dirfd, path); /* newer than what went back */
}

int store_replace(int dirfd, const char *path, const void *p, size_t n, struct store_seen *seen,
		  struct error *err)
{
	unsigned how = seen->inode ? RENAME_EXCHANGE : RENAME_NOREPLACE;
	char tmp[2 * STORE_NAME_SIZE];
	struct store_seen ours, out;
	int r = stage(dirfd, path, p, n, tmp, err);

	if (r < 0)
		return r;
	ours = store_look(dirfd, tmp);
	if (renameat2(dirfd, tmp, dirfd, path, how) < 0) {
		if (errno != ENOENT && errno != EEXIST)
			return error_sys(err, errno, "rename to %s", path);
		r = STORE_CHANGED;
	} else if (how == RENAME_EXCHANGE) {
		out = store_look(dirfd, tmp);
		if (!store_is_same(&out, seen)) {
			give_back(dirfd, tmp, path, &ours);
			r = STORE_CHANGED;
		}
	}
	(void)unlinkat(dirfd, tmp, 0); /* what is not there any more, or ours */
	if (r == 0)
		*seen = ours;
	return r;
}

int store_put(int dirfd, const char *folder, const char *name, struct json_object *o,
	      struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_OBJECT);
	char path[2 * STORE_NAME_SIZE];

	snprintf(path, sizeof(path), "%s/%s.json", folder, name);
	json_pretty(o, &text);
	buf_putc(&text, '\n');
	return store_write(dirfd, path, text.data, text.n, err);
}

int store_drop(int dirfd, const char *folder, const char *name, struct error *err)
{
	char path[2 * STORE_NAME_SIZE];

	snprintf(path, sizeof(path), "%s/%s.json", folder, name);
	if (unlinkat(dirfd, path, 0) < 0 && errno != ENOENT)
		return error_sys(err, errno, "remove %s", path);
	return 0;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

/* What store_load() hands down to each file. */
struct loading {
	int dirfd;
	int (*found)(void *arg, const char *name, struct json_object *o, struct error *err);
	void *arg;
};

static int load_one(const struct loading *l, const char *file, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_OBJECT);
	struct json_object *o CLEAN(json) = NULL;
	char name[STORE_NAME_SIZE];
	int r;

	if (ends_with(file, ".new")) {
		(void)unlinkat(l->dirfd, file, 0); /* nobody reads it if it stays */
		return 0;
	}
	if (!ends_with(file, ".json"))
		return 0;
	r = fs_read(l->dirfd, file, &text, err);
	if (r == 0)
		r = json_parse(text.data, text.n, &o, err);
	if (r < 0)
		return error_wrap(err, r, "%s", file);
	snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - strlen(".json")), file);
	return l->found(l->arg, name, o, err);
}

int store_load(int dirfd, const char *folder,
	       int (*found)(void *arg, const char *name, struct json_object *o, struct error *err),
	       void *arg, struct error *err)
{
	struct loading l = { .found = found, .arg = arg };
	int fd CLEAN(fd) = -1;
	struct dirent **list = NULL;
	int n, r = fs_mkdirs(dirfd, folder, 0700, err);

	if (r < 0)
		return r;
	l.dirfd = fd = openat(dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, errno, "open %s", folder);
	n = scandirat(fd, ".", &list, NULL, alphasort);
	if (n < 0)
		return error_sys(err, errno, "read %s", folder);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = load_one(&l, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	return r < 0 ? error_wrap(err, r, "%s", folder) : 0;
}
