/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Words to a Windows command line: the inverse of CommandLineToArgvW(), which nearly every Windows
 * program splits its command line by. Pure. Programs with rules of their own (cmd.exe) read the
 * text as they like: for them an image has the whole line as one word (ArgsEscaped).
 */
#include "base/buf.h"
#include "base/error.h"
#include "specs/spec_value.h"

#define HCS_CMDLINE_UNITS 32766 /* UTF-16 units CreateProcess() takes, without the NUL */

/**
 * hcs_cmdline_join() - append the line that splits into exactly @words
 * @words: the program and its arguments, UTF-8
 *
 * The program is spelled by rules of its own: a quote cannot be in it, a backslash never escapes.
 *
 * Return: 0; -ERR_INVALID for no word, an empty program or one with a quote; -ERR_LIMIT above
 *         HCS_CMDLINE_UNITS. @ret is as it was after a failure.
 */
int hcs_cmdline_join(const struct strings *words, struct buf *ret, struct error *err);

/**
 * hcs_cmdline_append() - the same when the first word is a command line already (ArgsEscaped)
 *
 * Only the words after it are quoted. -ERR_INVALID when it is empty.
 */
int hcs_cmdline_append(const struct strings *words, struct buf *ret, struct error *err);
