/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Owner, mode, attributes and times of one unpacked member, from its archive entry. */
#include <time.h>

#include "base/error.h"

struct archive_entry; /* libarchive's */

/** image_layer_attr_times() - access and modification time; what is not said is the epoch */
void image_layer_attr_times(struct archive_entry *e, struct timespec ret[2]);

/**
 * image_layer_attr_file() - all attributes of an open file or directory
 *
 * Of the extended attributes only security.capability and user.* are taken:
 * trusted.overlay.* would change how overlayfs reads the layers, and labels of
 * security modules belong to the host. A file system without such attributes
 * is an error for security.capability only.
 */
int image_layer_attr_file(int fd, struct archive_entry *e, struct error *err);

/** image_layer_attr_node() - owner, mode and times of a link or device that cannot be opened */
int image_layer_attr_node(int dirfd, const char *name, struct archive_entry *e, struct error *err);
