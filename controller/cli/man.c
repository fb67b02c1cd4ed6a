/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same tables as the help, in roff. The pages have no date, so that the same source
 * gives the same bytes.
 */
#include "controller/cli/man.h"

#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "controller/cli/help.h"

enum { MAX_PAGE = 1 << 20 };

/* @text for roff: no line begins with a request, a dash is a dash, `\` is itself. */
static void escape(const char *text, struct buf *ret)
{
	bool is_start = true;

	for (; *text; text++) {
		if (is_start && (*text == '.' || *text == '\''))
			buf_puts(ret, "\\&");
		if (*text == '\\')
			buf_puts(ret, "\\e");
		else if (*text == '-')
			buf_puts(ret, "\\-");
		else
			buf_putc(ret, *text);
		is_start = *text == '\n';
	}
}

/* Paragraphs stand apart by an empty line. */
static void paragraphs(const char *text, struct buf *ret)
{
	const char *gap;

	for (; (gap = strstr(text, "\n\n")); text = gap + 2) {
		struct buf one CLEAN(buf) = BUF_INIT(MAX_PAGE);

		buf_add(&one, text, (size_t)(gap - text));
		escape(one.data, ret);
		buf_puts(ret, "\n.PP\n");
	}
	escape(text, ret);
	buf_putc(ret, '\n');
}

/* "image import" is called tallyman-image-import. */
static void page_name(const char *command, struct buf *ret)
{
	buf_puts(ret, "tallyman-");
	for (; *command; command++)
		buf_putc(ret, *command == ' ' ? '-' : *command);
}

static void begin(const char *name, const char *summary, struct buf *ret)
{
	buf_puts(ret, ".\\\" Made from the table of commands; do not edit.\n.TH ");
	for (const char *p = name; *p; p++)
		buf_putc(ret, *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
	buf_puts(ret, " 1 \"\" tallyman tallyman\n.SH NAME\n");
	escape(name, ret);
	buf_puts(ret, " \\- ");
	escape(summary, ret);
	buf_puts(ret, "\n.SH SYNOPSIS\n");
}

static void options(const struct command_option *o, struct buf *ret)
{
	for (; o && o->name; o++) {
		struct buf left CLEAN(buf) = BUF_INIT(256);

		help_option(o, &left);
		buf_puts(ret, ".TP\n.B ");
		escape(left.data + strspn(left.data, " "), ret);
		buf_putc(ret, '\n');
		escape(o->help, ret);
		if (o->is_repeatable)
			buf_puts(ret, "; may be given several times");
		buf_puts(ret, ".\n");
	}
}

static void exit_status(int status, struct buf *ret)
{
	buf_printf(ret, ".TP\n.B %d\n%s.\n", status, exit_meaning(status));
}

void man_command(const struct command *c, struct buf *ret)
{
	static const enum command_group groups[] = { COMMAND_OUTPUT, COMMAND_PROGRESS,
						     COMMAND_RUNTIME, COMMAND_NODE, COMMAND_HELP };
	struct buf name CLEAN(buf) = BUF_INIT(256);
	struct buf synopsis CLEAN(buf) = BUF_INIT(1024);

	page_name(c->name, &name);
	begin(name.data, c->summary, ret);
	help_synopsis(c, &synopsis);
	buf_puts(ret, ".B ");
	escape(synopsis.data, ret);
	buf_puts(ret, "\n.SH DESCRIPTION\n");
	paragraphs(c->about, ret);
	buf_puts(ret, ".SH OPTIONS\n");
	options(c->options, ret);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (groups[i] == COMMAND_HELP || (c->groups & groups[i]))
			options(command_group_options(groups[i]), ret);
	buf_puts(ret, ".SH \"EXIT STATUS\"\n");
#define X(id, number, meaning)                                                                     \
	if (help_has_exit(c, number))                                                              \
		exit_status(number, ret);
	EXIT_STATUSES(X)
#undef X
	if (c->examples)
		buf_puts(ret, ".SH EXAMPLES\n");
	for (const struct command_example *e = c->examples; e && e->line; e++) {
		buf_puts(ret, ".TP\n");
		escape(e->what, ret);
		buf_puts(ret, ":\n.nf\n");
		escape(e->line, ret);
		buf_puts(ret, "\n.fi\n");
	}
	buf_puts(ret, ".SH \"SEE ALSO\"\n.BR tallyman (1)\n");
}

static void environment(struct buf *ret)
{
	static const struct {
		const char *name, *what;
	} variables[] = {
		{ "TALLYMAN_STATE_DIR", "as \\-\\-state\\-dir" },
		{ "TALLYMAN_RUN_DIR", "as \\-\\-run\\-dir" },
		{ "TALLYMAN_OWNER", "as \\-\\-owner" },
		{ "TALLYMAN_CONFIG", "as \\-\\-config" },
		{ "NO_COLOR", "set to anything: no colours" },
	};

	buf_puts(ret, ".SH ENVIRONMENT\nAn option beats the environment, the environment beats the "
		      "settings file.\n");
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		buf_printf(ret, ".TP\n.B %s\n%s.\n", variables[i].name, variables[i].what);
}

void man_overview(struct buf *ret)
{
	begin("tallyman", "make the containers on a node equal a deployment file", ret);
	buf_puts(ret, ".B tallyman\nCOMMAND [OPTION...] [ARGUMENT...]\n.SH DESCRIPTION\n"
		      "tallyman makes the containers on a node equal a deployment file, and keeps "
		      "them equal through crashes, drift and reboots.\n.SH COMMANDS\n");
	for (const struct command *const *c = command_list(); *c; c++) {
		struct buf name CLEAN(buf) = BUF_INIT(256);

		page_name((*c)->name, &name);
		buf_puts(ret, ".TP\n.BR ");
		escape(name.data, ret);
		buf_puts(ret, " (1)\n");
		escape((*c)->summary, ret);
		buf_puts(ret, ".\n");
	}
	buf_puts(ret, ".SH \"OPTIONS OF MOST COMMANDS\"\n");
	options(command_group_options(COMMAND_NODE), ret);
	options(command_group_options(COMMAND_OUTPUT), ret);
	environment(ret);
	buf_puts(ret, ".SH \"EXIT STATUS\"\n");
#define X(id, number, meaning) exit_status(number, ret);
	EXIT_STATUSES(X)
#undef X
	buf_puts(ret, ".SH FILES\n.TP\n.B /etc/tallyman/config.yaml\nsettings; need not be there.\n"
		      ".TP\n.B /var/lib/tallyman/state/OWNER\nthe store, images, logs, volumes.\n"
		      ".TP\n.B /run/tallyman/OWNER\nsockets and state of this boot.\n"
		      ".TP\n.B /var/lib/tallyman/owners/OWNER\nwhich store the owner tag belongs "
		      "to.\n");
}

static int write_page(const char *dir, const char *name, const struct buf *page,
		      struct arena *arena, struct error *err)
{
	const char *path = arena_printf(arena, "%s/%s.1", dir, name);

	return fs_write_atomic(AT_FDCWD, path, page->data, page->n, 0644, err);
}

int man_write(const char *dir, struct arena *arena, size_t *ret_n, struct error *err)
{
	struct buf page CLEAN(buf) = BUF_INIT(MAX_PAGE);
	struct buf name CLEAN(buf) = BUF_INIT(256);
	size_t n = 1;
	int r = fs_mkdirs(AT_FDCWD, dir, 0755, err);

	if (r < 0)
		return r;
	man_overview(&page);
	r = write_page(dir, "tallyman", &page, arena, err);
	for (const struct command *const *c = command_list(); *c && r == 0; c++, n++) {
		buf_clear(&page);
		buf_clear(&name);
		man_command(*c, &page);
		page_name((*c)->name, &name);
		r = write_page(dir, name.data, &page, arena, err);
	}
	*ret_n = n;
	return r;
}
