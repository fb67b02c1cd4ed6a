/* SPDX-License-Identifier: Apache-2.0 */
/* start: the named slots are held no longer and run, at once. */
#include "controller/cli/by_hand.h"
#include "controller/cli/converge.h"

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	return by_hand(cli, args, MANUAL_START, err);
}

const struct command cmd_start = {
	.name = "start",
	.summary = "start slots that were stopped by hand",
	.arguments = "DEPLOYMENT[/SERVICE[-rep-N]]...",
	.about = "Lets slots run that were stopped by hand, and waits until they do. Forgets their "
		 "back-off\n"
		 "and what failed before, so that each is tried once more at once. What runs stays "
		 "as it is,\n"
		 "and a job that has run to its end has: restart runs it again.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_PROGRESS | COMMAND_RUNTIME,
	.min_words = 1,
	.max_words = COMMAND_ANY_WORDS,
	.complete = "target",
	.options = (const struct command_option[]){ CONVERGE_OPTIONS, { 0 } },
	.examples =
		(const struct command_example[]){
			{ "tallyman start shop", "start all that was stopped of shop" },
			{ "tallyman start shop/web-rep-1", "start one slot" },
			{ 0 } },
	.exits = (const int[]){ EXIT_APPROVAL, EXIT_PARTLY, EXIT_TIMEOUT, EXIT_LOCKED,
				EXIT_INTERRUPTED, 0 },
	.run = run,
};
