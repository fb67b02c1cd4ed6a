/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Help texts, made from the table of commands. */
#include "base/buf.h"
#include "controller/cli/command.h"

/** help_overview() - append what the program is and all its commands */
void help_overview(struct buf *ret);

/** help_command() - append the help of one command */
void help_command(const struct command *c, struct buf *ret);

/** help_synopsis() - append `tallyman image import [OPTION...] FILE` */
void help_synopsis(const struct command *c, struct buf *ret);

/** help_has_exit() - may the command end with that status? */
bool help_has_exit(const struct command *c, int status);

/** help_option() - append `-f, --follow` or `    --tail N` */
void help_option(const struct command_option *o, struct buf *ret);
