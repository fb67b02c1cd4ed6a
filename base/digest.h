/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* SHA-256, HMAC-SHA-256 and SHA-1 over nettle; hex is lower case. Cannot fail. */
#include <stddef.h>
#include <stdint.h>

#include "base/clean.h"

#define DIGEST_BYTES    32
#define DIGEST_HEX_SIZE 65 /* with the NUL */

#define DIGEST_SHA1_BYTES 20

struct digest; /* a SHA-256 under way */

struct digest *digest_new(void);
void digest_free(struct digest *d); /* NULL is fine */
CLEAN_DEFINE(digest, struct digest *, digest_free)
void digest_add(struct digest *d, const void *p, size_t n);
/** digest_final() - the sum; @d can only be freed afterwards */
void digest_final(struct digest *d, uint8_t out[DIGEST_BYTES]);

/* In one go; digest_hex() spells a sum in lower-case hex into @hex and gives @hex. */
void digest_sha256(const void *p, size_t n, uint8_t out[DIGEST_BYTES]);
void digest_hmac(const void *key, size_t n_key, const void *p, size_t n, uint8_t out[DIGEST_BYTES]);
const char *digest_hex(const uint8_t sum[DIGEST_BYTES], char hex[DIGEST_HEX_SIZE]);

/** digest_sha1() - of @prefix and @p joined; for UUIDs made of names, never for trust */
void digest_sha1(const void *prefix, size_t n_prefix, const void *p, size_t n,
		 uint8_t out[DIGEST_SHA1_BYTES]);
