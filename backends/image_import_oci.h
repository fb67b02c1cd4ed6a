/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Images of an OCI layout, a directory or an unpacked archive. */
#include "backends/image_found.h"

/**
 * image_import_oci() - the images that index.json names, or the one for --as
 * @src: the layout's directory
 *
 * Of an index with several platforms the wanted one is taken; what is there but
 * for another platform is -ERR_NOT_FOUND with the platforms there are.
 */
int image_import_oci(struct image_found_list *list, int src, struct error *err);
