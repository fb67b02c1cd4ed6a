/* SPDX-License-Identifier: Apache-2.0 */
/* run: the daemon in the foreground; a service manager puts it where it belongs. */
#include <sys/stat.h>
#include <unistd.h>

#include "backends/shim_build.h"
#include "base/notify.h"
#include "controller/cli/command.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/cli/remote.h"
#include "controller/config.h"
#include "controller/run.h"

#define RESYNC_US (300 * CLOCK_SEC) /* exits and file events are told; this finds what was not */

struct daemon {
	struct cli *cli;
	struct stat settings; /* of the file as it was read */
};

/* All zero: there is none. */
static struct stat look_at_settings(const struct cli *cli)
{
	struct stat st;

	if (!cli->config->file || stat(cli->config->file, &st) < 0)
		return (struct stat){ 0 };
	return st;
}

/* Settings are read once. Somebody who changed them and asks for a reload would think otherwise. */
static void on_hangup(void *arg)
{
	const struct daemon *d = arg;
	struct stat now = look_at_settings(d->cli);

	if (now.st_ino != d->settings.st_ino || now.st_size != d->settings.st_size ||
	    now.st_mtim.tv_sec != d->settings.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != d->settings.st_mtim.tv_nsec)
		output_warn(d->cli->out, "%s has changed: what it says counts from the next start",
			    d->cli->config->file);
}

static void on_ready(void *arg, struct session *s)
{
	const struct cli *cli = ((const struct daemon *)arg)->cli;

	if (s->must_accept)
		output_warn(cli->out, "the store was rebuilt, put back or took the owner over: "
				      "nothing is deleted before 'tallyman recover --accept'");
	output_note(cli->out, "owner %s: %zu watched path%s", s->opt.layout.owner,
		    cli->config->n_watch, cli->config->n_watch == 1 ? "" : "s");
}

static void on_stop(void *arg)
{
	const struct cli *cli = ((const struct daemon *)arg)->cli;

	output_note(cli->out, "stopping: what is under way is finished first, containers go on; "
			      "a second signal leaves at once");
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct daemon d = { cli, look_at_settings(cli) };
	struct run_options o = { .watch = cli->config->watch,
				 .n_watch = cli->config->n_watch,
				 .version = shim_build,
				 .orphan_grace_us = cli->config->orphan_grace_us,
				 .resync_us = RESYNC_US,
				 .ready = on_ready,
				 .stopping = on_stop,
				 .hangup = on_hangup,
				 .arg = &d };
	int r = open_options(cli, args, &o.session, err);

	/* Who holds the node's lock is known to other commands by this word (remote.c). */
	o.session.command = arena_printf(cli->arena, REMOTE_DAEMON "%s", cli->line);
	o.manager = cli->env("NOTIFY_SOCKET");
	o.watchdog_us =
		notify_watchdog(cli->env("WATCHDOG_USEC"), cli->env("WATCHDOG_PID"), getpid());

	/* Files are read with the environment of who hands them in, never with the daemon's. */
	o.session.env = NULL;
	if (r == 0)
		r = run_daemon(&o, err);
	return r < 0 ? r : EXIT_DONE;
}

const struct command cmd_run = {
	.name = "run",
	.summary = "keep the node as it shall be, until told to stop",
	.arguments = "",
	.about = "Keeps every deployment that was applied as its file says: containers that end, "
		 "are\n"
		 "killed or changed are set right, and the files and directories under 'watch' in "
		 "the\n"
		 "settings are applied whenever they change. What such a file says wrongly, or not "
		 "at "
		 "all,\n"
		 "takes nothing away.\n"
		 "\n"
		 "SIGTERM or Ctrl-C ends it when what is under way has ended; containers go on. "
		 "SIGHUP looks\n"
		 "at the watched paths at once; changed settings count from the next start.",
	.groups = COMMAND_NODE | COMMAND_RUNTIME,
	.examples =
		(const struct command_example[]){ { "tallyman run", "in the foreground" }, { 0 } },
	.exits = (const int[]){ EXIT_LOCKED, EXIT_INTERRUPTED, 0 },
	.run = run,
};
