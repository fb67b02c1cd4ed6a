/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers are unpacked bottom to top, each below its own chain id: the same tar
 * above another base is another directory, because directories that it only
 * implies take owner and mode from the layers below. What differs between the
 * systems is which directory of a layer is filled, and by whom.
 */
#include "backends/image_dir_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backends/image_layer.h"
#include "backends/winlayer.h"
#include "base/fs.h"

static int unpack_linux(int in, int root, const struct image_txn *txn,
			const struct image_words *lower, struct image_tar_sums *ret,
			struct error *err)
{
	const struct image_layer_job job = { .in = in,
					     .root = root,
					     .form = IMAGE_LAYER_OVERLAY,
					     .lower_dir = txn->dir->fd,
					     .lower = lower->v,
					     .n_lower = lower->n };

	return image_layer_unpack(&job, ret, err);
}

static int unpack_windows(int in, int root, const struct image_txn *txn,
			  const struct image_words *lower, struct image_tar_sums *ret,
			  struct error *err)
{
	const struct winlayer_job job = { .in = in,
					  .root = root,
					  .lower_dir = txn->dir->fd,
					  .lower = lower->v,
					  .n_lower = lower->n };

	return winlayer_unpack(&job, ret, err);
}

/* A system whose layers are unpacked. */
static const struct stager {
	const char *os;
	const char *fs; /* what is filled, below the layer's directory */
	int (*unpack)(int in, int root, const struct image_txn *txn,
		      const struct image_words *lower, struct image_tar_sums *ret,
		      struct error *err);
} linux_stager = { "linux", "/fs", unpack_linux },
  windows_stager = { "windows", "", unpack_windows };

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

/* Layers of one image under way. */
struct staging {
	struct image_txn *txn;
	const struct stager *st;  /* NULL: digests are compared, nothing is unpacked */
	struct image_words lower; /* what is there so far, bottom to top; room for all layers */
};

/* @chain NULL: the lowest layer, whose diff_id is only known afterwards. */
static int unpack(struct staging *g, int in, const char *chain, struct image_tar_sums *ret,
		  struct error *err)
{
	struct image_txn_layer *l = NULL;
	const char *fs;
	int root CLEAN(fd) = -1;
	int r = image_txn_add_layer(g->txn, &l, err);

	if (r < 0)
		return r;
	fs = arena_printf(g->txn->arena, "%s%s", l->path, g->st->fs);
	root = openat(g->txn->dir->fd, fs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_sys(err, errno, "open %s/%s", g->txn->dir->path, fs);
	r = g->st->unpack(in, root, g->txn, &g->lower, ret, err);
	if (r < 0)
		return r;
	g->lower.v[g->lower.n++] = fs;
	l->chain = arena_strdup(g->txn->arena, chain ? chain : ret->diff_id);
	return write_id(g->txn, l, err);
}

static int open_blob(struct image_txn *txn, const char *digest, int *ret, struct error *err)
{
	int r = image_txn_open(txn, digest, ret, err);

	if (r == IMAGE_DIR_ABSENT)
		return error_set(err, ERR_INVALID, 0, "blob %.19s is missing", digest);
	return r;
}

static int stage_layer(struct staging *g, const struct image_blob *blob, const char *diff_id,
		       const char *chain, struct error *err)
{
	struct image_tar_sums sums;
	int in CLEAN(fd) = -1;
	int r = open_blob(g->txn, blob->digest, &in, err);

	if (r == 0)
		r = g->st ? unpack(g, in, chain, &sums, err) : read_sums(in, &sums, err);
	return r < 0 ? r : compare(&sums, blob, diff_id, err);
}

int image_dir_stage_first(struct image_txn *txn, const char *digest, bool is_linux,
			  struct image_tar_sums *ret, struct error *err)
{
	const char *names[1];
	struct staging g = { txn, &linux_stager, { .v = names } };
	int in CLEAN(fd) = -1;
	int r = open_blob(txn, digest, &in, err);

	if (r < 0)
		return r;
	return is_linux ? unpack(&g, in, NULL, ret, err) : read_sums(in, ret, err);
}

/* Where the layer of a chain already is, in the transaction or in the store. */
static int find_layer(struct staging *g, const char *chain, const char **ret, struct error *err)
{
	struct image_txn *txn = g->txn;
	char name[IMAGE_LAYER_NAME + 1];
	int r;

	for (size_t i = 0; i < txn->n_layers; i++) {
		if (strcmp(txn->layers[i].chain, chain) != 0)
			continue;
		*ret = arena_printf(txn->arena, "%s%s", txn->layers[i].path, g->st->fs);
		return 0;
	}
	r = image_files_layer(txn->dir, chain, name, err);
	if (r == 0)
		*ret = arena_printf(txn->arena, "l/%s%s", name, g->st->fs);
	return r;
}

static int stage_all(struct image_txn *txn, const struct stager *st, const struct image *image,
		     struct error *err)
{
	const struct image_manifest *m = &image->manifest;
	const struct image_config *c = &image->config;
	const char **chains = image_files_chains(c, txn->arena);
	struct staging g = { txn, strcmp(c->platform.os, st->os) == 0 ? st : NULL, { 0 } };

	if (c->diff_ids.n != m->n_layers || !m->n_layers)
		return error_set(err, ERR_INVALID, 0, "%zu layers and %zu diff_ids", m->n_layers,
				 c->diff_ids.n);
	g.lower.v = arena_array(txn->arena, m->n_layers, sizeof(*g.lower.v));
	for (size_t i = 0; i < m->n_layers; i++) {
		const char *fs;
		int r = g.st ? find_layer(&g, chains[i], &fs, err) : IMAGE_DIR_ABSENT;

		if (r == 0)
			g.lower.v[g.lower.n++] = fs;
		if (r == IMAGE_DIR_ABSENT)
			r = stage_layer(&g, &m->layers[i], c->diff_ids.v[i], chains[i], err);
		if (r < 0)
			return error_wrap(err, r, "layer %zu", i);
	}
	return 0;
}

int image_dir_stage_into(struct image_txn *txn, const struct image_manifest *manifest,
			 const struct image_config *config, struct error *err)
{
	const struct image image = { .manifest = *manifest, .config = *config };

	return stage_all(txn, &linux_stager, &image, err);
}

/* Its documents and blobs were compared when it was imported: what does not fit now is damage. A
 * layer that Windows could not have is the image's fault, and only seen here. */
static int judge(struct image_txn *txn, const struct stager *st, const struct image *image, int r,
		 struct error *err)
{
	if (r != -ERR_INVALID)
		return r;
	for (size_t i = 0; st == &windows_stager && i < image->manifest.n_layers; i++) {
		const struct image_blob *blob = &image->manifest.layers[i];
		struct image_tar_sums sums;
		int in CLEAN(fd) = -1;

		if (open_blob(txn, blob->digest, &in, NULL) < 0 || read_sums(in, &sums, NULL) < 0 ||
		    compare(&sums, blob, image->config.diff_ids.v[i], NULL) < 0)
			st = NULL;
	}
	if (st == &windows_stager)
		return r;
	if (err)
		err->code = ERR_CORRUPT;
	return -ERR_CORRUPT;
}

static int stage(struct image_dir *dir, const struct stager *st, const char *digest,
		 struct error *err)
{
	struct arena *arena CLEAN(arena) = arena_new();
	struct image_txn *txn CLEAN(image_txn) = NULL;
	struct image_layers have;
	struct image image;
	int lock CLEAN(fd) = -1;
	int r = image_dir_find(dir, digest, arena, &image, err);

	if (r)
		return r;
	if (strcmp(image.config.platform.os, st->os) != 0)
		return error_set(err, ERR_UNSUPPORTED, 0, "image %.19s is for %s", digest,
				 image.config.platform.os);
	r = image_dir_layers(dir, digest, arena, &have, err);
	if (r <= 0)
		return r;
	r = image_txn_begin(dir, &txn, err);
	if (r == 0)
		r = judge(txn, st, &image, stage_all(txn, st, &image, err), err);
	if (r == 0)
		r = image_txn_sync(txn, err);
	if (r == 0)
		r = image_files_lock(dir, true, &lock, err);
	if (r == 0)
		r = image_txn_publish(txn, err);
	return r < 0 ? error_wrap(err, r, "unpack image %.19s", digest) : 0;
}

int image_dir_stage(struct image_dir *dir, const char *digest, struct error *err)
{
	return stage(dir, &linux_stager, digest, err);
}

int image_dir_stage_windows(struct image_dir *dir, const char *digest, struct error *err)
{
	return stage(dir, &windows_stager, digest, err);
}
