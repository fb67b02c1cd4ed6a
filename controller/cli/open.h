/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* From settings and options to what a session is opened with. */
#include "controller/cli/command.h"
#include "controller/session.h"

/**
 * open_options() - what session_open() needs, from the command's settings and options
 *
 * With --runtime memory: a store of its own under <state>/memory, and no claim.
 * Return: 0; -ERR_INVALID for a runtime that is neither memory nor one of the node's.
 */
int open_options(const struct cli *cli, const struct command_args *args,
		 struct session_options *ret, struct error *err);

/** open_tell() - a reader sees what there is; that it could change nothing is worth a warning */
void open_tell(const struct cli *cli, const struct session *s);

/**
 * open_store() - the node's store, for reading only; creates nothing
 * @ret: NULL when there is none: it is empty then
 */
int open_store(const struct cli *cli, const struct command_args *args, struct store **ret,
	       struct error *err);

/** open_store_of() - the same, of a node whose options are known already */
int open_store_of(const struct session_options *node, struct store **ret, struct error *err);
