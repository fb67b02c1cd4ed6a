/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Archives for tests, written with libarchive. Everything that fails ends the test program. */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

enum tar_packing { TAR_PLAIN, TAR_GZIP, TAR_ZSTD, TAR_XZ };

struct tar_writer;

struct tar_writer *tar_writer_new(enum tar_packing packing);
/** tar_writer_close() - the bytes of the archive into @ret; @w is freed */
void tar_writer_close(struct tar_writer *w, struct buf *ret);
/** tar_writer_save() - the same into a file */
void tar_writer_save(struct tar_writer *w, const char *path);

struct tar_member {
	const char *name;
	mode_t mode;          /* type and permissions; 0: a file with 0644 */
	const char *text;     /* of a file; NULL: empty */
	size_t n;             /* bytes of it; 0: strlen(text) */
	const char *link;     /* target of a symbolic link (mode S_IFLNK) */
	const char *hardlink; /* target; makes it a hard link */
	uid_t uid;
	gid_t gid;
	dev_t dev;
	int64_t mtime;
	const char *xattr; /* name of an extended attribute */
	const char *value; /* and its value */
	size_t n_value;    /* bytes of it; 0: strlen(value) */
};

/** tar_writer_add() - append one member */
void tar_writer_add(struct tar_writer *w, const struct tar_member *m);
