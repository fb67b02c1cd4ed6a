/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A doctor holds a lock on its directory, and a shim in there one on its own file: where nobody
 * holds either, nobody is left. Whoever removes holds the lock meanwhile, so a directory that has
 * just been made is not lost unnoticed.
 */
#include "controller/cli/doctor_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/fs.h"

#define HOME   "/tmp"
#define PREFIX "tallyman-doctor."

CLEAN_DEFINE(dir, DIR *, closedir)

static bool is_free(int fd)
{
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* A shim that is asked, or has yet to leave. */
static bool has_shim(int place)
{
	int run = openat(place, "run", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir CLEAN(dir) = run < 0 ? NULL : fdopendir(run);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		const char *dot = strrchr(e->d_name, '.');
		int fd CLEAN(fd) = -1;

		if (!dot || strcmp(dot, ".lock") != 0)
			continue;
		fd = openat(run, e->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (!is_free(fd))
			return true;
	}
	return false;
}

static void remove_left(const char *name)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *path = arena_printf(a, HOME "/%s", name);
	int fd CLEAN(fd) = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() || !is_free(fd) || has_shim(fd))
		return;
	(void)fs_remove_tree(AT_FDCWD, path, NULL); /* what stays is found by the next one */
}

static void remove_all_left(void)
{
	DIR *dir CLEAN(dir) = opendir(HOME);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0)
			remove_left(e->d_name);
}

/* Locked, and still there: another doctor may have come between. */
static bool hold(const char *path, int *ret_fd)
{
	int fd CLEAN(fd) = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || flock(fd, LOCK_EX) < 0 || fstat(fd, &st) < 0 || st.st_nlink == 0)
		return false;
	*ret_fd = TAKE_FD(fd);
	return true;
}

int doctor_place_make(struct arena *a, const char **ret_dir, int *ret_fd, struct error *err)
{
	char *dir;

	remove_all_left();
	do {
		dir = arena_strdup(a, HOME "/" PREFIX "XXXXXX");
		if (!mkdtemp(dir))
			return error_sys(err, errno, "make a directory for the question in " HOME);
	} while (!hold(dir, ret_fd));
	*ret_dir = dir;
	return 0;
}
