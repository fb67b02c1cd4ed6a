/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two libarchive readers in a row: the first takes the compression off, the
 * second reads tar from what the first gives. So both digests come out of one
 * pass: of the packed bytes on the way in, of the tar between the two.
 * Only formats and filters that libarchive does itself are enabled: it would
 * start external programs for others.
 */
#include "backends/image_tar.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backends/image_archive.h"
#include "base/arena.h"
#include "base/fs.h"
#include "base/limits.h"

#define CHUNK   65536
#define TAR_END 512 /* a block of zeros; writers put two, readers want one */

struct image_tar {
	int fd;
	struct archive *packed; /* raw format: the filters only */
	struct archive *tar;    /* no filter; NULL when only unpacking */
	struct digest *digest, *diff_id;
	int64_t n_packed, n_unpacked, n_members;
	size_t zeros;     /* at the end of what was unpacked so far */
	int failed;       /* result of the callback that failed, and its error */
	struct error why; /* (libarchive's callbacks cannot carry one) */
	unsigned char in[CHUNK];
};

static ssize_t read_packed(struct archive *a, void *arg, const void **ret)
{
	struct image_tar *t = arg;
	ssize_t n;

	do
		n = read(t->fd, t->in, sizeof(t->in));
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		t->failed = error_sys(&t->why, errno, "read");
		libarchive.set_error(a, errno, "read");
		return -1;
	}
	digest_add(t->digest, t->in, (size_t)n);
	t->n_packed += n;
	*ret = t->in;
	return n;
}

static void count_zeros(struct image_tar *t, const unsigned char *p, size_t n)
{
	size_t run = 0;

	while (run < n && run < TAR_END && p[n - 1 - run] == 0)
		run++;
	t->zeros = run == n ? t->zeros + run : run;
}

/* A little data may be packed as tightly as it likes: zeros in a small test image are no bomb. */
static int check_bomb(struct image_tar *t)
{
	if (t->n_unpacked > LIMIT_LAYER_BYTES)
		return error_set(&t->why, ERR_LIMIT, 0, "unpacks to more than %lld bytes",
				 (long long)LIMIT_LAYER_BYTES);
	if (t->n_unpacked > LIMIT_LAYER_SMALL && t->n_unpacked / LIMIT_LAYER_RATIO > t->n_packed)
		return error_set(&t->why, ERR_LIMIT, 0,
				 "unpacks to more than %d times its size: refused as a bomb",
				 LIMIT_LAYER_RATIO);
	return 0;
}

/* One piece of the tar; 0 at its end. */
static ssize_t read_unpacked(struct archive *a, void *arg, const void **ret)
{
	struct image_tar *t = arg;
	la_int64_t offset;
	size_t n = 0;
	int r = libarchive.read_data_block(t->packed, ret, &n, &offset);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r < ARCHIVE_WARN) {
		if (!t->failed)
			t->failed = error_set(&t->why, ERR_INVALID, 0, "%s",
					      libarchive.error_string(t->packed)
						      ? libarchive.error_string(t->packed)
						      : "damaged");
	} else {
		digest_add(t->diff_id, *ret, n);
		t->n_unpacked += (int64_t)n;
		count_zeros(t, *ret, n);
		t->failed = check_bomb(t);
	}
	if (!t->failed)
		return (ssize_t)n;
	if (a)
		libarchive.set_error(a, EIO, "%s", t->why.msg);
	return -1;
}

/* A callback's error is the cause; otherwise it is libarchive that did not like the bytes. */
static int failure(const struct image_tar *t, struct archive *a, struct error *err)
{
	const char *text = libarchive.error_string(a);

	if (t->failed) {
		if (err)
			*err = t->why;
		return t->failed;
	}
	return error_set(err, ERR_INVALID, 0, "%s", text ? text : "damaged");
}

static int open_packed(struct image_tar *t, struct error *err)
{
	struct archive_entry *entry;
	int r = image_archive_load(err);

	if (r < 0)
		return r;
	t->packed = libarchive.read_new();
	if (!t->packed)
		abort();
	libarchive.read_support_filter_gzip(t->packed);
	libarchive.read_support_filter_xz(t->packed);
	libarchive.read_support_filter_zstd(t->packed);
	libarchive.read_support_format_raw(t->packed);
	if (libarchive.read_open(t->packed, t, NULL, read_packed, NULL) < ARCHIVE_WARN ||
	    libarchive.read_next_header(t->packed, &entry) < ARCHIVE_WARN)
		return failure(t, t->packed, err);
	if (!t->n_packed)
		return error_set(err, ERR_INVALID, 0, "empty file");
	return 0;
}

static int open_tar(struct image_tar *t, struct error *err)
{
	t->tar = libarchive.read_new();
	if (!t->tar)
		abort();
	libarchive.read_support_format_tar(t->tar);
	if (libarchive.read_open(t->tar, t, NULL, read_unpacked, NULL) < ARCHIVE_WARN)
		return failure(t, t->tar, err);
	return 0;
}

static struct image_tar *tar_new(int fd)
{
	struct image_tar *t = xcalloc(1, sizeof(*t));

	t->fd = fd;
	t->digest = digest_new();
	t->diff_id = digest_new();
	return t;
}

int image_tar_open(int fd, struct image_tar **ret, struct error *err)
{
	struct image_tar *t CLEAN(image_tar) = tar_new(fd);
	int r = open_packed(t, err);

	if (r == 0)
		r = open_tar(t, err);
	if (r < 0)
		return r;
	*ret = TAKE(t);
	return 0;
}

int image_tar_open_raw(int fd, struct image_tar **ret, struct error *err)
{
	struct image_tar *t CLEAN(image_tar) = tar_new(fd);
	int r = open_packed(t, err);

	if (r < 0)
		return r;
	*ret = TAKE(t);
	return 0;
}

void image_tar_free(struct image_tar *t)
{
	if (!t)
		return;
	if (t->tar)
		(void)libarchive.read_free(t->tar); /* nothing is written: nothing can be lost */
	if (t->packed)
		(void)libarchive.read_free(t->packed);
	digest_free(t->digest);
	digest_free(t->diff_id);
	free(t);
}

int image_tar_next(struct image_tar *t, struct archive_entry **ret, struct error *err)
{
	int r = libarchive.read_next_header(t->tar, ret);

	if (r == ARCHIVE_EOF)
		return t->failed ? failure(t, t->tar, err) : IMAGE_TAR_END;
	/* A warning is a name that is not UTF-8: names are bytes here. */
	if (r < ARCHIVE_WARN || t->failed)
		return failure(t, t->tar, err);
	if (++t->n_members > LIMIT_LAYER_MEMBERS)
		return error_set(err, ERR_LIMIT, 0, "more than %d members", LIMIT_LAYER_MEMBERS);
	return 0;
}

int image_tar_data(struct image_tar *t, const void **ret, size_t *ret_n, int64_t *ret_offset,
		   struct error *err)
{
	int r = libarchive.read_data_block(t->tar, ret, ret_n, ret_offset);

	if (r == ARCHIVE_EOF && !t->failed)
		return IMAGE_TAR_END;
	if (r < ARCHIVE_WARN || t->failed)
		return failure(t, t->tar, err);
	return 0;
}

int image_tar_bytes(struct image_tar *t, const void **ret, size_t *ret_n, struct error *err)
{
	ssize_t n = read_unpacked(NULL, t, ret);

	if (n < 0)
		return failure(t, t->packed, err);
	*ret_n = (size_t)n;
	return n ? 0 : IMAGE_TAR_END;
}

static void spell(struct digest *d, char out[IMAGE_DIGEST_SIZE])
{
	uint8_t sum[DIGEST_BYTES];
	char hex[DIGEST_HEX_SIZE];

	digest_final(d, sum);
	(void)snprintf(out, IMAGE_DIGEST_SIZE, "sha256:%s", digest_hex(sum, hex)); /* fits */
}

int image_tar_finish(struct image_tar *t, struct image_tar_sums *ret, struct error *err)
{
	const void *p;
	ssize_t n;

	while ((n = read_unpacked(NULL, t, &p)) > 0)
		;
	/* Bytes after the packed stream count for the digest, too. */
	while (n == 0 && !t->failed && read_packed(t->packed, t, &p) > 0)
		;
	if (t->failed)
		return failure(t, t->packed, err);
	spell(t->digest, ret->digest);
	spell(t->diff_id, ret->diff_id);
	ret->packed = t->n_packed;
	ret->unpacked = t->n_unpacked;
	ret->has_end = t->zeros >= TAR_END;
	return 0;
}

int image_tar_unpacked(int fd, int out, struct error *err)
{
	struct image_tar *t CLEAN(image_tar) = tar_new(fd);
	const void *p;
	ssize_t n;
	int r = open_packed(t, err);

	while (r == 0 && (n = read_unpacked(NULL, t, &p)) != 0)
		r = n < 0 ? failure(t, t->packed, err) : fs_write_all(out, p, (size_t)n, err);
	return r;
}
