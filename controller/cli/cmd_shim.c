/* SPDX-License-Identifier: Apache-2.0 */
/* shim: the process that holds a runtime's containers. Started by the others; rarely by people. */
#include "backends/shim.h"
#include "controller/cli/command.h"
#include "controller/config.h"

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
	};
	int r;

	if (!node)
		return command_usage(cli, args, "--node-id is needed");
	r = shim_run(&o, err);
	return r < 0 ? r : EXIT_DONE;
}

const struct command cmd_shim = {
	.name = "shim",
	.summary = "hold a runtime's containers (others start it)",
	.arguments = "",
	.about = "A small process that owns the containers of one runtime and outlives the "
		 "commands.\n"
		 "It is started when it is needed and leaves when it holds nothing.",
	.groups = COMMAND_NODE,
	.min_words = 0,
	.max_words = 0,
	.options =
		(const struct command_option[]){
			{ .name = "runtime",
			  .arg = "NAME",
			  .help = "the runtime to hold: youki or hcs" },
			{ .name = "node-id", .arg = "ID", .help = "of the node that starts it" },
			{ .name = "oci-path", .arg = "PATH", .help = "the OCI program to use" },
			{ .name = "hcs-library",
			  .arg = "PATH",
			  .help = "a library that behaves like the Host Compute Service" },
			{ .name = "foreground", .help = "stay in this process and session" },
			{ .name = "stdio", .help = "speak the protocol on stdin and stdout" },
			{ 0 } },
	.run = run,
};
