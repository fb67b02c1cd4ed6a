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

#define NAMES                                                                                      \
	(IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF |     \
	 IN_ONLYDIR)
#define CONTENT (NAMES | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB)

enum { MAX_LINKS = 40 }; /* on the way of one path, as the kernel has it */

/* A directory as the kernel numbers it. One that is gone has no number any more, and its number
 * is not given again. */
struct watched {
	int number;
	bool is_asked; /* since the last prune */
};

struct watch {
	int fd;
	uint32_t events;
	struct watched *items;
	size_t n;
};

int watch_new(enum watch_what what, struct watch **ret, struct error *err)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return error_sys(err, errno, "watch files");
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->fd = fd;
	(*ret)->events = what == WATCH_NAMES ? NAMES : CONTENT;
	return 0;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	close(w->fd);
	free(w->items);
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

/* False: errno says why. The same directory keeps its number. */
static bool add(struct watch *w, const char *dir)
{
	int number = inotify_add_watch(w->fd, dir, w->events);
	size_t i = 0;

	if (number < 0)
		return false;
	while (i < w->n && w->items[i].number != number)
		i++;
	if (i == w->n)
		w->items = xrealloc(w->items, ++w->n, sizeof(*w->items));
	w->items[i] = (struct watched){ number, true };
	return true;
}

static int watch_nearest(struct watch *w, const char *path, struct error *err)
{
	char at[PATH_MAX];

	if (strlen(path) >= sizeof(at))
		return error_set(err, ERR_LIMIT, 0, "the path is too long: %.64s...", path);
	memcpy(at, path, strlen(path) + 1);
	while (!add(w, at)) {
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

void watch_prune(struct watch *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (w->items[i].is_asked)
			w->items[n++] = (struct watched){ w->items[i].number, false };
		else /* fails for a directory that is gone: there is nothing to let go of */
			(void)inotify_rm_watch(w->fd, w->items[i].number);
	}
	w->n = n;
}

/* That a watch was let go of is no news. */
static bool is_news(const char *events, size_t n)
{
	for (size_t at = 0; at < n;) {
		struct inotify_event e;

		memcpy(&e, events + at, sizeof(e));
		if (!(e.mask & IN_IGNORED))
			return true;
		at += sizeof(e) + e.len;
	}
	return false;
}

bool watch_take(struct watch *w)
{
	char events[16 << 10];
	bool any = false;
	ssize_t n;

	while ((n = read(w->fd, events, sizeof(events))) > 0)
		any = is_news(events, (size_t)n) || any;
	return any;
}
