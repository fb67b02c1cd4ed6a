/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What sweep and orphans have in common: opening, running, telling what came of it. */
#include "controller/cli/command.h"
#include "controller/sweep.h"

/**
 * swept_run() - open the node, sweep it, print the result as text or document
 * @o: grace and by_person are filled in
 *
 * Return: an exit status; < 0 when the node could not be opened, or the store failed.
 */
int swept_run(struct cli *cli, const struct command_args *args, struct sweep_options *o,
	      struct error *err);
