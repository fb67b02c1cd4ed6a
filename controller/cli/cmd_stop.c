/* SPDX-License-Identifier: Apache-2.0 */
/* stop: the named slots are held, and nothing of them runs. */
#include "controller/cli/by_hand.h"
#include "controller/cli/converge.h"

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	return by_hand(cli, args, MANUAL_STOP, err);
}

const struct command cmd_stop = {
	.name = "stop",
	.summary = "stop slots, and keep them stopped",
	.arguments = "DEPLOYMENT[/SERVICE[-rep-N]]...",
	.about =
		"Stops the containers of a deployment, a service or one slot, those that depend on "
		"others\n"
		"first, and waits until they are gone. They stay stopped: an apply shows them as "
		"held and\n"
		"leaves them so, and neither a daemon nor a reboot starts them. start or restart "
		"does. What\n"
		"depends on them and is not named runs on.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_PROGRESS | COMMAND_RUNTIME,
	.min_words = 1,
	.max_words = COMMAND_ANY_WORDS,
	.complete = "target",
	.options = (const struct command_option[]){ CONVERGE_OPTIONS, { 0 } },
	.examples =
		(const struct command_example[]){
			{ "tallyman stop shop/web", "stop all replicas of web" },
			{ "tallyman stop shop/web-rep-1", "stop one of them" },
			{ 0 } },
	.exits = (const int[]){ EXIT_APPROVAL, EXIT_PARTLY, EXIT_TIMEOUT, EXIT_LOCKED,
				EXIT_INTERRUPTED, 0 },
	.run = run,
};
