/* SPDX-License-Identifier: Apache-2.0 */
/* inotify on directories only: files are replaced by renaming, and a watch would stay with the old.
 */
#include "base/watch.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/arena.h"

#define EVENTS                                                                                     \
	(IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO |        \
	 IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

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

int watch_path(struct watch *w, const char *path, struct error *err)
{
	char at[PATH_MAX];

	if (strlen(path) >= sizeof(at))
		return error_set(err, ERR_LIMIT, 0, "the path is too long: %.64s...", path);
	memcpy(at, path, strlen(path) + 1);
	while (inotify_add_watch(w->fd, at, EVENTS) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return error_sys(err, errno, "watch %s", at);
		if (!go_up(at))
			return error_set(err, ERR_NOT_FOUND, 0, "watch %s: no such path", path);
	}
	return 0;
}

bool watch_take(struct watch *w)
{
	char events[16 << 10] __attribute__((aligned(8)));
	bool any = false;

	while (read(w->fd, events, sizeof(events)) > 0)
		any = true;
	return any;
}
