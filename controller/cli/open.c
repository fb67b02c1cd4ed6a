/* SPDX-License-Identifier: Apache-2.0 */
/* What commands hand to a session; the session itself decides what to open and to lock. */
#include "controller/cli/open.h"

#include "base/clock.h"
#include "controller/cli/output.h"
#include "controller/config.h"
#include "store/store.h"

int open_options(const struct cli *cli, const struct command_args *args,
		 struct session_options *ret, struct error *err)
{
	const struct config *config = cli->config;
	const char *runtime = command_value(args, "runtime");

	*ret = (struct session_options){
		.layout = config->layout,
		.claims_dir = config->claims_dir,
		.primary = config->primary,
		.delegate = config->delegate,
		.oci_path = config->oci_path,
		.shim_unit = config->shim_unit,
		.hcs_library = config->hcs_library,
		.program = cli->program,
		.command = cli->line,
		.slices = config->slices,
		.n_slices = config->n_slices,
		.env = cli->env,
	};
	if (!runtime)
		return 0;
	if (strcmp(runtime, "memory") != 0) {
		(void)error_set(err, ERR_INVALID, 0, "runtime '%s' cannot be chosen", runtime);
		error_hint(err, "--runtime memory is the only one; 'tallyman doctor' shows the "
				"node's own");
		return -ERR_INVALID;
	}
	ret->runtime = "memory";
	ret->claims_dir = NULL;
	ret->layout.state_dir = arena_printf(cli->arena, "%s/memory", config->layout.state_dir);
	ret->layout.run_dir = arena_printf(cli->arena, "%s/memory", config->layout.run_dir);
	return 0;
}

int open_store_of(const struct session_options *node, struct store **ret, struct error *err)
{
	const struct store_options o = {
		.dir = node->layout.state_dir,
		.mode = STORE_READ,
		.now = clock_wall(),
	};
	int r;

	*ret = NULL;
	r = store_open(&o, ret, err);
	return r == STORE_ABSENT ? 0 : r;
}

void open_tell(const struct cli *cli, const struct session *s)
{
	if (s->refusal.code)
		output_warn(cli->out, "a change would be refused: %s; %s", s->refusal.msg,
			    s->refusal.hint);
}

int open_store(const struct cli *cli, const struct command_args *args, struct store **ret,
	       struct error *err)
{
	struct session_options node;
	int r = open_options(cli, args, &node, err);

	*ret = NULL;
	return r < 0 ? r : open_store_of(&node, ret, err);
}
