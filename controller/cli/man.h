/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Manual pages in man(7), made from the table of commands. */
#include "base/buf.h"
#include "controller/cli/command.h"

/** man_overview() - append tallyman(1) */
void man_overview(struct buf *ret);

/** man_command() - append the page of one command, tallyman-image-import(1) */
void man_command(const struct command *c, struct buf *ret);

/**
 * man_write() - write all pages into a directory, made when missing
 * @ret_n: files written
 */
int man_write(const char *dir, struct arena *arena, size_t *ret_n, struct error *err);
