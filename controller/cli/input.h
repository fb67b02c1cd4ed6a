/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Deployment files as people name them: a path, or `-` for stdin. */
#include "base/buf.h"
#include "base/error.h"

/**
 * input_read() - append the whole file to @ret, whose maximum is LIMIT_SPEC_BYTES + 1
 *
 * One byte over the limit is read, so that the parser can say that a file is too large.
 * Return: 0; -ERR_NOT_FOUND, -ERR_UNAUTHORIZED, -ERR_INVALID for a directory or another thing
 *         that is no file.
 */
int input_read(const char *path, struct buf *ret, struct error *err);

/** input_name() - how messages call it: "<stdin>" for "-" */
const char *input_name(const char *path);
