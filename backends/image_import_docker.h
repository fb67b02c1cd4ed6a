/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Images of a docker archive (`docker save`), unpacked. */
#include "backends/image_found.h"

/** image_import_docker() - the images that manifest.json names under their tags, or the one for
 * --as; @src is the directory the archive was unpacked into */
int image_import_docker(struct image_found_list *list, int src, struct error *err);
