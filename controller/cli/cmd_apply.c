/* SPDX-License-Identifier: Apache-2.0 */
/* apply: a deployment file becomes the revision that holds, and the node is made equal to it. */
#include "controller/cli/converge.h"
#include "controller/cli/file.h"
#include "controller/cli/output.h"
#include "store/deployment_store.h"
#include "store/event_store.h"
#include "store/store.h"

/* The revision and the word that somebody asked for it: one transaction, before anything is done.
 */
static int record(struct converge *c, const struct file_spec *file, const char *env,
		  struct error *err)
{
	struct store *s = c->session->store;
	struct store_txn *txn CLEAN(store_txn) = NULL;
	const struct wall now = clock_wall();
	const struct revision_row rev = { .bytes = file->bytes,
					  .n_bytes = file->n,
					  .env = env,
					  .source = file->name,
					  .author = "command line",
					  .created = now };
	struct event_row event = { .first = now,
				   .last = now,
				   .level = EVENT_INFO,
				   .kind = "apply",
				   .deployment = file->deployment->name,
				   .slot = -1,
				   .by_person = true };
	int64_t number;
	int r = store_begin(s, ERROR_HERE, &txn, err);

	if (r == 0)
		r = deployment_store_put(s, file->deployment->name, &rev, true, &number, err);
	if (r < 0)
		return r;
	event.message = arena_printf(c->cli->arena, "apply of %s: revision %lld", file->name,
				     (long long)number);
	r = event_store_append(s, &event, err);
	return r < 0 ? r : store_commit(&txn, err);
}

static int want(struct converge *c, struct file_spec *file, struct error *err)
{
	struct wanted *w CLEAN(wanted) = NULL;
	const char *env;
	int r = wanted_from_deployment(c->session, TAKE(file->arena), file->deployment, &w, &env,
				       err);

	if (r == 0)
		r = file_warn(c->cli, w, command_has(c->args, "strict"), err);
	if (r == 0)
		r = record(c, file, env, err);
	return r < 0 ? r : driver_want(c->driver, TAKE(w), err);
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct file_spec file CLEAN(file_spec) = { 0 };
	struct converge c CLEAN(converge) = { 0 };
	int r = converge_options(cli, args, &c);

	if (r)
		return r;
	r = file_load(cli, args->words[0], command_has(args, "strict"), &file, err);
	if (r == 0)
		r = converge_open(&c, err);
	if (r == 0)
		r = want(&c, &file, err);
	return r < 0 ? r : converge_run(&c, "apply", err);
}

const struct command cmd_apply = {
	.name = "apply",
	.summary = "make the node equal to a deployment file",
	.arguments = "FILE",
	.about =
		"Records the file as the deployment's revision, shows the plan, and carries it "
		"out:\n"
		"images first, then containers, changed ones only. Ends when every slot is as the\n"
		"file says, or in a state that waiting cannot change.\n"
		"\n"
		"An apply that was interrupted or killed is repeated: it goes on from what is "
		"there.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_PROGRESS | COMMAND_RUNTIME,
	.min_words = 1,
	.max_words = 1,
	.complete = "file",
	.options = (const struct command_option[]){ { .name = "strict",
						      .help = "treat warnings as errors" },
						    CONVERGE_OPTIONS,
						    { 0 } },
	.examples = (const struct command_example[]){ { "tallyman apply shop.yaml", "make it so" },
						      { "tallyman apply --runtime memory shop.yaml",
							"try it without root and containers" },
						      { 0 } },
	.exits = (const int[]){ EXIT_APPROVAL, EXIT_PARTLY, EXIT_TIMEOUT, EXIT_LOCKED,
				EXIT_INTERRUPTED, 0 },
	.run = run,
};
