/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Directories of a layer that is being unpacked. A path means what it would
 * mean in a container with this layer on top: links are followed from the
 * layer's root, also links that only the layers below have.
 */
#include <stdbool.h>

#include "backends/image_layer.h"

#define IMAGE_LAYER_OPAQUE_XATTR "trusted.overlay.opaque"

/**
 * image_layer_dir_open() - a descriptor of directory @path of the layer
 * @path:   cleaned by image_layer_path_parse(); "" is the root
 * @create: make what is missing, with owner and mode of the layers below or root's 0755
 *
 * Nothing outside the root is opened or made, whatever links there are.
 *
 * Return: 0; -ERR_INVALID when it is no directory, or missing and not to be
 *         made; -ERR_LIMIT for too many links or directories.
 */
int image_layer_dir_open(const struct image_layer_job *job, const char *path, bool create, int *ret,
			 struct error *err);

/** image_layer_dir_mark_opaque() - what the layers below have in this directory is hidden */
int image_layer_dir_mark_opaque(int fd, struct error *err);
