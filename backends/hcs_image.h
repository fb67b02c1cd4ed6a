/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* From an image in the store to read-only layers that the service has imported. */
#include "backends/hcs.h"

/**
 * hcs_image_stage() - have all layers of @digest imported
 *
 * Return: 0; RUNTIME_ALREADY when they are; -ERR_NOT_FOUND: no such image here; -ERR_UNSUPPORTED:
 *         it is not for Windows.
 */
int hcs_image_stage(struct hcs *h, const char *digest, struct error *err);

/** hcs_image_chain() - the layers of @digest, staged if need be; paths in @a */
int hcs_image_chain(struct hcs *h, const char *digest, struct arena *a, struct hcs_chain *ret,
		    struct error *err);
