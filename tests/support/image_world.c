/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. */
#include "tests/support/image_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

CLEAN_DEFINE(fts, FTS *, fts_close)

struct image_world *image_world_new(void)
{
	struct image_world *w = xcalloc(1, sizeof(*w));

	w->arena = arena_new();
	(void)snprintf(w->path, sizeof(w->path), "/tmp/tallyman-images-XXXXXX"); /* fits */
	assert_non_null(mkdtemp(w->path));
	return w;
}

void image_world_free(struct image_world *w)
{
	image_world_ok(w, fs_remove_tree(AT_FDCWD, w->path, &w->err));
	arena_free(w->arena);
	free(w);
}

const char *image_world_path(struct image_world *w, const char *name)
{
	return arena_printf(w->arena, "%s/%s", w->path, name);
}

void image_world_ok(struct image_world *w, int r)
{
	if (r != 0)
		fail_msg("%d: %s", r, r < 0 ? w->err.msg : "an outcome");
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

const char *image_world_picture(struct image_world *w, const char *name)
{
	char *const roots[] = { (char *)image_world_path(w, name), NULL };
	FTS *fts CLEAN(fts) = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	struct buf out CLEAN(buf) = BUF_INIT(64 << 20);
	FTSENT *e;

	assert_non_null(fts);
	while ((e = fts_read(fts))) {
		char target[256] = "";

		if (e->fts_info == FTS_DP)
			continue;
		if (e->fts_info == FTS_SL &&
		    readlink(e->fts_accpath, target, sizeof(target) - 1) < 0)
			fail_msg("readlink %s", e->fts_path);
		buf_printf(&out, "%s %o %lld %s\n", e->fts_path + strlen(roots[0]),
			   e->fts_statp->st_mode,
			   S_ISDIR(e->fts_statp->st_mode) ? 0LL : (long long)e->fts_statp->st_size,
			   target);
	}
	return arena_strdup(w->arena, out.data);
}
