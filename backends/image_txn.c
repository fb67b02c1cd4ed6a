/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flock on the transaction's directory is taken under the store's shared
 * lock, and whoever cleans up holds it exclusively: a directory without a flock
 * has no living owner.
 */
#include "backends/image_txn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/rand.h"

#define CHUNK 65536
#define HEX   (sizeof("sha256:") - 1)

int image_txn_begin(struct image_dir *dir, struct image_txn **ret, struct error *err)
{
	struct image_txn *t CLEAN(image_txn) = xcalloc(1, sizeof(*t));
	int lock CLEAN(fd) = -1;
	char path[32];
	uint64_t unique;
	int r;

	t->dir = dir;
	t->arena = arena_new();
	t->fd = -1;
	if (dir->mode != IMAGE_DIR_WRITE)
		return error_set(err, ERR_INVALID, 0, "image store %s is open for reading only",
				 dir->path);
	r = image_files_lock(dir, false, &lock, err);
	if (r < 0)
		return r;
	rand_bytes(&unique, sizeof(unique));
	(void)snprintf(path, sizeof(path), "tmp/%016" PRIx64, unique); /* fits */
	if (mkdirat(dir->fd, path, 0700) < 0)
		return error_sys(err, errno, "make %s/%s", dir->path, path);
	t->path = xstrdup(path);
	t->fd = openat(dir->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->fd < 0 || flock(t->fd, LOCK_EX | LOCK_NB) < 0)
		return error_sys(err, errno, "lock %s/%s", dir->path, path);
	*ret = TAKE(t);
	return 0;
}

void image_txn_free(struct image_txn *t)
{
	if (!t)
		return;
	if (t->path)
		(void)fs_remove_tree(t->dir->fd, t->path, NULL); /* else the next open does it */
	if (t->fd >= 0)
		close(t->fd);
	free(t->path);
	arena_free(t->arena);
	free(t);
}

/* The file gets its name when its digest is known. */
static int add_blob(struct image_txn *t, struct digest *sum, int64_t size, struct image_blob *ret,
		    struct error *err)
{
	uint8_t bytes[DIGEST_BYTES];
	char hex[DIGEST_HEX_SIZE];

	digest_final(sum, bytes);
	digest_hex(bytes, hex);
	if (renameat(t->fd, "blob", t->fd, hex) < 0)
		return error_sys(err, errno, "rename a blob");
	ret->digest = arena_printf(t->arena, "sha256:%s", hex);
	ret->size = size;
	t->blobs.v = arena_grow(t->arena, t->blobs.v, t->blobs.n, sizeof(*t->blobs.v));
	t->blobs.v[t->blobs.n++] = ret->digest;
	return 0;
}

static int create_blob(struct image_txn *t, int *ret, struct error *err)
{
	*ret = openat(t->fd, "blob", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	return *ret < 0 ? error_sys(err, errno, "create a blob in %s/%s", t->dir->path, t->path)
			: 0;
}

int image_txn_copy(struct image_txn *t, int fd, int64_t max, struct image_blob *ret,
		   struct error *err)
{
	char *chunk CLEAN(free) = xcalloc(1, CHUNK);
	struct digest *sum CLEAN(digest) = digest_new();
	int out CLEAN(fd) = -1;
	int64_t size = 0;
	ssize_t n;
	int r = create_blob(t, &out, err);

	while (r == 0 && (n = read(fd, chunk, CHUNK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, errno, "read");
		size += n;
		if (size > max)
			return error_set(err, ERR_LIMIT, 0, "a blob of more than %lld bytes",
					 (long long)max);
		digest_add(sum, chunk, (size_t)n);
		r = fs_write_all(out, chunk, (size_t)n, err);
	}
	return r < 0 ? r : add_blob(t, sum, size, ret, err);
}

int image_txn_put(struct image_txn *t, const struct buf *text, struct image_blob *ret,
		  struct error *err)
{
	struct digest *sum CLEAN(digest) = digest_new();
	int out CLEAN(fd) = -1;
	int r = text->overflow ? error_set(err, ERR_LIMIT, 0, "a document of more than %zu bytes",
					   text->max)
			       : create_blob(t, &out, err);

	if (r == 0)
		r = fs_write_all(out, text->data, text->n, err);
	if (r < 0)
		return r;
	digest_add(sum, text->data, text->n);
	return add_blob(t, sum, (int64_t)text->n, ret, err);
}

int image_txn_open(struct image_txn *t, const char *digest, int *ret, struct error *err)
{
	char path[IMAGE_DIGEST_SIZE + 16];
	int fd = openat(t->fd, digest + HEX, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT)
		fd = openat(t->dir->fd, image_files_blob_path(digest, path),
			    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? IMAGE_DIR_ABSENT
				       : error_sys(err, errno, "open blob %.19s", digest);
	*ret = fd;
	return 0;
}

int image_txn_add_layer(struct image_txn *t, struct image_txn_layer **ret, struct error *err)
{
	const char *path = arena_printf(t->arena, "%s/l%zu", t->path, t->n_layers);
	const char *fs = arena_printf(t->arena, "%s/fs", path);

	/* "/" of a container whose layers do not say otherwise; the umask does not count */
	if (mkdirat(t->dir->fd, path, 0755) < 0 || mkdirat(t->dir->fd, fs, 0755) < 0 ||
	    fchmodat(t->dir->fd, fs, 0755, 0) < 0)
		return error_sys(err, errno, "make %s/%s", t->dir->path, path);
	t->layers = arena_grow(t->arena, t->layers, t->n_layers, sizeof(*t->layers));
	*ret = &t->layers[t->n_layers++];
	(*ret)->path = path;
	return 0;
}

int image_txn_sync(struct image_txn *t, struct error *err)
{
	if (syncfs(t->fd) < 0)
		return error_sys(err, errno, "sync image store %s", t->dir->path);
	return 0;
}

static int publish_layer(struct image_txn *t, const struct image_txn_layer *l, struct error *err)
{
	char name[IMAGE_LAYER_NAME + 1], path[32];
	int r = image_files_layer(t->dir, l->chain, name, err);

	if (r != IMAGE_DIR_ABSENT)
		return r; /* somebody else was faster: the same content */
	(void)snprintf(path, sizeof(path), "l/%s", name); /* fits */
	if (renameat(t->dir->fd, l->path, t->dir->fd, path) < 0)
		return error_sys(err, errno, "rename to %s/%s", t->dir->path, path);
	return 0;
}

int image_txn_publish(struct image_txn *t, struct error *err)
{
	char path[IMAGE_DIGEST_SIZE + 16];
	int r = 0;

	for (size_t i = 0; i < t->blobs.n; i++) {
		const char *digest = t->blobs.v[i];

		/* the same blob may be there twice; the first rename took it */
		if (renameat(t->fd, digest + HEX, t->dir->fd, image_files_blob_path(digest, path)) <
			    0 &&
		    !(errno == ENOENT && fs_exists(t->dir->fd, path, NULL) == FS_EXISTS))
			return error_sys(err, errno, "rename to %s/%s", t->dir->path, path);
	}
	for (size_t i = 0; i < t->n_layers && r == 0; i++)
		r = publish_layer(t, &t->layers[i], err);
	if (r == 0 && t->blobs.n)
		r = fs_sync_dir(t->dir->fd, "blobs/sha256", err);
	if (r == 0 && t->n_layers)
		r = fs_sync_dir(t->dir->fd, "l", err);
	return r;
}
