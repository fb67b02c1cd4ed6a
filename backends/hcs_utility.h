/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a utility VM boots from, in the layers of an image: <layer>/UtilityVM with Files/ and the
 * disks ProcessUtilityImage() makes. A layer above the base that changes some of it has all of it,
 * as hard links to the one below but for the boot configuration, which is written into.
 */
#include "backends/hcs_api.h"
#include "backends/hcs_layers.h"
#include "base/error.h"

/**
 * hcs_utility_begin() - UtilityVM of the imported layer @path out of the staged @source
 * @below: the layers below it, imported
 *
 * Return: 0; HCS_UTILITY_NONE (> 0): the layer has none of its own.
 */
enum { HCS_UTILITY_NONE = 1 };
int hcs_utility_begin(const char *path, const char *source, const struct hcs_chain *below,
		      struct error *err);

/** hcs_utility_end() - after the hard links in it were made: its disks */
int hcs_utility_end(const struct hcs_api *api, const char *path, struct error *err);
