/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thin layer over nettle, which is as fast as libcrypto here (both use the processor's SHA
 * instructions) and a tenth of it: libcrypto costs each start a millisecond and each process that
 * lives for years more than a megabyte, for three functions.
 */
#include "base/digest.h"

#include <nettle/hmac.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include "base/arena.h"

struct digest {
	struct sha256_ctx ctx;
};

struct digest *digest_new(void)
{
	struct digest *d = xcalloc(1, sizeof(*d));

	sha256_init(&d->ctx);
	return d;
}

void digest_free(struct digest *d)
{
	free(d);
}

void digest_add(struct digest *d, const void *p, size_t n)
{
	sha256_update(&d->ctx, n, p);
}

void digest_final(struct digest *d, uint8_t out[DIGEST_BYTES])
{
	sha256_digest(&d->ctx, DIGEST_BYTES, out);
}

void digest_sha256(const void *p, size_t n, uint8_t out[DIGEST_BYTES])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, n, p);
	sha256_digest(&ctx, DIGEST_BYTES, out);
}

void digest_hmac(const void *key, size_t n_key, const void *p, size_t n, uint8_t out[DIGEST_BYTES])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, n_key, key);
	hmac_sha256_update(&ctx, n, p);
	hmac_sha256_digest(&ctx, DIGEST_BYTES, out);
}

const char *digest_hex(const uint8_t sum[DIGEST_BYTES], char hex[DIGEST_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 15];
	}
	hex[DIGEST_HEX_SIZE - 1] = '\0';
	return hex;
}

void digest_sha1(const void *prefix, size_t n_prefix, const void *p, size_t n,
		 uint8_t out[DIGEST_SHA1_BYTES])
{
	struct sha1_ctx ctx;

	sha1_init(&ctx);
	sha1_update(&ctx, n_prefix, prefix);
	sha1_update(&ctx, n, p);
	sha1_digest(&ctx, DIGEST_SHA1_BYTES, out);
}
