/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A docker archive has a config and layers but no manifest: one is made, with
 * the config's bytes kept. The config's diff_ids are what layers are compared
 * with. Old archives link equal layers to each other; the links are followed
 * inside the archive.
 */
#include "backends/image_import_docker.h"

#include <string.h>

#include "backends/image_dir_stage.h"
#include "backends/image_document_put.h"
#include "backends/image_import_plain.h"
#include "backends/image_source.h"
#include "base/limits.h"

static int copy_config(struct image_found_list *list, int src, const char *path,
		       struct image_config *ret, struct image_blob *ret_blob, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_IMAGE_CONFIG_BYTES);
	const struct image_platform *want = &list->options->platform;
	int r = image_source_read(src, path, &text, err);

	if (r == 0)
		r = image_document_config(text.data, text.n, list->txn->arena, ret, err);
	if (r < 0)
		return error_wrap(err, r, "config");
	if ((want->os && strcmp(want->os, ret->platform.os) != 0) ||
	    (want->arch && strcmp(want->arch, ret->platform.arch) != 0))
		return error_set(err, ERR_NOT_FOUND, 0, "the image is for %s/%s", ret->platform.os,
				 ret->platform.arch);
	ret_blob->media_type = IMAGE_TYPE_CONFIG;
	return image_txn_put(list->txn, &text, ret_blob, err);
}

static int copy_image(struct image_found_list *list, int src, const struct image_docker_entry *e,
		      struct image_blob *ret, struct image_config *config, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_MANIFEST_BYTES);
	struct image_manifest m = { .n_layers = e->layers.n };
	int r = copy_config(list, src, e->config, config, &m.config, err);

	m.layers = arena_array(list->txn->arena, m.n_layers, sizeof(*m.layers));
	for (size_t i = 0; r == 0 && i < m.n_layers; i++) {
		int fd CLEAN(fd) = -1;

		r = image_source_open(src, e->layers.v[i], &fd, err);
		if (r == 0)
			r = image_import_plain_layer(list->txn, fd, &m.layers[i], err);
		if (r < 0)
			return error_wrap(err, r, "layer %zu", i);
	}
	if (r == 0)
		r = image_dir_stage_into(list->txn, &m, config, err);
	if (r < 0)
		return r;
	image_document_put_manifest(&m, &text);
	ret->media_type = IMAGE_TYPE_MANIFEST;
	return image_txn_put(list->txn, &text, ret, err);
}

static int add_image(struct image_found_list *list, int src, const struct image_docker_entry *e,
		     struct error *err)
{
	struct image_blob manifest = { 0 };
	struct image_config config;
	int r = copy_image(list, src, e, &manifest, &config, err);

	if (r == 0 && list->options->name)
		return image_found_add(list, list->options->name, &manifest, &config, err);
	for (size_t i = 0; r == 0 && i < e->tags.n; i++)
		r = image_found_add(list, e->tags.v[i], &manifest, &config, err);
	return r;
}

static int check_names(const struct image_found_list *list, const struct image_docker_entry *e,
		       size_t n, struct error *err)
{
	int r;

	if (n == 0)
		return error_set(err, ERR_INVALID, 0, "no image in it");
	if (list->options->name)
		return n == 1 ? 0
			      : error_set(err, ERR_INVALID, 0, "%zu images and one name for them",
					  n);
	for (size_t i = 0; i < n; i++) {
		if (e[i].tags.n)
			continue;
		r = error_set(err, ERR_INVALID, 0, "image %zu has no name", i);
		error_hint(err, n > 1 ? "save one image and use --as NAME"
				      : "choose one with --as NAME");
		return r;
	}
	return 0;
}

int image_import_docker(struct image_found_list *list, int src, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_MANIFEST_BYTES);
	struct image_docker_entry *entries;
	size_t n = 0;
	int r = image_source_read(src, "manifest.json", &text, err);

	if (r == 0)
		r = image_document_docker(text.data, text.n, list->txn->arena, &entries, &n, err);
	if (r < 0)
		return error_wrap(err, r, "manifest.json");
	r = check_names(list, entries, n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = add_image(list, src, &entries[i], err);
		if (r < 0)
			r = error_wrap(err, r, "image %zu", i);
	}
	return r;
}
