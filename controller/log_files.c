/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oldest is renamed first. So if a file has its name still after the neighbour was opened by
 * name, the neighbour had not been renamed either, and is the right one.
 */
#include "controller/log_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clean.h"
#include "base/limits.h"
#include "specs/layout.h"

enum { MAX_TRIES = 100 }; /* renames that came in between, in a row */

int log_files_newest(const char *path, int *ret_fd, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT ? LOG_FILES_NONE : error_sys(err, errno, "open %s", path);
	*ret_fd = fd;
	return 0;
}

/* The number in its name; LIMIT_LOG_FILES when it has none any more. */
static int number_of(struct arena *a, const char *path, int fd)
{
	struct stat ours, there;
	int i = 0;

	if (fstat(fd, &ours) < 0)
		return LIMIT_LOG_FILES;
	for (; i < LIMIT_LOG_FILES; i++)
		if (stat(layout_log_old(a, path, (unsigned)i), &there) == 0 &&
		    there.st_ino == ours.st_ino && there.st_dev == ours.st_dev)
			break;
	return i;
}

/* The nearest that is there: a crash between two renames leaves a number out. */
static int open_nearest(struct arena *a, const char *path, int from, enum log_files_way way,
			int *ret_fd, struct error *err)
{
	int step = way == LOG_FILES_NEWER ? -1 : 1;
	int r = LOG_FILES_NONE;

	for (int i = from + step; i >= 0 && i < LIMIT_LOG_FILES && r == LOG_FILES_NONE; i += step)
		r = log_files_newest(layout_log_old(a, path, (unsigned)i), ret_fd, err);
	return r;
}

int log_files_step(const char *path, int fd, enum log_files_way way, int *ret_fd, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();

	for (int i = 0; i < MAX_TRIES; i++) {
		int next CLEAN(fd) = -1;
		int at = number_of(a, path, fd);
		int r = open_nearest(a, path, at, way, &next, err);

		if (r < 0)
			return r;
		if (number_of(a, path, fd) != at)
			continue;
		if (r == 0)
			*ret_fd = TAKE_FD(next);
		return r;
	}
	return error_set(err, ERR_UNAVAILABLE, 0, "%s is renamed all the time", path);
}
