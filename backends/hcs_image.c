/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each layer of an image has a name of its own in the image store, where it lies staged; imported
 * it lies under the same name in <state>/layers, with `<name>.done` beside it once it is whole.
 * What the image store no longer has is destroyed here, too: an instance leases its image, so a
 * layer that is in use is always in the store.
 */
#include "backends/hcs_image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backends/hcs_result.h"
#include "backends/hcs_utility.h"
#include "backends/image_dir_stage.h"
#include "backends/winlayer_links.h"
#include "base/fs.h"

static const WCHAR no_home[] = { 0 };
static const DRIVER_INFO driver = { LAYER_DRIVER_FILTER, no_home };

/* One layer on its way from the store to the service. */
struct work {
	struct hcs *h;
	struct arena *a;
	const struct image_layers *staged; /* oldest first */
	struct hcs_chain below;            /* imported already, nearest first */
	const char **paths;                /* of `below`, filled from the end */
};

static const char *done_mark(struct arena *a, const char *path)
{
	return arena_printf(a, "%s.done", path);
}

static int destroy(struct hcs *h, const char *path, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	HRESULT hr;

	if (unlink(done_mark(a, path)) < 0 && errno != ENOENT)
		return error_sys(err, errno, "remove %s.done", path);
	hr = h->api->DestroyLayer(&driver, hcs_call_wide(path, a));
	if (hcs_result_failed(hr) && hcs_result_outcome(hr) != HCS_ABSENT)
		return hcs_result_error(err, hr, NULL, "destroy layer %s", path);
	return fs_remove_tree(AT_FDCWD, path, err); /* what was made half is no layer */
}

/* --- after the import ---------------------------------------------------------------- */

static int make_link(const struct work *w, const char *path, const struct winlayer_link *l,
		     struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new(); /* a base layer has tens of thousands */
	const char *base = path;

	if (l->down > w->below.n)
		return error_set(err, ERR_CORRUPT, 0, "%s: a link leads below the base", l->name);
	if (l->down > 0)
		base = w->below.paths[l->down - 1];
	if (link(arena_printf(a, "%s/%s", base, l->target),
		 arena_printf(a, "%s/%s", path, l->name)) < 0 &&
	    errno != EEXIST)
		return error_sys(err, errno, "link %s", l->name);
	return 0;
}

static int make_links(const struct work *w, const char *path, const char *source, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_WINLAYER_LIST);
	struct winlayer_link *links = NULL;
	size_t n = 0;
	int r = fs_read(AT_FDCWD, arena_printf(a, "%s/links", source), &text, err);

	if (r == -ERR_NOT_FOUND)
		return 0;
	r = r < 0 ? r : winlayer_links_parse(text.data ? text.data : "", a, &links, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = make_link(w, path, &links[i], err);
	return r;
}

/* --- one layer ----------------------------------------------------------------------- */

static int import(const struct work *w, const char *path, const char *source, struct error *err)
{
	const struct hcs_chain *parents = w->below.n ? &w->below : NULL;
	int r = destroy(w->h, path, err); /* a half of an earlier import */
	int has_vm;

	if (r == 0)
		r = hcs_layers_import(w->h->api, path, arena_printf(w->a, "%s/fs", source), parents,
				      err);
	has_vm = r == 0 ? hcs_utility_begin(path, source, &w->below, err) : r;
	r = has_vm < 0 ? has_vm : make_links(w, path, source, err);
	if (r == 0 && has_vm != HCS_UTILITY_NONE)
		r = hcs_utility_end(w->h->api, path, err);
	return r < 0 ? r : fs_write_atomic(AT_FDCWD, done_mark(w->a, path), "", 0, 0600, err);
}

static int is_imported(const struct work *w, const char *path, struct error *err)
{
	return fs_exists(AT_FDCWD, done_mark(w->a, path), err);
}

static int import_all(struct work *w, bool *ret_all_there, struct error *err)
{
	const struct image_layers *s = w->staged;
	const char *dir = layout_layers(&w->h->layout, w->a);

	*ret_all_there = true;
	w->paths = arena_array(w->a, s->n, sizeof(*w->paths));
	for (size_t i = 0; i < s->n; i++) {
		const char *path = arena_printf(w->a, "%s/%s", dir, s->names[i]);
		int r = is_imported(w, path, err);

		if (r == 0) {
			*ret_all_there = false;
			r = import(w, path, arena_printf(w->a, "%s/%s", s->root, s->names[i]), err);
		}
		if (r < 0)
			return r;
		w->paths[s->n - 1 - i] = path;
		w->below = (struct hcs_chain){ w->paths + (s->n - 1 - i), i + 1 };
	}
	return 0;
}

/* --- what nobody needs any more ------------------------------------------------------ */

static int drop_unknown(struct hcs *h, const char *dir, const char *store, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	DIR *d = opendir(dir);
	struct dirent *e;
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : error_sys(err, errno, "read %s", dir);
	for (errno = 0; r >= 0 && (e = readdir(d)); errno = 0) {
		/* Directories of layers have no dot in their names. */
		if (strchr(e->d_name, '.'))
			continue;
		r = fs_exists(AT_FDCWD, arena_printf(a, "%s/%s", store, e->d_name), err);
		if (r == 0)
			r = destroy(h, arena_printf(a, "%s/%s", dir, e->d_name), err);
	}
	if (r >= 0 && errno)
		r = error_sys(err, errno, "read %s", dir);
	closedir(d);
	return r < 0 ? r : 0;
}

/* --- the interface ------------------------------------------------------------------- */

static int find_staged(struct image_dir *images, const char *digest, struct arena *a,
		       struct image_layers *ret, struct error *err)
{
	int r = image_dir_layers(images, digest, a, ret, err);

	if (r != IMAGE_DIR_ABSENT)
		return r;
	r = image_dir_stage_windows(images, digest, err);
	if (r == 0)
		r = image_dir_layers(images, digest, a, ret, err);
	if (r == IMAGE_DIR_ABSENT)
		return error_set(err, ERR_NOT_FOUND, 0, "no image %s here", digest);
	return r;
}

static int bring(struct hcs *h, const char *digest, struct arena *a, struct hcs_chain *ret,
		 bool *ret_all_there, struct error *err)
{
	const char *dir = layout_layers(&h->layout, a);
	struct image_layers staged;
	struct image_dir *images;
	struct work w = { .h = h, .a = a, .staged = &staged };
	int r = hcs_box_images(h, &images, err);

	r = r < 0 ? r : fs_mkdirs(AT_FDCWD, dir, 0700, err);
	r = r < 0 ? r : find_staged(images, digest, a, &staged, err);
	r = r < 0 ? r : import_all(&w, ret_all_there, err);
	if (r < 0)
		return r;
	*ret = w.below;
	/* Room for it is made by the way; a layer that does not go is tried again the next time. */
	if (!*ret_all_there)
		(void)drop_unknown(h, dir, staged.root, NULL);
	return 0;
}

int hcs_image_chain(struct hcs *h, const char *digest, struct arena *a, struct hcs_chain *ret,
		    struct error *err)
{
	bool all_there;
	int r;

	pthread_mutex_lock(&h->importing);
	r = bring(h, digest, a, ret, &all_there, err);
	pthread_mutex_unlock(&h->importing);
	return r;
}

int hcs_image_stage(struct hcs *h, const char *digest, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_chain chain;
	bool all_there = false;
	int r;

	pthread_mutex_lock(&h->importing);
	r = bring(h, digest, a, &chain, &all_there, err);
	pthread_mutex_unlock(&h->importing);
	return r < 0 ? r : all_there ? RUNTIME_ALREADY : 0;
}
