/* SPDX-License-Identifier: Apache-2.0 */
/* orphans delete: some of them, at once, whether they live, are stuck or lie in quarantine. */
#include "controller/cli/swept.h"

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct sweep_options o = {
		.mode = SWEEP_DELETE, .is_now = true, .only = args->words, .n_only = args->n_words
	};

	for (size_t i = 0; i < args->n_words; i++) {
		int r = runtime_check_id(args->words[i], err);

		if (r < 0)
			return r;
	}
	return swept_run(cli, args, &o, err);
}

const struct command cmd_orphans_delete = {
	.name = "orphans delete",
	.summary = "take orphans away now",
	.arguments = "ID...",
	.about = "Deletes the named orphans by the rules of 'tallyman sweep --now --mode delete', "
		 "and\n"
		 "those in quarantine before their day is over.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.min_words = 1,
	.max_words = COMMAND_ANY_WORDS,
	.examples = (const struct command_example[]){ { "tallyman orphans delete shop.web-rep-0.17",
							"that one, for good" },
						      { 0 } },
	.exits = (const int[]){ EXIT_APPROVAL, EXIT_PARTLY, EXIT_LOCKED, 0 },
	.run = run,
};
