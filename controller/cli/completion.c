/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three scripts from one table. Names, options and values hold no character that a shell
 * would take for its own; texts for people are quoted. What there is on the node is asked for
 * by running `tallyman completion names` and `images`.
 */
#include "controller/cli/completion.h"

#include <string.h>

#include "controller/cli/command.h"

static const enum command_group all_groups[] = { COMMAND_OUTPUT, COMMAND_PROGRESS, COMMAND_RUNTIME,
						 COMMAND_NODE, COMMAND_HELP };
#define N_GROUPS (sizeof(all_groups) / sizeof(all_groups[0]))

/* Options whose values are words. */
static const struct {
	const char *option, *words;
} value_words[] = {
	{ "--output|-o", "text json" },  { "--progress", "auto tty plain json quiet" },
	{ "--runtime", "memory" },       { "--log-level", "error warn info debug" },
	{ "--stream", "stdout stderr" },
};
#define N_VALUES (sizeof(value_words) / sizeof(value_words[0]))

/* How each shell finds the words a command takes, by command.complete. */
static const struct {
	const char *kind, *bash, *zsh, *fish;
} kinds[] = {
	{ "file", "$(compgen -f -- \"$cur\")", "_files", "-F" },
	{ "command", "$tops", "compadd -- ${=tops}", "" },
	{ "shell", "bash zsh fish", "compadd -- bash zsh fish", "-a 'bash zsh fish'" },
	{ "target", "$(tallyman completion names 2>/dev/null)",
	  "compadd -- ${(f)\"$(tallyman completion names 2>/dev/null)\"}",
	  "-a '(tallyman completion names 2>/dev/null)'" },
	{ "field", "$(tallyman completion fields 2>/dev/null)",
	  "compadd -- ${(f)\"$(tallyman completion fields 2>/dev/null)\"}",
	  "-a '(tallyman completion fields 2>/dev/null)'" },
	{ "image", "$(tallyman completion images 2>/dev/null)",
	  "compadd -- ${(f)\"$(tallyman completion images 2>/dev/null)\"}",
	  "-a '(tallyman completion images 2>/dev/null)'" },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Is @c the first command of the table with its first word? */
static bool is_first(const struct command *const *c)
{
	size_t n = strcspn((*c)->name, " ");

	for (const struct command *const *before = command_list(); before < c; before++)
		if (strncmp((*before)->name, (*c)->name, n) == 0 &&
		    strcspn((*before)->name, " ") == n)
			return false;
	return true;
}

static void first_words(struct buf *ret)
{
	for (const struct command *const *c = command_list(); *c; c++)
		if (is_first(c))
			buf_printf(ret, "%s%.*s", c == command_list() ? "" : " ",
				   (int)strcspn((*c)->name, " "), (*c)->name);
}

/* Second words of all commands that share the first one with @name. */
static void second_words(const char *name, struct buf *ret)
{
	size_t n = strcspn(name, " ") + 1, before = ret->n;

	for (const struct command *const *c = command_list(); *c; c++)
		if (strncmp((*c)->name, name, n) == 0)
			buf_printf(ret, "%s%s", ret->n > before ? " " : "", (*c)->name + n);
}

static void option_words(const struct command_option *o, struct buf *ret)
{
	for (; o && o->name; o++) {
		if (o->letter)
			buf_printf(ret, " -%c", o->letter);
		buf_printf(ret, " --%s", o->name);
	}
}

static bool has_group(const struct command *c, enum command_group group)
{
	return group == COMMAND_HELP || (c->groups & group);
}

static void all_options(const struct command *c, struct buf *ret)
{
	option_words(c->options, ret);
	for (size_t i = 0; i < N_GROUPS; i++)
		if (has_group(c, all_groups[i]))
			option_words(command_group_options(all_groups[i]), ret);
}

static size_t kind_of(const struct command *c)
{
	size_t i = 0;

	while (i < N_KINDS && (!c->complete || strcmp(kinds[i].kind, c->complete) != 0))
		i++;
	return i;
}

/* `image) seconds='import ls rm' ;;` for bash and zsh. */
static void family_cases(struct buf *ret)
{
	for (const struct command *const *c = command_list(); *c; c++) {
		size_t n = strcspn((*c)->name, " ");

		if (!(*c)->name[n] || !is_first(c))
			continue;
		buf_printf(ret, "\t%.*s) seconds='", (int)n, (*c)->name);
		second_words((*c)->name, ret);
		buf_puts(ret, "' ;;\n");
	}
}

static void value_cases(const char *form, struct buf *ret)
{
	for (size_t i = 0; i < N_VALUES; i++) {
		buf_printf(ret, "\t%s) ", value_words[i].option);
		buf_printf(ret, "%s %s", form, value_words[i].words);
		buf_puts(ret, strstr(form, "compgen") ? "' -- \"$cur\")); return ;;\n"
						      : "; return ;;\n");
	}
}

static void bash(struct buf *ret)
{
	buf_puts(ret, "# bash completion; load it with: source <(tallyman completion bash)\n"
		      "_tallyman()\n{\n"
		      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		      "\tlocal first='' second='' seconds='' options='' offer='' tops i\n"
		      "\ttops='");
	first_words(ret);
	buf_puts(ret, "'\n\tCOMPREPLY=()\n\tcase $prev in\n");
	value_cases("COMPREPLY=($(compgen -W '", ret);
	buf_puts(ret, "\tesac\n"
		      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		      "\t\tcase ${COMP_WORDS[i]} in\n"
		      "\t\t--) return ;;\n"
		      "\t\t-*) ;;\n"
		      "\t\t*) if [ -z \"$first\" ]; then first=${COMP_WORDS[i]}\n"
		      "\t\t\telif [ -z \"$second\" ]; then second=${COMP_WORDS[i]}; fi ;;\n"
		      "\t\tesac\n"
		      "\tdone\n"
		      "\tcase $first in\n"
		      "\t'') offer=$tops ;;\n");
	family_cases(ret);
	buf_puts(ret, "\tesac\n"
		      "\tif [ -n \"$seconds\" ]; then\n"
		      "\t\tif [ -z \"$second\" ]; then offer=$seconds; else first=\"$first "
		      "$second\"; fi\n"
		      "\tfi\n"
		      "\tcase $first in\n");
	for (const struct command *const *c = command_list(); *c; c++) {
		size_t kind = kind_of(*c);

		buf_printf(ret, "\t'%s') options='", (*c)->name);
		all_options(*c, ret);
		buf_printf(ret, "'; offer=%s%s%s ;;\n", kind < N_KINDS ? "\"" : "''",
			   kind < N_KINDS ? kinds[kind].bash : "", kind < N_KINDS ? "\"" : "");
	}
	buf_puts(ret, "\tesac\n"
		      "\tcase $cur in\n"
		      "\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
		      "\t*) COMPREPLY=($(compgen -W \"$offer\" -- \"$cur\")) ;;\n"
		      "\tesac\n"
		      "}\n"
		      "complete -o default -F _tallyman tallyman\n");
}

static void zsh(struct buf *ret)
{
	buf_puts(ret, "#compdef tallyman\n"
		      "# zsh completion; put it into a directory of $fpath as _tallyman\n"
		      "_tallyman()\n{\n"
		      "\tlocal first='' second='' seconds='' options='' tops i\n"
		      "\ttops='");
	first_words(ret);
	buf_puts(ret, "'\n\tcase ${words[CURRENT-1]} in\n");
	value_cases("compadd --", ret);
	buf_puts(ret, "\tesac\n"
		      "\tfor ((i = 2; i < CURRENT; i++)); do\n"
		      "\t\tcase ${words[i]} in\n"
		      "\t\t--) return ;;\n"
		      "\t\t-*) ;;\n"
		      "\t\t*) if [[ -z $first ]]; then first=${words[i]}\n"
		      "\t\t\telif [[ -z $second ]]; then second=${words[i]}; fi ;;\n"
		      "\t\tesac\n"
		      "\tdone\n"
		      "\tif [[ -z $first ]]; then compadd -- ${=tops}; return; fi\n"
		      "\tcase $first in\n");
	family_cases(ret);
	buf_puts(ret,
		 "\tesac\n"
		 "\tif [[ -n $seconds && -z $second ]]; then compadd -- ${=seconds}; return; fi\n"
		 "\t[[ -n $seconds ]] && first=\"$first $second\"\n"
		 "\tcase $first in\n");
	for (const struct command *const *c = command_list(); *c; c++) {
		size_t kind = kind_of(*c);

		buf_printf(ret, "\t'%s') options='", (*c)->name);
		all_options(*c, ret);
		buf_printf(ret, "'; [[ ${words[CURRENT]} == -* ]] || %s ;;\n",
			   kind < N_KINDS ? kinds[kind].zsh : "true");
	}
	buf_puts(ret, "\tesac\n"
		      "\tif [[ ${words[CURRENT]} == -* ]]; then compadd -- ${=options}; fi\n"
		      "}\n"
		      "compdef _tallyman tallyman\n");
}

/* @text in single quotes, as fish wants it. */
static void fish_quote(const char *text, struct buf *ret)
{
	buf_putc(ret, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_putc(ret, '\\');
		buf_putc(ret, *text);
	}
	buf_putc(ret, '\'');
}

static void fish_when(const char *name, struct buf *ret)
{
	size_t n = strcspn(name, " ");

	buf_printf(ret, "complete -c tallyman -n '__fish_seen_subcommand_from %.*s", (int)n, name);
	if (name[n])
		buf_printf(ret, "; and __fish_seen_subcommand_from %s", name + n + 1);
	buf_putc(ret, '\'');
}

static void fish_options(const struct command *c, const struct command_option *o, struct buf *ret)
{
	for (; o && o->name; o++) {
		fish_when(c->name, ret);
		buf_printf(ret, " -l %s", o->name);
		if (o->letter)
			buf_printf(ret, " -s %c", o->letter);
		if (o->arg)
			buf_puts(ret, " -r");
		for (size_t i = 0; i < N_VALUES; i++)
			if (strncmp(value_words[i].option + 2, o->name, strlen(o->name)) == 0)
				buf_printf(ret, " -f -a '%s'", value_words[i].words);
		buf_puts(ret, " -d ");
		fish_quote(o->help, ret);
		buf_putc(ret, '\n');
	}
}

static void fish_name(const struct command *const *c, struct buf *ret)
{
	size_t n = strcspn((*c)->name, " ");

	if (!(*c)->name[n]) {
		buf_printf(ret, "complete -c tallyman -n __fish_use_subcommand -a %s -d ",
			   (*c)->name);
	} else {
		if (is_first(c))
			buf_printf(ret, "complete -c tallyman -n __fish_use_subcommand -a %.*s\n",
				   (int)n, (*c)->name);
		buf_printf(ret,
			   "complete -c tallyman -n '__fish_seen_subcommand_from %.*s; and not "
			   "__fish_seen_subcommand_from ",
			   (int)n, (*c)->name);
		second_words((*c)->name, ret);
		buf_printf(ret, "' -a %s -d ", (*c)->name + n + 1);
	}
	fish_quote((*c)->summary, ret);
	buf_putc(ret, '\n');
}

static void fish(struct buf *ret)
{
	buf_puts(ret, "# fish completion; put it into ~/.config/fish/completions/tallyman.fish\n"
		      "complete -c tallyman -f\n");
	for (const struct command *const *c = command_list(); *c; c++) {
		size_t kind = kind_of(*c);

		fish_name(c, ret);
		fish_options(*c, (*c)->options, ret);
		for (size_t i = 0; i < N_GROUPS; i++)
			if (has_group(*c, all_groups[i]))
				fish_options(*c, command_group_options(all_groups[i]), ret);
		if (kind < N_KINDS && *kinds[kind].fish) {
			fish_when((*c)->name, ret);
			buf_printf(ret, " %s\n", kinds[kind].fish);
		}
	}
}

static const struct {
	const char *name;
	void (*write)(struct buf *ret);
} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

bool completion_write(const char *shell, struct buf *ret)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].write(ret);
			return true;
		}
	return false;
}
