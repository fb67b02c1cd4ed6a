/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Windows paths inside a directory of the host: any case, either slash, a drive that is dropped;
 * ".." never leads out. */
#include "base/arena.h"

/** image_path_find() - what @path names below @root, where it is there; NULL */
const char *image_path_find(const char *root, const char *path, struct arena *a);

/** image_path_below() - @path below @root, there or not; NULL when it is too long */
const char *image_path_below(const char *root, const char *path, struct arena *a);
