/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A root file system tar becomes an image of one layer. */
#include "backends/image_found.h"

/** image_import_plain() - read the tar at @fd's beginning; the name and the rest is in the options
 */
int image_import_plain(struct image_found_list *list, int fd, struct error *err);

/** image_import_plain_layer() - a tar as a blob with its media type; xz is taken off */
int image_import_plain_layer(struct image_txn *txn, int fd, struct image_blob *ret,
			     struct error *err);
