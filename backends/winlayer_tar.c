/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the tar's bytes from image_tar, which counts, hashes and bounds them, and cuts them into
 * blocks. A member's texts live in an arena that is emptied at the next member.
 */
#include "backends/winlayer_tar.h"

#include <string.h>

#include "backends/winlayer_tar_header.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/number.h"

struct winlayer_tar {
	struct image_tar *tar;
	const unsigned char *at; /* what is left of the current piece */
	size_t n;
	int64_t left, padding; /* of the current member's data, and behind it */
	int64_t n_members;
	struct arena *arena;
	struct winlayer_member member;
};

/* Up to @max bytes of the tar; WINLAYER_TAR_END. */
static int take(struct winlayer_tar *t, int64_t max, const void **ret, size_t *ret_n,
		struct error *err)
{
	if (!t->n) {
		const void *p;
		int r = image_tar_bytes(t->tar, &p, &t->n, err);

		if (r)
			return r < 0 ? r : WINLAYER_TAR_END;
		t->at = p;
	}
	*ret = t->at;
	*ret_n = (int64_t)t->n < max ? t->n : (size_t)max;
	t->at += *ret_n;
	t->n -= *ret_n;
	return 0;
}

static int truncated(struct error *err)
{
	return error_set(err, ERR_INVALID, 0, "truncated");
}

/* Exactly @n bytes; WINLAYER_TAR_END when there is nothing at all. */
static int read_bytes(struct winlayer_tar *t, void *out, size_t n, struct error *err)
{
	size_t have = 0;

	while (have < n) {
		const void *p;
		size_t piece;
		int r = take(t, (int64_t)(n - have), &p, &piece, err);

		if (r == WINLAYER_TAR_END && have)
			return truncated(err);
		if (r)
			return r;
		memcpy((char *)out + have, p, piece);
		have += piece;
	}
	return 0;
}

static int skip(struct winlayer_tar *t, int64_t n, struct error *err)
{
	while (n > 0) {
		const void *p;
		size_t piece;
		int r = take(t, n, &p, &piece, err);

		if (r)
			return r < 0 ? r : truncated(err);
		n -= (int64_t)piece;
	}
	return 0;
}

static int64_t padding_of(int64_t size)
{
	return (WINLAYER_BLOCK - size % WINLAYER_BLOCK) % WINLAYER_BLOCK;
}

/* The data of a member that is about the next one. */
static int read_text(struct winlayer_tar *t, int64_t size, int64_t max, char **ret,
		     struct error *err)
{
	char *text;
	int r;

	if (size > max)
		return error_set(err, ERR_LIMIT, 0, "a name or record of more than %lld bytes",
				 (long long)max);
	text = arena_alloc(t->arena, (size_t)size + 1);
	r = read_bytes(t, text, (size_t)size, err);
	if (r == 0)
		r = skip(t, padding_of(size), err);
	if (r)
		return r < 0 ? r : truncated(err);
	*ret = text;
	return 0;
}

static int read_records(struct winlayer_tar *t, int64_t size, struct error *err)
{
	struct winlayer_member *m = &t->member;
	struct winlayer_record *records;
	char *text;
	int r = read_text(t, size, LIMIT_PAX_BYTES, &text, err);

	if (r < 0)
		return r;
	if (m->records)
		return error_set(err, ERR_INVALID, 0, "PAX records about PAX records");
	r = winlayer_tar_records(text, (size_t)size, t->arena, &records, &m->n_records, err);
	m->records = records;
	return r;
}

const char *winlayer_tar_record(const struct winlayer_member *m, const char *key)
{
	for (size_t i = 0; i < m->n_records; i++)
		if (strcmp(m->records[i].key, key) == 0)
			return m->records[i].value;
	return NULL;
}

/* A text of PAX that takes the place of one in the header. */
static void override(const struct winlayer_member *m, const char *key, const char **text)
{
	const char *value = winlayer_tar_record(m, key);

	if (value)
		*text = value;
}

static int read_size(const struct winlayer_member *m, const char *key, int64_t *ret,
		     struct error *err)
{
	const char *text = winlayer_tar_record(m, key);
	uint64_t v;

	if (!text)
		return 0;
	if (!number_u64(text, INT64_MAX, &v))
		return error_set(err, ERR_INVALID, 0, "\"%s\" is no size: %.40s", key, text);
	*ret = (int64_t)v;
	return 0;
}

static int type_of(const struct winlayer_header *h, enum winlayer_type *ret, struct error *err)
{
	switch (h->type) {
	case '0':
	case '\0':
	case '7': /* a contiguous file of very old systems */
		*ret = WINLAYER_FILE;
		return 0;
	case '1':
		*ret = WINLAYER_HARDLINK;
		return 0;
	case '2':
		*ret = WINLAYER_SYMLINK;
		return 0;
	case '5':
		*ret = WINLAYER_DIRECTORY;
		return 0;
	default:
		return error_set(err, ERR_UNSUPPORTED, 0, "%.100s: a member of kind 0x%02x",
				 h->name, (unsigned char)h->type);
	}
}

static size_t count_lines(const struct buf *b, size_t from)
{
	size_t n = 0;

	for (size_t i = from; i < b->n; i++)
		n += b->data[i] == '\n';
	return n;
}

/* The map stands in front of the data, padded to whole blocks. */
static int read_map(struct winlayer_tar *t, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_PAX_BYTES);
	size_t n_lines = 0;
	int64_t stored = 0;
	int want = 0;

	while (!want || n_lines < (size_t)want) {
		char block[WINLAYER_BLOCK];
		int r = t->left < WINLAYER_BLOCK ? truncated(err)
						 : read_bytes(t, block, WINLAYER_BLOCK, err);

		if (r)
			return r < 0 ? r : truncated(err);
		t->left -= WINLAYER_BLOCK;
		buf_add(&text, block, WINLAYER_BLOCK);
		n_lines += count_lines(&text, text.n - WINLAYER_BLOCK);
		want = want ? want : winlayer_tar_map_lines(text.data, text.n, err);
		if (want < 0)
			return want;
		if (text.overflow)
			return error_set(err, ERR_LIMIT, 0, "a sparse file of too many parts");
	}
	want = winlayer_tar_map(text.data, text.n, t->arena, &t->member, err);
	for (size_t i = 0; want == 0 && i < t->member.n_extents; i++)
		stored += t->member.extents[i].size;
	if (want == 0 && stored != t->left)
		return error_set(err, ERR_INVALID, 0, "a sparse file whose map does not fit");
	return want;
}

static int read_sparse(struct winlayer_tar *t, struct error *err)
{
	struct winlayer_member *m = &t->member;
	const char *major = winlayer_tar_record(m, "GNU.sparse.major");
	const char *minor = winlayer_tar_record(m, "GNU.sparse.minor");
	int r;

	if (!major && !winlayer_tar_record(m, "GNU.sparse.size") &&
	    !winlayer_tar_record(m, "GNU.sparse.map"))
		return 0;
	if (!major || !minor || strcmp(major, "1") != 0 || strcmp(minor, "0") != 0 ||
	    m->type != WINLAYER_FILE || !winlayer_tar_record(m, "GNU.sparse.realsize"))
		return error_set(err, ERR_UNSUPPORTED, 0, "%.100s: an old kind of sparse file",
				 m->name);
	override(m, "GNU.sparse.name", &m->name);
	r = read_size(m, "GNU.sparse.realsize", &m->size, err);
	return r < 0 ? r : read_map(t, err);
}

static int build_member(struct winlayer_tar *t, const struct winlayer_header *h, const char *name,
			const char *link, struct error *err)
{
	struct winlayer_member *m = &t->member;
	int64_t size = h->size;
	int r = type_of(h, &m->type, err);

	m->name = name ? name : arena_strdup(t->arena, h->name);
	m->link = link ? link : arena_strdup(t->arena, h->link);
	m->mtime = h->mtime;
	override(m, "path", &m->name);
	override(m, "linkpath", &m->link);
	r = r < 0 ? r : read_size(m, "size", &size, err);
	if (r < 0)
		return r;
	/* Only files have data, whatever a header says. */
	m->size = m->type == WINLAYER_FILE ? size : 0;
	t->left = m->size;
	t->padding = padding_of(m->size);
	return read_sparse(t, err);
}

/* Headers up to the next member's own. */
static int read_headers(struct winlayer_tar *t, struct error *err)
{
	char *name = NULL, *link = NULL;
	struct winlayer_header h;

	for (;;) {
		unsigned char block[WINLAYER_BLOCK];
		int r = read_bytes(t, block, WINLAYER_BLOCK, err);

		if (r == 0)
			r = winlayer_tar_header(block, &h, err);
		if (r > 0 && (name || link || t->member.records))
			return truncated(err); /* what was about the next member has none */
		if (r)
			return r < 0 ? r : WINLAYER_TAR_END;
		switch (h.type) {
		case 'x':
			r = read_records(t, h.size, err);
			break;
		case 'L':
			r = read_text(t, h.size, LIMIT_MEMBER_NAME, &name, err);
			break;
		case 'K':
			r = read_text(t, h.size, LIMIT_MEMBER_NAME, &link, err);
			break;
		default:
			return build_member(t, &h, name, link, err);
		}
		if (r < 0)
			return r;
	}
}

int winlayer_tar_next(struct winlayer_tar *t, const struct winlayer_member **ret, struct error *err)
{
	int r = skip(t, t->left + t->padding, err);

	t->left = t->padding = 0;
	if (r < 0)
		return r;
	arena_reset(t->arena);
	t->member = (struct winlayer_member){ 0 };
	r = read_headers(t, err);
	if (r)
		return r;
	if (++t->n_members > LIMIT_WINLAYER_MEMBERS)
		return error_set(err, ERR_LIMIT, 0, "more than %d members", LIMIT_WINLAYER_MEMBERS);
	*ret = &t->member;
	return 0;
}

int winlayer_tar_data(struct winlayer_tar *t, int64_t max, const void **ret, size_t *ret_n,
		      struct error *err)
{
	int r;

	if (!t->left)
		return WINLAYER_TAR_END;
	r = take(t, max < t->left ? max : t->left, ret, ret_n, err);
	if (r)
		return r < 0 ? r : truncated(err);
	t->left -= (int64_t)*ret_n;
	return 0;
}

int winlayer_tar_finish(struct winlayer_tar *t, struct image_tar_sums *ret, struct error *err)
{
	return image_tar_finish(t->tar, ret, err);
}

int winlayer_tar_open(int fd, struct winlayer_tar **ret, struct error *err)
{
	struct winlayer_tar *t CLEAN(winlayer_tar) = xcalloc(1, sizeof(*t));
	int r;

	t->arena = arena_new();
	r = image_tar_open_raw(fd, &t->tar, err);
	if (r < 0)
		return r;
	*ret = TAKE(t);
	return 0;
}

void winlayer_tar_free(struct winlayer_tar *t)
{
	if (!t)
		return;
	image_tar_free(t->tar);
	arena_free(t->arena);
	free(t);
}
