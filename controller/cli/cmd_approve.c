/* SPDX-License-Identifier: Apache-2.0 */
/* approve: a person's word for a plan that would remove much, and that nobody typed. */
#include "controller/approve.h"

#include "controller/cli/command.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/cli/remote.h"
#include "controller/document.h"

/* Without a daemon: the next one to run finds the word. */
static int write_down(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct session *s CLEAN(session) = NULL;
	struct session_options options;
	int r = open_options(cli, args, &options, err);

	if (r == 0)
		r = session_open(&options, SESSION_CHANGE, NULL, &s, err);
	return r < 0 ? r : approve_plan(s->store, args->words[0], err);
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct json_object *answer CLEAN(json) = NULL, *body, *doc;
	int r = remote_runs(cli, args, err);

	if (r > 0) {
		body = json_object_new_object();
		json_put_str(body, "plan", args->words[0]);
		r = remote_post(cli, args, "/v1/approve", body, &answer, err);
	} else if (r == 0) {
		r = write_down(cli, args, err);
	}
	if (r < 0)
		return r;
	if (!output_is_json(cli->out)) {
		output_printf(cli->out, "approved: %s\n", args->words[0]);
		return EXIT_DONE;
	}
	doc = document_new("approve");
	json_put_str(doc, "plan", args->words[0]);
	output_json(cli->out, doc);
	return EXIT_DONE;
}

const struct command cmd_approve = {
	.name = "approve",
	.summary = "let a plan go on that waits for a person",
	.arguments = "PLAN",
	.about = "A file that changes under 'watch' is applied without anybody typing. When that "
		 "would\n"
		 "remove more than two services and more than a fifth of the node's, it waits: "
		 "'tallyman\n"
		 "status' and the events show the plan's hash. The word counts for exactly that "
		 "plan: "
		 "when\n"
		 "the files change again, a new one waits.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.min_words = 1,
	.max_words = 1,
	.examples =
		(const struct command_example[]){
			{ "tallyman approve 5d1f0a9c44b2", "carry that plan out" }, { 0 } },
	.exits = (const int[]){ EXIT_LOCKED, 0 },
	.run = run,
};
