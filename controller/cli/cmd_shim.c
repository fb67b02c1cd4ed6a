/* SPDX-License-Identifier: Apache-2.0 */
/* shim: the process that holds a runtime's containers. Started by the others; rarely by people. */
#include "backends/shim.h"
#include "backends/shim_upgrade.h"
#include "base/number.h"
#include "controller/cli/command.h"
#include "controller/cli/output.h"
#include "controller/config.h"
#include "store/node_store.h"
#include "store/store.h"

/* A unit of systemd does not know the node's id; the store does, once there is one. */
static int own_node_id(const struct cli *cli, const char **ret, struct error *err)
{
	const struct store_options o = { .dir = cli->config->layout.state_dir,
					 .mode = STORE_READ,
					 .now = clock_wall() };
	struct store *store CLEAN(store) = NULL;
	struct node_row node;
	int r = store_open(&o, &store, err);

	if (r == 0)
		r = node_store_load(store, &node, err);
	if (r < 0)
		return error_wrap(err, r, "the node's id");
	if (r > 0) {
		(void)error_set(err, ERR_NOT_FOUND, 0, "there is no store in %s yet", o.dir);
		error_hint(err,
			   "a command or the daemon makes it and then starts the shim, or give "
			   "--node-id");
		return -ERR_NOT_FOUND;
	}
	*ret = arena_strdup(cli->arena, node.node_id);
	return 0;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	const char *runtime = command_value(args, "runtime");
	const char *node = command_value(args, "node-id");
	const char *oci = command_value(args, "oci-path");
	const char *hcs = command_value(args, "hcs-library");
	struct shim_options o = {
		.runtime = runtime ? runtime : "youki",
		.layout = cli->config->layout,
		.node_id = node,
		.oci_path = oci ? oci : cli->config->oci_path,
		.hcs_library = hcs ? hcs : cli->config->hcs_library,
		.foreground = command_has(args, "foreground"),
		.stdio = command_has(args, "stdio"),
		.rehearse = command_has(args, "rehearse"),
	};
	const char *resume = command_value(args, "resume");
	uint64_t fd = 0;
	int r = 0;

	if (!node)
		r = own_node_id(cli, &o.node_id, err);
	if (r < 0)
		return r;
	if (resume && !number_u64(resume, INT32_MAX, &fd))
		return command_usage(cli, args, "--resume needs a number");
	o.resume = (int)fd;
	o.manager = o.foreground ? cli->env("NOTIFY_SOCKET") : NULL;
	r = shim_run(&o, err);
	if (r == 0 && o.rehearse)
		output_printf(cli->out, "%s\n", shim_upgrade_word(cli->arena));
	return r < 0 ? r : EXIT_DONE;
}

const struct command cmd_shim = {
	.name = "shim",
	.summary = "hold a runtime's containers (others start it)",
	.arguments = "",
	.about = "A small process that owns the containers of one runtime and outlives the "
		 "commands.\n"
		 "It is started when it is needed and leaves when it holds nothing.\n\n"
		 "After an upgrade of the program SIGHUP makes a running shim the new program, in "
		 "the "
		 "same\n"
		 "process: containers, their output and their exit codes notice nothing. A newer "
		 "command\n"
		 "or daemon asks for that by itself.",
	.groups = COMMAND_NODE,
	.min_words = 0,
	.max_words = 0,
	.options =
		(const struct command_option[]){
			{ .name = "runtime",
			  .arg = "NAME",
			  .help = "the runtime to hold: youki or hcs" },
			{ .name = "node-id",
			  .arg = "ID",
			  .help = "of the node that starts it (default: the store's)" },
			{ .name = "oci-path", .arg = "PATH", .help = "the OCI program to use" },
			{ .name = "hcs-library",
			  .arg = "PATH",
			  .help = "a library that behaves like the Host Compute Service" },
			{ .name = "foreground", .help = "stay in this process and session" },
			{ .name = "stdio", .help = "speak the protocol on stdin and stdout" },
			{ .name = "rehearse",
			  .help = "say whether this program could take over from a shim, and end" },
			{ .name = "resume",
			  .arg = "FD",
			  .help = "take over what a shim left there: it does this by itself" },
			{ 0 } },
	.run = run,
};
