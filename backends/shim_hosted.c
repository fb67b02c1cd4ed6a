/* SPDX-License-Identifier: Apache-2.0 */
/* The table, and the few lines that give each runtime its own options. */
#include "backends/shim_hosted.h"

#include <string.h>

#include "backends/runtime_hcs.h"
#include "backends/runtime_memory.h"
#include "backends/runtime_youki.h"

static int open_youki(const struct shim_services *s, struct runtime **ret, struct error *err)
{
	const struct runtime_youki_options o = {
		.layout = s->layout,
		.node_id = s->node_id,
		.program_path = s->oci_path,
		.reaper = s->reaper,
		.log = s->log,
		.sink = *s->sink,
	};

	return runtime_youki_open(&o, ret, err);
}

static int open_hcs(const struct shim_services *s, struct runtime **ret, struct error *err)
{
	const struct runtime_hcs_options o = {
		.layout = s->layout,
		.node_id = s->node_id,
		.library = s->hcs_library,
		.log = s->log,
		.sink = *s->sink,
	};

	return runtime_hcs_open(&o, ret, err);
}

/* For tests and demonstrations of the shim itself. */
static int open_memory(const struct shim_services *s, struct runtime **ret, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();

	return runtime_memory_open(arena_printf(a, "%s/world.json", s->layout->state_dir), s->sink,
				   ret, err);
}

static const struct shim_hosted table[] = {
	{ .name = "youki", .open = open_youki },
	{ .name = "hcs",
	  .open = open_hcs,
	  /* The service breaks them when the handles of their processes are closed. */
	  .stays = "the pipes of Windows containers break with the handles of this program" },
	{ .name = "memory", .open = open_memory },
	{ .name = NULL },
};

const struct shim_hosted *shim_hosted_find(const char *name)
{
	for (const struct shim_hosted *h = table; h->name; h++)
		if (strcmp(h->name, name) == 0)
			return h;
	return NULL;
}
