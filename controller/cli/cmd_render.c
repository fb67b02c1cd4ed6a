/* SPDX-License-Identifier: Apache-2.0 */
/* render: a deployment file in its canonical form. Resolves no reference, opens no store. */
#include "base/limits.h"
#include "controller/cli/command.h"
#include "controller/cli/input.h"
#include "controller/cli/output.h"
#include "specs/parse.h"
#include "specs/render.h"

enum {
	MAX_FINDINGS_TEXT = 1 << 20,
	MAX_RENDERED = 256 << 20, /* aliases are expanded and defaults filled in */
};

static int print(struct cli *cli, const struct deployment *d, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_RENDERED);

	if (output_is_json(cli->out)) {
		struct json_object *doc CLEAN(json) = render_json(d);

		json_pretty(doc, &text);
	} else {
		render_yaml(d, &text);
	}
	if (text.overflow)
		return error_set(err, ERR_LIMIT, 0, "the rendered file is larger than %d MiB",
				 MAX_RENDERED >> 20);
	output_bytes(cli->out, text.data, text.n);
	return EXIT_DONE;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct buf bytes CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES + 1);
	struct buf text CLEAN(buf) = BUF_INIT(MAX_FINDINGS_TEXT);
	struct deployment *d = NULL;
	struct findings findings;
	int r;

	output_bare(cli->out);
	r = input_read(args->words[0], &bytes, err);
	if (r < 0)
		return r;
	findings_init(&findings, cli->arena, input_name(args->words[0]));
	r = parse_deployment(bytes.data, bytes.n, cli->arena, &findings, &d, err);
	findings_print(&findings, &text);
	output_raw(cli->out, text.data);
	if (r < 0 && findings.n_errors > 0)
		return EXIT_FAILED; /* all of it has been said */
	return r < 0 ? r : print(cli, d, err);
}

const struct command cmd_render = {
	.name = "render",
	.summary = "print a deployment file in its canonical form",
	.arguments = "FILE",
	.about = "Prints the file (- for standard input) with defaults filled in and everything "
		 "sorted; two files that mean the same give the same text. References like $E:NAME "
		 "and $S:name stand as they are written. With -o json the deployment itself is the "
		 "document, and can be read back.",
	.groups = COMMAND_OUTPUT,
	.min_words = 1,
	.max_words = 1,
	.complete = "file",
	.examples =
		(const struct command_example[]){
			{ "tallyman render shop.yaml | diff - shop-rendered.yaml",
			  "what a change means" },
			{ NULL },
		},
	.run = run,
};
