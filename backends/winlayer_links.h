/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The list of hard links of a staged layer: lines NAME, TARGET and how many layers down TARGET is
 * (0: in the same layer), with tabs between; each as it is spelled in its layer, and no name holds
 * such a character. In the order in which they are made: a target may be a link before it. Pure. */
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

struct winlayer_link {
	const char *name, *target; /* "Files/Windows/x", "UtilityVM/Files/x" */
	uint32_t down;             /* layers */
};

/** winlayer_links_put() - append one */
void winlayer_links_put(const struct winlayer_link *link, struct buf *out);

/** winlayer_links_parse() - all of them, in the arena. -ERR_CORRUPT */
int winlayer_links_parse(const char *text, struct arena *a, struct winlayer_link **ret,
			 size_t *ret_n, struct error *err);
