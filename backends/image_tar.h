/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Reading a tar, packed or not (gzip, zstd, xz; told by content), with both of
 * its digests and within its limits. Nothing is written anywhere.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clean.h"
#include "base/digest.h"
#include "base/error.h"

struct archive_entry; /* libarchive's */
struct image_tar;

#define IMAGE_DIGEST_SIZE (sizeof("sha256:") - 1 + DIGEST_HEX_SIZE) /* with the NUL */

struct image_tar_sums {
	char digest[IMAGE_DIGEST_SIZE];  /* "sha256:..." of the bytes as they are in the file */
	char diff_id[IMAGE_DIGEST_SIZE]; /* of the tar inside */
	int64_t packed, unpacked;        /* bytes */
	bool has_end;                    /* the tar ends with the zeros that mark its end */
};

enum { IMAGE_TAR_END = 1 };

/**
 * image_tar_open() - start reading at @fd's position; @fd stays the caller's
 *
 * Return: 0; -ERR_INVALID when it is no tar.
 */
int image_tar_open(int fd, struct image_tar **ret, struct error *err);
void image_tar_free(struct image_tar *t); /* NULL is fine */
CLEAN_DEFINE(image_tar, struct image_tar *, image_tar_free)

/**
 * image_tar_next() - the next member; what is left of the last one is skipped
 * @ret: valid until the next call
 *
 * Return: 0; IMAGE_TAR_END; -ERR_INVALID when damaged or truncated;
 *         -ERR_LIMIT above LIMIT_LAYER_BYTES, LIMIT_LAYER_RATIO or LIMIT_LAYER_MEMBERS.
 */
int image_tar_next(struct image_tar *t, struct archive_entry **ret, struct error *err);

/** image_tar_data() - a piece of the member's data and where it belongs; errors as above */
int image_tar_data(struct image_tar *t, const void **ret, size_t *ret_n, int64_t *ret_offset,
		   struct error *err);

/** image_tar_finish() - read what follows the last member, so that the sums are complete */
int image_tar_finish(struct image_tar *t, struct image_tar_sums *ret, struct error *err);

/**
 * image_tar_open_raw() - the same for a reader of its own, who counts members itself
 *
 * image_tar_next() and image_tar_data() are not for it, image_tar_bytes() and
 * image_tar_finish() are.
 */
int image_tar_open_raw(int fd, struct image_tar **ret, struct error *err);

/** image_tar_bytes() - the next piece of the tar itself, valid until the next call; IMAGE_TAR_END;
 * errors as above */
int image_tar_bytes(struct image_tar *t, const void **ret, size_t *ret_n, struct error *err);

/** image_tar_unpacked() - copy the tar itself, unpacked, to @out; instead of reading members */
int image_tar_unpacked(int fd, int out, struct error *err);
