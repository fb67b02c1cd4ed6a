/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What stop, start and restart share: names of slots, and a driver that works on those only. */
#include "controller/cli/command.h"
#include "controller/manual.h"

/** by_hand() - all of such a command; as command.run */
int by_hand(struct cli *cli, const struct command_args *args, enum manual_action action,
	    struct error *err);
