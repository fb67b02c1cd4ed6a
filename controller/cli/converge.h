/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What apply and down share: a loop, a session that may change things, a driver, and the way
 * its progress and its end are told to people and programs.
 */
#include "controller/cli/command.h"
#include "controller/cli/progress.h"
#include "controller/driver.h"

struct converge {
	struct cli *cli;
	const struct command_args *args;
	struct loop *loop;
	struct inbox *inbox;
	struct session *session;
	struct driver *driver;
	struct json_object *plans; /* JSON of every plan, for the document */
	size_t n_planned;
	struct progress *progress;
	int64_t timeout_us;
	struct mono deadline; /* of the whole command */
};

/**
 * converge_options() - read the options that both commands have; the first thing to be called
 *
 * Return: 0; EXIT_USAGE after printing what is wrong with them.
 */
int converge_options(struct cli *cli, const struct command_args *args, struct converge *ret);

/** converge_open() - lock the node and make ready; no container is touched */
int converge_open(struct converge *c, struct error *err);
void converge_done(struct converge *c);
static inline void clean_converge(struct converge *c)
{
	converge_done(c);
}

/**
 * converge_run() - until all that was wanted of the driver is settled, then print how it ended
 * @verb: the command: names the document
 *
 * Return: an exit status, or < 0 when the store failed.
 */
int converge_run(struct converge *c, const char *verb, struct error *err);

/* Options of both commands. */
#define CONVERGE_OPTIONS                                                                           \
	{                                                                                          \
		.name = "timeout", .arg = "DURATION",                                              \
		.help = "wait at most that long (default 5m); what is not done then goes on at "   \
			"the "                                                                     \
			"next command",                                                            \
	}
