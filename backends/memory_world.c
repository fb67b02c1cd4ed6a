/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change is one line `{"doc":…,"id":…}` (doc null: dropped), written and synced before it
 * shows. Reading goes on from where the last read ended, so that each call costs what changed.
 * A file that is mostly history is rewritten at open; others notice the new inode and reread.
 * Knows nothing of instances.
 */
#include "backends/memory_world.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <uthash.h>

#include "base/fs.h"
#include "base/limits.h"

enum { READ_BYTES = 1 << 16, COMPACT_LINES = 1000 };
#define WORLD_BYTES ((size_t)256 << 20) /* 200 000 instances with room for history */

struct entry {
	char *id;
	struct json_object *doc;
	UT_hash_handle hh;
};

struct memory_world {
	pthread_mutex_t lock;
	char *path; /* NULL: in memory only */
	int fd;
	off_t offset; /* read as far as here */
	size_t n_lines;
	struct entry *entries;
};

static void set_entry(struct memory_world *w, const char *id, struct json_object *doc)
{
	struct entry *e;

	HASH_FIND_STR(w->entries, id, e);
	if (!doc) {
		if (!e)
			return;
		HASH_DEL(w->entries, e);
		json_object_put(e->doc);
		free(e->id);
		free(e);
		return;
	}
	json_object_get(doc); /* before the put: it may be the same */
	if (e) {
		json_object_put(e->doc);
		e->doc = doc;
		return;
	}
	e = xcalloc(1, sizeof(*e));
	e->id = xstrdup(id);
	e->doc = doc;
	HASH_ADD_KEYPTR(hh, w->entries, e->id, strlen(e->id), e);
}

static void forget_all(struct memory_world *w)
{
	struct entry *e, *next;

	HASH_ITER (hh, w->entries, e, next) {
		set_entry(w, e->id, NULL);
	}
	w->offset = 0;
	w->n_lines = 0;
}

static int apply_line(struct memory_world *w, const char *text, size_t n, struct error *err)
{
	struct json_object *o CLEAN(json) = NULL;
	struct json_object *doc = NULL;
	const char *id;
	int r = json_parse(text, n, &o, err);

	if (r == 0)
		r = json_need_str(o, "id", &id, err);
	if (r == 0)
		r = json_get_obj(o, "doc", &doc, err);
	if (r < 0)
		return error_wrap(err, r, "%s", w->path);
	set_entry(w, id, doc);
	w->n_lines++;
	return 0;
}

/* All whole lines in @b; what is left is the beginning of one. */
static int apply_lines(struct memory_world *w, struct buf *b, struct error *err)
{
	size_t done = 0;
	int r = 0;

	while (r == 0) {
		const char *end = memchr(b->data + done, '\n', b->n - done);

		if (!end)
			break;
		r = apply_line(w, b->data + done, (size_t)(end - b->data) - done, err);
		done = (size_t)(end - b->data) + 1;
	}
	w->offset += (off_t)done;
	buf_drop(b, done);
	return r;
}

/* Only the holder of the lock writes, so a line without an end is one that a crash cut. */
static int catch_up(struct memory_world *w, struct error *err)
{
	struct buf b CLEAN(buf) = BUF_INIT(WORLD_BYTES);

	for (;;) {
		ssize_t n;
		int r;

		if (!buf_reserve(&b, READ_BYTES))
			return error_set(err, ERR_LIMIT, 0, "%s is too large", w->path);
		n = pread(w->fd, b.data + b.n, READ_BYTES, w->offset + (off_t)b.n);
		if (n < 0)
			return error_sys(err, errno, "read %s", w->path);
		if (n == 0)
			break;
		b.n += (size_t)n;
		b.data[b.n] = '\0';
		r = apply_lines(w, &b, err);
		if (r < 0)
			return r;
	}
	if (b.n && ftruncate(w->fd, w->offset) < 0)
		return error_sys(err, errno, "truncate %s", w->path);
	return 0;
}

/* Locked, and still the file that has this name. Without @create a file that is not there is an
 * empty world: who only looks makes nothing. */
static int lock_file(struct memory_world *w, bool create, struct error *err)
{
	for (;;) {
		struct stat mine, named;

		if (w->fd < 0)
			w->fd = open(w->path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
		if (w->fd < 0 && errno == ENOENT && !create)
			return 0;
		if (w->fd < 0)
			return error_sys(err, errno, "open %s", w->path);
		if (flock(w->fd, LOCK_EX) < 0 || fstat(w->fd, &mine) < 0)
			return error_sys(err, errno, "lock %s", w->path);
		if (stat(w->path, &named) == 0 && named.st_ino == mine.st_ino &&
		    named.st_dev == mine.st_dev)
			return 0;
		close(w->fd);
		w->fd = -1;
		forget_all(w);
	}
}

static void write_line(struct buf *b, const char *id, struct json_object *doc)
{
	struct json_object *o CLEAN(json) = json_object_new_object();

	json_put_str(o, "id", id);
	json_put_obj(o, "doc", json_object_get(doc));
	json_canonical(o, b);
	buf_putc(b, '\n');
}

static int compact(struct memory_world *w, struct error *err)
{
	struct buf b CLEAN(buf) = BUF_INIT(WORLD_BYTES);
	struct entry *e, *next;

	if (w->n_lines < COMPACT_LINES || w->n_lines < 4 * (size_t)HASH_COUNT(w->entries))
		return 0;
	HASH_ITER (hh, w->entries, e, next) {
		write_line(&b, e->id, e->doc);
	}
	return fs_write_atomic(AT_FDCWD, w->path, b.data, b.n, 0600, err);
}

int memory_world_open(const char *path, struct memory_world **ret, struct error *err)
{
	struct memory_world *w CLEAN(memory_world) = xcalloc(1, sizeof(*w));
	int r;

	pthread_mutex_init(&w->lock, NULL);
	w->fd = -1;
	w->path = xstrdup(path);
	r = memory_world_enter(w, err);
	if (r < 0)
		return r;
	r = w->fd >= 0 ? compact(w, err) : 0;
	memory_world_leave(w);
	if (r < 0)
		return r;
	*ret = TAKE(w);
	return 0;
}

void memory_world_close(struct memory_world *w)
{
	if (!w)
		return;
	forget_all(w);
	if (w->fd >= 0)
		close(w->fd);
	pthread_mutex_destroy(&w->lock);
	free(w->path);
	free(w);
}

int memory_world_enter(struct memory_world *w, struct error *err)
{
	int r = 0;

	pthread_mutex_lock(&w->lock);
	if (w->path) {
		r = lock_file(w, false, err);
		if (r == 0 && w->fd >= 0)
			r = catch_up(w, err);
	}
	if (r < 0)
		memory_world_leave(w);
	return r;
}

void memory_world_leave(struct memory_world *w)
{
	if (w->fd >= 0)
		(void)flock(w->fd, LOCK_UN); /* cannot fail for a lock that is held */
	pthread_mutex_unlock(&w->lock);
}

struct json_object *memory_world_find(struct memory_world *w, const char *id)
{
	struct entry *e;

	HASH_FIND_STR(w->entries, id, e);
	return e ? e->doc : NULL;
}

static int append(struct memory_world *w, const char *id, struct json_object *doc,
		  struct error *err)
{
	struct buf b CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	int r = 0;

	write_line(&b, id, doc);
	if (b.overflow)
		return error_set(err, ERR_LIMIT, 0, "the document of %s is too large", id);
	if (w->fd < 0) {
		r = lock_file(w, true, err);
		if (r == 0)
			r = catch_up(w, err);
		if (r < 0)
			return r;
	}
	if (lseek(w->fd, w->offset, SEEK_SET) < 0)
		return error_sys(err, errno, "write %s", w->path);
	r = fs_write_all(w->fd, b.data, b.n, err);
	if (r == 0 && fdatasync(w->fd) < 0)
		r = error_sys(err, errno, "sync");
	if (r < 0) {
		(void)!ftruncate(w->fd, w->offset); /* a torn line is cut by the next to enter */
		return error_wrap(err, r, "write %s", w->path);
	}
	w->offset += (off_t)b.n;
	w->n_lines++;
	return 0;
}

int memory_world_put(struct memory_world *w, const char *id, struct json_object *doc,
		     struct error *err)
{
	int r = w->path ? append(w, id, doc, err) : 0;

	if (r == 0)
		set_entry(w, id, doc);
	return r;
}

int memory_world_drop(struct memory_world *w, const char *id, struct error *err)
{
	if (!memory_world_find(w, id))
		return 0;
	return memory_world_put(w, id, NULL, err);
}

static int by_id(const struct entry *a, const struct entry *b)
{
	return strcmp(a->id, b->id);
}

size_t memory_world_all(struct memory_world *w, struct arena *a, const char ***ret_ids,
			struct json_object ***ret_docs)
{
	size_t n = HASH_COUNT(w->entries), i = 0;
	const char **ids = arena_array(a, n, sizeof(*ids));
	struct json_object **docs = arena_array(a, n, sizeof(struct json_object *));
	struct entry *e, *next;

	HASH_SORT(w->entries, by_id);
	HASH_ITER (hh, w->entries, e, next) {
		ids[i] = e->id;
		docs[i++] = e->doc;
	}
	*ret_ids = ids;
	*ret_docs = docs;
	return n;
}
