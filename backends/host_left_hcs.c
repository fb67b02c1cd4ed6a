/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service is asked in this process: whose shim would answer is the very question. Nothing is
 * made, and what other processes hold of the service is not touched.
 */
#include "backends/host_left.h"

#include "backends/leftovers.h"
#include "backends/runtime_hcs.h"

int host_left_hcs(const struct layout *l, const char *library)
{
	const struct layout nowhere = { .owner = l->owner,
					.state_dir = "/nonexistent",
					.run_dir = "" };
	const struct runtime_hcs_options o = { .layout = &nowhere,
					       .node_id = "",
					       .library = library };
	struct arena *a CLEAN(arena) = arena_new();
	struct runtime *rt CLEAN(runtime) = NULL;
	struct leftovers all = { 0 };

	if (runtime_hcs_open(&o, &rt, NULL) < 0 || leftovers_list(rt, a, &all, NULL) < 0)
		return HOST_LEFT;
	return all.n ? HOST_LEFT : 0;
}
