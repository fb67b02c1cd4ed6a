/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rest of the program asks of the image store: names, images, leases,
 * where the layers are. How files are read and written is image_files' part,
 * how images enter image_import's and image_dir_stage's, how they leave image_gc's.
 */
#include "backends/image_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "backends/image_files.h"
#include "backends/image_gc.h"
#include "backends/image_view.h"
#include "base/fs.h"
#include "base/limits.h"

static int make_layout(struct image_dir *dir, struct error *err)
{
	static const char *const dirs[] = { "blobs/sha256", "l", "leases", "tmp" };
	static const char text[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	int r = 0;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && r == 0; i++)
		r = fs_mkdirs(dir->fd, dirs[i], 0755, err);
	if (r == 0 && fs_exists(dir->fd, "oci-layout", NULL) != FS_EXISTS)
		r = fs_write_atomic(dir->fd, "oci-layout", text, sizeof(text) - 1, 0644, err);
	return r;
}

int image_dir_open(const char *path, enum image_dir_mode mode, struct image_dir **ret,
		   struct error *err)
{
	struct image_dir *dir CLEAN(image_dir) = xcalloc(1, sizeof(*dir));
	char real[PATH_MAX];
	int r = 0;

	dir->mode = mode;
	dir->fd = -1;
	if (mode == IMAGE_DIR_WRITE)
		r = fs_mkdirs(AT_FDCWD, path, 0700, err);
	if (r < 0)
		return error_wrap(err, r, "image store");
	dir->path = xstrdup(realpath(path, real) ? real : path);
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0 && !(mode == IMAGE_DIR_READ && errno == ENOENT))
		return error_sys(err, errno, "image store %s", path);
	if (mode == IMAGE_DIR_WRITE) {
		r = make_layout(dir, err);
		if (r == 0)
			r = image_gc_recover(dir, err);
	}
	if (r < 0)
		return error_wrap(err, r, "image store %s", path);
	*ret = TAKE(dir);
	return 0;
}

void image_dir_close(struct image_dir *dir)
{
	if (!dir)
		return;
	if (dir->fd >= 0)
		close(dir->fd);
	free(dir->path);
	free(dir);
}

int image_dir_resolve(struct image_dir *dir, const char *reference, struct arena *arena,
		      struct image *ret, struct error *err)
{
	struct image_view *view;
	int lock CLEAN(fd) = -1;
	int r = image_files_lock(dir, false, &lock, err);

	if (r == 0)
		r = image_view_load(dir, arena, &view, err);
	return r < 0 ? r : image_view_resolve(view, reference, ret, err);
}

int image_dir_find(struct image_dir *dir, const char *digest, struct arena *arena,
		   struct image *ret, struct error *err)
{
	int lock CLEAN(fd) = -1;
	int r = image_files_lock(dir, false, &lock, err);

	return r < 0 ? r : image_files_image(dir, digest, arena, ret, err);
}

int image_dir_list(struct image_dir *dir, struct arena *arena, struct image **ret, size_t *ret_n,
		   struct error *err)
{
	struct image_view *view;
	int lock CLEAN(fd) = -1;
	int r = image_files_lock(dir, false, &lock, err);

	if (r == 0)
		r = image_view_load(dir, arena, &view, err);
	return r < 0 ? r : image_view_list(view, ret, ret_n, err);
}

static int remove_name(struct image_dir *dir, const char *reference, struct error *err)
{
	struct arena *arena CLEAN(arena) = arena_new();
	struct image_view *view;
	int lock CLEAN(fd) = -1;
	int r = image_files_lock(dir, true, &lock, err);

	if (r == 0)
		r = image_view_load(dir, arena, &view, err);
	if (r == 0)
		r = image_view_drop(view, reference, err);
	return r ? r : image_files_put_index(dir, &view->index, err);
}

int image_dir_remove(struct image_dir *dir, const char *reference, struct error *err)
{
	int r = remove_name(dir, reference, err);

	return r ? r : image_gc_run(dir, err);
}

static int lease_path(const char *id, char out[LIMIT_RUNTIME_ID + 16], struct error *err)
{
	size_t n = strlen(id);

	if (n == 0 || n > LIMIT_RUNTIME_ID || id[0] == '.' ||
	    strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != n)
		return error_set(err, ERR_INVALID, 0, "not an instance id: %.60s", id);
	(void)snprintf(out, LIMIT_RUNTIME_ID + 16, "leases/%s", id); /* fits */
	return 0;
}

int image_dir_lease(struct image_dir *dir, const char *id, const char *digest, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(IMAGE_DIGEST_SIZE);
	char path[LIMIT_RUNTIME_ID + 16], blob[IMAGE_DIGEST_SIZE + 16];
	int lock CLEAN(fd) = -1;
	int r = lease_path(id, path, err);

	if (r == 0 && !image_document_is_digest(digest))
		r = error_set(err, ERR_INVALID, 0, "not a sha256 digest: %.80s", digest);
	if (r == 0)
		r = image_files_lock(dir, true, &lock, err);
	if (r < 0)
		return r;
	r = fs_exists(dir->fd, image_files_blob_path(digest, blob), err);
	if (r <= 0)
		return r < 0 ? r : IMAGE_DIR_ABSENT;
	buf_puts(&text, digest);
	/* Not synced: after a power cut no instance runs that would need it. */
	return image_files_put(dir, path, &text, false, err);
}

int image_dir_unlease(struct image_dir *dir, const char *id, struct error *err)
{
	char path[LIMIT_RUNTIME_ID + 16];
	int lock CLEAN(fd) = -1;
	int r = lease_path(id, path, err);

	if (r == 0)
		r = image_files_lock(dir, true, &lock, err);
	if (r == 0 && unlinkat(dir->fd, path, 0) < 0 && errno != ENOENT)
		r = error_sys(err, errno, "drop lease %s", id);
	return r;
}

int image_dir_leases(struct image_dir *dir, struct arena *arena, struct image_words *ret,
		     struct error *err)
{
	return image_files_words(dir, "leases", arena, ret, err);
}

static bool is_opaque(const char *path)
{
	char value[1];

	return getxattr(path, "trusted.overlay.opaque", value, sizeof(value)) == 1 &&
	       value[0] == 'y';
}

/* Overlayfs does not look at the mark of a layer's root, so what it hides is left out here. */
static void drop_hidden(struct image_layers *layers, struct arena *arena)
{
	for (size_t i = layers->n; i > 1; i--) {
		if (!is_opaque(arena_printf(arena, "%s/%s", layers->root, layers->names[i - 1])))
			continue;
		layers->names += i - 1;
		layers->n -= i - 1;
		return;
	}
}

int image_dir_layers(struct image_dir *dir, const char *digest, struct arena *arena,
		     struct image_layers *ret, struct error *err)
{
	struct image_layers layers = { 0 };
	struct image image;
	const char **chains;
	bool is_windows;
	int lock CLEAN(fd) = -1;
	int r = image_files_lock(dir, false, &lock, err);

	if (r == 0)
		r = image_files_image(dir, digest, arena, &image, err);
	if (r)
		return r;
	is_windows = strcmp(image.config.platform.os, "windows") == 0;
	layers.root = arena_printf(arena, "%s/l", dir->path);
	layers.n = image.manifest.n_layers;
	layers.names = arena_array(arena, layers.n, sizeof(*layers.names));
	chains = image_files_chains(&image.config, arena);
	for (size_t i = 0; i < layers.n; i++) {
		char name[IMAGE_LAYER_NAME + 1];

		r = image_files_layer(dir, chains[i], name, err);
		if (r)
			return r;
		layers.names[i] = arena_printf(arena, is_windows ? "%s" : "%s/fs", name);
	}
	if (!is_windows)
		drop_hidden(&layers, arena);
	*ret = layers;
	return 0;
}
