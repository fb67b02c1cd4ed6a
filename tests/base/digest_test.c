/* SPDX-License-Identifier: Apache-2.0 */
/* The vectors of FIPS 180-4, RFC 4231 and RFC 4122: what another library would answer, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"

static const char *hex_of(const uint8_t sum[DIGEST_BYTES])
{
	static char hex[DIGEST_HEX_SIZE];

	return digest_hex(sum, hex);
}

static void test_sha256(void **state)
{
	static const char *const cases[][2] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	uint8_t sum[DIGEST_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		digest_sha256(cases[i][0], strlen(cases[i][0]), sum);
		assert_string_equal(hex_of(sum), cases[i][1]);
	}
}

/* A million times "a", in pieces that fit no block. */
static void test_pieces(void **state)
{
	struct digest *d CLEAN(digest) = digest_new();
	char piece[997];
	uint8_t sum[DIGEST_BYTES];

	(void)state;
	memset(piece, 'a', sizeof(piece));
	for (size_t left = 1000000, n; left > 0; left -= n) {
		n = left < sizeof(piece) ? left : sizeof(piece);
		digest_add(d, piece, n);
	}
	digest_final(d, sum);
	assert_string_equal(hex_of(sum),
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_hmac(void **state)
{
	static const char long_text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	uint8_t key[131], sum[DIGEST_BYTES];

	(void)state;
	digest_hmac("Jefe", 4, "what do ya want for nothing?", 28, sum);
	assert_string_equal(hex_of(sum),
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	digest_hmac(key, sizeof(key), long_text, strlen(long_text), sum);
	assert_string_equal(hex_of(sum),
			    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_sha1(void **state)
{
	static const uint8_t want[DIGEST_SHA1_BYTES] = { 0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81,
							 0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50,
							 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d };
	uint8_t sum[DIGEST_SHA1_BYTES];

	(void)state;
	digest_sha1("a", 1, "bc", 2, sum);
	assert_memory_equal(sum, want, sizeof(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_sha1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
