/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* libarchive, loaded by the process that reads an archive. */
#include <archive.h>
#include <archive_entry.h>

#include "base/late.h"

/* clang-format off */
#define IMAGE_ARCHIVE_CALLS(X) \
	X(archive_, version_string) \
	X(archive_, read_new) \
	X(archive_, read_free) \
	X(archive_, read_support_filter_gzip) \
	X(archive_, read_support_filter_xz) \
	X(archive_, read_support_filter_zstd) \
	X(archive_, read_support_format_raw) \
	X(archive_, read_support_format_tar) \
	X(archive_, read_open) \
	X(archive_, read_next_header) \
	X(archive_, read_data_block) \
	X(archive_, error_string) \
	X(archive_, set_error) \
	X(archive_, entry_filetype) \
	X(archive_, entry_gid) \
	X(archive_, entry_hardlink) \
	X(archive_, entry_mtime) \
	X(archive_, entry_mtime_nsec) \
	X(archive_, entry_pathname) \
	X(archive_, entry_perm) \
	X(archive_, entry_rdev) \
	X(archive_, entry_size) \
	X(archive_, entry_symlink) \
	X(archive_, entry_uid) \
	X(archive_, entry_xattr_next) \
	X(archive_, entry_xattr_reset)
/* clang-format on */

/* Its functions, once image_archive_load() has ended well: an entry comes from nowhere else. */
extern struct image_archive_calls {
	IMAGE_ARCHIVE_CALLS(LATE_CALL)
} libarchive;

/** image_archive_load() - fill them; -ERR_UNAVAILABLE as late_load() */
int image_archive_load(struct error *err) __attribute__((warn_unused_result));
