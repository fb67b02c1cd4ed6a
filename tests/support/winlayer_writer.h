/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Tars of Windows layers for tests, written by hand: libarchive cannot write records of vendors,
 * and nothing under test shall help. Everything that fails ends the test program. */
#include "base/buf.h"

struct winlayer_pax {
	const char *key, *value;
};

struct winlayer_entry {
	const char *name;
	char type;        /* as in a header; 0: '0', a file */
	const char *text; /* of a file; NULL: empty */
	size_t n;         /* bytes of it; 0: strlen(text) */
	const char *link;
	const char *mtime; /* octal; NULL: 0 */
	struct winlayer_pax pax[6];
};

/** winlayer_writer_add() - append one member, with its records in front */
void winlayer_writer_add(struct buf *tar, const struct winlayer_entry *e);

/** winlayer_writer_header() - append a header alone; @size: of the data that shall follow */
void winlayer_writer_header(struct buf *tar, const char *name, char type, size_t size,
			    const char *link);

/** winlayer_writer_data() - append data and fill up its last block */
void winlayer_writer_data(struct buf *tar, const void *p, size_t n);

/** winlayer_writer_record() - append "LENGTH KEY=VALUE\n" */
void winlayer_writer_record(struct buf *records, const char *key, const char *value);

/** winlayer_writer_end() - append the two blocks of zeros */
void winlayer_writer_end(struct buf *tar);

/** winlayer_writer_all() - all of @n entries, and the end */
void winlayer_writer_all(struct buf *tar, const struct winlayer_entry *e, size_t n);
