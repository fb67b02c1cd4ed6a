/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Images from files: a root file system tar, an OCI layout (directory or tar)
 * or a docker archive; which of them is told by the content. Tars may be packed
 * with gzip, zstd or xz. All of a file's images enter the store, or none.
 */
#include "backends/image_dir.h"

struct image_import_options {
	const char *path; /* a file, or the directory of an OCI layout */
	const char *name; /* --as; NULL: the names in the archive */
	/* Which image of an index; what a root file system is for. NULL: linux, this machine's. */
	struct image_platform platform;
	/* How a root file system is run; anything here is refused for the other formats. */
	struct image_words entrypoint, cmd, env;
	const char *workdir, *user;
	const struct image_pair *labels;
	size_t n_labels;
	int64_t now_us; /* wall clock, for `image ls` */
};

struct image_imported {
	const char *name; /* as written */
	const char *canonical;
	const char *digest;
	const char *moved_from; /* digest that had this name before; NULL when new or the same */
};

/**
 * image_import() - import all images of a file
 * @ret: the images imported, at least one
 *
 * Layers are unpacked and compared with their digests before anything becomes
 * visible. The same file and options give the same digest.
 *
 * Return: 0; -ERR_INVALID for what is wrong with the file, with nothing left
 *         behind; -ERR_LIMIT; -ERR_NOT_FOUND when there is no such file or no
 *         image for the platform.
 */
int image_import(struct image_dir *dir, const struct image_import_options *o, struct arena *arena,
		 struct image_imported **ret, size_t *ret_n, struct error *err);
