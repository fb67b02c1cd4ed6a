/* SPDX-License-Identifier: Apache-2.0 */
/* Four letters for three bytes. Decoding accepts exactly what encoding writes, but does not
 * look at the unused low bits of a last letter. */
#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *p, size_t n, struct buf *ret)
{
	const uint8_t *at = p;

	for (; n >= 3; at += 3, n -= 3) {
		char out[4] = { letters[at[0] >> 2], letters[(at[0] & 3) << 4 | at[1] >> 4],
				letters[(at[1] & 15) << 2 | at[2] >> 6], letters[at[2] & 63] };

		buf_add(ret, out, 4);
	}
	if (n) {
		uint8_t second = n == 2 ? at[1] : 0;
		char out[4] = { letters[at[0] >> 2], letters[(at[0] & 3) << 4 | second >> 4],
				n == 2 ? letters[(second & 15) << 2] : '=', '=' };

		buf_add(ret, out, 4);
	}
}

static int value_of(char c)
{
	const char *at = c ? strchr(letters, c) : NULL;

	return at ? (int)(at - letters) : -1;
}

/* One group of four letters; how many bytes it holds, 0 when it is none. */
static size_t decode_group(const char *in, uint8_t out[3])
{
	int v[4];

	for (int i = 0; i < 4; i++)
		v[i] = value_of(in[i]);
	if (v[0] < 0 || v[1] < 0)
		return 0;
	out[0] = (uint8_t)(v[0] << 2 | v[1] >> 4);
	if (in[2] == '=' && in[3] == '=')
		return 1;
	if (v[2] < 0)
		return 0;
	out[1] = (uint8_t)((v[1] & 15) << 4 | v[2] >> 2);
	if (in[3] == '=')
		return 2;
	out[2] = (uint8_t)((v[2] & 3) << 6 | v[3]);
	return v[3] < 0 ? 0 : 3;
}

int base64_decode(const char *text, struct buf *ret, struct error *err)
{
	size_t n = strlen(text);

	if (n % 4)
		return error_set(err, ERR_INVALID, 0, "base64 text of %zu letters", n);
	for (size_t i = 0; i < n; i += 4) {
		uint8_t out[3];
		size_t got = decode_group(text + i, out);

		if (got == 0 || (got < 3 && i + 4 < n))
			return error_set(err, ERR_INVALID, 0, "no base64 at letter %zu", i);
		buf_add(ret, out, got);
	}
	if (ret->overflow)
		return error_set(err, ERR_LIMIT, 0, "base64 of more than %zu bytes", ret->max);
	return 0;
}
