/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Parts of hcs_spec_read(), each by a file of its own. */
#include "backends/hcs_spec.h"

/** hcs_spec_process() - what runs: command, directory, user, environment */
int hcs_spec_process(const struct hcs_spec *s, struct arena *a, struct hcs_process *ret,
		     struct error *err);

/** hcs_spec_storage() - directories and pipes of the container, and the volumes to make */
int hcs_spec_storage(const struct hcs_spec *s, struct arena *a, struct hcs_wish *w,
		     struct error *err);

/**
 * hcs_spec_path() - an absolute path inside a container, spelled as Windows does
 * @what: the field, for the error
 *
 * Slashes become backslashes, and what begins with one is on drive C. -ERR_INVALID for a path that
 * is relative, on another machine or no path.
 */
int hcs_spec_path(const char *path, const char *what, struct arena *a, const char **ret,
		  struct error *err);
