/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Base64 with padding (RFC 4648, 4): bytes inside JSON texts. */
#include "base/buf.h"
#include "base/error.h"

/** base64_encode() - append the text of @n bytes to @ret */
void base64_encode(const void *p, size_t n, struct buf *ret);

/** base64_decode() - append the bytes; strict: no spaces, padding as written by the encoder */
int base64_decode(const char *text, struct buf *ret, struct error *err);
