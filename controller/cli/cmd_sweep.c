/* SPDX-License-Identifier: Apache-2.0 */
/* sweep: what carries this node's name and is explained by nothing. */
#include <string.h>

#include "controller/cli/swept.h"

/* auto is the daemon's. */
static const enum sweep_mode typed[] = { SWEEP_REPORT, SWEEP_QUARANTINE, SWEEP_DELETE };

static bool read_mode(const struct command_args *args, enum sweep_mode *ret)
{
	const char *word = command_value(args, "mode");

	*ret = SWEEP_REPORT;
	for (size_t i = 0; word && i < sizeof(typed) / sizeof(typed[0]); i++) {
		if (strcmp(sweep_plan_mode_name(typed[i]), word) != 0)
			continue;
		*ret = typed[i];
		return true;
	}
	return !word;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct sweep_options o = { .is_now = command_has(args, "now") };

	if (!read_mode(args, &o.mode))
		return command_usage(cli, args, "--mode is report, quarantine or delete");
	return swept_run(cli, args, &o, err);
}

const struct command cmd_sweep = {
	.name = "sweep",
	.summary = "find, and take away, what no deployment explains",
	.arguments = "",
	.about =
		"Looks on every runtime of the node for things that carry its owner's name and "
		"node "
		"id\n"
		"and that nothing in the store explains: containers, control groups, bundles, "
		"FIFOs,\n"
		"leases, compute systems, endpoints, namespaces. Without --mode it only "
		"reports.\n\n"
		"An orphan is acted on when two sweeps in a row have seen it and it is older than\n"
		"orphan_grace (5 min). --now does both looks at once and does not wait. A runtime "
		"that\n"
		"does not answer wholly and in time is left alone. What lives is told to end, "
		"waited "
		"for\n"
		"and then ended; what does not go is stuck, and tried again later.\n\n"
		"With quarantine the writable layer, its record and its log stay for 24 hours "
		"under\n"
		"<state>/quarantine; 'tallyman orphans' shows them.\n\n"
		"What carries the owner's name and is another store's is named and never touched. "
		"An\n"
		"owner's claim stays after the last 'down', since the store with its history "
		"stays; "
		"another\n"
		"store may take the name when nothing of it is left on the host.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.max_words = 0,
	.options =
		(const struct command_option[]){
			{ .name = "now",
			  .help = "both looks at once, without waiting for the grace" },
			{ .name = "mode",
			  .arg = "MODE",
			  .help = "report (default), quarantine or delete" },
			{ 0 } },
	.examples = (const struct command_example[]){ { "tallyman sweep", "what is left over" },
						      { "tallyman sweep --now --mode quarantine",
							"and put it aside" },
						      { 0 } },
	.exits = (const int[]){ EXIT_PENDING, EXIT_APPROVAL, EXIT_PARTLY, EXIT_LOCKED, 0 },
	.run = run,
};
