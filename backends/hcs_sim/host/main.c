/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hcs_sim_host DIR: the keeper of a simulated host. Started by the library when there is none; goes
 * into the background and ends its first process once it listens. Says what is wrong on its
 * standard output, nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/hcs_sim/host/lifecycle.h"
#include "backends/hcs_sim/host/server.h"
#include "backends/hcs_sim/place.h"
#include "base/clean.h"
#include "base/clock.h"
#include "base/fs.h"

enum { LOCK_TRIES = 500, LOCK_PAUSE_MS = 10 }; /* one that leaves holds the lock a little longer */

static int complain(const struct error *err)
{
	(void)fs_write_all(STDOUT_FILENO, err->msg, strlen(err->msg), NULL); /* nobody listens */
	return 1;
}

static int take_lock(int dirfd, int *ret, struct error *err)
{
	int r = place_lock(dirfd, "lock", false, ret, err);

	for (int i = 0; r == -ERR_LOCKED && i < LOCK_TRIES; i++) {
		clock_sleep(LOCK_PAUSE_MS * CLOCK_MS);
		r = place_lock(dirfd, "lock", false, ret, err);
	}
	return r;
}

/* Standard error goes to the log of the directory. */
static int go_into_background(int dirfd, struct error *err)
{
	int log CLEAN(fd) =
		openat(dirfd, PLACE_LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	pid_t pid;

	if (log < 0 || dup2(log, STDERR_FILENO) < 0)
		return error_sys(err, errno, "open %s", PLACE_LOG);
	pid = fork();
	if (pid < 0)
		return error_sys(err, errno, "fork");
	if (pid > 0)
		_exit(0);
	(void)setsid();
	(void)signal(SIGPIPE, SIG_IGN);
	umask(022);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return error_sys(err, errno, "become a subreaper");
	return 0;
}

/* Whoever waits for the end of our output now knows that we listen. */
static void say_ready(void)
{
	int null CLEAN(fd) = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)dup2(null, STDOUT_FILENO);
}

static int serve(struct host *h, struct error *err)
{
	int listener = -1;
	int r = lifecycle_start(h, err);

	if (r == 0)
		r = place_listen(h->dirfd, &listener, err);
	if (r == 0) {
		say_ready();
		server_run(h, listener);
	}
	lifecycle_stop(h);
	return r;
}

int main(int argc, char **argv)
{
	struct host h = { .dirfd = -1, .path = argv[1] };
	int dirfd CLEAN(fd) = -1;
	int lock CLEAN(fd) = -1;
	struct error err;
	int r;

	if (argc != 2) {
		(void)error_set(&err, ERR_INVALID, 0, "usage: hcs_sim_host DIR");
		return complain(&err);
	}
	r = place_open(argv[1], &dirfd, &err);
	r = r < 0 ? r : take_lock(dirfd, &lock, &err);
	r = r < 0 ? r : go_into_background(dirfd, &err);
	h.dirfd = dirfd;
	r = r < 0 ? r : serve(&h, &err);
	return r < 0 ? complain(&err) : 0;
}
