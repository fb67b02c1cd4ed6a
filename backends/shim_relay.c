/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For clients that cannot reach the socket (another distribution, ssh). The shim itself
 * stays a process of its own, so it outlives the client here as well.
 */
#include "backends/shim_relay.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/fs.h"

static int connect_to(const char *path, int *ret, struct error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd CLEAN(fd) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(addr.sun_path))
		return error_set(err, ERR_LIMIT, 0, "%.120s is too long for a socket", path);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return error_sys(err, errno, "connect to %s", path);
	*ret = TAKE_FD(fd);
	return 0;
}

/* One piece from @from to @to; > 0 when @from has ended. */
static int pass(int from, int to, struct error *err)
{
	char chunk[64 << 10];
	ssize_t n = read(from, chunk, sizeof(chunk));

	if (n < 0 && errno == EINTR)
		return 0;
	if (n < 0)
		return error_sys(err, errno, "read");
	return n == 0 ? 1 : fs_write_all(to, chunk, (size_t)n, err);
}

int shim_relay_run(const char *socket_path, struct error *err)
{
	int fd CLEAN(fd) = -1;
	struct pollfd fds[2];
	int r = connect_to(socket_path, &fd, err);

	fds[0] = (struct pollfd){ STDIN_FILENO, POLLIN, 0 };
	fds[1] = (struct pollfd){ fd, POLLIN, 0 };
	while (r == 0) {
		if (poll(fds, 2, -1) < 0)
			continue; /* a signal; a real one ends the process */
		if (fds[1].revents)
			r = pass(fd, STDOUT_FILENO, err);
		if (r == 0 && fds[0].revents)
			r = pass(STDIN_FILENO, fd, err);
		/* The client's end is passed on; the shim's answer to it is its own end. */
		if (r > 0 && fds[0].fd >= 0 && !fds[1].revents) {
			(void)shutdown(fd, SHUT_WR);
			fds[0].fd = -1;
			r = 0;
		}
	}
	return r < 0 ? r : 0;
}
