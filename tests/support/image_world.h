/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A directory for one test with an image store in it, and pictures of the store to compare. */
#include "backends/image_dir.h"

struct image_world {
	char path[64];         /* of the directory; goes with the teardown */
	struct image_dir *dir; /* <path>/store, open for writing */
	struct arena *arena;
	struct error err;
};

/** image_world_new() - the directory and the arena, without a store in it */
struct image_world *image_world_new(void);
void image_world_free(struct image_world *w);

/** image_world_path() - <world>/<name>, in the arena */
const char *image_world_path(struct image_world *w, const char *name);

/** image_world_ok() - fail with the error's text unless @r is 0 */
void image_world_ok(struct image_world *w, int r);

/** image_world_picture() - every path below @name with type, mode, size and link target, sorted */
const char *image_world_picture(struct image_world *w, const char *name);

/* cmocka's setup and teardown; *state is the world. Here, so that only tests that use them link the
 * store. */
static inline int image_world_setup(void **state)
{
	struct image_world *w = image_world_new();

	*state = w;
	image_world_ok(
		w, image_dir_open(image_world_path(w, "store"), IMAGE_DIR_WRITE, &w->dir, &w->err));
	return 0;
}

static inline int image_world_teardown(void **state)
{
	struct image_world *w = *state;

	image_dir_close(w->dir);
	image_world_free(w);
	return 0;
}
