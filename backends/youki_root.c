/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read and made inside of a container's root before the program sees it. The image is
 * foreign: its links are followed inside of the root only, and nothing is opened that is no plain
 * file, for a FIFO would never answer and a device might.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/youki.h"
#include "base/fs.h"
#include "base/limits.h"

static int open_inside(int root, const char *path, int flags)
{
	const struct open_how how = { .flags = (unsigned)flags | O_PATH | O_CLOEXEC,
				      .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* *ret stays NULL where there is no such file, or something else in its place. */
static int read_inside(int root, const char *path, struct arena *a, const char **ret,
		       struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	int fd CLEAN(fd) = open_inside(root, path, 0);
	struct stat st;
	char name[64];
	int r;

	*ret = NULL;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(err, errno, "open the image's %s", path);
	if (!S_ISREG(st.st_mode))
		return 0;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	r = fs_read(AT_FDCWD, name, &text, err);
	if (r < 0)
		return error_wrap(err, r, "read the image's %s", path);
	*ret = arena_strndup(a, text.data, text.n);
	return 0;
}

int youki_root_user(int root, const char *user, const struct strings *extra, struct arena *a,
		    struct oci_user *ret, struct error *err)
{
	struct oci_user_request q = { .user = user, .extra = extra };
	int r = read_inside(root, "etc/passwd", a, &q.passwd, err);

	if (r == 0)
		r = read_inside(root, "etc/group", a, &q.group, err);
	return r < 0 ? r : oci_user_resolve(&q, a, ret, err);
}

/* The directory @path, whose parent is @at; made when it is not there. @what wants it. */
static int enter(int root, int at, const char *path, const char *what, int *ret_fd,
		 struct error *err)
{
	const char *slash = strrchr(path, '/');
	int fd = open_inside(root, path, O_DIRECTORY);

	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(at, slash ? slash + 1 : path, 0755) < 0 && errno != EEXIST)
			return error_sys(err, errno, "make %s in the container", path);
		fd = open_inside(root, path, O_DIRECTORY);
	}
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return error_set(err, ERR_INVALID, errno, "%s: /%s is no directory in the image",
				 what, path);
	if (fd < 0)
		return error_sys(err, errno, "open %s in the container", path);
	*ret_fd = fd;
	return 0;
}

/* *ret_fd stays as it is where @path is the root itself. */
static int make_dirs(int root, const char *path, const char *what, int *ret_fd, struct error *err)
{
	char part[LIMIT_PATH];
	int at CLEAN(fd) = -1;

	path += strspn(path, "/");
	if (strlen(path) >= sizeof(part))
		return error_set(err, ERR_LIMIT, 0, "%s: %.60s... is too long", what, path);
	for (const char *end = path; end[strspn(end, "/")];) {
		int next = -1, r;

		end += strspn(end, "/");
		end += strcspn(end, "/");
		memcpy(part, path, (size_t)(end - path));
		part[end - path] = '\0';
		r = enter(root, at < 0 ? root : at, part, what, &next, err);
		if (r < 0)
			return r;
		if (at >= 0)
			close(at);
		at = next;
	}
	if (at >= 0)
		*ret_fd = TAKE_FD(at);
	return 0;
}

int youki_root_workdir(int root, const char *path, struct error *err)
{
	int fd CLEAN(fd) = -1;

	return make_dirs(root, path, "command.workdir", &fd, err);
}

int youki_root_modes(int root, const struct storages *storage, struct error *err)
{
	for (size_t i = 0; i < storage->n; i++) {
		const struct storage_spec *s = &storage->items[i];
		int fd CLEAN(fd) = -1;
		char name[64];
		int r;

		if (s->type != STORAGE_TMPFS || !s->mode.has)
			continue;
		r = make_dirs(root, s->target, "storage", &fd, err);
		if (r < 0)
			return r;
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		if (fd >= 0 && chmod(name, (mode_t)s->mode.value & 07777) < 0)
			return error_sys(err, errno, "set the mode of storage %s", s->target);
	}
	return 0;
}
