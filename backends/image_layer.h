/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Unpacking one layer below a directory. Whatever the archive says, nothing
 * outside that directory is created, changed or linked to.
 */
#include <stddef.h>

#include "backends/image_tar.h"

enum image_layer_form {
	/* for overlayfs: whiteouts become 0/0 devices and trusted.overlay.opaque; owners,
	 * modes, times, devices, security.capability and user.* attributes as in the archive */
	IMAGE_LAYER_OVERLAY,
	/* to look into an archive: files, directories and links only, owned by the caller */
	IMAGE_LAYER_PLAIN,
};

struct image_layer_job {
	int in;   /* the packed layer, at its start */
	int root; /* an empty directory */
	enum image_layer_form form;
	/* Roots of the layers below, bottom to top, paths relative to lower_dir. A directory
	 * that the archive only implies gets owner and mode from there. */
	int lower_dir;
	const char *const *lower;
	size_t n_lower;
};

/**
 * image_layer_unpack() - unpack all members
 * @ret: digests of what was read; comparing them is the caller's part
 *
 * A member whose parent is a symbolic link, in this layer or below, goes where
 * the link points to, seen from the layer's root; a loop is refused.
 * On failure the directory holds a part of the layer: the caller removes it.
 *
 * Return: 0; -ERR_INVALID for a damaged archive, a member that leaves the root
 *         or a hard link to something that is not in the layer; -ERR_LIMIT;
 *         what the file system says.
 */
int image_layer_unpack(const struct image_layer_job *job, struct image_tar_sums *ret,
		       struct error *err);
