/* SPDX-License-Identifier: Apache-2.0 */
/* links: backends */
/* Names of archive members: whatever comes out stays below the root, by its text. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "backends/image_layer_path.h"
#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct image_layer_path *p, size_t n_member)
{
	size_t n = strlen(p->path);

	assert(n < sizeof(p->path) && n <= n_member);
	assert(p->base <= n && (p->base == 0 || p->path[p->base - 1] == '/'));
	assert(!strchr(p->path + p->base, '/'));
	if (p->kind == IMAGE_LAYER_ROOT)
		assert(n == 0);
	if (p->kind == IMAGE_LAYER_MEMBER || p->kind == IMAGE_LAYER_WHITEOUT)
		assert(p->path[p->base]);
	if (n == 0)
		return;
	for (const char *at = p->path;; at++) {
		size_t part = strcspn(at, "/");

		assert(part > 0 && part <= 255);
		assert(!(part == 1 && at[0] == '.'));
		assert(!(part == 2 && at[0] == '.' && at[1] == '.'));
		at += part;
		if (!*at)
			break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a CLEAN(arena) = arena_new();
	char *member = arena_strndup(a, (const char *)data, size);
	struct image_layer_path p, again;

	if (image_layer_path_parse(member, &p, NULL) == 0) {
		check(&p, strlen(member));
		/* a clean name is clean */
		if (p.kind == IMAGE_LAYER_MEMBER) {
			assert(image_layer_path_parse(p.path, &again, NULL) == 0);
			assert(!strcmp(p.path, again.path) && again.kind == p.kind);
		}
	}
	if (image_layer_path_target(member, &p, NULL) == 0) {
		check(&p, strlen(member));
		assert(p.kind == IMAGE_LAYER_MEMBER);
	}
	return 0;
}
