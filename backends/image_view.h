/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Many questions to an image store at one moment: index.json is read once, an
 * image once however often it is asked for. For a round of a thousand services.
 */
#include "backends/image_files.h"

struct image_view {
	struct image_dir *dir;
	struct arena *arena;      /* the view and all that it returns live here */
	struct image_index index; /* entries with names first, sorted by ref_name */
	size_t n_named;
	const struct image **images; /* of each entry; NULL until asked for */
};

/** image_view_load() - read the names; images are read when they are asked for */
int image_view_load(struct image_dir *dir, struct arena *arena, struct image_view **ret,
		    struct error *err);

/**
 * image_view_resolve() - as image_dir_resolve(), at the moment the view was loaded
 *
 * An image that was removed since is looked for again among the names there are now.
 */
int image_view_resolve(struct image_view *view, const char *reference, struct image *ret,
		       struct error *err);

/** image_view_list() - all named images, sorted by canonical name */
int image_view_list(struct image_view *view, struct image **ret, size_t *ret_n, struct error *err);

/** image_view_drop() - take a name out of view->index; IMAGE_DIR_ABSENT. Nothing is written */
int image_view_drop(struct image_view *view, const char *reference, struct error *err);
