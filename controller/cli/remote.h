/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Remote: a daemon holds the node, so it is asked instead. What it tells is printed as if it had
 * been done here; a command that leaves early takes nothing back.
 */
#include "controller/cli/command.h"
#include "controller/cli/converge.h"

#define REMOTE_DAEMON "daemon: " /* how a daemon's name in the lock file begins */

/**
 * remote_runs() - does a daemon answer for the node of this command?
 *
 * One that starts holds the node's lock already: it is waited for, a few seconds.
 * Return: 1 when one does, 0 when there is none; < 0: there is one that does not answer;
 *         -ERR_LOCKED: one that still starts, or ends.
 */
int remote_runs(const struct cli *cli, const struct command_args *args, struct error *err);

/**
 * remote_converge() - POST /v1/<verb> with @body, and tell what comes until the end
 * @take: JSON; released
 *
 * Return: an exit status; < 0 as the daemon says, or when it is gone before the end.
 */
int remote_converge(struct converge *c, const char *verb, struct json_object *take,
		    struct error *err);

/** remote_post() - POST to @target, and the document that is the answer; the caller's */
int remote_post(const struct cli *cli, const struct command_args *args, const char *target,
		struct json_object *take, struct json_object **ret, struct error *err);
