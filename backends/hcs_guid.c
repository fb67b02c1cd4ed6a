/* SPDX-License-Identifier: Apache-2.0 */
/* A GUID's first three fields are numbers: in text and on the wire their high byte comes first. */
#include "backends/hcs_guid.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"

enum { N_BYTES = 16 };

static void to_bytes(const GUID *id, uint8_t out[N_BYTES])
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(id->Data1 >> (24 - 8 * i));
	for (int i = 0; i < 2; i++) {
		out[4 + i] = (uint8_t)(id->Data2 >> (8 - 8 * i));
		out[6 + i] = (uint8_t)(id->Data3 >> (8 - 8 * i));
	}
	memcpy(out + 8, id->Data4, sizeof(id->Data4));
}

static void from_bytes(const uint8_t in[N_BYTES], GUID *ret)
{
	*ret = (GUID){ .Data1 = (uint32_t)in[0] << 24 | in[1] << 16 | in[2] << 8 | in[3],
		       .Data2 = (uint16_t)(in[4] << 8 | in[5]),
		       .Data3 = (uint16_t)(in[6] << 8 | in[7]) };
	memcpy(ret->Data4, in + 8, sizeof(ret->Data4));
}

/* Is there a hyphen before this byte's two digits? */
static bool is_group(int i)
{
	return i == 4 || i == 6 || i == 8 || i == 10;
}

const char *hcs_guid_format(const GUID *id, char text[HCS_GUID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[N_BYTES];
	char *p = text;

	to_bytes(id, bytes);
	for (int i = 0; i < N_BYTES; i++) {
		if (is_group(i))
			*p++ = '-';
		*p++ = digits[bytes[i] >> 4];
		*p++ = digits[bytes[i] & 15];
	}
	*p = '\0';
	return text;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hcs_guid_parse(const char *text, GUID *ret)
{
	bool braces = text[0] == '{';
	const char *p = text + braces;
	uint8_t bytes[N_BYTES];

	for (int i = 0; i < N_BYTES; i++) {
		if (is_group(i) && *p++ != '-')
			return false;
		/* The second digit is only looked at when the first is one: never past the NUL. */
		if (digit(p[0]) < 0 || digit(p[1]) < 0)
			return false;
		bytes[i] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
		p += 2;
	}
	if (strcmp(p, braces ? "}" : "") != 0)
		return false;
	from_bytes(bytes, ret);
	return true;
}

bool hcs_guid_equal(const GUID *a, const GUID *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool hcs_guid_is_zero(const GUID *id)
{
	return hcs_guid_equal(id, &(const GUID){ 0 });
}

void hcs_guid_derive(const GUID *space, const void *name, size_t n, GUID *ret)
{
	uint8_t sum[DIGEST_SHA1_BYTES];
	uint8_t prefix[N_BYTES];

	to_bytes(space, prefix);
	digest_sha1(prefix, sizeof(prefix), name, n, sum);
	sum[6] = (uint8_t)((sum[6] & 0x0F) | 0x50); /* version 5 */
	sum[8] = (uint8_t)((sum[8] & 0x3F) | 0x80); /* the variant of RFC 4122 */
	from_bytes(sum, ret);
}
