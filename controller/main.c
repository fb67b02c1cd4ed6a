/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: reads the command line and the settings, runs one command, ends with its
 * status. The only file that looks at the environment.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/heap.h"
#include "base/limits.h"
#include "controller/cli/command.h"
#include "controller/cli/help.h"
#include "controller/cli/output.h"
#include "controller/config.h"

static const char *environment(const char *name)
{
	return getenv(name);
}

/* With 0, 1 or 2 closed the first file opened would become stdin, stdout or stderr. */
static void fill_stdio(void)
{
	for (;;) {
		int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (fd < 0 || fd > STDERR_FILENO) {
			if (fd > STDERR_FILENO)
				close(fd);
			return;
		}
		(void)fcntl(fd, F_SETFD, 0); /* stays for children, as any stdio */
	}
}

/* As no-color.org has it: set, and not to nothing. */
static bool no_color(void)
{
	const char *value = environment("NO_COLOR");

	return value && *value;
}

/* A terminal that knows how to go back to the start of a line. */
static bool can_rewrite(int fd)
{
	const char *term = environment("TERM");

	return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

static const char *own_path(struct arena *arena, const char *argv0)
{
	char path[LIMIT_PATH];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

	if (n <= 0 || n == (ssize_t)sizeof(path))
		return argv0;
	return arena_strndup(arena, path, (size_t)n);
}

/* "apply shop.yaml", bounded: it names the holder of a lock. */
static const char *command_line(struct arena *arena, const char *const *argv)
{
	struct buf line CLEAN(buf) = BUF_INIT(LIMIT_PATH);

	for (size_t i = 0; argv[i]; i++) {
		if (i)
			buf_putc(&line, ' ');
		buf_puts(&line, argv[i]);
	}
	return arena_strdup(arena, line.data);
}

static int usage(struct output *out, const struct command_args *args, struct error *err)
{
	if (args->command)
		error_hint(err, "'tallyman %s --help' shows how it is used", args->command->name);
	else
		error_hint(err, "'tallyman --help' shows all commands");
	output_error(out, err);
	return EXIT_USAGE;
}

static int show_help(struct output *out, const struct command_args *args)
{
	enum { MAX_HELP = 1 << 20 };
	struct buf text CLEAN(buf) = BUF_INIT(MAX_HELP);

	if (args->command)
		help_command(args->command, &text);
	else
		help_overview(&text);
	output_bytes(out, text.data, text.n);
	return EXIT_DONE;
}

static int load_config(struct cli *cli, const struct command_args *args, struct config *config,
		       struct error *err)
{
	const struct config_given given = {
		.state_dir = command_value(args, "state-dir"),
		.run_dir = command_value(args, "run-dir"),
		.owner = command_value(args, "owner"),
		.config = command_value(args, "config"),
		.log_level = command_value(args, "log-level"),
		.env = cli->env,
	};
	const char *findings = NULL;
	int r = config_load(&given, cli->arena, config, &findings, err);

	if (findings)
		output_raw(cli->out, findings);
	if (r < 0)
		return r;
	log_set_level(config->log_level);
	cli->config = config;
	return 0;
}

static int run_command(struct cli *cli, const struct command_args *args)
{
	struct error err = ERROR_INIT;
	struct config config;
	int r = 0;

	if (args->command->groups & COMMAND_NODE)
		r = load_config(cli, args, &config, &err);
	if (r >= 0)
		r = args->command->run(cli, args, &err);
	if (r >= 0)
		return r;
	output_error(cli->out, &err);
	return exit_of_error((enum error_code) - r);
}

static int run(struct cli *cli, const struct command_args *args, int parsed, struct error *err)
{
	if (parsed < 0)
		return usage(cli->out, args, err);
	if (command_has(args, "help"))
		return show_help(cli->out, args);
	if (!args->command) {
		(void)error_set(err, ERR_INVALID, 0, "no command");
		return usage(cli->out, args, err);
	}
	return run_command(cli, args);
}

int main(int argc, char **argv)
{
	static const char *const version[] = { "version", NULL };
	const char *const *words = (const char *const *)argv + (argc > 0);
	struct arena *arena CLEAN(arena) = arena_new();
	struct output *out CLEAN(output) = NULL;
	struct command_args args;
	struct error err = ERROR_INIT;
	int parsed, status;

	heap_begin();
	fill_stdio();
	crash_begin(environment, words[0]);
	(void)signal(SIGPIPE, SIG_IGN); /* a reader who left is an error of write() */
	if (words[0] && strcmp(words[0], "--version") == 0 && !words[1])
		words = version;
	parsed = command_parse(words, arena, &args, &err);
	out = output_new(&(struct output_options){
		.out_fd = STDOUT_FILENO,
		.err_fd = STDERR_FILENO,
		.is_json = parsed < 0 ? command_wants_json(words) : command_is_json(&args),
		.has_color = isatty(STDERR_FILENO) && !no_color(),
		.is_terminal = can_rewrite(STDERR_FILENO),
	});
	status = run(&(struct cli){ .out = out,
				    .arena = arena,
				    .program = own_path(arena, argv[0]),
				    .line = command_line(arena, words),
				    .env = environment },
		     &args, parsed, &err);
	if (output_flush(out, &err) < 0) {
		output_error(out, &err);
		status = status == EXIT_DONE ? EXIT_FAILED : status;
	}
	return status;
}
