/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport form, as hcsshim writes it for ImportLayer (internal/wclayer/legacy.go): below
 * Files every file begins with its attributes (u32) and goes on with the streams of BackupRead
 * (WIN32_STREAM_ID headers); a directory has the same in a file beside it, named
 * "<directory>.$wcidirs$". Hives and UtilityVM hold plain files, tombstones.txt a list. Numbers are
 * little endian.
 *
 * What is imported are names and bytes. Descriptors, reparse data and alternate streams are checked
 * and left: this host has no place for them.
 */
#include "backends/hcs_sim/host/layer_import.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fs.h"

CLEAN_DEFINE(dir, DIR *, closedir)

enum {
	ATTRIBUTE_DIRECTORY = 0x10,
	ATTRIBUTE_REPARSE = 0x400,
	MAX_DEPTH = 128,
	MAX_STREAM_NAME = 1024,
	HEAD_BYTES = 20, /* of WIN32_STREAM_ID */
};

enum stream {
	STREAM_DATA = 1,
	STREAM_EA = 2,
	STREAM_SECURITY = 3,
	STREAM_ALTERNATE = 4,
	STREAM_REPARSE = 8,
	STREAM_SPARSE = 9,
	STREAM_LAST = 10,
};

#define DIRECTORY_MARK ".$wcidirs$"

struct import {
	struct arena *a;
	bool needs_security;
	int depth;
	struct error *err;
};

/* What the streams of one file say. */
struct streams {
	uint32_t attributes;
	bool has[STREAM_LAST + 1];
};

/* --- streams ---------------------------------------------------------------------------- */

static uint64_t little(const uint8_t *p, int n)
{
	uint64_t v = 0;

	for (int i = n - 1; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* Moves @n bytes from @in to @out, or past them when @out is NULL; false at an early end. */
static bool move_bytes(FILE *in, FILE *out, uint64_t n)
{
	char chunk[16384];

	while (n > 0) {
		size_t want = n < sizeof(chunk) ? (size_t)n : sizeof(chunk);

		if (fread(chunk, 1, want, in) != want ||
		    (out && fwrite(chunk, 1, want, out) != want))
			return false;
		n -= want;
	}
	return true;
}

/* One stream after its header. */
static bool read_stream(FILE *in, FILE *out, enum stream id, uint64_t size)
{
	uint8_t offset[8];

	if (id == STREAM_DATA)
		return move_bytes(in, out, size);
	if (id != STREAM_SPARSE)
		return move_bytes(in, NULL, size);
	if (size < sizeof(offset) || fread(offset, sizeof(offset), 1, in) != 1)
		return false;
	if (out && fseeko(out, (off_t)little(offset, 8), SEEK_SET) < 0)
		return false;
	return move_bytes(in, out, size - sizeof(offset));
}

/* All of a file; NULL or what is wrong with it. */
static const char *read_streams(FILE *in, FILE *out, struct streams *ret)
{
	uint8_t head[HEAD_BYTES];
	size_t got;

	if (fread(head, 4, 1, in) != 1)
		return "no attributes";
	ret->attributes = (uint32_t)little(head, 4);
	while ((got = fread(head, 1, HEAD_BYTES, in)) == HEAD_BYTES) {
		uint64_t id = little(head, 4), size = little(head + 8, 8);
		uint64_t n_name = little(head + 16, 4);

		if (id < STREAM_DATA || id > STREAM_LAST)
			return "a stream of an unknown kind";
		if (n_name % 2 || n_name > MAX_STREAM_NAME ||
		    (n_name > 0) != (id == STREAM_ALTERNATE))
			return "a stream with a bad name";
		if (ret->has[id] && id != STREAM_ALTERNATE && id != STREAM_SPARSE)
			return "a stream that is there twice";
		if (!move_bytes(in, NULL, n_name) || !read_stream(in, out, (enum stream)id, size))
			return "a stream that is cut off";
		ret->has[id] = true;
	}
	return got == 0 ? NULL : "a header that is cut off";
}

static const char *check_streams(const struct import *im, const struct streams *s, bool directory)
{
	if (!(s->attributes & ATTRIBUTE_DIRECTORY) == directory)
		return directory ? "attributes of a file" : "attributes of a directory";
	if (!(s->attributes & ATTRIBUTE_REPARSE) == s->has[STREAM_REPARSE])
		return "reparse data and its attribute do not go together";
	if (directory && s->has[STREAM_DATA])
		return "a directory with data";
	if (im->needs_security && !s->has[STREAM_SECURITY])
		return "no security descriptor";
	return NULL;
}

/* A file of streams into a plain one; @to NULL: only look. */
static int import_streams(struct import *im, const char *from, const char *to, bool directory,
			  struct streams *ret)
{
	FILE *in CLEAN(file) = fopen(from, "rbe");
	FILE *out CLEAN(file) = to ? fopen(to, "wbe") : NULL;
	const char *wrong;

	*ret = (struct streams){ 0 };
	if (!in || (to && !out))
		return error_sys(im->err, errno, "open %s", in ? to : from);
	wrong = read_streams(in, out, ret);
	if (!wrong)
		wrong = check_streams(im, ret, directory);
	if (wrong)
		return error_set(im->err, ERR_INVALID, 0, "%s: %s", from, wrong);
	if (out && (fflush(out) != 0 || fchmod(fileno(out), 0755) < 0))
		return error_sys(im->err, errno, "write %s", to);
	return 0;
}

/* --- the tree --------------------------------------------------------------------------- */

static int import_directory(struct import *im, const char *from, const char *to);

static bool ends_with_mark(const char *name)
{
	size_t n = strlen(name), m = strlen(DIRECTORY_MARK);

	return n > m && strcmp(name + n - m, DIRECTORY_MARK) == 0;
}

/* "x.$wcidirs$": of the directory x, or of a reparse point that is a directory. */
static int import_mark(struct import *im, const char *from, const char *to)
{
	size_t m = strlen(DIRECTORY_MARK);
	const char *directory = arena_strndup(im->a, from, strlen(from) - m);
	const char *made = arena_strndup(im->a, to, strlen(to) - m);
	struct streams s;
	int r = import_streams(im, from, NULL, true, &s);

	if (r < 0)
		return r;
	if (fs_exists(AT_FDCWD, directory, NULL) == FS_EXISTS)
		return 0; /* import_entry() comes to it, or was there */
	if (!s.has[STREAM_REPARSE])
		return error_set(im->err, ERR_INVALID, 0, "%s: of no directory", from);
	return fs_mkdirs(AT_FDCWD, made, 0755, im->err);
}

static int import_entry(struct import *im, const char *from, const char *to)
{
	struct streams s;
	struct stat st;

	if (lstat(from, &st) < 0)
		return error_sys(im->err, errno, "look at %s", from);
	if (S_ISREG(st.st_mode))
		return ends_with_mark(from) ? import_mark(im, from, to)
					    : import_streams(im, from, to, false, &s);
	if (!S_ISDIR(st.st_mode))
		return error_set(im->err, ERR_INVALID, 0, "%s: neither file nor directory", from);
	if (fs_exists(AT_FDCWD, arena_printf(im->a, "%s%s", from, DIRECTORY_MARK), NULL) !=
	    FS_EXISTS)
		return error_set(im->err, ERR_INVALID, 0, "%s: no %s beside it", from,
				 DIRECTORY_MARK);
	return import_directory(im, from, to);
}

/* Calls @each for every entry of @from, with its path there and in @to. */
static int for_entries(struct import *im, const char *from, const char *to,
		       int (*each)(struct import *im, const char *from, const char *to))
{
	DIR *d CLEAN(dir) = opendir(from);
	struct dirent *e;
	int r = d ? 0 : error_sys(im->err, errno, "open %s", from);

	if (r == 0 && ++im->depth > MAX_DEPTH)
		r = error_set(im->err, ERR_INVALID, 0, "%s: too deep", from);
	while (r == 0 && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = each(im, arena_printf(im->a, "%s/%s", from, e->d_name),
			 arena_printf(im->a, "%s/%s", to, e->d_name));
	}
	im->depth--;
	return r;
}

static int import_directory(struct import *im, const char *from, const char *to)
{
	int r = fs_mkdirs(AT_FDCWD, to, 0755, im->err);

	return r < 0 ? r : for_entries(im, from, to, import_entry);
}

/* --- what has no streams ---------------------------------------------------------------- */

static int copy_file(struct import *im, const char *from, const char *to)
{
	FILE *in CLEAN(file) = fopen(from, "rbe");
	FILE *out CLEAN(file) = fopen(to, "wbe");
	struct stat st;

	if (!in || !out || fstat(fileno(in), &st) < 0)
		return error_sys(im->err, errno, "copy %s", from);
	if (!move_bytes(in, out, (uint64_t)st.st_size) || fflush(out) != 0)
		return error_set(im->err, ERR_IO, 0, "copy %s", from);
	return 0;
}

static int copy_tree(struct import *im, const char *from, const char *to)
{
	struct stat st;
	int r;

	if (lstat(from, &st) < 0)
		return error_sys(im->err, errno, "look at %s", from);
	if (S_ISREG(st.st_mode))
		return copy_file(im, from, to);
	if (!S_ISDIR(st.st_mode))
		return error_set(im->err, ERR_INVALID, 0, "%s: neither file nor directory", from);
	r = fs_mkdirs(AT_FDCWD, to, 0755, im->err);
	return r < 0 ? r : for_entries(im, from, to, copy_tree);
}

static int copy_tombstones(struct import *im, const char *from, const char *to)
{
	static const char head[] = "\xef\xbb\xbfVersion 1.0\n";
	struct buf text CLEAN(buf) = BUF_INIT(16 << 20);
	int r = fs_read(AT_FDCWD, from, &text, im->err);

	if (r < 0)
		return r;
	if (strncmp(text.data, head, strlen(head)) != 0)
		return error_set(im->err, ERR_INVALID, 0, "%s: a list of version 1.0 is needed",
				 from);
	for (const char *line = text.data + strlen(head); *line;
	     line += strcspn(line, "\n"), line += *line == '\n')
		if (*line != '\\')
			return error_set(im->err, ERR_INVALID, 0, "%s: a line without '\\'", from);
	return copy_file(im, from, to);
}

/* The parts of a layer, by the name of the entry at the top. */
static int import_part(struct import *im, const char *from, const char *to)
{
	static const struct {
		const char *name;
		int (*import)(struct import *im, const char *from, const char *to);
	} parts[] = {
		{ "Files", import_entry },  { "Files" DIRECTORY_MARK, import_mark },
		{ "Hives", copy_tree },     { "Hives" DIRECTORY_MARK, import_mark },
		{ "UtilityVM", copy_tree }, { "tombstones.txt", copy_tombstones },
	};
	const char *name = strrchr(from, '/') + 1;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(parts[i].name, name) == 0)
			return parts[i].import(im, from, to);
	return error_set(im->err, ERR_INVALID, 0, "%s: no part of a layer", from);
}

int layer_import(const char *source, const char *path, bool needs_security, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct import im = { .a = a, .needs_security = needs_security, .err = err };
	int r;

	if (fs_exists(AT_FDCWD, arena_printf(a, "%s/Files", source), NULL) != FS_EXISTS)
		return error_set(err, ERR_INVALID, 0, "%s has no Files", source);
	r = fs_mkdirs(AT_FDCWD, path, 0755, err);
	return r < 0 ? r : for_entries(&im, source, path, import_part);
}
