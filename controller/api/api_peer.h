/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Who is at the other end of a connection, and what they may do. Being able to connect is
 * the first right: the socket's mode (0660) leaves its owner, its group and root.
 */
#include <stdbool.h>
#include <sys/types.h>

/* As the kernel had it when the client connected. */
struct api_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid; /* of who connected; who holds the descriptor now may be another */
};

enum api_right {
	API_READ,  /* look: everybody who can connect */
	API_WRITE, /* change: root and whoever the daemon runs as */
};

/** api_peer_may() - @own: the daemon's own uid */
bool api_peer_may(const struct api_peer *peer, uid_t own, enum api_right right);
