/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The command line that makes a program a shim: for who starts one, and for a shim's successor. */
#include "base/arena.h"
#include "specs/layout.h"

struct shim_command {
	const char *program;
	const char *runtime;
	const char *node_id;
	const char *oci_path;    /* NULL: it chooses */
	const char *hcs_library; /* NULL: the system's */
	struct layout layout;
};

/** shim_command_words() - NULL-terminated, in @a
 * @more: words behind the others, NULL-terminated; NULL: none */
const char *const *shim_command_words(const struct shim_command *c, const char *const *more,
				      struct arena *a);
