/* SPDX-License-Identifier: Apache-2.0 */
/* orphans restore: a writable layer out of quarantine comes back into its slot. */
#include "controller/cli/converge.h"
#include "controller/cli/remote.h"
#include "controller/restore.h"

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	const struct accept_from from = { NULL, "command line", .by_person = true };
	struct converge c CLEAN(converge) = { 0 };
	struct json_object *body;
	struct manual ask;
	int r = converge_options(cli, args, &c);

	if (r)
		return r;
	r = remote_runs(cli, args, err);
	if (r > 0) {
		body = json_object_new_object();
		json_put_str(body, "id", args->words[0]);
		return remote_converge(&c, "restore", body, err);
	}
	r = r < 0 ? r : converge_open(&c, err);
	r = r < 0 ? r : restore_ask(c.session, args->words[0], &from, cli->arena, &ask, err);
	r = r < 0 ? r : manual_ask(c.session, c.driver, &ask, err);
	return r < 0 ? r : converge_run(&c, "restore", err);
}

const struct command cmd_orphans_restore = {
	.name = "orphans restore",
	.summary = "make a new instance of a slot on a layer out of quarantine",
	.arguments = "ID",
	.about = "The slot that the orphan had gets a new instance, made as its deployment says "
		 "today, which\n"
		 "begins with the writable layer that was put aside. The slot must be in the "
		 "current\n"
		 "revision and free: stop it first. Should the new instance not come to run, the "
		 "layer\n"
		 "goes back into quarantine.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_PROGRESS | COMMAND_RUNTIME,
	.min_words = 1,
	.max_words = 1,
	.options = (const struct command_option[]){ CONVERGE_OPTIONS, { 0 } },
	.examples =
		(const struct command_example[]){
			{ "tallyman stop shop/web-rep-0", "free the slot" },
			{ "tallyman orphans restore shop.web-rep-0.17",
			  "and what it had written is back" },
			{ 0 } },
	.exits = (const int[]){ EXIT_APPROVAL, EXIT_PARTLY, EXIT_TIMEOUT, EXIT_LOCKED,
				EXIT_INTERRUPTED, 0 },
	.run = run,
};
