/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets have room for 107 bytes of path and state directories do not keep to that, so the socket
 * is named through /proc/self/fd. Starting is done under a lock: of many clients that come at once
 * one starts a keeper, and the others find it.
 */
#include "backends/hcs_sim/place.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/fs.h"

extern char **environ;

int place_open(const char *path, int *ret_fd, struct error *err)
{
	int r = fs_mkdirs(AT_FDCWD, path, 0700, err);
	int fd;

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, errno, "open %s", path);
	*ret_fd = fd;
	return 0;
}

static void name_socket(int dirfd, const char *name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", dirfd, name);
}

int place_connect(int dirfd, const char *path, int *ret_fd, struct error *err)
{
	int fd CLEAN(fd) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr;

	name_socket(dirfd, "socket", &addr);
	if (fd < 0)
		return error_sys(err, errno, "make a socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return PLACE_NOBODY;
		return error_sys(err, errno, "connect to the keeper of %s", path);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int place_listen(int dirfd, int *ret_fd, struct error *err)
{
	int fd CLEAN(fd) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un addr;

	/* Bound beside and renamed, so that a client finds a socket that listens, or none. */
	name_socket(dirfd, "socket.new", &addr);
	(void)unlinkat(dirfd, "socket.new", 0); /* of a keeper that was killed; the lock is ours */
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(fd, SOMAXCONN) < 0 || renameat(dirfd, "socket.new", dirfd, "socket") < 0)
		return error_sys(err, errno, "listen");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int place_lock(int dirfd, const char *name, bool wait, int *ret_fd, struct error *err)
{
	int fd CLEAN(fd) = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_sys(err, errno, "open %s", name);
	while (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0) {
		if (errno == EWOULDBLOCK)
			return error_set(err, ERR_LOCKED, 0, "a keeper is there already");
		if (errno != EINTR)
			return error_sys(err, errno, "lock %s", name);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The program detaches itself once it listens, and its first process ends with 0 then. Not by
 * base/process: the caller may be a program whose children another thread reaps. */
static int spawn(const char *program, const char *path, int ready, struct error *err)
{
	const char *argv[] = { program, path, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	pid_t pid = -1;
	int e;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	e = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	e = e ? e : posix_spawn_file_actions_adddup2(&actions, ready, 1);
	e = e ? e : posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	e = e ? e : posix_spawnattr_setsigmask(&attr, &none);
	e = e ? e : posix_spawnattr_setsigdefault(&attr, &all);
	e = e ? e : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	e = e ? e : posix_spawn(&pid, program, &actions, &attr, (char **)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (e)
		return error_sys(err, e, "start %s", program);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) /* another thread may have reaped it */
		;
	return 0;
}

/* What the program says on @fd before it closes it: nothing when all is well. */
static int read_complaint(int fd, const char *program, struct error *err)
{
	char text[200];
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, text + n, sizeof(text) - 1 - n)) != 0) {
		if (got < 0 && errno != EINTR)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	text[n] = '\0';
	return n ? error_set(err, ERR_UNAVAILABLE, 0, "%s: %s", program, text) : 0;
}

static int start(const char *path, const char *program, struct error *err)
{
	int ready[2];
	int r;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return error_sys(err, errno, "make a pipe");
	r = spawn(program, path, ready[1], err);
	close(ready[1]);
	if (r == 0)
		r = read_complaint(ready[0], program, err);
	close(ready[0]);
	return r;
}

int place_start(int dirfd, const char *path, const char *program, int *ret_fd, struct error *err)
{
	int lock CLEAN(fd) = -1;
	int r = place_connect(dirfd, path, ret_fd, err);

	if (r != PLACE_NOBODY)
		return r;
	r = place_lock(dirfd, "start.lock", true, &lock, err);
	/* One that is leaving still holds the lock: the new one waits for it. */
	for (int tries = 0; r == 0 && tries < 3; tries++) {
		r = place_connect(dirfd, path, ret_fd, err);
		if (r != PLACE_NOBODY)
			return r;
		r = start(path, program, err);
	}
	return r < 0 ? r : place_connect(dirfd, path, ret_fd, err);
}
