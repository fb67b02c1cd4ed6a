/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a CRI log, from file to file. A line that is not in that form (a torn write after a
 * crash) is shown as it is. A log that was replaced or cut is begun anew.
 */
#include "controller/log_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "controller/log_files.h"
#include "controller/text.h"

enum {
	CHUNK = 64 << 10,
	HEADER = 64,                         /* time, stream and tag, with room */
	MAX_PIECE = LIMIT_LOG_LINE + HEADER, /* one line of the file */
	MAX_LINE = 16 << 20,                 /* pieces put together; more is cut into lines */
};

static const char *const streams[] = { "stdout", "stderr", "system" };
#define N_STREAMS (sizeof(streams) / sizeof(streams[0]))

struct pending {
	struct buf text; /* pieces that wait for their end */
	struct wall time;
};

struct log_reader {
	char *path;
	int fd;
	int64_t offset; /* where the next read begins */
	struct buf raw; /* read and not used yet */
	size_t used;    /* bytes of raw that are */
	struct pending pending[N_STREAMS];
	struct buf line; /* what *ret of the last call shows */
};

/* One line of the file, taken apart. */
struct piece {
	struct wall time;
	size_t stream; /* N_STREAMS: the line has no such form */
	bool is_partial;
	const char *text;
	size_t n;
};

static size_t stream_of(const char *p, size_t n)
{
	size_t i = 0;

	while (i < N_STREAMS && (strlen(streams[i]) != n || memcmp(streams[i], p, n) != 0))
		i++;
	return i;
}

static void take_apart(const char *p, size_t n, struct piece *ret)
{
	const char *end = p + n;
	const char *stream = memchr(p, ' ', n);
	const char *tag = stream ? memchr(stream + 1, ' ', (size_t)(end - stream - 1)) : NULL;

	*ret = (struct piece){ .stream = N_STREAMS, .text = p, .n = n };
	if (!tag || end - tag < 2 || (tag[1] != 'F' && tag[1] != 'P'))
		return;
	if ((end - tag > 2 && tag[2] != ' ') ||
	    !text_parse_time(p, (size_t)(stream - p), &ret->time))
		return;
	ret->stream = stream_of(stream + 1, (size_t)(tag - stream - 1));
	if (ret->stream == N_STREAMS)
		return;
	ret->is_partial = tag[1] == 'P';
	ret->text = end - tag > 3 ? tag + 3 : end;
	ret->n = (size_t)(end - ret->text);
}

/* Is the line of the file that begins at @at the end of a line? 1, 0, < 0. */
static int ends_line(int fd, int64_t at, struct error *err)
{
	char header[HEADER];
	ssize_t n = pread(fd, header, sizeof(header), at);
	struct piece piece;
	char *newline;

	if (n < 0)
		return error_sys(err, errno, "read");
	newline = memchr(header, '\n', (size_t)n);
	take_apart(header, newline ? (size_t)(newline - header) : (size_t)n, &piece);
	return !piece.is_partial;
}

/* Where the last *tail lines begin: from the end, a chunk at a time. 0; FEWER when the file does
 * not have that many, and *tail is what is wanting. */
enum { FEWER = 1 };
static int find_tail(int fd, int64_t *tail, int64_t *ret, struct error *err)
{
	char chunk[CHUNK];
	int64_t at = lseek(fd, 0, SEEK_END); /* the beginning of what was looked at */
	int64_t start = at, seen = 0;        /* of the line that was found last; how many */

	if (at < 0)
		return error_sys(err, errno, "seek");
	while (at > 0) {
		int64_t from = at > CHUNK ? at - CHUNK : 0;
		ssize_t n = pread(fd, chunk, (size_t)(at - from), from);

		if (n != at - from)
			return error_sys(err, n < 0 ? errno : EIO, "read");
		for (ssize_t i = n - 1; i >= -1; i--) {
			bool is_start = i < 0 ? from == 0 : chunk[i] == '\n';
			int e;

			if (!is_start || from + i + 1 >= start)
				continue;
			e = ends_line(fd, from + i + 1, err);
			if (e < 0)
				return e;
			seen += e;
			if (seen > *tail) {
				*ret = start;
				return 0;
			}
			start = from + i + 1;
		}
		at = from;
	}
	*ret = 0;
	*tail -= seen;
	return FEWER;
}

/* To the next file that way, at its beginning. */
static int step(struct log_reader *r, enum log_files_way way, struct error *err)
{
	int fd = -1;
	int e = log_files_step(r->path, r->fd, way, &fd, err);

	if (e != 0)
		return e;
	close(r->fd);
	r->fd = fd;
	r->offset = 0;
	return 0;
}

/* From the newest file back to where the last @tail lines begin; < 0: to the very beginning. */
static int go_back(struct log_reader *r, int64_t tail, struct error *err)
{
	int e;

	do {
		if (tail >= 0) {
			e = find_tail(r->fd, &tail, &r->offset, err);
			if (e != FEWER)
				return e;
		}
		e = step(r, LOG_FILES_OLDER, err);
	} while (e == 0);
	return e < 0 ? e : 0;
}

int log_reader_open(const char *path, int64_t tail, struct log_reader **ret, struct error *err)
{
	struct log_reader *r CLEAN(log_reader) = xcalloc(1, sizeof(*r));
	int e = 0;

	buf_init(&r->raw, CHUNK + MAX_PIECE);
	buf_init(&r->line, MAX_LINE);
	for (size_t i = 0; i < N_STREAMS; i++)
		buf_init(&r->pending[i].text, MAX_LINE);
	r->path = xstrdup(path);
	r->fd = -1;
	e = log_files_newest(path, &r->fd, err);
	if (e != 0)
		return e < 0 ? e : LOG_READER_ABSENT;
	e = go_back(r, tail, err);
	if (e < 0)
		return error_wrap(err, e, "%s", path);
	*ret = TAKE(r);
	return 0;
}

void log_reader_free(struct log_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	buf_done(&r->raw);
	buf_done(&r->line);
	for (size_t i = 0; i < N_STREAMS; i++)
		buf_done(&r->pending[i].text);
	free(r->path);
	free(r);
}

/* More bytes into raw: how many, or < 0. */
static ssize_t fill(struct log_reader *r, struct error *err)
{
	ssize_t n;

	buf_drop(&r->raw, r->used);
	r->used = 0;
	if (!buf_reserve(&r->raw, CHUNK))
		return 0;
	n = pread(r->fd, r->raw.data + r->raw.n, CHUNK, r->offset);
	if (n < 0)
		return error_sys(err, errno, "read %s", r->path);
	r->raw.n += (size_t)n;
	r->raw.data[r->raw.n] = '\0';
	r->offset += n;
	return n;
}

/* At the end of the file: more has come (0), the next one is open, or LOG_READER_END. */
enum { MOVED = 2 };
static int go_on(struct log_reader *r, struct error *err)
{
	int next CLEAN(fd) = -1;
	int e = log_files_step(r->path, r->fd, LOG_FILES_NEWER, &next, err);
	struct stat st;
	ssize_t n;

	if (e < 0)
		return e;
	/* What was written before it was set aside, and after the last look. */
	n = fill(r, err);
	if (n != 0)
		return n < 0 ? (int)n : 0;
	if (e == 0) {
		close(r->fd);
		r->fd = TAKE_FD(next);
		r->offset = 0;
		return MOVED;
	}
	if (fstat(r->fd, &st) == 0 && st.st_size < r->offset)
		r->offset = 0;
	return LOG_READER_END;
}

/* One line of the file; LOG_READER_END. A line without an end that is too long is one as it is. */
static int next_piece(struct log_reader *r, bool is_last, struct piece *ret, struct error *err)
{
	for (;;) {
		char *start = r->raw.data + r->used;
		size_t left = r->raw.n - r->used;
		char *newline = memchr(start, '\n', left);
		ssize_t n = newline || left > MAX_PIECE ? 0 : fill(r, err);

		if (n < 0)
			return (int)n;
		if (n > 0)
			continue;
		if (!newline && left <= MAX_PIECE) {
			int e = go_on(r, err);

			if (e < 0 || (e == LOG_READER_END && (!is_last || left == 0)))
				return e;
			/* Half a line at the end of a file that is done with is one as it is. */
			if (e == 0 || left == 0)
				continue;
		}
		start = r->raw.data + r->used; /* fill() moved it */
		if (newline)
			left = (size_t)(newline - start);
		take_apart(start, left, ret);
		r->used += left + (newline ? 1 : 0);
		return 0;
	}
}

static void show(struct log_reader *r, const struct piece *p, struct log_line *ret)
{
	struct pending *pending = p->stream < N_STREAMS ? &r->pending[p->stream] : NULL;

	*ret = (struct log_line){
		.time = p->time,
		.stream = p->stream < N_STREAMS ? streams[p->stream] : "unknown",
		.text = p->text,
		.n = p->n,
	};
	if (!pending || pending->text.n == 0)
		return;
	buf_clear(&r->line);
	buf_add(&r->line, pending->text.data, pending->text.n);
	buf_clear(&pending->text);
	ret->time = pending->time;
	ret->text = r->line.data;
	ret->n = r->line.n;
}

/* What was begun and never ended. */
static int next_pending(struct log_reader *r, struct log_line *ret)
{
	for (size_t i = 0; i < N_STREAMS; i++)
		if (r->pending[i].text.n > 0) {
			show(r, &(struct piece){ .stream = i }, ret);
			return 0;
		}
	return LOG_READER_END;
}

int log_reader_next(struct log_reader *r, bool is_last, struct log_line *ret, struct error *err)
{
	for (;;) {
		struct piece piece;
		struct pending *pending;
		int e = next_piece(r, is_last, &piece, err);

		if (e == LOG_READER_END && is_last)
			return next_pending(r, ret);
		if (e != 0)
			return e;
		pending = piece.stream < N_STREAMS ? &r->pending[piece.stream] : NULL;
		if (pending && (piece.is_partial || pending->text.n > 0)) {
			if (pending->text.n == 0)
				pending->time = piece.time;
			buf_add(&pending->text, piece.text, piece.n);
		}
		if (pending && piece.is_partial && pending->text.n < MAX_LINE - MAX_PIECE)
			continue;
		show(r, &piece, ret);
		return 0;
	}
}
