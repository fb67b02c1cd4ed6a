/* SPDX-License-Identifier: Apache-2.0 */
/* Reads; every doubt about a file is told as "unsettled", every doubt about a directory as a
 * problem. */
#include "controller/source_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "controller/text.h"

#define PATIENCE_US (60 * CLOCK_SEC) /* past this the file system hangs */

CLEAN_DEFINE(dir, DIR *, closedir)

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A lease for reading is refused while somebody has the file open for writing. Where there are
 * no leases, or none for us, the time of the last change has to do. */
static bool has_writer(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
		return false;
	}
	return errno == EAGAIN;
}

/* A time in the future was set by somebody, not by a write that may go on. */
static bool is_young(const struct stat *st)
{
	int64_t changed = st->st_mtim.tv_sec * CLOCK_SEC + st->st_mtim.tv_nsec / 1000;
	int64_t age = clock_wall().us - changed;

	return age >= 0 && age < SOURCE_SETTLE_US;
}

static int read_open(int fd, const char *path, struct buf *ret, struct error *err)
{
	char chunk[16 << 10];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0)
			return error_sys(err, errno, "read %s", path);
		buf_add(ret, chunk, (size_t)n);
		if (ret->overflow)
			return error_set(err, ERR_LIMIT, 0, "%s is larger than %d bytes", path,
					 LIMIT_SPEC_BYTES);
	}
	return 0;
}

static int open_file(const char *path, struct stat *st, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return error_sys(err, errno, "open %s", path);
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return error_set(err, ERR_INVALID, 0, "%s is no regular file", path);
}

static int read_file(struct source_file *f, struct arena *a, struct error *err)
{
	struct buf bytes CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	uint8_t sum[DIGEST_BYTES];
	struct stat before, after;
	int fd CLEAN(fd) = open_file(f->path, &before, err);
	int r;

	if (fd < 0)
		return fd;
	f->is_unsettled = is_young(&before) || has_writer(fd);
	r = f->is_unsettled ? 0 : read_open(fd, f->path, &bytes, err);
	if (r < 0 || f->is_unsettled)
		return r;
	if (fstat(fd, &after) < 0)
		return error_sys(err, errno, "look at %s", f->path);
	f->is_unsettled = !is_same(&before, &after) || (off_t)bytes.n != after.st_size;
	f->n = bytes.n;
	f->bytes = arena_strndup(a, bytes.n ? bytes.data : "", bytes.n);
	digest_sha256(f->bytes, f->n, sum);
	digest_hex(sum, f->digest);
	return 0;
}

static void add_file(struct source_seen *seen, const char *path, struct arena *a)
{
	struct source_file *f;

	seen->files = arena_grow(a, seen->files, seen->n, sizeof(*seen->files));
	f = &seen->files[seen->n++];
	*f = (struct source_file){ .path = text_plain(a, path) };
	if (strcmp(f->path, path) != 0) {
		/* It would stand in logs and documents, and what it says there is not ours. */
		(void)error_set(&f->problem, ERR_INVALID, 0, "its name is no plain text");
		error_hint(&f->problem, "rename it");
	} else if (read_file(f, a, &f->problem) == 0)
		f->problem = ERROR_INIT;
}

static bool is_deployment(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All names or an error: a listing that broke off would look like files that vanished. */
static int list_names(const char *path, struct arena *a, const char ***ret, size_t *ret_n,
		      struct error *err)
{
	DIR *dir CLEAN(dir) = opendir(path);
	struct dirent *e;

	*ret_n = 0;
	if (!dir)
		return error_sys(err, errno, "open %s", path);
	while ((errno = 0, e = readdir(dir))) {
		if (!is_deployment(e->d_name))
			continue;
		*ret = arena_grow(a, *ret, *ret_n, sizeof(**ret));
		(*ret)[(*ret_n)++] = arena_printf(a, "%s/%s", path, e->d_name);
	}
	if (errno)
		return error_sys(err, errno, "read %s", path);
	if (*ret_n)
		qsort(*ret, *ret_n, sizeof(**ret), by_name);
	return 0;
}

static int see(struct source_seen *seen, struct arena *a, struct error *err)
{
	const char *path = seen->source.path, **names = NULL;
	struct stat st;
	size_t n;
	int r;

	if (stat(path, &st) < 0)
		return error_sys(err, errno, "look at %s", path);
	seen->is_dir = S_ISDIR(st.st_mode);
	if (!seen->is_dir) {
		add_file(seen, path, a);
		return 0;
	}
	r = list_names(path, a, &names, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		add_file(seen, names[i], a);
	return r;
}

static void run(struct job *j)
{
	struct source_scan *scan = (struct source_scan *)j;

	for (size_t i = 0; i < scan->n; i++)
		if (see(&scan->items[i], scan->arena, &scan->items[i].problem) == 0)
			scan->items[i].problem = ERROR_INIT;
}

static void drop(struct job *j)
{
	struct source_scan *scan = (struct source_scan *)j;

	arena_free(scan->arena);
	free(scan);
}

struct source_scan *source_scan_new(const struct source_path *paths, size_t n, struct mono now)
{
	struct source_scan *scan = xcalloc(1, sizeof(*scan));

	scan->job =
		(struct job){ .run = run, .drop = drop, .deadline = mono_add(now, PATIENCE_US) };
	scan->arena = arena_new();
	scan->items = arena_array(scan->arena, n, sizeof(*scan->items));
	scan->n = n;
	for (size_t i = 0; i < n; i++)
		scan->items[i].source = paths[i];
	return scan;
}
