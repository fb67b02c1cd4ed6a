/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * UTF-8 here, UTF-16 there. Strict both ways: overlong forms, surrogates in UTF-8, unpaired ones in
 * UTF-16 and what lies beyond U+10FFFF are refused, never replaced, so that a name that came
 * through is the same name on the way back.
 */
#include "backends/hcs_types.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

/**
 * hcs_text_to_utf16() - @text with a NUL, in the arena; NULL gives NULL
 *
 * Return: 0; -ERR_INVALID when @text is not UTF-8, with the place of the first bad byte.
 */
int hcs_text_to_utf16(const char *text, struct arena *a, PCWSTR *ret, struct error *err);

/**
 * hcs_text_from_utf16() - append @text up to its NUL; NULL appends nothing
 *
 * Return: 0; -ERR_INVALID for an unpaired surrogate; -ERR_LIMIT when it does not fit into @ret's
 *         maximum. @ret is as it was after a failure.
 */
int hcs_text_from_utf16(PCWSTR text, struct buf *ret, struct error *err);

/** hcs_text_length() - units before the NUL */
size_t hcs_text_length(PCWSTR text);
