/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Images found in a file under import, for the image_import_* modules; not yet visible. */
#include "backends/image_import.h"
#include "backends/image_txn.h"

struct image_found {
	const char *name, *canonical; /* as written, and not */
	struct image_blob manifest;
	struct image_platform platform;
	struct image_words chains; /* that must be there once it is visible; empty if not linux */
};

struct image_found_list {
	struct image_txn *txn; /* blobs and layers are in here */
	const struct image_import_options *options;
	struct image_found *v; /* in the transaction's arena */
	size_t n;
};

/**
 * image_found_add() - note an image whose blobs and layers are in the transaction
 *
 * Return: 0; -ERR_INVALID when @name is no name for an image.
 */
int image_found_add(struct image_found_list *list, const char *name,
		    const struct image_blob *manifest, const struct image_config *config,
		    struct error *err);

/** image_found_commit() - make all of them visible at once; @ret as image_import() */
int image_found_commit(struct image_found_list *list, struct arena *arena,
		       struct image_imported **ret, size_t *ret_n, struct error *err);
