/* SPDX-License-Identifier: Apache-2.0 */
/* The contract through the shim protocol: a real shim process hosts a model, and this program is
 * the shim as well. What happens behind the back happens in the world's file. */
#include "backends/runtime_remote.h"
#include "tests/backends/contract_models.h"
#include "tests/support/shim_main.h"

static void connect_shim(struct contract *c)
{
	struct contract_models *m = c->world;
	const struct runtime_remote_options o = { .layout = m->layout,
						  .runtime_name = "memory",
						  .node_id = c->node_id,
						  .owner = c->owner,
						  .program = "/proc/self/exe",
						  .may_start = true };

	contract_ok(c, runtime_remote_open(&o, &c->sink, &c->rt, &c->err));
}

static void open_new(struct contract *c)
{
	contract_models_new(c);
	(void)contract_models_open(c, 0, "memory"); /* the same world, to tamper with */
	connect_shim(c);
}

static void reopen(struct contract *c)
{
	runtime_close(c->rt);
	connect_shim(c);
}

/* It holds nothing and has no client: it is gone. */
static void close_all(struct contract *c)
{
	struct contract_models *m = c->world;

	runtime_close(c->rt);
	assert_false(runtime_remote_is_running(&m->layout, "memory"));
	runtime_close(m->worlds[0]);
	contract_models_free(c);
}

int main(int argc, char **argv)
{
	static const struct contract_subject remote = {
		.name = "remote-memory",
		.open = open_new,
		.reopen = reopen,
		.close = close_all,
		.pause = contract_models_pause,
		.halve = contract_models_halve,
		.missing_image = contract_models_missing_image,
	};

	if (shim_main_is(argc, argv))
		return shim_main(argc, argv, NULL);
	return contract_run(&remote);
}
