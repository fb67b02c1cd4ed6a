/* SPDX-License-Identifier: Apache-2.0 */
/* Worlds of models. The worlds are files: a model that is opened again finds what was there. */
#include "tests/backends/contract_models.h"

#include <fcntl.h>

#include "backends/runtime_memory.h"
#include "base/fs.h"

struct contract_models *contract_models_new(struct contract *c)
{
	struct contract_models *m = xcalloc(1, sizeof(*m));

	/* Memory where there is some: the worlds are synced a lot. */
	snprintf(m->dir, sizeof(m->dir), "/dev/shm/tallyman-contract-XXXXXX");
	if (!mkdtemp(m->dir)) {
		snprintf(m->dir, sizeof(m->dir), "/tmp/tallyman-contract-XXXXXX");
		assert_non_null(mkdtemp(m->dir));
	}
	m->layout = (struct layout){ "t-contract", arena_printf(c->arena, "%s/state", m->dir),
				     arena_printf(c->arena, "%s/run", m->dir) };
	contract_ok(c, fs_mkdirs(AT_FDCWD, m->layout.state_dir, 0700, &c->err));
	c->world = m;
	c->runtime_name = "memory";
	c->owner = m->layout.owner;
	c->node_id = "node-1";
	c->image = "local/busybox:1";
	c->digest = "sha256:present";
	return m;
}

void contract_models_free(struct contract *c)
{
	struct contract_models *m = c->world;

	contract_ok(c, fs_remove_tree(AT_FDCWD, m->dir, &c->err));
	free(m);
}

struct runtime *contract_models_open(struct contract *c, size_t i, const char *name)
{
	struct contract_models *m = c->world;
	/* The first one stands where a shim that hosts a model has it. */
	const char *path = i ? arena_printf(c->arena, "%s/world-%zu.json", m->dir, i)
			     : arena_printf(c->arena, "%s/world.json", m->layout.state_dir);

	contract_ok(c, runtime_memory_open(path, &c->sink, &m->worlds[i], &c->err));
	m->worlds[i]->name = name;
	m->n = i < m->n ? m->n : i + 1;
	return m->worlds[i];
}

/* In whichever world it is. */
static void tamper(struct contract *c, const char *id,
		   int (*change)(struct runtime *rt, const char *id, struct error *err))
{
	struct contract_models *m = c->world;
	int r = RUNTIME_ABSENT;

	for (size_t i = 0; r == RUNTIME_ABSENT && i < m->n; i++)
		r = change(m->worlds[i], id, &c->err);
	contract_ok(c, r);
}

void contract_models_pause(struct contract *c, const char *id)
{
	tamper(c, id, runtime_memory_pause);
}

void contract_models_halve(struct contract *c, const char *id)
{
	tamper(c, id, runtime_memory_break);
}

const char *contract_models_missing_image(struct contract *c)
{
	struct contract_models *m = c->world;

	for (size_t i = 0; i < m->n; i++)
		contract_ok(c, runtime_memory_set_missing(m->worlds[i], "sha256:missing", true,
							  &c->err));
	return "sha256:missing";
}
