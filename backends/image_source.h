/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Reading files of a directory somebody else made: an OCI layout or an unpacked archive. */
#include "backends/image_import.h"
#include "base/buf.h"

enum image_source_format {
	IMAGE_SOURCE_ROOTFS, /* a tar that is neither of the others */
	IMAGE_SOURCE_OCI,    /* oci-layout and index.json */
	IMAGE_SOURCE_DOCKER, /* manifest.json of `docker save` */
};

/**
 * image_source_of_tar() - look at the names in a tar; the position is at the beginning again
 *
 * Ends at the first member that only a root file system can have, so for most of
 * them one member is read.
 */
int image_source_of_tar(int fd, enum image_source_format *ret, struct error *err);

/** image_source_of_dir() - the same for a directory; -ERR_INVALID when it is neither layout */
int image_source_of_dir(int dirfd, enum image_source_format *ret, struct error *err);

/** image_source_open() - a regular file below @dirfd; links lead nowhere else. -ERR_INVALID */
int image_source_open(int dirfd, const char *path, int *ret, struct error *err);

/** image_source_read() - the whole file; -ERR_LIMIT above the buffer's maximum */
int image_source_read(int dirfd, const char *path, struct buf *ret, struct error *err);
