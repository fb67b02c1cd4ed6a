/* SPDX-License-Identifier: Apache-2.0 */
/* Byte by byte, so that neither padding nor the order of bytes of this machine gets in. */
#include "backends/winlayer_stream.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/hcs_text.h"

enum {
	FLAG_SPARSE = 8, /* STREAM_SPARSE_ATTRIBUTE: of the data and of each block */
	N_HEADER = 20,   /* of WIN32_STREAM_ID without the name */
	N_OFFSET = 8,    /* in front of a sparse block's bytes, counted as its size */
	MAX_PART = 11,   /* kinds of parts there are, BACKUP_GHOSTED_FILE_EXTENTS being the last */
	MAX_NAME = 255 * 2, /* bytes of an alternate stream's name */
};

void winlayer_stream_u16(struct buf *out, uint16_t v)
{
	buf_putc(out, (char)(v & 0xFF));
	buf_putc(out, (char)(v >> 8));
}

void winlayer_stream_u32(struct buf *out, uint32_t v)
{
	winlayer_stream_u16(out, (uint16_t)(v & 0xFFFF));
	winlayer_stream_u16(out, (uint16_t)(v >> 16));
}

void winlayer_stream_u64(struct buf *out, uint64_t v)
{
	winlayer_stream_u32(out, (uint32_t)(v & UINT32_MAX));
	winlayer_stream_u32(out, (uint32_t)(v >> 32));
}

int winlayer_stream_text(struct buf *out, const char *text, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	PCWSTR wide;
	int r = hcs_text_to_utf16(text, a, &wide, err);

	if (r < 0)
		return r;
	for (; *wide; wide++)
		winlayer_stream_u16(out, *wide);
	return 0;
}

static void put_header(struct buf *out, uint32_t part, uint32_t flags, uint64_t size, uint32_t n)
{
	winlayer_stream_u32(out, part);
	winlayer_stream_u32(out, flags);
	winlayer_stream_u64(out, size);
	winlayer_stream_u32(out, n);
}

void winlayer_stream_header(struct buf *out, enum winlayer_part part, uint64_t size)
{
	put_header(out, part, 0, size, 0);
}

int winlayer_stream_alternate(struct buf *out, const char *name, uint64_t size, struct error *err)
{
	struct buf wide CLEAN(buf) = BUF_INIT(1 << 16), text CLEAN(buf) = BUF_INIT(1 << 12);
	int r;

	buf_printf(&text, ":%s:$DATA", name);
	r = winlayer_stream_text(&wide, text.data, err);
	if (r < 0)
		return r;
	put_header(out, WINLAYER_PART_ALTERNATE, 0, size, (uint32_t)wide.n);
	buf_add(out, wide.data, wide.n);
	return 0;
}

void winlayer_stream_sparse(struct buf *out)
{
	put_header(out, WINLAYER_PART_DATA, FLAG_SPARSE, 0, 0);
}

void winlayer_stream_block(struct buf *out, uint64_t offset, uint64_t size)
{
	put_header(out, WINLAYER_PART_SPARSE, FLAG_SPARSE, size + N_OFFSET, 0);
	winlayer_stream_u64(out, offset);
}

static uint32_t get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int64_t get_i64(const unsigned char *p)
{
	return (int64_t)((uint64_t)get_u32(p + 4) << 32 | get_u32(p));
}

static int corrupt(struct error *err, const char *what)
{
	return error_set(err, ERR_CORRUPT, 0, "not a backup stream: %s", what);
}

/* Exactly @n bytes at s->next, which moves on. */
static int get(struct winlayer_stream *s, void *out, size_t n, struct error *err)
{
	ssize_t got;

	if ((int64_t)n > s->end - s->next)
		return corrupt(err, "it ends in the middle");
	do
		got = pread(s->fd, out, n, s->next);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_sys(err, errno, "read");
	if ((size_t)got != n)
		return corrupt(err, "it ends in the middle");
	s->next += (int64_t)n;
	return 0;
}

int winlayer_stream_open(int fd, struct winlayer_stream *ret, struct error *err)
{
	struct winlayer_stream s = { .fd = fd };
	unsigned char bytes[4];
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return error_sys(err, errno, "look at it");
	s.end = st.st_size;
	r = get(&s, bytes, sizeof(bytes), err);
	if (r < 0)
		return r;
	s.attributes = get_u32(bytes);
	*ret = s;
	return 0;
}

static int get_name(struct winlayer_stream *s, uint32_t n, struct error *err)
{
	WCHAR wide[MAX_NAME / 2 + 1];
	unsigned char bytes[MAX_NAME];
	struct buf name CLEAN(buf) = BUF_INIT(sizeof(s->name) - 1);
	int r;

	if (n > MAX_NAME || n % 2)
		return corrupt(err, "a name too long");
	r = get(s, bytes, n, err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < n / 2; i++)
		wide[i] = (WCHAR)(bytes[2 * i] | bytes[2 * i + 1] << 8);
	wide[n / 2] = 0;
	if (hcs_text_from_utf16(wide, &name, NULL) < 0)
		return corrupt(err, "a name that is no text");
	memcpy(s->name, name.data, name.n + 1);
	return 0;
}

int winlayer_stream_next(struct winlayer_stream *s, struct error *err)
{
	unsigned char h[N_HEADER], offset[N_OFFSET];
	int r;

	if (s->next == s->end)
		return WINLAYER_STREAM_END;
	r = get(s, h, sizeof(h), err);
	if (r < 0)
		return r;
	s->part = get_u32(h);
	s->flags = get_u32(h + 4);
	s->size = get_i64(h + 8);
	s->offset = 0;
	if (s->part < 1 || s->part > MAX_PART)
		return corrupt(err, "a part of no kind");
	r = get_name(s, get_u32(h + 16), err);
	if (r == 0 && s->part == WINLAYER_PART_SPARSE) {
		r = get(s, offset, sizeof(offset), err);
		s->offset = get_i64(offset);
		s->size -= N_OFFSET;
	}
	if (r < 0)
		return r;
	if (s->size < 0 || s->size > s->end - s->next || s->offset < 0)
		return corrupt(err, "a part that is too long");
	s->at = s->next;
	s->next += s->size;
	return 0;
}
