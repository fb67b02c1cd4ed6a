/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A layer's folder: Files, Hives and so on as the real service leaves them, and one file of the
 * simulator's, which says what the folder is and is written last: without it there is no layer.
 */
#include "base/arena.h"
#include "base/error.h"

enum layer_kind { LAYER_NONE, LAYER_READ_ONLY, LAYER_SCRATCH };

struct layer_folder {
	enum layer_kind kind;
	bool is_processed;          /* ProcessBaseImage was there */
	const char *const *parents; /* absolute paths, nearest first; NULL-terminated */
	size_t n_parents;
};

/** layer_folder_read() - what @path is; LAYER_NONE for a folder that is no layer, or none at all */
int layer_folder_read(const char *path, struct arena *a, struct layer_folder *ret,
		      struct error *err);

/** layer_folder_write() - say what it is */
int layer_folder_write(const char *path, const struct layer_folder *f, struct error *err);
