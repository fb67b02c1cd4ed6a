/* SPDX-License-Identifier: Apache-2.0 */
/* The last part of every import: under the exclusive lock blobs and layers are moved to their
 * places, and then index.json, which alone makes images visible, is replaced. */
#include "backends/image_found.h"

#include <string.h>

#include "specs/image_ref.h"

int image_found_add(struct image_found_list *list, const char *name,
		    const struct image_blob *manifest, const struct image_config *config,
		    struct error *err)
{
	struct arena *arena = list->txn->arena;
	struct image_found *f;
	struct image_ref ref;
	int r = image_ref_parse(name, arena, &ref, err);

	if (r == 0 && ref.digest)
		r = error_set(err, ERR_INVALID, 0, "a digest cannot be chosen as a name");
	if (r < 0)
		return error_wrap(err, r, "name %.100s", name);
	list->v = arena_grow(arena, list->v, list->n, sizeof(*list->v));
	f = &list->v[list->n++];
	f->name = arena_strdup(arena, name);
	f->canonical = image_ref_canonical(&ref, arena);
	f->manifest = *manifest;
	f->platform = config->platform;
	if (!strcmp(config->platform.os, "linux")) {
		f->chains.v = image_files_chains(config, arena);
		f->chains.n = config->diff_ids.n;
	}
	return 0;
}

/* A layer that was there when the import began may have been removed meanwhile. */
static int check_layers(const struct image_found_list *list, struct error *err)
{
	char name[IMAGE_LAYER_NAME + 1];

	for (size_t i = 0; i < list->n; i++) {
		for (size_t k = 0; k < list->v[i].chains.n; k++) {
			int r = image_files_layer(list->txn->dir, list->v[i].chains.v[k], name,
						  err);

			if (r == IMAGE_DIR_ABSENT)
				r = error_set(err, ERR_CONFLICT, 0,
					      "a layer was removed during the import");
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static void put_name(const struct image_found *f, int64_t now_us, struct image_index *index,
		     struct image_imported *ret)
{
	struct image_index_entry *e = NULL;

	*ret = (struct image_imported){ .name = f->name,
					.canonical = f->canonical,
					.digest = f->manifest.digest };
	for (size_t i = 0; i < index->n && !e; i++)
		if (index->entries[i].ref_name && !strcmp(index->entries[i].ref_name, f->canonical))
			e = &index->entries[i];
	if (e && strcmp(e->blob.digest, f->manifest.digest) != 0)
		ret->moved_from = e->blob.digest;
	if (!e)
		e = &index->entries[index->n++];
	*e = (struct image_index_entry){ .blob = f->manifest,
					 .platform = f->platform,
					 .ref_name = f->canonical,
					 .written = f->name,
					 .imported_us = now_us };
}

/* The names beside those that are there; with room for the new ones. */
static int put_names(struct image_found_list *list, struct image_imported *imported,
		     struct error *err)
{
	struct arena *arena = list->txn->arena;
	struct image_index index;
	struct image_index_entry *entries;
	int r = image_files_index(list->txn->dir, arena, &index, err);

	if (r < 0)
		return r;
	entries = arena_array(arena, index.n + list->n, sizeof(*entries));
	if (index.n)
		memcpy(entries, index.entries, index.n * sizeof(*entries));
	index.entries = entries;
	for (size_t i = 0; i < list->n; i++)
		put_name(&list->v[i], list->options->now_us, &index, &imported[i]);
	return image_files_put_index(list->txn->dir, &index, err);
}

int image_found_commit(struct image_found_list *list, struct arena *arena,
		       struct image_imported **ret, size_t *ret_n, struct error *err)
{
	struct image_imported *imported = arena_array(arena, list->n, sizeof(*imported));
	int lock CLEAN(fd) = -1;
	int r = image_txn_sync(list->txn, err);

	if (r == 0)
		r = image_files_lock(list->txn->dir, true, &lock, err);
	if (r == 0)
		r = image_txn_publish(list->txn, err);
	if (r == 0)
		r = check_layers(list, err);
	if (r == 0)
		r = put_names(list, imported, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list->n; i++) {
		struct image_imported *m = &imported[i];

		/* out of the transaction's arena, which goes now */
		m->name = arena_strdup(arena, m->name);
		m->canonical = arena_strdup(arena, m->canonical);
		m->digest = arena_strdup(arena, m->digest);
		m->moved_from = arena_strdup(arena, m->moved_from);
	}
	*ret = imported;
	*ret_n = list->n;
	return 0;
}
