/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of commands and options as text for a terminal of 80 columns. */
#include "controller/cli/help.h"

#include <string.h>

enum { COLUMN = 28, WIDTH = 80 };

/* @text in lines that end before WIDTH, all but the first begun with @indent spaces. An empty line
 * parts paragraphs; any other line break is a space. */
static void wrap(const char *text, size_t at, size_t indent, struct buf *ret)
{
	bool is_first = true;

	while (*text) {
		size_t n_space = strspn(text, " \n"), word;
		bool parts =
			n_space > 1 && memchr(text, '\n', n_space) && strncmp(text, "\n\n", 2) == 0;

		text += n_space;
		word = strcspn(text, " \n");
		if (parts) {
			buf_printf(ret, "\n\n%*s", (int)indent, "");
			at = indent;
		} else if (!is_first && at + 1 + word > WIDTH) {
			buf_printf(ret, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!is_first) {
			buf_putc(ret, ' ');
			at++;
		}
		buf_add(ret, text, word);
		at += word;
		text += word;
		is_first = false;
	}
	buf_putc(ret, '\n');
}

static void line(const char *left, const char *right, struct buf *ret)
{
	size_t n = strlen(left);

	buf_printf(ret, "  %s", left);
	if (n + 2 >= COLUMN) {
		buf_putc(ret, '\n');
		n = 0;
	} else {
		n += 2;
	}
	buf_printf(ret, "%*s", (int)(COLUMN - n), "");
	wrap(right, COLUMN, COLUMN, ret);
}

void help_option(const struct command_option *o, struct buf *ret)
{
	if (o->letter)
		buf_printf(ret, "-%c, ", o->letter);
	else
		buf_puts(ret, "    ");
	buf_printf(ret, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
}

static void options(const struct command_option *o, struct buf *ret)
{
	for (; o && o->name; o++) {
		struct buf left CLEAN(buf) = BUF_INIT(256);

		help_option(o, &left);
		line(left.data, o->help, ret);
	}
}

void help_synopsis(const struct command *c, struct buf *ret)
{
	buf_printf(ret, "tallyman %s [OPTION...]%s%s", c->name, *c->arguments ? " " : "",
		   c->arguments);
}

void help_overview(struct buf *ret)
{
	buf_puts(ret, "tallyman makes the containers on this node equal a deployment file.\n\n"
		      "Usage: tallyman COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n");
	for (const struct command *const *c = command_list(); *c; c++)
		line((*c)->name, (*c)->summary, ret);
	buf_puts(ret, "\nOptions of most commands:\n");
	options(command_group_options(COMMAND_NODE), ret);
	options(command_group_options(COMMAND_OUTPUT), ret);
	buf_puts(ret, "\nEnvironment: TALLYMAN_STATE_DIR, TALLYMAN_RUN_DIR, TALLYMAN_OWNER, "
		      "TALLYMAN_CONFIG;\nan option beats it. NO_COLOR: no colours.\n\n"
		      "'tallyman COMMAND --help' shows all about a command.\n");
}

bool help_has_exit(const struct command *c, int status)
{
	if (status == EXIT_DONE || status == EXIT_FAILED || status == EXIT_USAGE)
		return true;
	for (const int *e = c->exits; e && *e; e++)
		if (*e == status)
			return true;
	return false;
}

/* In the order of the table. */
static void exits(const struct command *c, struct buf *ret)
{
	static const int all[] = {
#define X(id, number, meaning) number,
		EXIT_STATUSES(X)
#undef X
	};
	char number[16];

	buf_puts(ret, "\nExit status:\n");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!help_has_exit(c, all[i]))
			continue;
		snprintf(number, sizeof(number), "%d", all[i]);
		line(number, exit_meaning(all[i]), ret);
	}
}

void help_command(const struct command *c, struct buf *ret)
{
	static const enum command_group own[] = { COMMAND_OUTPUT, COMMAND_PROGRESS, COMMAND_RUNTIME,
						  COMMAND_HELP };

	buf_puts(ret, "Usage: ");
	help_synopsis(c, ret);
	buf_puts(ret, "\n\n");
	wrap(c->about, 0, 0, ret);
	buf_puts(ret, "\nOptions:\n");
	options(c->options, ret);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if ((c->groups & own[i]) || own[i] == COMMAND_HELP)
			options(command_group_options(own[i]), ret);
	if (c->groups & COMMAND_NODE) {
		buf_puts(ret, "\nThe node:\n");
		options(command_group_options(COMMAND_NODE), ret);
	}
	exits(c, ret);
	if (c->examples)
		buf_puts(ret, "\nExamples:\n");
	for (const struct command_example *e = c->examples; e && e->line; e++)
		buf_printf(ret, "  # %s\n  %s\n", e->what, e->line);
}
