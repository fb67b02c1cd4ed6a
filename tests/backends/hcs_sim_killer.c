/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded into a keeper in front of everything: kills it at its n-th change of a file (KILL_AT),
 * with the process of KILL_TOO before it. A file is changed by writing, renaming and unlinking;
 * each call counts before it is made, and a write that is the n-th is made by half.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT ssize_t write(int fd, const void *p, size_t n);
EXPORT int renameat(int from_dir, const char *from, int to_dir, const char *to);
EXPORT int unlinkat(int dir, const char *path, int flags);

static pid_t keeper; /* the one that has begun to count: what it forks goes its own ways */
static long n_changes;

/* The next one; true when it is the one to die at. */
static int count(void)
{
	const char *at = getenv("KILL_AT");

	if (keeper == 0)
		keeper = getpid();
	return keeper == getpid() && at && ++n_changes == strtol(at, NULL, 10);
}

static void die(void)
{
	const char *too = getenv("KILL_TOO"), *mark = getenv("KILL_MARK");

	if (mark)
		close(open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (too)
		kill((pid_t)strtol(too, NULL, 10), SIGKILL);
	raise(SIGKILL);
}

ssize_t write(int fd, const void *p, size_t n)
{
	ssize_t (*next)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !count())
		return next(fd, p, n);
	(void)!next(fd, p, n / 2);
	die();
	return -1;
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	int (*next)(int, const char *, int, const char *) = dlsym(RTLD_NEXT, "renameat");

	if (count())
		die();
	return next(from_dir, from, to_dir, to);
}

int unlinkat(int dir, const char *path, int flags)
{
	int (*next)(int, const char *, int) = dlsym(RTLD_NEXT, "unlinkat");

	if (count())
		die();
	return next(dir, path, flags);
}
