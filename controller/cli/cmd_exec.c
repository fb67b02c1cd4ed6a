/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a program inside a running container, with this terminal's input and output. */
#include <termios.h>
#include <unistd.h>

#include "controller/cli/command.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/target.h"
#include "controller/view.h"
#include "store/instance_store.h"

struct found {
	const char *id, *runtime;
};

/* The lowest running replica that the name means. */
static int find(struct cli *cli, struct session *s, const struct target *t, const char *word,
		struct found *ret, struct error *err)
{
	struct view view CLEAN(view) = { 0 };
	int r = view_look(s, &view, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < view.observed.n; i++) {
		const struct instance *in = &view.observed.instances[i];

		if (in->state != INSTANCE_RUNNING ||
		    !target_matches(t, in->deployment, in->service, in->slot))
			continue;
		ret->id = arena_strdup(cli->arena, in->id);
		ret->runtime = arena_strdup(cli->arena, in->runtime);
		return 0;
	}
	(void)error_set(err, ERR_NOT_FOUND, 0, "nothing of '%s' is running", word);
	error_hint(err, "'tallyman status %s' shows what there is", t->deployment);
	return -ERR_NOT_FOUND;
}

/* A terminal in raw mode for the time of the exec: keys go to the program, Ctrl-C too. */
static bool make_raw(struct termios *old)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, old) < 0)
		return false;
	raw = *old;
	cfmakeraw(&raw);
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static int exec_in(struct session *s, const struct found *f, const struct command_args *args,
		   int *ret_code, struct error *err)
{
	bool tty = command_has(args, "tty");
	struct runtime_exec x = {
		.id = f->id,
		.argv = args->words + 1,
		.user = command_value(args, "user"),
		.workdir = command_value(args, "workdir"),
		.tty = tty,
		.fds = { command_has(args, "stdin") || tty ? STDIN_FILENO : -1, STDOUT_FILENO,
			 STDERR_FILENO },
	};
	struct termios old;
	bool is_raw;
	int r;

	r = runtime_composite_learn(s->runtimes, f->id, f->runtime, err);
	if (r < 0)
		return r;
	is_raw = tty && make_raw(&old);
	r = runtime_run_exec(s->runtimes, &x, ret_code, err);
	if (is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &old);
	return r;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct session *s CLEAN(session) = NULL;
	struct session_options options;
	struct target target;
	struct found found;
	int code = 0, r;

	r = target_parse(args->words[0], cli->arena, &target, err);
	r = r < 0 ? r : open_options(cli, args, &options, err);
	r = r < 0 ? r : session_open(&options, SESSION_READ, NULL, &s, err);
	r = r < 0 ? r : target_check(&target, s->store, cli->arena, err);
	r = r < 0 ? r : find(cli, s, &target, args->words[0], &found, err);
	r = r < 0 ? r : exec_in(s, &found, args, &code, err);
	if (r >= 0)
		return code;
	output_error(cli->out, err);
	return EXIT_NOT_STARTED;
}

const struct command cmd_exec = {
	.name = "exec",
	.summary = "run a program inside a running container",
	.arguments = "TARGET [--] COMMAND...",
	.about = "Takes the lowest running replica of what the name means, and ends with the "
		 "program's\n"
		 "own status, or with 125 when it could not be started. The program has the "
		 "container's user, limits and capabilities; its seccomp profile with crun and "
		 "runc only, since youki 0.7.0 does not load one for it.",
	.groups = COMMAND_NODE | COMMAND_RUNTIME,
	.min_words = 2,
	.max_words = COMMAND_ANY_WORDS,
	.literal_after = 1,
	.complete = "target",
	.options =
		(const struct command_option[]){
			{ .name = "stdin", .letter = 'i', .help = "pass this command's stdin on" },
			{ .name = "tty", .letter = 't', .help = "give the program a terminal" },
			{ .name = "user",
			  .letter = 'u',
			  .arg = "USER",
			  .help = "run as that user" },
			{ .name = "workdir", .letter = 'w', .arg = "DIR", .help = "start there" },
			{ 0 } },
	.examples =
		(const struct command_example[]){
			{ "tallyman exec shop/web -- ls /", "list a directory inside" },
			{ "tallyman exec -i -t shop/web-rep-1 -- sh", "a shell" },
			{ 0 } },
	.exits = (const int[]){ EXIT_NOT_STARTED, 0 },
	.run = run,
};
