/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Members of a Windows layer's tar with all their PAX records: libarchive drops those of vendors,
 * and in MSWINDOWS.* are attributes, security and links. Reads ustar, PAX, GNU's long names and
 * sparse files of PAX format 1.0; anything else in a tar is refused, since nothing that writes
 * Windows layers makes it. Nothing is written anywhere.
 */
#include <stdint.h>

#include "backends/image_tar.h"

enum winlayer_type { WINLAYER_FILE, WINLAYER_DIRECTORY, WINLAYER_SYMLINK, WINLAYER_HARDLINK };

struct winlayer_record {
	const char *key, *value;
};

/* A part of a sparse file that is not a hole. */
struct winlayer_extent {
	int64_t offset, size;
};

struct winlayer_member {
	const char *name; /* bytes as in the archive; never NULL */
	const char *link; /* target of both kinds of links; else "" */
	enum winlayer_type type;
	int64_t size;  /* bytes of a file, holes included; 0 for the others */
	int64_t mtime; /* seconds since 1970, of the header: PAX may say it better */
	const struct winlayer_record *records; /* each key once; the last one of a key counts */
	size_t n_records;
	const struct winlayer_extent *extents; /* ascending, apart; NULL: no sparse file */
	size_t n_extents;
};

struct winlayer_tar;

enum { WINLAYER_TAR_END = 1 };

/** winlayer_tar_open() - read members of @fd, packed or not; @fd stays the caller's */
int winlayer_tar_open(int fd, struct winlayer_tar **ret, struct error *err);
void winlayer_tar_free(struct winlayer_tar *t); /* NULL is fine */
CLEAN_DEFINE(winlayer_tar, struct winlayer_tar *, winlayer_tar_free)

/**
 * winlayer_tar_next() - the next member; what is left of the last one is skipped
 * @ret: valid until the next call
 *
 * Return: 0; WINLAYER_TAR_END; -ERR_INVALID when damaged or truncated; -ERR_UNSUPPORTED for a kind
 *         of member that is not read here; -ERR_LIMIT.
 */
int winlayer_tar_next(struct winlayer_tar *t, const struct winlayer_member **ret,
		      struct error *err);

/** winlayer_tar_record() - the value of a key of @m; NULL when it has none */
const char *winlayer_tar_record(const struct winlayer_member *m, const char *key);

/**
 * winlayer_tar_data() - a piece of the member's data, at most @max bytes; holes are not in it
 * @ret: valid until the next call
 *
 * Return: 0; WINLAYER_TAR_END; errors as above.
 */
int winlayer_tar_data(struct winlayer_tar *t, int64_t max, const void **ret, size_t *ret_n,
		      struct error *err);

/** winlayer_tar_finish() - read what follows the last member, so that the sums are complete */
int winlayer_tar_finish(struct winlayer_tar *t, struct image_tar_sums *ret, struct error *err);
