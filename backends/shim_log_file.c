/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setting aside shifts names from the oldest on, so that at any moment the order of the numbers is
 * the order of the lines: who reads finds the next one by the name of the one it has. Who rotates
 * holds a lock on the file itself, which all that write it have open; another finds the name taken
 * by a new file and only opens that.
 */
#include "backends/shim_log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/shim_cri.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "specs/layout.h"
#include "specs/spec_service.h"

struct shim_log_place shim_log_place_of(const struct service *s, const char *path)
{
	struct shim_log_place p = { .path = path };

	if (!s->logs)
		return p;
	p.max_bytes =
		s->logs->max_size_bytes > INT64_MAX ? INT64_MAX : (int64_t)s->logs->max_size_bytes;
	p.keep_s = s->logs->retention_secs > INT32_MAX ? 0 : (int64_t)s->logs->retention_secs;
	return p;
}

/* --- opening ------------------------------------------------------------------------- */

static int make_parent(const char *path, struct error *err)
{
	char dir[LIMIT_PATH];
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return 0;
	if (snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path) >= (int)sizeof(dir))
		return error_set(err, ERR_LIMIT, 0, "path too long: %.60s...", path);
	return fs_mkdirs(AT_FDCWD, dir, 0750, err);
}

static int open_file(const char *path, int flags)
{
	return open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | flags,
		    0640);
}

/* Half a line may stand at the end, of a writer or a machine that died. */
static bool ends_torn(int fd)
{
	struct stat st;
	char last = '\n';

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		(void)!pread(fd, &last, 1, st.st_size - 1);
	return last != '\n';
}

static void drop_aged(const struct shim_log_file *f)
{
	struct arena *a CLEAN(arena) = arena_new();
	int64_t oldest_s = clock_wall().us / CLOCK_SEC - f->keep_s;
	struct stat st;

	for (unsigned i = 1; f->keep_s > 0 && i < LIMIT_LOG_FILES; i++) {
		const char *path = layout_log_old(a, f->path, i);

		if (stat(path, &st) == 0 && st.st_mtim.tv_sec < oldest_s)
			(void)unlink(path); /* the next time, else */
	}
}

int shim_log_file_open(struct shim_log_file *f, const struct shim_log_place *place,
		       struct error *err)
{
	int64_t each =
		(place->max_bytes > 0 ? place->max_bytes : LIMIT_LOG_BYTES) / LIMIT_LOG_FILES;
	int r = make_parent(place->path, err);

	if (r < 0)
		return r;
	*f = SHIM_LOG_FILE_INIT;
	f->fd = open_file(place->path, 0);
	if (f->fd < 0)
		return error_sys(err, errno, "open %s", place->path);
	f->path = xstrdup(place->path);
	/* Room for the longest line, whatever was asked for. */
	f->max_each = (size_t)(each < 2 * LIMIT_LOG_LINE ? 2 * LIMIT_LOG_LINE : each);
	f->keep_s = place->keep_s;
	f->torn = ends_torn(f->fd);
	drop_aged(f);
	return 0;
}

void shim_log_file_close(struct shim_log_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	*f = SHIM_LOG_FILE_INIT;
}

/* --- setting aside ------------------------------------------------------------------- */

static bool is_still_at(const struct shim_log_file *f)
{
	struct stat there, ours;

	return stat(f->path, &there) == 0 && fstat(f->fd, &ours) == 0 &&
	       there.st_ino == ours.st_ino && there.st_dev == ours.st_dev;
}

/* The oldest goes before the new one is made: it may be what makes room for it. */
static int set_aside(const struct shim_log_file *f)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *fresh = arena_printf(a, "%s.new", f->path);
	int fd CLEAN(fd) = -1;

	(void)unlink(layout_log_old(a, f->path, LIMIT_LOG_FILES - 1));
	fd = open_file(fresh, O_TRUNC);
	if (fd < 0)
		return -1;
	for (unsigned i = LIMIT_LOG_FILES - 1; i > 0; i--)
		(void)rename(layout_log_old(a, f->path, i - 1), layout_log_old(a, f->path, i));
	if (rename(fresh, f->path) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* False: the file goes on as it is, longer than it should be. */
static bool rotate(struct shim_log_file *f)
{
	int fd;

	if (flock(f->fd, LOCK_EX) < 0)
		return false;
	fd = is_still_at(f) ? set_aside(f) : open_file(f->path, 0);
	(void)flock(f->fd, LOCK_UN);
	if (fd < 0)
		return false;
	close(f->fd);
	f->fd = fd;
	f->torn = ends_torn(fd);
	drop_aged(f);
	return true;
}

static size_t room_of(const struct shim_log_file *f)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return SIZE_MAX;
	return (size_t)st.st_size < f->max_each ? f->max_each - (size_t)st.st_size : 0;
}

/* --- writing ------------------------------------------------------------------------- */

static uint64_t count_lines(const char *p, size_t n)
{
	uint64_t lines = 0;

	while (n) {
		const char *end = memchr(p, '\n', n);
		size_t len = end ? (size_t)(end - p) + 1 : n;

		lines++;
		p += len;
		n -= len;
	}
	return lines;
}

/* Writes what it can; how many bytes are in the file. */
static size_t append(struct shim_log_file *f, const char *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t w = write(f->fd, p + done, n - done);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			f->lost_errno = w < 0 ? errno : ENOSPC;
			break;
		}
		done += (size_t)w;
	}
	if (done)
		f->torn = p[done - 1] != '\n';
	return done;
}

/* Ends a torn line and says what is missing; false when even that cannot be written. */
static bool mend(struct shim_log_file *f)
{
	struct buf b CLEAN(buf) = BUF_INIT(512);
	char why[64];

	if (f->torn)
		buf_putc(&b, '\n');
	if (f->n_lost)
		shim_cri_tell(&b, "%ju lines were lost here (%s)", (uintmax_t)f->n_lost,
			      strerror_r(f->lost_errno, why, sizeof(why)));
	if (append(f, b.data, b.n) < b.n)
		return false;
	f->n_lost = 0;
	return true;
}

void shim_log_file_settle(struct shim_log_file *f)
{
	if (f->fd >= 0)
		(void)mend(f);
}

/* As many whole lines as fit; 0: not even one. */
static size_t lines_within(const char *p, size_t n, size_t room)
{
	const char *end = n <= room ? p + n - 1 : memrchr(p, '\n', room);

	return end ? (size_t)(end - p) + 1 : 0;
}

void shim_log_file_write(struct shim_log_file *f, const char *p, size_t n)
{
	while (n) {
		size_t take = lines_within(p, n, room_of(f));
		size_t done;

		if (!take && rotate(f))
			take = lines_within(p, n, room_of(f));
		if (!take)
			take = n;
		done = mend(f) ? append(f, p, take) : 0;
		f->n_lost += count_lines(p + done, take - done);
		p += take;
		n -= take;
	}
}
