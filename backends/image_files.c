/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers may run beside a writer: index.json and layers appear by rename, so
 * what is seen is whole. A layer is named by 12 digits of its chain id to keep
 * overlay options short; the whole id stands in the layer's file "id", and two
 * chains with the same 12 digits take different parts of theirs.
 */
#include "backends/image_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "backends/image_document_put.h"
#include "base/fs.h"
#include "base/limits.h"

#define HEX        (sizeof("sha256:") - 1) /* where the digits of a digest begin */
#define NAME_TRIES 5                       /* parts of 12 in 64 digits */

CLEAN_DEFINE(dirp, DIR *, closedir)

int image_files_lock(struct image_dir *dir, bool exclusive, int *ret, struct error *err)
{
	int flags = dir->mode == IMAGE_DIR_WRITE ? O_RDWR | O_CREAT : O_RDONLY;
	int fd CLEAN(fd) = -1;

	if (exclusive && dir->mode != IMAGE_DIR_WRITE)
		return error_set(err, ERR_INVALID, 0, "image store %s is open for reading only",
				 dir->path);
	if (dir->fd < 0) {
		*ret = -1;
		return 0;
	}
	fd = openat(dir->fd, "lock", flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == ENOENT) {
		*ret = -1; /* nobody has ever written here: nothing can change meanwhile */
		return 0;
	}
	if (fd < 0)
		return error_sys(err, errno, "lock of image store %s", dir->path);
	while (flock(fd, exclusive ? LOCK_EX : LOCK_SH) < 0)
		if (errno != EINTR)
			return error_sys(err, errno, "lock image store %s", dir->path);
	*ret = TAKE_FD(fd);
	return 0;
}

int image_files_index(struct image_dir *dir, struct arena *arena, struct image_index *ret,
		      struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_MANIFEST_BYTES);
	struct error why = ERROR_INIT;
	int r = dir->fd < 0 ? -ERR_NOT_FOUND : fs_read(dir->fd, "index.json", &text, &why);

	if (r == -ERR_NOT_FOUND) {
		*ret = (struct image_index){ 0 };
		return 0;
	}
	if (r == 0)
		r = image_document_index(text.data, text.n, arena, ret, &why);
	if (r < 0)
		return error_set(err, r == -ERR_INVALID ? ERR_CORRUPT : why.code, why.sys,
				 "image store %s: index.json: %s", dir->path, why.msg);
	return 0;
}

int image_files_put(struct image_dir *dir, const char *path, const struct buf *text, bool durable,
		    struct error *err)
{
	int fd CLEAN(fd) = openat(dir->fd, "tmp/file",
				  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	int r = fd < 0 ? error_sys(err, errno, "create a file in %s/tmp", dir->path)
		       : fs_write_all(fd, text->data, text->n, err);

	if (r < 0 && fd >= 0)
		r = error_wrap(err, r, "%s/%s", dir->path, path);
	if (r == 0 && durable && fsync(fd) < 0)
		r = error_sys(err, errno, "sync %s/%s", dir->path, path);
	if (r == 0 && renameat(dir->fd, "tmp/file", dir->fd, path) < 0)
		r = error_sys(err, errno, "rename to %s/%s", dir->path, path);
	if (r < 0)
		(void)unlinkat(dir->fd, "tmp/file", 0); /* the first failure is the one to report */
	else if (durable)
		r = fs_sync_dir(dir->fd, ".", err);
	return r;
}

int image_files_put_index(struct image_dir *dir, const struct image_index *index, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_MANIFEST_BYTES);

	image_document_put_index(index, &text);
	if (text.overflow)
		return error_set(err, ERR_LIMIT, 0, "image store %s holds too many names",
				 dir->path);
	return image_files_put(dir, "index.json", &text, true, err);
}

const char *image_files_blob_path(const char *digest, char out[IMAGE_DIGEST_SIZE + 16])
{
	(void)snprintf(out, IMAGE_DIGEST_SIZE + 16, "blobs/sha256/%s", digest + HEX); /* fits */
	return out;
}

int image_files_document(struct image_dir *dir, const char *digest, struct buf *ret,
			 struct error *err)
{
	char path[IMAGE_DIGEST_SIZE + 16], hex[DIGEST_HEX_SIZE];
	uint8_t sum[DIGEST_BYTES];
	struct error why = ERROR_INIT;
	int r;

	if (!image_document_is_digest(digest))
		return error_set(err, ERR_INVALID, 0, "not a sha256 digest: %.80s", digest);
	r = dir->fd < 0 ? -ERR_NOT_FOUND
			: fs_read(dir->fd, image_files_blob_path(digest, path), ret, &why);
	if (r == -ERR_NOT_FOUND)
		return IMAGE_DIR_ABSENT;
	if (r < 0)
		return error_set(err, why.code, why.sys, "image store %s: %s", dir->path, why.msg);
	digest_sha256(ret->data, ret->n, sum);
	if (strcmp(digest_hex(sum, hex), digest + HEX) != 0)
		return error_set(err, ERR_CORRUPT, 0, "image store %s: %s does not have its digest",
				 dir->path, path);
	return 0;
}

static int read_config(struct image_dir *dir, struct arena *arena, struct image *image,
		       struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_IMAGE_CONFIG_BYTES);
	int r = image_files_document(dir, image->manifest.config.digest, &text, err);

	if (r == 0)
		r = image_document_config(text.data, text.n, arena, &image->config, err);
	if (r == 0 && image->config.diff_ids.n != image->manifest.n_layers)
		r = error_set(err, ERR_CORRUPT, 0, "%zu layers and %zu diff_ids",
			      image->manifest.n_layers, image->config.diff_ids.n);
	if (r == IMAGE_DIR_ABSENT)
		r = error_set(err, ERR_CORRUPT, 0, "config is missing");
	return r;
}

int image_files_image(struct image_dir *dir, const char *digest, struct arena *arena,
		      struct image *ret, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_MANIFEST_BYTES);
	struct image image = { .digest = arena_strdup(arena, digest) };
	int r = image_files_document(dir, digest, &text, err);

	if (r)
		return r;
	r = image_document_manifest(text.data, text.n, arena, &image.manifest, err);
	if (r == 0)
		r = read_config(dir, arena, &image, err);
	if (r < 0)
		return error_wrap(err, r, "image %.19s", digest);
	image.size = (int64_t)text.n + image.manifest.config.size;
	for (size_t i = 0; i < image.manifest.n_layers; i++)
		image.size += image.manifest.layers[i].size;
	*ret = image;
	return 0;
}

static const char *chain_of(const char *below, const char *diff_id, struct arena *arena)
{
	const char *text = arena_printf(arena, "%s %s", below, diff_id);
	uint8_t sum[DIGEST_BYTES];
	char hex[DIGEST_HEX_SIZE];

	digest_sha256(text, strlen(text), sum);
	return arena_printf(arena, "sha256:%s", digest_hex(sum, hex));
}

const char **image_files_chains(const struct image_config *config, struct arena *arena)
{
	const struct image_words *diff_ids = &config->diff_ids;
	const char **chains = arena_array(arena, diff_ids->n, sizeof(*chains));
	bool is_windows = strcmp(config->platform.os, "windows") == 0;

	for (size_t i = 0; i < diff_ids->n; i++) {
		const char *below = i ? chains[i - 1] : is_windows ? "windows" : NULL;

		chains[i] = below ? chain_of(below, diff_ids->v[i], arena)
				  : arena_strdup(arena, diff_ids->v[i]);
	}
	return chains;
}

int image_files_layer(struct image_dir *dir, const char *chain, char name[IMAGE_LAYER_NAME + 1],
		      struct error *err)
{
	for (int i = 0; i < NAME_TRIES; i++) {
		struct buf id CLEAN(buf) = BUF_INIT(IMAGE_DIGEST_SIZE);
		char path[32];
		struct error why = ERROR_INIT;
		int r;

		memcpy(name, chain + HEX + i * IMAGE_LAYER_NAME, IMAGE_LAYER_NAME);
		name[IMAGE_LAYER_NAME] = '\0';
		(void)snprintf(path, sizeof(path), "l/%s/id", name); /* fits */
		r = dir->fd < 0 ? -ERR_NOT_FOUND : fs_read(dir->fd, path, &id, &why);
		if (r == -ERR_NOT_FOUND)
			return IMAGE_DIR_ABSENT;
		if (r < 0)
			return error_set(err, why.code, why.sys, "image store %s: %s", dir->path,
					 why.msg);
		if (!strcmp(id.data, chain))
			return 0;
	}
	return error_set(err, ERR_CORRUPT, 0, "image store %s: no free name for layer %s",
			 dir->path, chain);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int image_files_words(struct image_dir *dir, const char *path, struct arena *arena,
		      struct image_words *ret, struct error *err)
{
	int fd = dir->fd < 0 ? -1 : openat(dir->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d CLEAN(dirp) = fd < 0 ? NULL : fdopendir(fd);
	struct image_words w = { 0 };
	struct dirent *e;

	if (!d && (dir->fd < 0 || errno == ENOENT)) {
		*ret = w;
		return 0;
	}
	if (!d)
		return error_sys(err, errno, "list %s/%s", dir->path, path);
	while ((errno = 0, e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		w.v = arena_grow(arena, w.v, w.n, sizeof(*w.v));
		w.v[w.n++] = arena_strdup(arena, e->d_name);
	}
	if (errno)
		return error_sys(err, errno, "list %s/%s", dir->path, path);
	if (w.n)
		qsort(w.v, w.n, sizeof(*w.v), by_text);
	*ret = w;
	return 0;
}
