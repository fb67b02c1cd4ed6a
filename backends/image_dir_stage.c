/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers are unpacked bottom to top, each below its own chain id: the same tar
 * above another base is another directory, because directories that it only
 * implies take owner and mode from the layers below.
 */
#include "backends/image_dir_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backends/image_layer.h"
#include "base/fs.h"

/* What a layer has turned out to be against what the documents promise. */
static int compare(const struct image_tar_sums *sums, const struct image_blob *blob,
		   const char *diff_id, struct error *err)
{
	if (strcmp(sums->digest, blob->digest) != 0)
		return error_set(err, ERR_INVALID, 0, "digest is %.19s, not %.19s", sums->digest,
				 blob->digest);
	if (sums->packed != blob->size)
		return error_set(err, ERR_INVALID, 0, "%lld bytes, not %lld",
				 (long long)sums->packed, (long long)blob->size);
	if (strcmp(sums->diff_id, diff_id) != 0)
		return error_set(err, ERR_INVALID, 0, "unpacked digest is %.19s, not %.19s",
				 sums->diff_id, diff_id);
	return 0;
}

/* Reads all of it without unpacking. */
static int read_sums(int fd, struct image_tar_sums *ret, struct error *err)
{
	struct image_tar *t CLEAN(image_tar) = NULL;
	struct archive_entry *e;
	int r = image_tar_open(fd, &t, err);

	while (r == 0)
		r = image_tar_next(t, &e, err);
	return r < 0 ? r : image_tar_finish(t, ret, err);
}

static int write_id(struct image_txn *txn, const struct image_txn_layer *l, struct error *err)
{
	int fd CLEAN(fd) = openat(txn->dir->fd, arena_printf(txn->arena, "%s/id", l->path),
				  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return error_sys(err, errno, "create %s/%s/id", txn->dir->path, l->path);
	return fs_write_all(fd, l->chain, strlen(l->chain), err);
}

/* @chain NULL: the lowest layer, whose diff_id is only known afterwards. */
static int unpack(struct image_txn *txn, int in, const char *chain, struct image_words *lower,
		  struct image_tar_sums *ret, struct error *err)
{
	struct image_layer_job job = { .in = in,
				       .form = IMAGE_LAYER_OVERLAY,
				       .lower_dir = txn->dir->fd,
				       .lower = lower->v,
				       .n_lower = lower->n };
	struct image_txn_layer *l = NULL;
	const char *fs;
	int root CLEAN(fd) = -1;
	int r = image_txn_add_layer(txn, &l, err);

	if (r < 0)
		return r;
	fs = arena_printf(txn->arena, "%s/fs", l->path);
	root = openat(txn->dir->fd, fs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_sys(err, errno, "open %s/%s", txn->dir->path, fs);
	job.root = root;
	r = image_layer_unpack(&job, ret, err);
	if (r < 0)
		return r;
	lower->v[lower->n++] = fs;
	l->chain = arena_strdup(txn->arena, chain ? chain : ret->diff_id);
	return write_id(txn, l, err);
}

static int stage_layer(struct image_txn *txn, const struct image_blob *blob, const char *diff_id,
		       const char *chain, struct image_words *lower, struct error *err)
{
	struct image_tar_sums sums;
	int in CLEAN(fd) = -1;
	int r = image_txn_open(txn, blob->digest, &in, err);

	if (r == IMAGE_DIR_ABSENT)
		return error_set(err, ERR_INVALID, 0, "blob %.19s is missing", blob->digest);
	if (r == 0)
		r = lower ? unpack(txn, in, chain, lower, &sums, err) : read_sums(in, &sums, err);
	return r < 0 ? r : compare(&sums, blob, diff_id, err);
}

int image_dir_stage_first(struct image_txn *txn, const char *digest, bool is_linux,
			  struct image_tar_sums *ret, struct error *err)
{
	const char *names[1];
	struct image_words lower = { .v = names };
	int in CLEAN(fd) = -1;
	int r = image_txn_open(txn, digest, &in, err);

	if (r == IMAGE_DIR_ABSENT)
		return error_set(err, ERR_INVALID, 0, "blob %.19s is missing", digest);
	if (r < 0)
		return r;
	return is_linux ? unpack(txn, in, NULL, &lower, ret, err) : read_sums(in, ret, err);
}

/* Where the layer of a chain already is, in the transaction or in the store. */
static int find_layer(struct image_txn *txn, const char *chain, const char **ret, struct error *err)
{
	char name[IMAGE_LAYER_NAME + 1];
	int r;

	for (size_t i = 0; i < txn->n_layers; i++) {
		if (strcmp(txn->layers[i].chain, chain) != 0)
			continue;
		*ret = arena_printf(txn->arena, "%s/fs", txn->layers[i].path);
		return 0;
	}
	r = image_files_layer(txn->dir, chain, name, err);
	if (r == 0)
		*ret = arena_printf(txn->arena, "l/%s/fs", name);
	return r;
}

int image_dir_stage_into(struct image_txn *txn, const struct image_manifest *manifest,
			 const struct image_config *config, struct error *err)
{
	const char **chains = image_files_chains(&config->diff_ids, txn->arena);
	bool is_ours = !strcmp(config->platform.os, "linux");
	struct image_words lower = { 0 };

	if (config->diff_ids.n != manifest->n_layers || !manifest->n_layers)
		return error_set(err, ERR_INVALID, 0, "%zu layers and %zu diff_ids",
				 manifest->n_layers, config->diff_ids.n);
	lower.v = arena_array(txn->arena, manifest->n_layers, sizeof(*lower.v));
	for (size_t i = 0; i < manifest->n_layers; i++) {
		const char *fs;
		int r = IMAGE_DIR_ABSENT;

		if (is_ours)
			r = find_layer(txn, chains[i], &fs, err);
		if (r == 0)
			lower.v[lower.n++] = fs;
		if (r == IMAGE_DIR_ABSENT)
			r = stage_layer(txn, &manifest->layers[i], config->diff_ids.v[i], chains[i],
					is_ours ? &lower : NULL, err);
		if (r < 0)
			return error_wrap(err, r, "layer %zu", i);
	}
	return 0;
}

int image_dir_stage(struct image_dir *dir, const char *digest, struct error *err)
{
	struct arena *arena CLEAN(arena) = arena_new();
	struct image_txn *txn CLEAN(image_txn) = NULL;
	struct image_layers have;
	struct image image;
	int lock CLEAN(fd) = -1;
	int r = image_dir_layers(dir, digest, arena, &have, err);

	if (r <= 0)
		return r;
	r = image_dir_find(dir, digest, arena, &image, err);
	if (r)
		return r;
	if (strcmp(image.config.platform.os, "linux") != 0)
		return error_set(err, ERR_UNSUPPORTED, 0, "image %.19s is for %s", digest,
				 image.config.platform.os);
	r = image_txn_begin(dir, &txn, err);
	if (r == 0)
		r = image_dir_stage_into(txn, &image.manifest, &image.config, err);
	if (r == -ERR_INVALID && err)
		err->code = ERR_CORRUPT; /* here the documents are our own */
	if (r == -ERR_INVALID)
		r = -ERR_CORRUPT;
	if (r == 0)
		r = image_txn_sync(txn, err);
	if (r == 0)
		r = image_files_lock(dir, true, &lock, err);
	if (r == 0)
		r = image_txn_publish(txn, err);
	return r < 0 ? error_wrap(err, r, "unpack image %.19s", digest) : 0;
}
