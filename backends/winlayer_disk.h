/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Files of a staged layer, on whatever this runs on. Paths are checked ones (winlayer_path.h) below
 * a directory in which nobody else writes. */
#include "backends/winlayer_meta.h"
#include "backends/winlayer_names.h"

/** winlayer_disk_directory() - make one; its parent is there */
int winlayer_disk_directory(int root, const char *path, struct error *err);

/** winlayer_disk_create() - a new file for writing; nothing may be there yet */
int winlayer_disk_create(int root, const char *path, int *ret, struct error *err);

/** winlayer_disk_times() - as far as the file system keeps them; after the last write */
int winlayer_disk_times(int fd, const struct winlayer_meta *meta, struct error *err);

/**
 * winlayer_disk_names() - all names of a staged layer, hard links too
 * @path: of the layer's directory, relative to @dir
 *
 * Return: 0; -ERR_CORRUPT when it is no staged layer.
 */
int winlayer_disk_names(int dir, const char *path, struct winlayer_names *ret, struct error *err);
