/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* One block of a tar, and the texts of PAX: bytes in, values out. Pure; for winlayer_tar. */
#include "backends/winlayer_tar.h"
#include "base/arena.h"

#define WINLAYER_BLOCK 512

struct winlayer_header {
	char type;
	int64_t size, mtime;
	char name[256 + 2]; /* prefix, a slash, and the name */
	char link[101];
};

enum { WINLAYER_ZEROS = 1 };

/** winlayer_tar_header() - 0; WINLAYER_ZEROS for the mark of the end; -ERR_INVALID when damaged */
int winlayer_tar_header(const unsigned char block[WINLAYER_BLOCK], struct winlayer_header *ret,
			struct error *err);

/** winlayer_tar_records() - "LENGTH KEY=VALUE\n" …; all of them live in the arena. -ERR_INVALID */
int winlayer_tar_records(const char *text, size_t n, struct arena *a, struct winlayer_record **ret,
			 size_t *ret_n, struct error *err);

/**
 * winlayer_tar_map_lines() - how many lines the map in front of a sparse file's data has
 * @text: its beginning
 *
 * Return: 0: the first line is not whole yet; -ERR_INVALID, -ERR_LIMIT.
 */
int winlayer_tar_map_lines(const char *text, size_t n, struct error *err);

/**
 * winlayer_tar_map() - the map itself, all of its lines: numbers, each with a newline
 * @m: its size is the file's, holes included; extents are set
 */
int winlayer_tar_map(const char *text, size_t n, struct arena *a, struct winlayer_member *m,
		     struct error *err);
