/* SPDX-License-Identifier: Apache-2.0 */
/* Opens and closes; carries nothing. */
#include "backends/shim_exec_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clean.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int open_pipe(struct shim_exec_streams *s, int which, struct error *err)
{
	int fds[2];
	int write_end = which == 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(err, errno, "make a pipe");
	s->ours[which] = fds[write_end];
	s->theirs[which] = fds[!write_end];
	if (fcntl(s->ours[which], F_SETFL, O_NONBLOCK) < 0)
		return error_sys(err, errno, "set up a pipe");
	return 0;
}

static int open_terminal(struct shim_exec_streams *s, struct error *err)
{
	int master CLEAN(fd) = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	char name[64];

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
	    ptsname_r(master, name, sizeof(name)) != 0)
		return error_sys(err, errno, "make a terminal");
	for (int i = 0; i < 3; i++) {
		s->theirs[i] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (s->theirs[i] < 0)
			return error_sys(err, errno, "open terminal %s", name);
	}
	s->ours[1] = fcntl(master, F_DUPFD_CLOEXEC, 0);
	if (s->ours[1] < 0)
		return error_sys(err, errno, "make a terminal");
	s->ours[0] = TAKE_FD(master);
	s->tty = true;
	return 0;
}

int shim_exec_streams_open(const int wanted[3], bool tty, struct shim_exec_streams *ret,
			   struct error *err)
{
	int r = tty ? open_terminal(ret, err) : 0;

	for (int i = 0; i < 3 && r == 0 && !tty; i++)
		if (wanted[i] >= 0)
			r = open_pipe(ret, i, err);
	if (r < 0)
		shim_exec_streams_close(ret);
	return r;
}

void shim_exec_streams_close_theirs(struct shim_exec_streams *s)
{
	for (int i = 0; i < 3; i++)
		close_fd(&s->theirs[i]);
}

void shim_exec_streams_close(struct shim_exec_streams *s)
{
	shim_exec_streams_close_theirs(s);
	for (int i = 0; i < 3; i++)
		close_fd(&s->ours[i]);
}

void shim_exec_streams_resize(struct shim_exec_streams *s, unsigned short rows, unsigned short cols)
{
	const struct winsize size = { .ws_row = rows, .ws_col = cols };

	if (s->tty && s->ours[0] >= 0)
		(void)ioctl(s->ours[0], TIOCSWINSZ, &size); /* a wrong size is no failure */
}
