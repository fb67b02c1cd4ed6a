/* SPDX-License-Identifier: Apache-2.0 */
/* plan: what apply would do. Takes no lock, keeps no row. */
#include "controller/cli/command.h"
#include "controller/cli/file.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/plan_render.h"
#include "controller/view.h"

enum { MAX_TEXT = 64 << 20 }; /* for LIMIT_SLOTS slots */

static void print_plan(struct cli *cli, const struct plan *p)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_TEXT);

	if (output_is_json(cli->out))
		plan_render_json(p, &text);
	else
		plan_render_text(p, &text);
	output_bytes(cli->out, text.data, text.n);
}

static int compare(struct cli *cli, struct session *s, struct file_spec *file, bool is_strict,
		   struct error *err)
{
	struct view view CLEAN(view) = { 0 };
	struct wanted *w CLEAN(wanted) = NULL;
	const char *env;
	int r = view_look(s, &view, err);

	if (r == 0)
		r = wanted_from_deployment(
			s, &(struct wanted_file){ TAKE(file->arena), file->deployment, NULL }, &w,
			&env, err);
	if (r == 0)
		open_tell(cli, s);
	if (r == 0)
		r = file_warn(cli, w, is_strict, err);
	if (r == 0)
		r = view_add(s, &view, TAKE(w), err);
	if (r < 0)
		return r;
	if (view.observed.partial)
		output_warn(cli->out, "not everything could be seen: %s", view.observed.missing);
	print_plan(cli, &view.parts[0].plan);
	if (s->must_accept && view.parts[0].plan.n_blocked)
		return EXIT_APPROVAL;
	if (plan_pending(&view.parts[0].plan))
		return EXIT_PENDING;
	/* Nothing to do, as far as could be seen: that is no promise. */
	return view.observed.partial ? EXIT_PARTLY : EXIT_DONE;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct file_spec file CLEAN(file_spec) = { 0 };
	struct session *s CLEAN(session) = NULL;
	struct session_options options;
	bool is_strict = command_has(args, "strict");
	int r = file_load(cli, args->words[0], is_strict, &file, err);

	if (r == 0)
		r = open_options(cli, args, &options, err);
	if (r == 0)
		r = session_open(&options, SESSION_READ, NULL, &s, err);
	return r < 0 ? r : compare(cli, s, &file, is_strict, err);
}

const struct command cmd_plan = {
	.name = "plan",
	.summary = "show what apply would do, and do nothing",
	.arguments = "FILE",
	.about = "Compares a deployment file with what is on this node and prints each change with "
		 "its\n"
		 "cause: + create, ~ update in place, -/+ replace, - remove, ? orphan. Below them "
		 "stands what "
		 "cannot be done here. Changes nothing.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.min_words = 1,
	.max_words = 1,
	.complete = "file",
	.options =
		(const struct command_option[]){
			{ .name = "strict", .help = "treat warnings as errors" }, { 0 } },
	.examples =
		(const struct command_example[]){
			{ "tallyman plan shop.yaml", "show what would change" }, { 0 } },
	.exits = (const int[]){ EXIT_PENDING, EXIT_APPROVAL, EXIT_PARTLY, 0 },
	.run = run,
};
