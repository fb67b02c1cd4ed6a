/* SPDX-License-Identifier: Apache-2.0 */
/* A thin layer over libcrypto; its failures here mean no memory, so they abort. */
#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/arena.h"

struct digest {
	EVP_MD_CTX *ctx;
};

static void must(int ok)
{
	if (ok != 1)
		abort();
}

struct digest *digest_new(void)
{
	struct digest *d = xcalloc(1, sizeof(*d));

	d->ctx = EVP_MD_CTX_new();
	must(d->ctx != NULL);
	must(EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL));
	return d;
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

void digest_add(struct digest *d, const void *p, size_t n)
{
	must(EVP_DigestUpdate(d->ctx, p, n));
}

void digest_final(struct digest *d, uint8_t out[DIGEST_BYTES])
{
	unsigned int n = 0;

	must(EVP_DigestFinal_ex(d->ctx, out, &n));
}

void digest_sha256(const void *p, size_t n, uint8_t out[DIGEST_BYTES])
{
	struct digest *d CLEAN(digest) = digest_new();

	digest_add(d, p, n);
	digest_final(d, out);
}

void digest_hmac(const void *key, size_t n_key, const void *p, size_t n, uint8_t out[DIGEST_BYTES])
{
	unsigned int len = 0;

	must(HMAC(EVP_sha256(), key, (int)n_key, p, n, out, &len) != NULL);
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
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned int size = 0;

	must(ctx != NULL);
	must(EVP_DigestInit_ex(ctx, EVP_sha1(), NULL));
	must(EVP_DigestUpdate(ctx, prefix, n_prefix));
	must(EVP_DigestUpdate(ctx, p, n));
	must(EVP_DigestFinal_ex(ctx, out, &size));
	EVP_MD_CTX_free(ctx);
}
