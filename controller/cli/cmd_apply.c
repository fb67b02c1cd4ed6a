/* SPDX-License-Identifier: Apache-2.0 */
/* apply: a deployment file becomes the revision that holds, and the node is made equal to it. */
#include "controller/accept.h"
#include "controller/cli/converge.h"
#include "controller/cli/file.h"
#include "controller/cli/output.h"
#include "controller/cli/remote.h"
#include "controller/resolve.h"
#include "store/store.h"

/* One transaction, before anything is done. */
static int record(struct converge *c, const struct file_spec *file, const char *env,
		  struct error *err)
{
	const struct accept_file accepted = { file->deployment->name, file->bytes, file->n, env };
	const struct accept_from from = { file->name, "command line", .by_person = true };
	struct store_txn *txn CLEAN(store_txn) = NULL;
	int64_t revision;
	int r = store_begin(c->session->store, ERROR_HERE, &txn, err);

	if (r == 0)
		r = accept_file(c->session->store, &accepted, &from, &revision, err);
	return r < 0 ? r : store_commit(&txn, err);
}

static int want(struct converge *c, struct file_spec *file, struct error *err)
{
	struct wanted *w CLEAN(wanted) = NULL;
	const char *env;
	const struct wanted_file wish = { TAKE(file->arena), file->deployment, NULL };
	int r = wanted_from_deployment(c->session, &wish, &w, &env, err);

	if (r == 0)
		r = file_warn(c->cli, w, command_has(c->args, "strict"), err);
	if (r == 0)
		r = record(c, file, env, err);
	if (r < 0)
		return r;
	w->is_asked = true;
	driver_want(c->driver, TAKE(w));
	return 0;
}

/* A daemon holds the node: it gets the file, and the values of the environment it was typed in. */
static int hand_in(struct converge *c, const struct file_spec *file, struct error *err)
{
	const struct resolve_env from = { .get = c->cli->env };
	struct json_object *env, *body;
	int r = resolve_read_env(&from, file->deployment, c->cli->arena, &env, err);

	if (r < 0)
		return r;
	body = json_object_new_object();
	json_put_obj(body, "file", json_object_new_string_len(file->bytes, (int)file->n));
	json_put_str(body, "source", file->name);
	json_put_obj(body, "env", env);
	return remote_converge(c, command_has(c->args, "strict") ? "apply?strict=1" : "apply", body,
			       err);
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
		r = remote_runs(cli, args, err);
	if (r > 0)
		return hand_in(&c, &file, err);
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
