/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of commands and the reading of a command line. Options are found in the
 * tables of the command and its groups; nothing here knows what a command does.
 */
#include "controller/cli/command.h"

#include <stdarg.h>
#include <string.h>

#include "base/limits.h"
#include "controller/cli/output.h"
#include "specs/findings.h"

static const struct command *const commands[] = {
#define X(name) &cmd_##name,
	COMMANDS(X)
#undef X
		NULL,
};

static const struct command_option node_options[] = {
	{ .name = "state-dir",
	  .arg = "DIR",
	  .help = "durable state [/var/lib/tallyman/state/<owner>]" },
	{ .name = "run-dir", .arg = "DIR", .help = "state of this boot [/run/tallyman/<owner>]" },
	{ .name = "owner", .arg = "NAME", .help = "tag of everything this node makes [tallyman]" },
	{ .name = "config", .arg = "FILE", .help = "settings [/etc/tallyman/config.yaml]" },
	{ .name = "log-level", .arg = "LEVEL", .help = "error, warn, info or debug [warn]" },
	{ NULL },
};
static const struct command_option output_options[] = {
	{ .name = "output", .letter = 'o', .arg = "FORMAT", .help = "text or json [text]" },
	{ NULL },
};
static const struct command_option progress_options[] = {
	{ .name = "progress", .arg = "MODE", .help = "auto, tty, plain, json or quiet [auto]" },
	{ NULL },
};
static const struct command_option runtime_options[] = {
	{ .name = "runtime",
	  .arg = "NAME",
	  .help = "memory: a model without containers, in a store of its own" },
	{ NULL },
};
static const struct command_option help_options[] = {
	{ .name = "help", .letter = 'h', .help = "show this help" },
	{ NULL },
};

static const struct {
	enum command_group group;
	const struct command_option *options;
} groups[] = {
	{ COMMAND_OUTPUT, output_options },   { COMMAND_PROGRESS, progress_options },
	{ COMMAND_RUNTIME, runtime_options }, { COMMAND_NODE, node_options },
	{ COMMAND_HELP, help_options },
};
#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))

const struct command *const *command_list(void)
{
	return commands;
}

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

const struct command_option *command_group_options(enum command_group group)
{
	for (size_t i = 0; i < N_GROUPS; i++)
		if (groups[i].group == group)
			return groups[i].options;
	return NULL;
}

/* What is being read: one word of the command line after the other. */
struct reader {
	const char *const *argv;
	size_t at;
	struct arena *arena;
	struct command_args *args;
	bool is_literal; /* from here on words are words */
};

static const struct command_option *find_in(const struct command_option *o, const char *name,
					    size_t n, char letter)
{
	for (; o && o->name; o++)
		if (letter ? o->letter == letter
			   : strlen(o->name) == n && memcmp(o->name, name, n) == 0)
			return o;
	return NULL;
}

/* By name, or by letter when that is not 0. Before the command is known: any group's. */
static const struct command_option *find_option(const struct command *c, const char *name, size_t n,
						char letter)
{
	const struct command_option *o = c ? find_in(c->options, name, n, letter) : NULL;

	for (size_t i = 0; i < N_GROUPS && !o; i++)
		if (!c || groups[i].group == COMMAND_HELP || (c->groups & groups[i].group))
			o = find_in(groups[i].options, name, n, letter);
	return o;
}

static int unknown_option(const struct reader *r, const char *word, struct error *err)
{
	const struct command *c = r->args->command;
	const char *names[64];
	size_t n = 0;
	const char *near;

	for (const struct command_option *o = c ? c->options : NULL; o && o->name; o++)
		names[n++] = o->name;
	for (size_t i = 0; i < N_GROUPS; i++)
		for (const struct command_option *o = groups[i].options; o->name && n < 64; o++)
			if (!c || groups[i].group == COMMAND_HELP || (c->groups & groups[i].group))
				names[n++] = o->name;
	(void)error_set(err, ERR_INVALID, 0, "unknown option '%s'", word);
	near = strncmp(word, "--", 2) == 0 ? findings_nearest(word + 2, names, n) : NULL;
	if (c && c->complete && strcmp(c->complete, "file") == 0 &&
	    (strcmp(word, "-f") == 0 || strncmp(word, "--file", 6) == 0))
		error_hint(err, "the file is named alone: 'tallyman %s FILE'", c->name);
	if (near)
		error_hint(err, "did you mean '--%s'?", near);
	return -ERR_INVALID;
}

static int add_value(struct reader *r, const struct command_option *o, const char *text,
		     struct error *err)
{
	struct command_args *a = r->args;

	for (size_t i = 0; i < a->n_values; i++)
		if (a->values[i].option == o && !o->is_repeatable && o->arg)
			return error_set(err, ERR_INVALID, 0, "option --%s is given twice",
					 o->name);
	a->values = arena_grow(r->arena, a->values, a->n_values, sizeof(*a->values));
	a->values[a->n_values++] = (struct command_value){ o, text };
	return 0;
}

/* The value of an option: in the same word or the next. */
static int read_value(struct reader *r, const struct command_option *o, const char *same,
		      struct error *err)
{
	if (!o->arg)
		return add_value(r, o, NULL, err);
	if (!same && !(same = r->argv[r->at]))
		return error_set(err, ERR_INVALID, 0, "option --%s needs a value: %s", o->name,
				 o->arg);
	if (same == r->argv[r->at])
		r->at++;
	return add_value(r, o, same, err);
}

static int read_long(struct reader *r, const char *word, struct error *err)
{
	const char *equals = strchr(word, '=');
	size_t n = equals ? (size_t)(equals - word) : strlen(word);
	const struct command_option *o = find_option(r->args->command, word + 2, n - 2, 0);

	if (!o)
		return unknown_option(r, word, err);
	if (equals && !o->arg)
		return error_set(err, ERR_INVALID, 0, "option --%s takes no value", o->name);
	return read_value(r, o, equals ? equals + 1 : NULL, err);
}

static int read_letters(struct reader *r, const char *word, struct error *err)
{
	for (const char *p = word + 1; *p; p++) {
		const struct command_option *o = find_option(r->args->command, NULL, 0, *p);
		int e;

		if (!o)
			return unknown_option(r, word, err);
		if (o->arg)
			return read_value(r, o, p[1] ? p + 1 : NULL, err);
		e = add_value(r, o, NULL, err);
		if (e < 0)
			return e;
	}
	return 0;
}

static void add_word(struct reader *r, const char *word)
{
	struct command_args *a = r->args;

	a->words = arena_grow(r->arena, a->words, a->n_words, sizeof(*a->words));
	a->words[a->n_words++] = word;
}

/* `image` alone, or with a word that is none of its commands. */
static int unknown_in_family(const char *word, const char *two, struct error *err)
{
	struct buf all CLEAN(buf) = BUF_INIT(256);
	size_t n = strlen(word);

	for (const struct command *const *c = commands; *c; c++)
		if (strncmp((*c)->name, word, n) == 0 && (*c)->name[n] == ' ')
			buf_printf(&all, "%s%s", all.n ? ", " : "", (*c)->name + n + 1);
	if (all.n == 0)
		return error_set(err, ERR_INVALID, 0, "unknown command '%s'", word);
	if (two)
		return error_set(err, ERR_INVALID, 0, "unknown command '%s'; '%s' has %s", two,
				 word, all.data);
	return error_set(err, ERR_INVALID, 0, "'%s' needs one of %s", word, all.data);
}

/* What other programs call it. */
static const char *command_elsewhere(const char *word)
{
	static const struct {
		const char *theirs, *ours;
	} words[] = {
		{ "up", "apply" },
		{ "deploy", "apply" },
		{ "create", "apply" },
		{ "ps", "status" },
		{ "get", "status" },
		{ "list", "status" },
		{ "ls", "status" },
		{ "diff", "plan" },
		{ "delete", "down" },
		{ "destroy", "down" },
		{ "rm", "down" },
		{ "config", "render" },
		{ "lint", "validate" },
		{ "check", "validate" },
		{ "images", "image ls" },
		{ "load", "image import" },
		{ "import", "image import" },
		{ "rmi", "image rm" },
		{ "info", "doctor" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].theirs, word) == 0)
			return words[i].ours;
	return NULL;
}

/* The command is the first word, or the first two. */
static int read_command(struct reader *r, const char *word, struct error *err)
{
	const char *next = r->argv[r->at];
	const char *names[64];
	const char *near = NULL, *two = NULL;
	size_t n = 0;

	if (next && next[0] != '-')
		two = arena_printf(r->arena, "%s %s", word, next);
	r->args->command = two ? command_find(two) : NULL;
	if (r->args->command) {
		r->at++;
		return 0;
	}
	r->args->command = command_find(word);
	if (r->args->command)
		return 0;
	for (const struct command *const *c = commands; *c && n < 64; c++)
		names[n++] = (*c)->name;
	(void)unknown_in_family(word, two, err);
	near = command_elsewhere(word);
	if (!near && two)
		near = findings_nearest(two, names, n);
	if (!near)
		near = findings_nearest(word, names, n);
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	return -ERR_INVALID;
}

static int read_word(struct reader *r, const char *word, struct error *err)
{
	const struct command *c = r->args->command;

	if (!r->is_literal && strcmp(word, "--") == 0) {
		r->is_literal = true;
		return 0;
	}
	if (!r->is_literal && word[0] == '-' && word[1])
		return word[1] == '-' ? read_long(r, word, err) : read_letters(r, word, err);
	if (!c)
		return read_command(r, word, err);
	add_word(r, word);
	if (c->literal_after && r->args->n_words > c->literal_after)
		r->is_literal = true;
	return 0;
}

static bool belongs(const struct command *c, const struct command_option *o)
{
	return find_option(c, o->name, strlen(o->name), 0) == o;
}

/* What can only be judged when all words are known. */
static int check(const struct command_args *a, struct error *err)
{
	const struct command *c = a->command;

	for (size_t i = 0; i < a->n_values; i++)
		if (c && !belongs(c, a->values[i].option))
			return error_set(err, ERR_INVALID, 0, "'%s' has no option --%s", c->name,
					 a->values[i].option->name);
	if (!c || command_has(a, "help"))
		return 0;
	if (a->n_words < c->min_words)
		return error_set(err, ERR_INVALID, 0, "'%s' needs %s", c->name, c->arguments);
	if (a->n_words > c->max_words && c->max_words == 0)
		return error_set(err, ERR_INVALID, 0, "'%s' takes no argument, got '%s'", c->name,
				 a->words[0]);
	if (a->n_words > c->max_words)
		return error_set(err, ERR_INVALID, 0, "'%s': one argument too many: '%s'", c->name,
				 a->words[c->max_words]);
	if ((c->groups & COMMAND_OUTPUT) && command_value(a, "output") &&
	    strcmp(command_value(a, "output"), "text") != 0 && !command_is_json(a))
		return error_set(err, ERR_INVALID, 0, "--output is text or json, not '%s'",
				 command_value(a, "output"));
	return 0;
}

int command_parse(const char *const *argv, struct arena *arena, struct command_args *ret,
		  struct error *err)
{
	struct reader r = { .argv = argv, .arena = arena, .args = ret };
	int e;

	*ret = (struct command_args){ 0 };
	while (argv[r.at]) {
		const char *word = argv[r.at++];

		if (r.at > LIMIT_ARGS)
			return error_set(err, ERR_LIMIT, 0, "more than %d words", LIMIT_ARGS);
		e = read_word(&r, word, err);
		if (e < 0)
			return e;
	}
	add_word(&r, NULL);
	ret->n_words--;
	return check(ret, err);
}

bool command_has(const struct command_args *args, const char *option)
{
	for (size_t i = 0; i < args->n_values; i++)
		if (strcmp(args->values[i].option->name, option) == 0)
			return true;
	return false;
}

const char *command_value(const struct command_args *args, const char *option)
{
	for (size_t i = args->n_values; i-- > 0;)
		if (strcmp(args->values[i].option->name, option) == 0)
			return args->values[i].text;
	return NULL;
}

const char **command_values(const struct command_args *args, const char *option,
			    struct arena *arena)
{
	const char **all = arena_array(arena, args->n_values + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < args->n_values; i++)
		if (strcmp(args->values[i].option->name, option) == 0)
			all[n++] = args->values[i].text;
	return all;
}

bool command_is_json(const struct command_args *args)
{
	const char *format = command_value(args, "output");

	return format && strcmp(format, "json") == 0;
}

bool command_wants_json(const char *const *argv)
{
	static const char *const joined[] = { "-ojson", "--output=json" };
	static const char *const apart[] = { "-o", "--output" };

	for (; *argv && strcmp(*argv, "--") != 0; argv++)
		for (size_t i = 0; i < 2; i++)
			if (strcmp(*argv, joined[i]) == 0 ||
			    (strcmp(*argv, apart[i]) == 0 && argv[1] &&
			     strcmp(argv[1], "json") == 0))
				return true;
	return false;
}

int command_usage(struct cli *cli, const struct command_args *args, const char *fmt, ...)
{
	struct error e = ERROR_INIT;
	va_list ap;

	va_start(ap, fmt);
	(void)error_set(&e, ERR_INVALID, 0, "%s", arena_vprintf(cli->arena, fmt, ap));
	va_end(ap);
	error_hint(&e, "'tallyman %s --help' shows how it is used", args->command->name);
	output_error(cli->out, &e);
	return EXIT_USAGE;
}
