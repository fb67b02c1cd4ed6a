/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Where doctor puts a question: a directory in /tmp that knows nothing of the node. */
#include "base/arena.h"
#include "base/error.h"

/**
 * doctor_place_make() - a fresh one; those of doctors that were killed are removed
 * @ret_dir: in @a
 * @ret_fd:  keeps it from being taken for one of those; close-on-exec, the caller's
 */
int doctor_place_make(struct arena *a, const char **ret_dir, int *ret_fd, struct error *err);
