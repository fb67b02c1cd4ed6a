/* SPDX-License-Identifier: Apache-2.0 */
/* Names are found by bisection in canonical spelling; a reference with a digest, which is rare, by
 * looking at all names. No locks here: the caller holds one, or lives with what has changed. */
#include "backends/image_view.h"

#include <string.h>

#include "specs/image_ref.h"

static int by_name(const void *a, const void *b)
{
	const struct image_index_entry *x = a, *y = b;

	if (!x->ref_name || !y->ref_name)
		return !x->ref_name - !y->ref_name; /* what has no name is not ours to show */
	return strcmp(x->ref_name, y->ref_name);
}

int image_view_load(struct image_dir *dir, struct arena *arena, struct image_view **ret,
		    struct error *err)
{
	struct image_view *v = arena_alloc(arena, sizeof(*v));
	int r = image_files_index(dir, arena, &v->index, err);

	if (r < 0)
		return r;
	v->dir = dir;
	v->arena = arena;
	if (v->index.n)
		qsort(v->index.entries, v->index.n, sizeof(*v->index.entries), by_name);
	while (v->n_named < v->index.n && v->index.entries[v->n_named].ref_name)
		v->n_named++;
	v->images = arena_array(arena, v->index.n, sizeof(*v->images));
	*ret = v;
	return 0;
}

/* Same repository, and the digest decides. */
static bool has_digest(const struct image_view *v, const struct image_index_entry *e,
		       const struct image_ref *want)
{
	struct image_ref have;

	return !strcmp(e->blob.digest, want->digest) &&
	       image_ref_parse(e->ref_name, v->arena, &have, NULL) == 0 &&
	       !strcmp(have.registry, want->registry) && !strcmp(have.repository, want->repository);
}

static int find_entry(const struct image_view *v, const char *reference, size_t *ret,
		      struct error *err)
{
	struct image_index_entry key = { 0 };
	const struct image_index_entry *e = NULL;
	struct image_ref want;
	int r = image_ref_parse(reference, v->arena, &want, err);

	if (r < 0)
		return error_wrap(err, r, "image %.100s", reference);
	if (!v->n_named)
		return IMAGE_DIR_ABSENT;
	if (want.digest) {
		for (size_t i = 0; i < v->n_named && !e; i++)
			if (has_digest(v, &v->index.entries[i], &want))
				e = &v->index.entries[i];
	} else {
		key.ref_name = image_ref_canonical(&want, v->arena);
		e = bsearch(&key, v->index.entries, v->n_named, sizeof(key), by_name);
	}
	if (!e)
		return IMAGE_DIR_ABSENT;
	*ret = (size_t)(e - v->index.entries);
	return 0;
}

/* The image of an entry; 0, or IMAGE_DIR_ABSENT when its manifest is not there. */
static int read_entry(struct image_view *v, size_t i, struct error *err)
{
	const struct image_index_entry *e = &v->index.entries[i];
	struct image *image;
	int r;

	if (v->images[i])
		return 0;
	image = arena_alloc(v->arena, sizeof(*image));
	r = image_files_image(v->dir, e->blob.digest, v->arena, image, err);
	if (r < 0)
		error_hint(err, "import %s again", e->written ? e->written : e->ref_name);
	if (r)
		return r;
	image->name = e->written ? e->written : e->ref_name;
	image->canonical = e->ref_name;
	image->imported_us = e->imported_us;
	v->images[i] = image;
	return 0;
}

static int missing(const struct image_view *v, size_t i, struct error *err)
{
	const struct image_index_entry *e = &v->index.entries[i];
	int r = error_set(err, ERR_CORRUPT, 0, "image store %s: manifest %.19s is missing",
			  v->dir->path, e->blob.digest);

	error_hint(err, "import %s again", e->written ? e->written : e->ref_name);
	return r;
}

/* The names may have changed since: what is missing by what there is now is damage. */
static int resolve_anew(struct image_view *v, const char *reference, struct image *ret,
			struct error *err)
{
	int lock CLEAN(fd) = -1;
	struct image_view *now;
	size_t i;
	int r = image_files_lock(v->dir, false, &lock, err);

	if (r == 0)
		r = image_view_load(v->dir, v->arena, &now, err);
	if (r == 0)
		r = find_entry(now, reference, &i, err);
	if (r)
		return r;
	r = read_entry(now, i, err);
	if (r == IMAGE_DIR_ABSENT)
		return missing(now, i, err);
	if (r == 0)
		*ret = *now->images[i];
	return r;
}

int image_view_resolve(struct image_view *v, const char *reference, struct image *ret,
		       struct error *err)
{
	size_t i;
	int r = find_entry(v, reference, &i, err);

	if (r)
		return r;
	r = read_entry(v, i, err);
	if (r == IMAGE_DIR_ABSENT)
		return resolve_anew(v, reference, ret, err);
	if (r == 0)
		*ret = *v->images[i];
	return r;
}

int image_view_list(struct image_view *v, struct image **ret, size_t *ret_n, struct error *err)
{
	struct image *images = arena_array(v->arena, v->n_named, sizeof(*images));

	for (size_t i = 0; i < v->n_named; i++) {
		int r = read_entry(v, i, err);

		if (r)
			return r < 0 ? r : missing(v, i, err);
		images[i] = *v->images[i];
	}
	*ret = images;
	*ret_n = v->n_named;
	return 0;
}

int image_view_drop(struct image_view *v, const char *reference, struct error *err)
{
	size_t i;
	int r = find_entry(v, reference, &i, err);

	if (r)
		return r;
	v->index.n--;
	v->n_named--;
	memmove(&v->index.entries[i], &v->index.entries[i + 1],
		(v->index.n - i) * sizeof(*v->index.entries));
	memmove(&v->images[i], &v->images[i + 1], (v->index.n - i) * sizeof(*v->images));
	return 0;
}
