/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Files: whole reads with a bound, atomic durable writes, directory trees.
 * Every descriptor is close-on-exec. Paths may be relative to @dirfd (AT_FDCWD
 * for the working directory). An ERR_NOT_FOUND means that the thing is not
 * there; every other error says nothing about that.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/** fs_read() - append the whole file to @ret; ERR_LIMIT above the buffer's maximum */
int fs_read(int dirfd, const char *path, struct buf *ret, struct error *err);

/**
 * fs_write_atomic() - replace @path: temporary file beside it, fsync, rename, fsync of the
 * directory
 * @mode: of the file, the umask does not count
 *
 * After a crash there is the old file or the new one.
 */
int fs_write_atomic(int dirfd, const char *path, const void *p, size_t n, mode_t mode,
		    struct error *err);

/** fs_sweep() - remove what fs_write_atomic() of processes that were killed left beside @path,
 * which nobody may be writing now. What cannot be removed stays: it is in nobody's way */
void fs_sweep(int dirfd, const char *path);

/** fs_write_all() - all bytes to a descriptor, through short writes and EINTR */
int fs_write_all(int fd, const void *p, size_t n, struct error *err);

/** fs_copy() - the bytes of @from in @to, which is made or emptied first; not durable */
int fs_copy(int dirfd, const char *from, const char *to, mode_t mode, struct error *err);

/** fs_mkdirs() - make @path and what is missing above it; "already there" is success */
int fs_mkdirs(int dirfd, const char *path, mode_t mode, struct error *err);

/**
 * fs_remove_tree() - remove a file or a directory with all below it; absent is success
 *
 * Follows no symbolic link and never crosses into another mounted file system:
 * a mount point below @path fails with ERR_UNAVAILABLE and its content stays.
 */
int fs_remove_tree(int dirfd, const char *path, struct error *err);

/** fs_remove_parts() - first those entries of @path, in that order, then as fs_remove_tree(): of a
 *  link nothing but itself goes */
int fs_remove_parts(const char *path, const char *const *parts, size_t n, struct error *err);

/** fs_sync_dir() - make renames in @path durable */
int fs_sync_dir(int dirfd, const char *path, struct error *err);

/** fs_exists() - > 0 (FS_EXISTS) when there, 0 when provably not, < 0 when nobody knows */
enum { FS_EXISTS = 1 };
int fs_exists(int dirfd, const char *path, struct error *err);

/** fs_is_directory() - the same for a directory; a link to one is none */
int fs_is_directory(int dirfd, const char *path, struct error *err);

/** fs_is_empty() - > 0 (FS_EMPTY) when the directory has no entry or is not there, 0 when it has */
enum { FS_EMPTY = 1 };
int fs_is_empty(int dirfd, const char *path, struct error *err);
