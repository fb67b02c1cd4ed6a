/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Lines of a log in CRI format: time, stream, F for a whole line or the end of one, P for a part,
 * the text. Lines longer than LIMIT_LOG_LINE are split.
 */
#include "base/buf.h"

/** shim_cri_split() - append the lines that @n bytes of @stream end
 * @line: what was begun before, and is begun afterwards; its maximum is LIMIT_LOG_LINE */
void shim_cri_split(struct buf *line, const char *stream, const char *p, size_t n, struct buf *out);

/** shim_cri_rest() - append what was begun, if anything, and forget it
 * @tag: F: nothing follows; P: somebody else goes on */
void shim_cri_rest(struct buf *line, const char *stream, char tag, struct buf *out);

/** shim_cri_tell() - append a line of our own */
void shim_cri_tell(struct buf *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
