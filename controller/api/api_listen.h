/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The socket of the API: its place in the file system, and who comes in through it. */
#include <sys/types.h>
#include <sys/un.h>

#include "base/error.h"
#include "controller/api/api_peer.h"

struct api_listen {
	int fd;     /* listening, non-blocking, close-on-exec; -1: none */
	char *path; /* NULL: none */
	dev_t device;
	ino_t inode; /* of the socket we made: another one at @path is not ours to remove */
};

/** api_listen_address() - the address of @path; -ERR_LIMIT when it is too long for a socket */
int api_listen_address(const char *path, struct sockaddr_un *ret, struct error *err);

#define API_LISTEN_INIT ((struct api_listen){ .fd = -1 })

#define API_LISTEN_NO_GROUP ((gid_t)-1)

/**
 * api_listen_open() - bind @path, mode 0660, and listen; clients can connect from now on
 * @gid: group of the socket; API_LISTEN_NO_GROUP: the one it gets by itself
 *
 * The caller holds a lock that makes it the only one to do so. A socket that nobody listens on
 * any more is replaced.
 *
 * Return: 0; -ERR_LIMIT when the path is too long for a socket; -ERR_LOCKED when somebody
 *         answers there; -ERR_EXISTS when something that is no socket lies there.
 */
int api_listen_open(const char *path, gid_t gid, struct api_listen *ret, struct error *err);

/** api_listen_is_lost() - does nothing, or something else, lie at its path now? False when closed
 */
bool api_listen_is_lost(const struct api_listen *l);

/** api_listen_close() - nobody can connect any more; removes the socket if it is still ours;
 *  twice is fine */
void api_listen_close(struct api_listen *l);

enum { API_LISTEN_NONE = 1, API_LISTEN_FULL = 2 };

/**
 * api_listen_accept() - the next client
 * @ret_fd: non-blocking, close-on-exec; the caller's
 *
 * Return: 0; API_LISTEN_NONE when nobody waits; API_LISTEN_FULL when there is no descriptor or
 *         memory for one: worth trying again in a while.
 */
int api_listen_accept(const struct api_listen *l, int *ret_fd, struct api_peer *ret_peer);
