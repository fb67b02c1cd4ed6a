/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Reparse points: what symbolic links and mount points are on NTFS. Pure. */
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

#define WINLAYER_REPARSE_BYTES 16384 /* MAXIMUM_REPARSE_DATA_BUFFER_SIZE */

/**
 * winlayer_reparse_put() - append a REPARSE_DATA_BUFFER that leads to @target
 * @target:   as in the archive: with slashes or backslashes; absolute with a drive, or \\server, or
 *            \\?\ in front; else relative
 * @is_mount: a mount point instead of a symbolic link
 *
 * Return: 0; -ERR_INVALID for a link to nothing or no text; -ERR_LIMIT.
 */
int winlayer_reparse_put(const char *target, bool is_mount, struct buf *out, struct error *err);

/** winlayer_reparse_check() - are these bytes one whole reparse point? */
bool winlayer_reparse_check(const void *p, size_t n);
