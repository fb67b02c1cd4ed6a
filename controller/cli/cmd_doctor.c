/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: could an apply work here, with which runtime, and what is to be mended. */
#include "controller/cli/doctor.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/config.h"

enum { MAX_TEXT = 1 << 20 };

static void print_json(struct doctor *d, bool is_fine)
{
	const struct layout *l = &d->node.layout;
	struct json_object *doc = output_schema("doctor");

	json_put_bool(doc, "ok", is_fine);
	json_put_str(doc, "owner", l->owner);
	json_put_str(doc, "state_dir", l->state_dir);
	json_put_str(doc, "run_dir", l->run_dir);
	json_put_str(doc, "config", d->cli->config->file);
	json_put_obj(doc, "checks", report_json(d->report));
	json_put_obj(doc, "runtimes", json_object_get(d->runtimes));
	output_json(d->cli->out, doc);
}

static void print(struct doctor *d)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_TEXT);
	size_t n_errors = report_count(d->report, REPORT_ERROR);

	report_print(d->report, &text);
	if (n_errors)
		buf_printf(&text, "\nAn apply cannot work here: %zu error%s.\n", n_errors,
			   n_errors == 1 ? "" : "s");
	else
		buf_puts(&text, "\nAn apply can work here.\n");
	output_bytes(d->cli->out, text.data, text.n);
}

static int examine(struct doctor *d, struct error *err)
{
	bool is_fine;
	int r;

	doctor_host(d);
	doctor_node(d);
	r = doctor_runtimes(d, err);
	if (r < 0)
		return r;
	is_fine = report_count(d->report, REPORT_ERROR) == 0;
	if (output_is_json(d->cli->out))
		print_json(d, is_fine);
	else
		print(d);
	return is_fine ? EXIT_DONE : EXIT_FAILED;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct json_object *runtimes CLEAN(json) = json_object_new_array();
	struct doctor d = { .cli = cli, .node_id = "", .runtimes = runtimes };
	int r = open_options(cli, args, &d.node, err);

	if (r < 0)
		return r;
	d.is_memory = d.node.runtime != NULL;
	d.report = report_new(cli->arena);
	return examine(&d, err);
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "say whether an apply could work here",
	.arguments = "",
	.about = "Looks at the kernel, the runtimes, the directories, the store and who holds it, "
		 "and says for each what is wrong and what to type. It changes nothing and works "
		 "beside a running apply; to try the runtimes' programs it makes a container for "
		 "a moment, under an owner and in a directory of its own.\n\n"
		 "Ends with 0 when an apply could work, with 1 when it could not.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.examples =
		(const struct command_example[]){
			{ "tallyman doctor", "before the first apply, or when one fails" },
			{ "tallyman doctor -o json", "the same for a monitoring system" },
			{ NULL },
		},
	.exits = (const int[]){ EXIT_INTERRUPTED, 0 },
	.run = run,
};
