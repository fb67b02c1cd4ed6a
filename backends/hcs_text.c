/* SPDX-License-Identifier: Apache-2.0 */
/* One character at a time, both ways; the tables of the Unicode standard (D92, D91) as code. */
#include "backends/hcs_text.h"

enum { HIGH = 0xD800, LOW = 0xDC00, LOW_END = 0xE000, PLANE_1 = 0x10000, LAST = 0x10FFFF };

/* One character from UTF-8 at @s, which ends with a NUL; its bytes, 0 when it is none. */
static size_t decode(const unsigned char *s, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, PLANE_1 };
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xC0 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7FU >> n);

	if (s[0] > 0xF4)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3F);
	}
	if (n == 0 || c < least[n] || c > LAST || (c >= HIGH && c < LOW_END))
		return 0;
	*ret = c;
	return n;
}

int hcs_text_to_utf16(const char *text, struct arena *a, PCWSTR *ret, struct error *err)
{
	const unsigned char *s = (const unsigned char *)text;
	WCHAR *out, *p;
	uint32_t c = 0;

	if (!text) {
		*ret = NULL;
		return 0;
	}
	out = p = arena_array(a, strlen(text) + 1, sizeof(*out)); /* never more units than bytes */
	for (size_t n; *s; s += n) {
		n = decode(s, &c);
		if (n == 0)
			return error_set(err, ERR_INVALID, 0, "not UTF-8 at byte %zu",
					 (size_t)(s - (const unsigned char *)text));
		if (c >= PLANE_1) {
			*p++ = (WCHAR)(HIGH + ((c - PLANE_1) >> 10));
			c = LOW + (c & 0x3FF);
		}
		*p++ = (WCHAR)c;
	}
	*p = 0;
	*ret = out;
	return 0;
}

static void encode(uint32_t c, struct buf *to)
{
	if (c < 0x80) {
		buf_putc(to, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_putc(to, (char)(0xC0 | c >> 6));
	} else {
		if (c < PLANE_1) {
			buf_putc(to, (char)(0xE0 | c >> 12));
		} else {
			buf_putc(to, (char)(0xF0 | c >> 18));
			buf_putc(to, (char)(0x80 | (c >> 12 & 0x3F)));
		}
		buf_putc(to, (char)(0x80 | (c >> 6 & 0x3F)));
	}
	buf_putc(to, (char)(0x80 | (c & 0x3F)));
}

/* One character from UTF-16 at @s, which ends with a NUL; its units, 0 when it is none. */
static size_t join(PCWSTR s, uint32_t *ret)
{
	if (s[0] < HIGH || s[0] >= LOW_END) {
		*ret = s[0];
		return 1;
	}
	if (s[0] >= LOW || s[1] < LOW || s[1] >= LOW_END)
		return 0;
	*ret = PLANE_1 + ((uint32_t)(s[0] - HIGH) << 10) + (s[1] - LOW);
	return 2;
}

/* Bytes of @text as UTF-8; -ERR_INVALID. */
static int measure(PCWSTR text, size_t *ret, struct error *err)
{
	size_t bytes = 0;
	uint32_t c = 0;

	for (size_t i = 0, n; text[i]; i += n) {
		n = join(text + i, &c);
		if (n == 0)
			return error_set(err, ERR_INVALID, 0,
					 "not UTF-16: half a surrogate pair at unit %zu", i);
		bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : c < PLANE_1 ? 3 : 4;
	}
	*ret = bytes;
	return 0;
}

int hcs_text_from_utf16(PCWSTR text, struct buf *ret, struct error *err)
{
	size_t bytes = 0;
	uint32_t c = 0;
	int r;

	if (!text)
		return 0;
	r = measure(text, &bytes, err);
	if (r < 0)
		return r;
	if (!buf_reserve(ret, bytes))
		return error_set(err, ERR_LIMIT, 0, "a text of %zu bytes, at most %zu fit", bytes,
				 ret->max - ret->n);
	for (size_t i = 0; text[i];) {
		i += join(text + i, &c);
		encode(c, ret);
	}
	return 0;
}

size_t hcs_text_length(PCWSTR text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}
