/* SPDX-License-Identifier: Apache-2.0 */
/* inotify on directories only: files are replaced by renaming, and a watch would stay with the old.
 */
#include "base/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/arena.h"

#define EVENTS                                                                                     \
	(IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO |        \
	 IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

enum { MAX_LINKS = 40 }; /* on the way of one path, as the kernel has it */

struct watch {
	int fd;
};

int watch_new(struct watch **ret, struct error *err)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return error_sys(err, errno, "watch files");
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->fd = fd;
	return 0;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	close(w->fd);
	free(w);
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

/* The directory above; false when there is none. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || !path[1])
		return false;
	slash[slash == path] = '\0';
	return true;
}

static int watch_nearest(struct watch *w, const char *path, struct error *err)
{
	char at[PATH_MAX];

	if (strlen(path) >= sizeof(at))
		return error_set(err, ERR_LIMIT, 0, "the path is too long: %.64s...", path);
	memcpy(at, path, strlen(path) + 1);
	while (inotify_add_watch(w->fd, at, EVENTS) < 0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			return error_sys(err, errno, "watch %s", at);
		if (!go_up(at))
			return error_set(err, ERR_NOT_FOUND, 0, "watch %s: no such path", path);
	}
	return 0;
}

/*
 * The first link on the way of @path: the directory it lies in into @ret_dir, for it may be set
 * anew there, and the path as it goes on behind it into @ret_on. False when there is none.
 */
static bool follow(const char *path, char ret_dir[PATH_MAX], char ret_on[PATH_MAX])
{
	const char *end = path;
	char to[PATH_MAX];

	while (*end) {
		ssize_t n;
		int len;

		end += 1 + strcspn(end + 1, "/");
		memcpy(ret_dir, path, (size_t)(end - path));
		ret_dir[end - path] = '\0';
		n = readlink(ret_dir, to, sizeof(to) - 1);
		if (n <= 0)
			continue;
		to[n] = '\0';
		(void)go_up(ret_dir);
		len = snprintf(ret_on, PATH_MAX, "%s/%s%s", to[0] == '/' ? "" : ret_dir, to, end);
		return len < PATH_MAX;
	}
	return false;
}

int watch_path(struct watch *w, const char *path, struct error *err)
{
	char at[PATH_MAX], dir[PATH_MAX], on[PATH_MAX];
	int r = watch_nearest(w, path, err);

	if (r == 0)
		memcpy(at, path, strlen(path) + 1);
	for (int i = 0; r == 0 && i < MAX_LINKS && follow(at, dir, on); i++) {
		r = watch_nearest(w, dir, err);
		if (r == 0)
			r = watch_nearest(w, on, err);
		memcpy(at, on, strlen(on) + 1);
	}
	return r;
}

bool watch_take(struct watch *w)
{
	char events[16 << 10] __attribute__((aligned(8)));
	bool any = false;

	while (read(w->fd, events, sizeof(events)) > 0)
		any = true;
	return any;
}
