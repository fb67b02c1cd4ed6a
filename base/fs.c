/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. The only subtle part is fs_remove_tree, which holds a
 * descriptor per level and looks whether it is a mount's root, so that neither a
 * link nor a mount, of the same file system too, leads it out of the tree. */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/limits.h"
#include "base/rand.h"

CLEAN_DEFINE(dir, DIR *, closedir)

int fs_read(int dirfd, const char *path, struct buf *ret, struct error *err)
{
	int fd CLEAN(fd) = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char chunk[16384];
	ssize_t n;

	if (fd < 0)
		return error_sys(err, errno, "open %s", path);
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, errno, "read %s", path);
		buf_add(ret, chunk, (size_t)n);
		if (ret->overflow)
			return error_set(err, ERR_LIMIT, 0, "%s is larger than %zu bytes", path,
					 ret->max);
	}
	return 0;
}

int fs_write_all(int fd, const void *p, size_t n, struct error *err)
{
	const char *at = p;

	while (n) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return error_sys(err, errno, "write");
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

/* The directory part of @path into @out: "." when there is none. */
static bool parent_of(const char *path, char out[LIMIT_PATH])
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (!slash)
		return snprintf(out, LIMIT_PATH, ".") > 0;
	if (n == 0)
		n = 1;
	return snprintf(out, LIMIT_PATH, "%.*s", (int)n, path) < LIMIT_PATH;
}

int fs_sync_dir(int dirfd, const char *path, struct error *err)
{
	int fd CLEAN(fd) = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return error_sys(err, errno, "sync directory %s", path);
	return 0;
}

static int write_temporary(int dirfd, const char *path, const void *p, size_t n, mode_t mode,
			   struct error *err)
{
	int fd CLEAN(fd) =
		openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	int r;

	if (fd < 0)
		return error_sys(err, errno, "create %s", path);
	r = fs_write_all(fd, p, n, err);
	if (r < 0)
		return error_wrap(err, r, "%s", path);
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return error_sys(err, errno, "sync %s", path);
	return 0;
}

int fs_write_atomic(int dirfd, const char *path, const void *p, size_t n, mode_t mode,
		    struct error *err)
{
	char dir[LIMIT_PATH], tmp[LIMIT_PATH];
	uint64_t tag;
	int r;

	rand_bytes(&tag, sizeof(tag));
	if (!parent_of(path, dir) ||
	    snprintf(tmp, sizeof(tmp), "%s.%016jx.tmp", path, (uintmax_t)tag) >= (int)sizeof(tmp))
		return error_set(err, ERR_LIMIT, 0, "path too long: %.60s...", path);
	crash_point("write", path);
	r = write_temporary(dirfd, tmp, p, n, mode, err);
	crash_point("rename", path);
	if (r == 0 && renameat(dirfd, tmp, dirfd, path) < 0)
		r = error_sys(err, errno, "rename to %s", path);
	if (r < 0) {
		(void)unlinkat(dirfd, tmp, 0); /* the first failure is the one to report */
		return r;
	}
	crash_point("sync", path);
	return fs_sync_dir(dirfd, dir, err);
}

/* `<name>.<16 hexadecimal digits>.tmp`, as write_atomic calls it. */
static bool is_temporary_of(const char *entry, const char *name)
{
	size_t n = strlen(name);

	return strncmp(entry, name, n) == 0 && entry[n] == '.' &&
	       strspn(entry + n + 1, "0123456789abcdef") == 16 &&
	       strcmp(entry + n + 17, ".tmp") == 0;
}

void fs_sweep(int dirfd, const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[LIMIT_PATH];
	struct dirent *e;
	int fd = -1;

	if (parent_of(path, parent))
		fd = openat(dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir CLEAN(dir) = fd < 0 ? NULL : fdopendir(fd);
	if (!dir && fd >= 0)
		close(fd);
	while (dir && (e = readdir(dir)))
		if (is_temporary_of(e->d_name, slash ? slash + 1 : path))
			(void)unlinkat(fd, e->d_name, 0);
}

int fs_copy(int dirfd, const char *from, const char *to, mode_t mode, struct error *err)
{
	int in CLEAN(fd) = openat(dirfd, from, O_RDONLY | O_CLOEXEC);
	int out CLEAN(fd) = -1;
	char chunk[1 << 16];
	ssize_t n;

	if (in < 0)
		return error_sys(err, errno, "open %s", from);
	out = openat(dirfd, to, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (out < 0)
		return error_sys(err, errno, "create %s", to);
	while ((n = read(in, chunk, sizeof(chunk))) != 0) {
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, errno, "read %s", from);
		r = fs_write_all(out, chunk, (size_t)n, err);
		if (r < 0)
			return error_wrap(err, r, "copy to %s", to);
	}
	return 0;
}

int fs_mkdirs(int dirfd, const char *path, mode_t mode, struct error *err)
{
	char part[LIMIT_PATH];
	size_t n = strlen(path);
	struct stat st;
	int why;

	if (n >= sizeof(part))
		return error_set(err, ERR_LIMIT, 0, "path too long: %.60s...", path);
	/* Mostly all of it is there, and at most the last part is not. */
	if (mkdirat(dirfd, path, mode) == 0 ||
	    (errno == EEXIST && fstatat(dirfd, path, &st, 0) == 0 && S_ISDIR(st.st_mode)))
		return 0;
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdirat(dirfd, part, mode) == 0)
			continue;
		/* A read-only parent says EROFS for a directory that is there; /proc says ENOENT
		 * for one that cannot be made, which here would mean that it is not needed. */
		why = errno == ENOENT ? EROFS : errno;
		if (fstatat(dirfd, part, &st, 0) < 0)
			return error_sys(err, errno == ENOENT ? why : errno, "make directory %s",
					 part);
		if (!S_ISDIR(st.st_mode))
			return error_set(err, ERR_INVALID, ENOTDIR, "%s is not a directory", part);
	}
	return 0;
}

int fs_exists(int dirfd, const char *path, struct error *err)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return FS_EXISTS;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return error_sys(err, errno, "look at %s", path);
}

int fs_is_directory(int dirfd, const char *path, struct error *err)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISDIR(st.st_mode) ? FS_EXISTS : 0;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return error_sys(err, errno, "look at %s", path);
}

static int remove_at(int dirfd, const char *name, dev_t dev, int depth, struct error *err);

static int remove_children(int fd, dev_t dev, int depth, struct error *err)
{
	DIR *dir CLEAN(dir) = fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		close(fd);
		return error_sys(err, errno, "list directory");
	}
	while ((errno = 0, e = readdir(dir))) {
		int r;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = remove_at(fd, e->d_name, dev, depth + 1, err);
		if (r < 0)
			return r;
	}
	return errno ? error_sys(err, errno, "list directory") : 0;
}

/* A directory that was bound from elsewhere has its source's device, which may be that of the tree:
 * there the kernel is asked (5.8), and the device tells only where it does not know. */
static bool is_elsewhere(int fd, dev_t dev)
{
	struct statx stx;
	struct stat st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx) == 0 &&
	    stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT &&
	    stx.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return true;
	return fstat(fd, &st) < 0 || st.st_dev != dev;
}

static int remove_at(int dirfd, const char *name, dev_t dev, int depth, struct error *err)
{
	int fd, r, why;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	why = errno;
	if (why != EISDIR && why != EPERM)
		return error_sys(err, why, "remove %s", name);
	if (depth > 256)
		return error_set(err, ERR_LIMIT, 0, "remove %s: more than 256 levels deep", name);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return error_sys(err, why, "remove %s", name); /* as an immutable file says */
	if (fd < 0)
		return error_sys(err, errno, "open directory %s", name);
	if (is_elsewhere(fd, dev)) {
		close(fd);
		return error_set(err, ERR_UNAVAILABLE, EBUSY, "%s is a mount point; left as it is",
				 name);
	}
	r = remove_children(fd, dev, depth, err); /* takes fd */
	if (r < 0)
		return error_wrap(err, r, "%s", name);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_sys(err, errno, "remove directory %s", name);
	return 0;
}

int fs_remove_tree(int dirfd, const char *path, struct error *err)
{
	char dir[LIMIT_PATH];
	struct stat st;

	if (!parent_of(path, dir))
		return error_set(err, ERR_LIMIT, 0, "path too long: %.60s...", path);
	if (fstatat(dirfd, dir, &st, 0) < 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "look at %s", dir);
	return remove_at(dirfd, path, st.st_dev, 0, err);
}

int fs_remove_parts(const char *path, const char *const *parts, size_t n, struct error *err)
{
	int fd CLEAN(fd) = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		return error_sys(err, errno, "open directory %s", path);
	for (size_t i = 0; fd >= 0 && i < n; i++) {
		int r;

		crash_point("part", parts[i]);
		r = fs_remove_tree(fd, parts[i], err);
		if (r < 0)
			return error_wrap(err, r, "%s", path);
	}
	return fs_remove_tree(AT_FDCWD, path, err);
}

int fs_is_empty(int dirfd, const char *path, struct error *err)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir CLEAN(dir) = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (fd < 0 && errno == ENOENT)
		return FS_EMPTY;
	if (!dir)
		return error_sys(err, errno, "open directory %s", path);
	while ((errno = 0, e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			return 0;
	return errno ? error_sys(err, errno, "list directory %s", path) : FS_EMPTY;
}
