/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Completion scripts for shells, made from the table of commands. */
#include <stdbool.h>

#include "base/buf.h"

/** completion_write() - append the script for bash, zsh or fish; false for another word */
bool completion_write(const char *shell, struct buf *ret);
