/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path in the file system outlives whoever bound it: whether somebody listens there is known
 * only by knocking. Nobody can connect between bind and listen, so mode and group are right in
 * time.
 */
#include "controller/api/api_listen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clean.h"
#include "base/limits.h"

int api_listen_address(const char *path, struct sockaddr_un *ret, struct error *err)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret->sun_path)) {
		(void)error_set(err, ERR_LIMIT, 0,
				"%.120s is too long for a socket (%zu of %zu bytes)", path,
				strlen(path), sizeof(ret->sun_path) - 1);
		error_hint(err, "choose a shorter --run-dir");
		return -ERR_LIMIT;
	}
	memcpy(ret->sun_path, path, strlen(path) + 1);
	return 0;
}

static int refuse_living(const char *path, struct error *err)
{
	(void)error_set(err, ERR_LOCKED, 0, "another daemon listens on %s", path);
	error_hint(err, "stop it first, or give this one another --run-dir and --owner");
	return -ERR_LOCKED;
}

/* Knock, and take away what a daemon that died has left. */
static int make_way(const struct sockaddr_un *addr, struct error *err)
{
	int fd CLEAN(fd) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "look at %s", addr->sun_path);
	if (!S_ISSOCK(st.st_mode)) {
		(void)error_set(err, ERR_EXISTS, 0, "%s is there and is no socket", addr->sun_path);
		error_hint(err, "move it away, or choose another --run-dir");
		return -ERR_EXISTS;
	}
	if (fd < 0)
		return error_sys(err, errno, "make a socket");
	/* A full queue (EAGAIN) is somebody's too. */
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN)
		return refuse_living(addr->sun_path, err);
	if (errno != ECONNREFUSED && errno != ENOENT)
		return error_sys(err, errno, "connect to %s", addr->sun_path);
	if (unlink(addr->sun_path) < 0 && errno != ENOENT)
		return error_sys(err, errno, "remove the old %s", addr->sun_path);
	return 0;
}

static int bind_at(struct api_listen *l, const struct sockaddr_un *addr, gid_t gid,
		   struct error *err)
{
	const char *path = addr->sun_path;
	struct stat st;

	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return error_sys(err, errno, "make a socket");
	if (bind(l->fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0)
		return error_sys(err, errno, "bind %s", path);
	l->path = xstrdup(path);
	if (stat(path, &st) < 0)
		return error_sys(err, errno, "look at %s", path);
	l->device = st.st_dev;
	l->inode = st.st_ino;
	if (gid != API_LISTEN_NO_GROUP && chown(path, (uid_t)-1, gid) < 0)
		return error_sys(err, errno, "give %s to group %u", path, (unsigned)gid);
	if (chmod(path, 0660) < 0 || listen(l->fd, LIMIT_API_CONNECTIONS) < 0)
		return error_sys(err, errno, "listen on %s", path);
	return 0;
}

int api_listen_open(const char *path, gid_t gid, struct api_listen *ret, struct error *err)
{
	struct api_listen l = API_LISTEN_INIT;
	struct sockaddr_un addr;
	int r = api_listen_address(path, &addr, err);

	if (r == 0)
		r = make_way(&addr, err);
	if (r == 0)
		r = bind_at(&l, &addr, gid, err);
	if (r < 0)
		api_listen_close(&l);
	else
		*ret = l;
	return r;
}

bool api_listen_is_lost(const struct api_listen *l)
{
	struct stat st;

	return l->path &&
	       (lstat(l->path, &st) < 0 || st.st_dev != l->device || st.st_ino != l->inode);
}

void api_listen_close(struct api_listen *l)
{
	if (l->path && !api_listen_is_lost(l))
		(void)unlink(
			l->path); /* one that stays is taken for what it is at the next start */
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	*l = API_LISTEN_INIT;
}

static bool is_shortage(int e)
{
	return e == EMFILE || e == ENFILE || e == ENOBUFS || e == ENOMEM;
}

int api_listen_accept(const struct api_listen *l, int *ret_fd, struct api_peer *ret_peer)
{
	struct ucred who;
	socklen_t n = sizeof(who);
	int fd;

	do {
		fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		return is_shortage(errno) ? API_LISTEN_FULL : API_LISTEN_NONE;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0) {
		close(fd);
		return API_LISTEN_NONE;
	}
	*ret_fd = fd;
	*ret_peer = (struct api_peer){ .uid = who.uid, .gid = who.gid, .pid = who.pid };
	return 0;
}
