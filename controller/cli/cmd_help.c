/* SPDX-License-Identifier: Apache-2.0 */
/* help: the overview, or the help of one command. */
#include <string.h>

#include "controller/cli/command.h"
#include "controller/cli/help.h"
#include "controller/cli/man.h"
#include "controller/cli/output.h"
#include "specs/findings.h"

enum { MAX_HELP = 1 << 20 };

static int unknown(const char *name, struct error *err)
{
	const char *names[64];
	const char *near;
	size_t n = 0;

	for (const struct command *const *c = command_list(); *c && n < 64; c++)
		names[n++] = (*c)->name;
	(void)error_set(err, ERR_INVALID, 0, "there is no command '%s'", name);
	near = findings_nearest(name, names, n);
	if (near)
		error_hint(err, "did you mean 'tallyman help %s'?", near);
	return -ERR_INVALID;
}

/* `help image`: every command of that family. */
static bool family(const char *name, struct buf *ret)
{
	size_t n = strlen(name);
	bool found = false;

	for (const struct command *const *c = command_list(); *c; c++) {
		if (strncmp((*c)->name, name, n) != 0 || (*c)->name[n] != ' ')
			continue;
		if (found)
			buf_putc(ret, '\n');
		help_command(*c, ret);
		found = true;
	}
	return found;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_HELP);
	const struct command *c;
	const char *name = args->words[0];
	const char *man = command_value(args, "man");
	size_t n;

	if (man) {
		int r = man_write(man, cli->arena, &n, err);

		if (r == 0)
			output_printf(cli->out, "%zu manual pages in %s\n", n, man);
		return r < 0 ? r : EXIT_DONE;
	}
	if (args->n_words == 2)
		name = arena_printf(cli->arena, "%s %s", name, args->words[1]);
	c = name ? command_find(name) : NULL;
	if (!name)
		help_overview(&text);
	else if (c)
		help_command(c, &text);
	else if (!family(name, &text))
		return unknown(name, err);
	output_bytes(cli->out, text.data, text.n);
	return EXIT_DONE;
}

static const struct command_option options[] = {
	{ .name = "man", .arg = "DIR", .help = "write all manual pages to DIR instead" },
	{ NULL },
};

const struct command cmd_help = {
	.name = "help",
	.summary = "show what there is to type",
	.arguments = "[COMMAND]",
	.about = "Shows all commands, or all about one of them. The same as --help.",
	.max_words = 2,
	.complete = "command",
	.options = options,
	.examples =
		(const struct command_example[]){
			{ "tallyman help apply", "all about apply" },
			{ NULL },
		},
	.run = run,
};
