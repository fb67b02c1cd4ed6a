/* SPDX-License-Identifier: Apache-2.0 */
/* Walks by path: staged layers and the store of layers are ours alone. */
#include "backends/winlayer_restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/winlayer_path.h"
#include "backends/winlayer_stream.h"
#include "base/arena.h"
#include "base/fs.h"

CLEAN_DEFINE(dirp, DIR *, closedir)

enum { MAX_DEPTH = 128 };

/* One walk: where it goes, and what is done with a file. */
struct walk {
	const char *from, *to;
	int depth;
	bool (*is_copied)(const char *path);
	int (*file)(const struct walk *w, const char *path, struct arena *a, struct error *err);
};

static bool is_mark(const char *name)
{
	size_t n = strlen(name), n_mark = strlen(WINLAYER_DIRECTORY_MARK);

	return n > n_mark && strcmp(name + n - n_mark, WINLAYER_DIRECTORY_MARK) == 0;
}

/* @path: below both, "" or with a '/' at its end. */
static int walk_directory(struct walk *w, const char *path, struct error *err);

static int walk_entry(struct walk *w, const char *path, const char *name, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *at = arena_printf(a, "%s%s", path, name);
	struct stat st;

	if (lstat(arena_printf(a, "%s/%s", w->from, at), &st) < 0)
		return error_sys(err, errno, "look at %s", at);
	if (S_ISDIR(st.st_mode))
		return walk_directory(w, arena_printf(a, "%s/", at), err);
	return w->file(w, at, a, err);
}

static int walk_directory(struct walk *w, const char *path, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	DIR *d CLEAN(dirp) = opendir(arena_printf(a, "%s/%s", w->from, path));
	struct dirent *e;
	int r = d ? 0 : error_sys(err, errno, "list %s/%s", w->from, path);

	if (r == 0 && ++w->depth > MAX_DEPTH)
		r = error_set(err, ERR_LIMIT, 0, "%s: too deep", path);
	if (r == 0)
		r = fs_mkdirs(AT_FDCWD, arena_printf(a, "%s/%s", w->to, path), 0755, err);
	while (r == 0 && (errno = 0, e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = walk_entry(w, path, e->d_name, err);
	if (r == 0 && errno)
		r = error_sys(err, errno, "list %s/%s", w->from, path);
	w->depth--;
	return r;
}

/* --- staged files ------------------------------------------------------------------------ */

static int copy_part(int in, int out, const struct winlayer_stream *s, struct error *err)
{
	char chunk[1 << 16];

	for (int64_t done = 0; done < s->size;) {
		int64_t left = s->size - done;
		size_t want = left < (int64_t)sizeof(chunk) ? (size_t)left : sizeof(chunk);
		ssize_t n = pread(in, chunk, want, s->at + done);

		if (n <= 0)
			return error_sys(err, n < 0 ? errno : EIO, "read");
		if (pwrite(out, chunk, (size_t)n, s->offset + done) != n)
			return error_sys(err, errno ? errno : EIO, "write");
		done += n;
	}
	return 0;
}

static int restore_data(int in, int out, struct error *err)
{
	struct winlayer_stream s;
	int r = winlayer_stream_open(in, &s, err);
	int64_t end = 0;

	while (r == 0 && (r = winlayer_stream_next(&s, err)) == 0) {
		if (s.part != WINLAYER_PART_DATA && s.part != WINLAYER_PART_SPARSE)
			continue;
		end = s.offset + s.size;
		r = copy_part(in, out, &s, err);
	}
	if (r == WINLAYER_STREAM_END && ftruncate(out, end) < 0) /* a hole at its end */
		return error_sys(err, errno, "write");
	return r < 0 ? r : 0;
}

static int restore_file(const struct walk *w, const char *path, struct arena *a, struct error *err)
{
	const char *to = arena_printf(a, "%s/%s", w->to, path);
	int in CLEAN(fd) = -1, out CLEAN(fd) = -1;
	int r;

	if (is_mark(path))
		return 0; /* of a directory, which walk_directory() makes */
	in = open(arena_printf(a, "%s/%s", w->from, path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (in < 0)
		return error_sys(err, errno, "open %s", path);
	if (unlink(to) < 0 && errno != ENOENT)
		return error_sys(err, errno, "replace %s", to);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	r = out < 0 ? error_sys(err, errno, "create") : restore_data(in, out, err);
	return r < 0 ? error_wrap(err, r, "%s", to) : 0;
}

int winlayer_restore_tree(const char *from, const char *to, struct error *err)
{
	struct walk w = { .from = from, .to = to, .file = restore_file };

	return walk_directory(&w, "", err);
}

/* --- a copy of a tree --------------------------------------------------------------------- */

static int clone_file(const struct walk *w, const char *path, struct arena *a, struct error *err)
{
	const char *from = arena_printf(a, "%s/%s", w->from, path);
	const char *to = arena_printf(a, "%s/%s", w->to, path);

	if (w->is_copied(path))
		return fs_copy(AT_FDCWD, from, to, 0644, err);
	return link(from, to) < 0 ? error_sys(err, errno, "link %s", to) : 0;
}

int winlayer_restore_clone(const char *from, const char *to, bool (*is_copied)(const char *path),
			   struct error *err)
{
	struct walk w = { .from = from, .to = to, .file = clone_file, .is_copied = is_copied };

	return walk_directory(&w, "", err);
}
