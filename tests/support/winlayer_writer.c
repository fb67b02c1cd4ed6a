/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. */
#include "tests/support/winlayer_writer.h"

#include <assert.h>
#include <string.h>

enum { BLOCK = 512 };

void winlayer_writer_data(struct buf *tar, const void *p, size_t n)
{
	static const char zeros[BLOCK];

	buf_add(tar, p, n);
	buf_add(tar, zeros, (BLOCK - n % BLOCK) % BLOCK);
}

static void put_header(struct buf *tar, const struct winlayer_entry *e, size_t size)
{
	char h[BLOCK] = "";
	unsigned sum = 0;

	(void)snprintf(h, 100, "%s", e->name); /* longer ones have a record */
	(void)snprintf(h + 100, 8, "0000644");
	(void)snprintf(h + 124, 12, "%011zo", size);
	(void)snprintf(h + 136, 12, "%11s", e->mtime ? e->mtime : "0");
	memset(h + 148, ' ', 8);
	h[156] = e->type ? e->type : '0';
	(void)snprintf(h + 157, 100, "%s", e->link ? e->link : "");
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum);
	buf_add(tar, h, BLOCK);
}

void winlayer_writer_header(struct buf *tar, const char *name, char type, size_t size,
			    const char *link)
{
	const struct winlayer_entry e = { .name = name, .type = type, .link = link };

	put_header(tar, &e, size);
}

void winlayer_writer_record(struct buf *records, const char *key, const char *value)
{
	size_t n = strlen(key) + strlen(value) + 3, length = n + 1;

	/* the number counts its own digits */
	for (size_t digits = 1, limit = 10; length >= limit; digits++, limit *= 10)
		length = n + digits + 1;
	buf_printf(records, "%zu %s=%s\n", length, key, value);
}

void winlayer_writer_add(struct buf *tar, const struct winlayer_entry *e)
{
	struct buf records CLEAN(buf) = BUF_INIT(1 << 22);
	size_t n = e->n ? e->n : e->text ? strlen(e->text) : 0;

	if (strlen(e->name) >= 100)
		winlayer_writer_record(&records, "path", e->name);
	if (e->link && strlen(e->link) >= 100)
		winlayer_writer_record(&records, "linkpath", e->link);
	for (size_t i = 0; i < 6 && e->pax[i].key; i++)
		winlayer_writer_record(&records, e->pax[i].key, e->pax[i].value);
	if (records.n) {
		winlayer_writer_header(tar, "PaxHeaders.0/x", 'x', records.n, NULL);
		winlayer_writer_data(tar, records.data, records.n);
	}
	put_header(tar, e, n);
	winlayer_writer_data(tar, e->text ? e->text : "", n);
}

void winlayer_writer_end(struct buf *tar)
{
	static const char zeros[2 * BLOCK];

	buf_add(tar, zeros, sizeof(zeros));
	assert(!tar->overflow);
}

void winlayer_writer_all(struct buf *tar, const struct winlayer_entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		winlayer_writer_add(tar, &e[i]);
	winlayer_writer_end(tar);
}
