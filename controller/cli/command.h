/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Commands: one table says what each is called, what it takes and what it does. Parsing,
 * help, completion and manual pages are made from it. A command is one file cmd_<name>.c
 * that exports one const `struct command`.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "controller/cli/exit.h"

struct config;
struct output;

/* The commands, in the order help shows them. */
#define COMMANDS(X)                                                                                \
	X(plan)                                                                                    \
	X(apply)                                                                                   \
	X(down)                                                                                    \
	X(stop)                                                                                    \
	X(start)                                                                                   \
	X(restart)                                                                                 \
	X(validate)                                                                                \
	X(render)                                                                                  \
	X(status)                                                                                  \
	X(drift)                                                                                   \
	X(logs)                                                                                    \
	X(exec)                                                                                    \
	X(events)                                                                                  \
	X(history)                                                                                 \
	X(image_import)                                                                            \
	X(image_ls)                                                                                \
	X(image_rm)                                                                                \
	X(sweep)                                                                                   \
	X(orphans_ls)                                                                              \
	X(orphans_restore)                                                                         \
	X(orphans_delete)                                                                          \
	X(doctor)                                                                                  \
	X(explain)                                                                                 \
	X(approve)                                                                                 \
	X(run)                                                                                     \
	X(recover)                                                                                 \
	X(shim)                                                                                    \
	X(completion)                                                                              \
	X(help)                                                                                    \
	X(version)

/* Options that many commands share. */
enum command_group {
	COMMAND_NODE = 1 << 0,     /* --state-dir, --run-dir, --owner, --config, --log-level */
	COMMAND_OUTPUT = 1 << 1,   /* -o text|json */
	COMMAND_PROGRESS = 1 << 2, /* --progress MODE */
	COMMAND_RUNTIME = 1 << 3,  /* --runtime NAME */
	COMMAND_HELP = 1 << 4,     /* -h; every command has it */
};

struct command_option {
	const char *name;   /* "follow", for --follow */
	char letter;        /* 'f', for -f; 0: none */
	const char *arg;    /* "N": takes a value, called so in help; NULL: a switch */
	const char *help;   /* one line */
	bool is_repeatable; /* else a second one is a usage error */
};

struct command_example {
	const char *line; /* what to type, without "$ " */
	const char *what; /* what it does */
};

#define COMMAND_ANY_WORDS 1000000

/* What a command gets beside its words: made in main.c, borrowed. */
struct cli {
	const struct config *config; /* NULL for commands without COMMAND_NODE */
	struct output *out;
	struct arena *arena;                  /* lives as long as the command */
	const char *program;                  /* path of this program: starts shims */
	const char *line;                     /* the command line, for people */
	const char *(*env)(const char *name); /* the caller's environment */
};

struct command_args;

struct command {
	const char *name;      /* "status", "image import" */
	const char *summary;   /* one line, no full stop */
	const char *arguments; /* of the synopsis: "FILE..."; "" for none */
	const char *about;     /* paragraphs with an empty line between them */
	unsigned groups;       /* of enum command_group */
	size_t min_words, max_words;
	size_t literal_after; /* > 0: what follows that many words is not looked at for options */
	const char *complete; /* what a word is: "file", "command", "target"; NULL: nothing known */
	const struct command_option *options;   /* ends with a NULL name; NULL: none */
	const struct command_example *examples; /* ends with a NULL line */
	const int *exits; /* statuses beside 0, 1 and 64; ends with 0; NULL: none */

	/** Return: an exit status (>= 0), or -code with @err filled in, which is then printed. */
	int (*run)(struct cli *cli, const struct command_args *args, struct error *err);
};

#define X(name) extern const struct command cmd_##name;
COMMANDS(X)
#undef X

struct command_value {
	const struct command_option *option;
	const char *text; /* NULL: a switch */
};

struct command_args {
	const struct command *command; /* NULL: none was named (--help, --version alone) */
	struct command_value *values;  /* in the order of the command line */
	size_t n_values;
	const char **words; /* what is no option; NULL-terminated */
	size_t n_words;
};

/** command_list() - all commands; NULL-terminated */
const struct command *const *command_list(void);

/** command_find() - by its whole name; NULL when there is none */
const struct command *command_find(const char *name);

/**
 * command_group_options() - the options of one group
 * Return: an array that ends with a NULL name; groups of one bit only
 */
const struct command_option *command_group_options(enum command_group group);

/**
 * command_parse() - words of the command line to a command and its options
 * @argv: without the program's name; NULL-terminated
 * @ret:  in @arena, texts are @argv's; `command` is set as far as known also on failure
 *
 * Options may stand anywhere before `--`: --name VALUE, --name=VALUE, -x VALUE, -xVALUE, and
 * switches of one letter together. Those of a group may also stand before the command's name.
 * Return: 0; -ERR_INVALID for a wrong command line, with a hint. --help makes everything right.
 */
int command_parse(const char *const *argv, struct arena *arena, struct command_args *ret,
		  struct error *err);

/** command_has() - was that option given? */
bool command_has(const struct command_args *args, const char *option);

/** command_value() - the (last) value of that option; NULL when it is not there */
const char *command_value(const struct command_args *args, const char *option);

/** command_values() - all values of an option, NULL-terminated, in @arena */
const char **command_values(const struct command_args *args, const char *option,
			    struct arena *arena);

/** command_is_json() - was -o json asked for? */
bool command_is_json(const struct command_args *args);

/** command_wants_json() - does a command line that could not be read ask for it, anywhere? */
bool command_wants_json(const char *const *argv);

/**
 * command_usage() - the command line is wrong in a way that only the command knows
 *
 * Return: EXIT_USAGE after printing the message and the way to the help.
 */
int command_usage(struct cli *cli, const struct command_args *args, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
