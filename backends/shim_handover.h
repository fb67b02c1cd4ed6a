/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What one program leaves for the next in the same process (an upgrade in place): descriptors that
 * must not be closed, and what each of them is. The rest the next one finds on disk, as after the
 * death of a shim. Carried as JSON in a memory file whose number is on the command line.
 */
#include "backends/shim_log.h"
#include "base/arena.h"

/* Raised when a program could not read what another one left. */
#define SHIM_HANDOVER 1

struct shim_handover {
	int lock;    /* of the run directory: held without a break */
	int listen;  /* clients that connect meanwhile wait */
	int program; /* the program before, for the case that the next one cannot go on; -1: none */
	struct shim_handed_log *logs;
	size_t n_logs;
};

/** shim_handover_save() - into a memory file, the caller's to close */
int shim_handover_save(const struct shim_handover *h, int *ret_fd, struct error *err);

/** shim_handover_load() - from one; -ERR_INVALID, -ERR_CORRUPT: there is nothing to go on with */
int shim_handover_load(int fd, struct arena *a, struct shim_handover *ret, struct error *err);

/** shim_handover_inherit() - shall the next program in this process have all of it, @fd too? */
int shim_handover_inherit(const struct shim_handover *h, int fd, bool must, struct error *err);
