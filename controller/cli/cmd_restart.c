/* SPDX-License-Identifier: Apache-2.0 */
/* restart: a new instance for each of the named slots. */
#include "controller/cli/by_hand.h"
#include "controller/cli/converge.h"

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	return by_hand(cli, args, MANUAL_RESTART, err);
}

const struct command cmd_restart = {
	.name = "restart",
	.summary = "replace the containers of slots by new ones",
	.arguments = "DEPLOYMENT[/SERVICE[-rep-N]]...",
	.about = "Makes a new container, with a fresh writable layer, for each slot of a "
		 "deployment, a "
		 "service\n"
		 "or for one slot, as an update would: no more of a service at a time than its "
		 "max_parallel,\n"
		 "the old one first or last as its strategy says. Also for those that were stopped "
		 "by hand or\n"
		 "wait after a failure, and for jobs that have ended. Everything else stays as it "
		 "is.\n"
		 "\n"
		 "A restart that was interrupted or killed is remembered: the next command goes on "
		 "with it,\n"
		 "and each slot gets its new container once.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_PROGRESS | COMMAND_RUNTIME,
	.min_words = 1,
	.max_words = COMMAND_ANY_WORDS,
	.complete = "target",
	.options = (const struct command_option[]){ CONVERGE_OPTIONS, { 0 } },
	.examples =
		(const struct command_example[]){
			{ "tallyman restart shop/web", "one replica after the other" },
			{ "tallyman restart shop/web-rep-1", "just that one" },
			{ 0 } },
	.exits = (const int[]){ EXIT_APPROVAL, EXIT_PARTLY, EXIT_TIMEOUT, EXIT_LOCKED,
				EXIT_INTERRUPTED, 0 },
	.run = run,
};
