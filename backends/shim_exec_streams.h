/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The descriptors of one exec in a shim: pipes, or a terminal whose far end the program gets. */
#include <stdbool.h>

#include "base/error.h"

struct shim_exec_streams {
	int ours[3];   /* [0] written to, [1] and [2] read from, all non-blocking; -1: none */
	int theirs[3]; /* for the program; -1: none */
	bool tty;
};

#define SHIM_EXEC_STREAMS_INIT ((struct shim_exec_streams){ { -1, -1, -1 }, { -1, -1, -1 }, false })

/** shim_exec_streams_open() - @wanted: >= 0 for each of the three that is needed; a terminal
 *  serves all. *ret is INIT before, and closed after a failure */
int shim_exec_streams_open(const int wanted[3], bool tty, struct shim_exec_streams *ret,
			   struct error *err);

/** shim_exec_streams_close_theirs() - the program has its own copies, or has ended */
void shim_exec_streams_close_theirs(struct shim_exec_streams *s);
/** shim_exec_streams_close() - both sides; closed ones are fine */
void shim_exec_streams_close(struct shim_exec_streams *s);

/** shim_exec_streams_resize() - tell the terminal its size; nothing without one */
void shim_exec_streams_resize(struct shim_exec_streams *s, unsigned short rows,
			      unsigned short cols);
