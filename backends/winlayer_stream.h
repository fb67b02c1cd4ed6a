/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Win32 backup streams: a file with everything NTFS knows of it as one run of bytes, as
 * BackupRead() and BackupWrite() have it. Each part is a WIN32_STREAM_ID header, a name for
 * alternate streams, an offset for blocks of sparse files, and its bytes. In a staged layer four
 * bytes with the file's attributes stand in front. All numbers little-endian.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum winlayer_part {
	WINLAYER_PART_DATA = 1,
	WINLAYER_PART_EA = 2,
	WINLAYER_PART_SECURITY = 3,
	WINLAYER_PART_ALTERNATE = 4,
	WINLAYER_PART_REPARSE = 8,
	WINLAYER_PART_SPARSE = 9, /* a block of it */
};

/* What a file is, as far as it matters here; the rest goes through as it came. */
enum {
	WINLAYER_ATTRIBUTE_DIRECTORY = 0x10,
	WINLAYER_ATTRIBUTE_SPARSE = 0x200,
	WINLAYER_ATTRIBUTE_REPARSE = 0x400,
};

/** winlayer_stream_u16() - append a number; likewise _u32, _u64 */
void winlayer_stream_u16(struct buf *out, uint16_t v);
void winlayer_stream_u32(struct buf *out, uint32_t v);
void winlayer_stream_u64(struct buf *out, uint64_t v);

/** winlayer_stream_text() - append @text (UTF-8) as UTF-16; -ERR_INVALID when it is none */
int winlayer_stream_text(struct buf *out, const char *text, struct error *err);

/** winlayer_stream_header() - append the header of a part of @size bytes */
void winlayer_stream_header(struct buf *out, enum winlayer_part part, uint64_t size);

/** winlayer_stream_alternate() - the same for the alternate stream @name, without colons */
int winlayer_stream_alternate(struct buf *out, const char *name, uint64_t size, struct error *err);

/** winlayer_stream_sparse() - a data part that says: blocks follow; without bytes of its own */
void winlayer_stream_sparse(struct buf *out);
/** winlayer_stream_block() - header of a block of @size bytes; the last has none, at the end */
void winlayer_stream_block(struct buf *out, uint64_t offset, uint64_t size);

/* Reading a staged file back. */
struct winlayer_stream {
	int fd;
	int64_t next, end;   /* offsets in the file */
	uint32_t attributes; /* of the file */
	/* The current part. */
	uint32_t part, flags;
	int64_t at, size;   /* its bytes are there in the file */
	int64_t offset;     /* SPARSE: where they belong */
	char name[256 * 3]; /* ALTERNATE: ":stream:$DATA" as it stands there, UTF-8; else "" */
};

enum { WINLAYER_STREAM_END = 1 };

/** winlayer_stream_open() - the attributes; @fd stays the caller's. -ERR_CORRUPT */
int winlayer_stream_open(int fd, struct winlayer_stream *ret, struct error *err);

/** winlayer_stream_next() - the next part; WINLAYER_STREAM_END; -ERR_CORRUPT */
int winlayer_stream_next(struct winlayer_stream *s, struct error *err);
