/* SPDX-License-Identifier: Apache-2.0 */
/* Pure. What the words mean is controller/cli/cmd_shim.c's. */
#include "backends/shim_command.h"

struct words {
	struct arena *a;
	const char **items;
	size_t n;
};

/* The NULL at the end as well. */
static void add(struct words *w, const char *word)
{
	w->items = arena_grow(w->a, w->items, w->n, sizeof(*w->items));
	w->items[w->n++] = word;
}

const char *const *shim_command_words(const struct shim_command *c, const char *const *more,
				      struct arena *a)
{
	const struct {
		const char *name, *value;
	} options[] = {
		{ "--runtime", c->runtime },         { "--state-dir", c->layout.state_dir },
		{ "--run-dir", c->layout.run_dir },  { "--owner", c->layout.owner },
		{ "--node-id", c->node_id },         { "--oci-path", c->oci_path },
		{ "--hcs-library", c->hcs_library },
	};
	struct words w = { .a = a };

	add(&w, c->program);
	add(&w, "shim");
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!options[i].value)
			continue;
		add(&w, options[i].name);
		add(&w, options[i].value);
	}
	for (; more && *more; more++)
		add(&w, *more);
	add(&w, NULL);
	return w.items;
}
