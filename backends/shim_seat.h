/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The place where clients find a shim: its socket, and a watch on it. A socket that somebody took
 * away can never be found again, and the next client starts another shim: the one before has to
 * know that it is alone.
 */
#include <stdbool.h>

#include "base/error.h"

struct shim_seat {
	int fd;    /* listening, non-blocking; -1: none */
	int watch; /* an inotify of its directory; -1: none, then nothing is noticed */
	char *path;
	unsigned long long device, inode; /* of the socket */
};

#define SHIM_SEAT_INIT ((struct shim_seat){ .fd = -1, .watch = -1 })

/** shim_seat_take() - bind @path (a left-over is removed), mode 0600, and watch it; clients may
 *  connect from now on. -ERR_LIMIT: the path is too long for a socket */
int shim_seat_take(struct shim_seat *s, const char *path, struct error *err);

/** shim_seat_give() - stop watching, and give up the socket itself: clients go on connecting and
 * wait. The descriptor is the caller's; -1 when there is none */
int shim_seat_give(struct shim_seat *s);

/** shim_seat_take_over() - one that was given up; @fd is ours from now on */
int shim_seat_take_over(struct shim_seat *s, const char *path, int fd, struct error *err);

/** shim_seat_is_lost() - reads what the watch has to say: is the socket another one's, or gone? */
bool shim_seat_is_lost(struct shim_seat *s);

/** shim_seat_leave() - from here on nobody can connect; twice is fine */
void shim_seat_leave(struct shim_seat *s);
