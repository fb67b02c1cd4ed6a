/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Files as people name them, to be read whole: a path, or `-` for stdin. */
#include "base/buf.h"
#include "base/error.h"

/**
 * input_read() - append the file to @ret, as far as its maximum
 *
 * Who wants to know that a file is too large gives one byte more than the limit. A FIFO is read
 * until its writers have left; without one it is given up after a few seconds.
 * Return: 0; -ERR_NOT_FOUND, -ERR_UNAUTHORIZED; -ERR_INVALID for a directory, a socket, a block
 *         device and a FIFO that nobody writes to.
 */
int input_read(const char *path, struct buf *ret, struct error *err);

/** input_name() - how messages call it: "<stdin>" for "-" */
const char *input_name(const char *path);
