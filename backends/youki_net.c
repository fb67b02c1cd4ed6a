/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runc brings a new namespace's loopback up, crun and youki leave it down; here it is up with
 * all three. The calling thread visits the namespace for one socket.
 */
#include "backends/youki_net.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clean.h"

static int open_socket_inside(int ns, int home, int *ret, struct error *err)
{
	int sock, e, back;

	if (setns(ns, CLONE_NEWNET) < 0)
		return error_sys(err, errno, "enter the network namespace");
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	e = errno;
	back = setns(home, CLONE_NEWNET);
	/* A worker that stays in there would do its later work in the wrong network. */
	assert(back == 0);
	(void)back;
	if (sock < 0)
		return error_sys(err, e, "open a socket in the network namespace");
	*ret = sock;
	return 0;
}

int youki_net_loopback(pid_t pid, struct error *err)
{
	struct ifreq request = { .ifr_name = "lo" };
	char path[64];
	int ns CLEAN(fd) = -1, home CLEAN(fd) = -1, sock CLEAN(fd) = -1;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (ns < 0 || home < 0)
		return error_sys(err, errno, "open the network namespace of process %d", (int)pid);
	r = open_socket_inside(ns, home, &sock, err);
	if (r < 0)
		return r;
	if (ioctl(sock, SIOCGIFFLAGS, &request) < 0)
		return error_sys(err, errno, "look at the loopback of process %d", (int)pid);
	request.ifr_flags |= IFF_UP;
	if (ioctl(sock, SIOCSIFFLAGS, &request) < 0)
		return error_sys(err, errno, "bring up the loopback of process %d", (int)pid);
	return 0;
}
