/* SPDX-License-Identifier: Apache-2.0 */
/* The same bytes as go-winio's: the name for the object manager, the name for people, each with a
 * NUL that its length does not count. */
#include "backends/winlayer_reparse.h"

#include <stdint.h>
#include <string.h>

#include "backends/winlayer_stream.h"
#include "base/limits.h"

enum {
	TAG_MOUNT = (int)0xA0000003,
	TAG_LINK = (int)0xA000000C,
	N_HEADER = 8, /* tag, length, reserved */
	N_NAMES = 8,  /* where the two names are */
};

static bool has_drive(const char *s)
{
	return ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z')) && s[1] == ':';
}

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The name the object manager knows it by; false: it is relative and stays as it is. */
static bool to_native(const char *target, struct buf *out)
{
	if (starts(target, "\\\\?\\"))
		buf_printf(out, "\\??\\%s", target + 4);
	else if (starts(target, "\\\\"))
		buf_printf(out, "\\??\\UNC\\%s", target + 2);
	else if (has_drive(target))
		buf_printf(out, "\\??\\%s", target);
	else
		buf_puts(out, target);
	return starts(target, "\\\\") || has_drive(target);
}

/* Text and a NUL; bytes without it. */
static int put_name(const char *text, struct buf *out, size_t *ret_n, struct error *err)
{
	size_t before = out->n;
	int r = winlayer_stream_text(out, text, err);

	*ret_n = out->n - before;
	winlayer_stream_u16(out, 0);
	return r;
}

int winlayer_reparse_put(const char *target, bool is_mount, struct buf *out, struct error *err)
{
	struct buf print CLEAN(buf) = BUF_INIT(LIMIT_MEMBER_NAME),
			 native CLEAN(buf) = BUF_INIT(2 * LIMIT_MEMBER_NAME);
	struct buf names CLEAN(buf) = BUF_INIT(WINLAYER_REPARSE_BYTES - 32);
	size_t n_native, n_print, size;
	bool is_absolute;
	int r;

	buf_puts(&print, target);
	for (size_t i = 0; i < print.n; i++)
		if (print.data[i] == '/')
			print.data[i] = '\\';
	if (!*target)
		return error_set(err, ERR_INVALID, 0, "a link to nothing");
	is_absolute = to_native(print.data, &native);
	r = put_name(native.data, &names, &n_native, err);
	r = r < 0 ? r : put_name(print.data, &names, &n_print, err);
	if (r < 0)
		return r;
	if (print.overflow || native.overflow || names.overflow)
		return error_set(err, ERR_LIMIT, 0, "a link to a name that is too long");
	size = N_NAMES + names.n + (is_mount ? 0 : 4);
	winlayer_stream_u32(out, (uint32_t)(is_mount ? TAG_MOUNT : TAG_LINK));
	winlayer_stream_u16(out, (uint16_t)size);
	winlayer_stream_u16(out, 0);
	winlayer_stream_u16(out, 0);
	winlayer_stream_u16(out, (uint16_t)n_native);
	winlayer_stream_u16(out, (uint16_t)(n_native + 2));
	winlayer_stream_u16(out, (uint16_t)n_print);
	if (!is_mount)
		winlayer_stream_u32(out, is_absolute ? 0 : 1); /* SYMLINK_FLAG_RELATIVE */
	buf_add(out, names.data, names.n);
	return 0;
}

bool winlayer_reparse_check(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	return n >= N_HEADER && n <= WINLAYER_REPARSE_BYTES &&
	       (size_t)(p[4] | p[5] << 8) == n - N_HEADER && (p[0] | p[1] | p[2] | p[3]);
}
