/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mark and sweep under the exclusive lock. What goes is moved into a
 * transaction first, so the slow removal of trees happens without the lock and
 * a crash in the middle is cleaned up like any other.
 */
#include "backends/image_gc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "backends/image_txn.h"
#include "base/fs.h"
#include "base/limits.h"

#define HEX (sizeof("sha256:") - 1)

struct marks {
	struct arena *arena;
	struct image_words blobs;  /* hex digits */
	struct image_words chains; /* digests */
};

enum { KEEP_ALL = 1 };

static void add_word(struct arena *arena, struct image_words *w, const char *s)
{
	w->v = arena_grow(arena, w->v, w->n, sizeof(*w->v));
	w->v[w->n++] = s;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_word(const struct image_words *sorted, const char *s)
{
	return sorted->n && bsearch(&s, sorted->v, sorted->n, sizeof(*sorted->v), by_text);
}

static int mark_image(struct image_dir *dir, const char *digest, struct marks *m, struct error *err)
{
	struct image image;
	const char **chains;
	int r = image_files_image(dir, digest, m->arena, &image, err);

	if (r)
		return r;
	chains = image_files_chains(&image.config, m->arena);
	add_word(m->arena, &m->blobs, image.digest + HEX);
	add_word(m->arena, &m->blobs, image.manifest.config.digest + HEX);
	for (size_t i = 0; i < image.manifest.n_layers; i++) {
		add_word(m->arena, &m->blobs, image.manifest.layers[i].digest + HEX);
		add_word(m->arena, &m->chains, chains[i]);
	}
	return 0;
}

static int mark_leases(struct image_dir *dir, struct marks *m, struct error *err)
{
	struct image_words ids;
	int r = image_files_words(dir, "leases", m->arena, &ids, err);

	for (size_t i = 0; i < ids.n && r == 0; i++) {
		struct buf digest CLEAN(buf) = BUF_INIT(IMAGE_DIGEST_SIZE);
		char path[LIMIT_RUNTIME_ID + 16];

		(void)snprintf(path, sizeof(path), "leases/%s", ids.v[i]); /* else not readable */
		if (fs_read(dir->fd, path, &digest, NULL) < 0 ||
		    !image_document_is_digest(digest.data))
			return KEEP_ALL;
		r = mark_image(dir, digest.data, m, err);
		if (r == IMAGE_DIR_ABSENT)
			r = 0; /* the image is gone already: nothing to keep */
	}
	return r;
}

static int mark_names(struct image_dir *dir, struct marks *m, struct error *err)
{
	struct image_index index;
	int r = image_files_index(dir, m->arena, &index, err);

	for (size_t i = 0; r == 0 && i < index.n; i++) {
		r = mark_image(dir, index.entries[i].blob.digest, m, err);
		if (r == IMAGE_DIR_ABSENT)
			r = error_set(err, ERR_CORRUPT, 0, "image store %s: %.19s is missing",
				      dir->path, index.entries[i].blob.digest);
	}
	return r;
}

/* Into the transaction, under a number: names from different directories must not meet. */
static int move_out(struct image_txn *t, const char *path, int *n, struct error *err)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "g%d", (*n)++); /* fits */
	if (renameat(t->dir->fd, path, t->fd, name) < 0)
		return error_sys(err, errno, "remove %s/%s", t->dir->path, path);
	return 0;
}

static int sweep(struct image_txn *t, struct marks *m, struct error *err)
{
	struct image_words names;
	char path[LIMIT_PATH];
	int n = 0;
	int r = image_files_words(t->dir, "blobs/sha256", m->arena, &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		if (has_word(&m->blobs, names.v[i]))
			continue;
		(void)snprintf(path, sizeof(path), "blobs/sha256/%s", names.v[i]); /* fits */
		r = move_out(t, path, &n, err);
	}
	if (r == 0)
		r = image_files_words(t->dir, "l", m->arena, &names, err);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct buf id CLEAN(buf) = BUF_INIT(IMAGE_DIGEST_SIZE);

		(void)snprintf(path, sizeof(path), "l/%s/id", names.v[i]); /* fits */
		if (fs_read(t->dir->fd, path, &id, NULL) == 0 && has_word(&m->chains, id.data))
			continue;
		(void)snprintf(path, sizeof(path), "l/%s", names.v[i]); /* fits */
		r = move_out(t, path, &n, err);
	}
	return r;
}

int image_gc_run(struct image_dir *dir, struct error *err)
{
	struct arena *arena CLEAN(arena) = arena_new();
	struct marks m = { .arena = arena };
	struct image_txn *t CLEAN(image_txn) = NULL;
	int lock CLEAN(fd) = -1;
	int r = image_txn_begin(dir, &t, err);

	if (r == 0)
		r = image_files_lock(dir, true, &lock, err);
	if (r == 0)
		r = mark_leases(dir, &m, err);
	if (r == KEEP_ALL)
		return 0;
	if (r == 0)
		r = mark_names(dir, &m, err);
	if (r < 0)
		return r;
	if (m.blobs.n)
		qsort(m.blobs.v, m.blobs.n, sizeof(*m.blobs.v), by_text);
	if (m.chains.n)
		qsort(m.chains.v, m.chains.n, sizeof(*m.chains.v), by_text);
	return sweep(t, &m, err);
	/* the lock goes first, then the transaction with what was moved into it */
}

/* Files in tmp/ belong to a holder of the exclusive lock, and that is us. */
static int remove_dead(struct image_dir *dir, const char *name, bool *ret_found, struct error *err)
{
	char path[LIMIT_PATH];
	int fd CLEAN(fd) = -1;

	(void)snprintf(path, sizeof(path), "tmp/%s", name); /* fits */
	fd = openat(dir->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	*ret_found = true;
	return fs_remove_tree(dir->fd, path, err);
}

int image_gc_recover(struct image_dir *dir, struct error *err)
{
	struct arena *arena CLEAN(arena) = arena_new();
	struct image_words names = { 0 };
	bool found = false;
	int r;

	{
		int lock CLEAN(fd) = -1;

		r = image_files_lock(dir, true, &lock, err);
		if (r == 0)
			r = image_files_words(dir, "tmp", arena, &names, err);
		for (size_t i = 0; r == 0 && i < names.n; i++)
			r = remove_dead(dir, names.v[i], &found, err);
	}
	if (r == 0 && found)
		(void)image_gc_run(dir, NULL); /* a damaged image is reported where it is used */
	return r;
}
