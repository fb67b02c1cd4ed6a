/* SPDX-License-Identifier: Apache-2.0 */
/* recover: what a person says after a store was rebuilt, restored or met another one's owner. */
#include "controller/cli/command.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/recover.h"

static void print(struct cli *cli, const struct session *s, bool has_accepted)
{
	bool must_accept = s->must_accept && !has_accepted;

	if (output_is_json(cli->out)) {
		struct json_object *doc = output_schema("recover");

		json_put_str(doc, "node_id", s->node_id);
		json_put_bool(doc, "accepted", has_accepted);
		json_put_bool(doc, "must_accept", must_accept);
		output_json(cli->out, doc);
		return;
	}
	if (has_accepted && s->must_accept)
		output_puts(cli->out, "accepted: deleting is allowed again\n");
	else if (must_accept)
		output_puts(cli->out,
			    "the store was rebuilt, put back or took the owner over: nothing is "
			    "deleted until it is accepted\n"
			    "look at 'tallyman status', then type 'tallyman recover --accept'\n");
	else
		output_puts(cli->out, "nothing to recover\n");
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct session *s CLEAN(session) = NULL;
	struct session_options options;
	bool has_accept = command_has(args, "accept");
	int r = open_options(cli, args, &options, err);

	if (r < 0)
		return r;
	options.take_over = command_has(args, "take-over");
	r = session_open(&options, has_accept || options.take_over ? SESSION_CHANGE : SESSION_READ,
			 NULL, &s, err);
	if (r == 0 && has_accept)
		r = recover_accept(s, err);
	if (r < 0)
		return r;
	if (s->refusal.code) {
		*err = s->refusal;
		return -(int)s->refusal.code;
	}
	print(cli, s, has_accept);
	return s->must_accept && !has_accept ? EXIT_APPROVAL : EXIT_DONE;
}

static const struct command_option options[] = {
	{ .name = "accept", .help = "the state is right as it is: deleting is allowed again" },
	{ .name = "take-over", .help = "the owner tag belongs to this store from now on" },
	{ NULL },
};

const struct command cmd_recover = {
	.name = "recover",
	.summary = "go on after a store was lost or restored",
	.arguments = "",
	.about = "Without an option it says whether something waits for a decision. A store that "
		 "was "
		 "rebuilt or put back from a backup deletes nothing until --accept. --take-over "
		 "gives "
		 "the owner tag, which belongs to another store of this host, to this one.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.options = options,
	.examples =
		(const struct command_example[]){
			{ "tallyman recover --accept", "after a look at status" },
			{ NULL },
		},
	.exits = (const int[]){ EXIT_APPROVAL, EXIT_LOCKED, 0 },
	.run = run,
};
