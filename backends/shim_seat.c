/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory is watched, not the socket: the inode of a bound socket lives as long as the
 * socket, so that its own removal is never reported. What an event says does not matter, a look at
 * the path does.
 */
#include "backends/shim_seat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/limits.h"

static int listen_at(struct shim_seat *s, const char *path, struct error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path)) {
		(void)error_set(err, ERR_LIMIT, 0, "%.120s is too long for a socket (%zu bytes)",
				path, sizeof(addr.sun_path) - 1);
		error_hint(err, "choose a shorter --run-dir");
		return -ERR_LIMIT;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	(void)unlink(path); /* of a shim that died: the lock is ours */
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Nobody can connect before listen, so the mode is right in time. */
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    chmod(path, 0600) < 0 || listen(s->fd, 2 * LIMIT_SHIM_CLIENTS) < 0)
		return error_sys(err, errno, "listen on %s", path);
	return 0;
}

/* Without a watch (all of the host's are in use) the shim works as well; it only stays too long. */
static void watch_directory(struct shim_seat *s)
{
	char *slash = strrchr(s->path, '/');

	s->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (s->watch < 0 || !slash)
		return;
	*slash = '\0';
	if (inotify_add_watch(s->watch, s->path,
			      IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF |
				      IN_ONLYDIR) < 0) {
		close(s->watch);
		s->watch = -1;
	}
	*slash = '/';
}

/* With the socket in place. */
static int settle(struct shim_seat *s, const char *path, struct error *err)
{
	struct stat st;

	s->path = xstrdup(path);
	watch_directory(s);
	if (stat(path, &st) < 0)
		return error_sys(err, errno, "look at %s", path);
	s->device = st.st_dev;
	s->inode = st.st_ino;
	return 0;
}

int shim_seat_take(struct shim_seat *s, const char *path, struct error *err)
{
	int r = listen_at(s, path, err);

	return r < 0 ? r : settle(s, path, err);
}

int shim_seat_take_over(struct shim_seat *s, const char *path, int fd, struct error *err)
{
	s->fd = fd;
	return settle(s, path, err);
}

int shim_seat_give(struct shim_seat *s)
{
	int fd = s->fd;

	if (s->watch >= 0)
		close(s->watch);
	free(s->path);
	*s = SHIM_SEAT_INIT;
	return fd;
}

bool shim_seat_is_lost(struct shim_seat *s)
{
	char events[4096];
	struct stat st;

	while (read(s->watch, events, sizeof(events)) > 0)
		;
	if (stat(s->path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR;
	return st.st_dev != s->device || st.st_ino != s->inode;
}

void shim_seat_leave(struct shim_seat *s)
{
	if (s->path && !shim_seat_is_lost(s))
		(void)unlink(s->path);
	if (s->fd >= 0)
		close(s->fd);
	if (s->watch >= 0)
		close(s->watch);
	free(s->path);
	*s = SHIM_SEAT_INIT;
}
