/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in a tar are octal text, or binary where they do not fit; in PAX they are decimal. */
#include "backends/winlayer_tar_header.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"

/* Where the fields of a header are. */
enum {
	AT_NAME = 0,
	AT_SIZE = 124,
	AT_MTIME = 136,
	AT_CHECKSUM = 148,
	AT_TYPE = 156,
	AT_LINK = 157,
	AT_MAGIC = 257,
	AT_PREFIX = 345,
	N_NAME = 100,
	N_NUMBER = 12,
	N_CHECKSUM = 8,
	N_PREFIX = 155,
};

/* Digits of @base up to a blank or NUL; -1 when it is no number, or too large. */
static int64_t parse_digits(const unsigned char *p, size_t n, int base)
{
	int64_t v = 0;
	size_t i = 0;

	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] != ' ' && p[i] != '\0'; i++) {
		int d = p[i] - '0';

		if (d < 0 || d >= base || v > (INT64_MAX - d) / base)
			return -1;
		v = v * base + d;
	}
	return v;
}

/* Negative times are before 1970; nobody needs them, and sizes have none. */
static int64_t parse_number(const unsigned char *p, size_t n)
{
	int64_t v = 0;

	if (!(p[0] & 0x80))
		return parse_digits(p, n, 8);
	if (p[0] != 0x80)
		return -1;
	for (size_t i = 1; i < n; i++) {
		if (v > INT64_MAX >> 8)
			return -1;
		v = v << 8 | p[i];
	}
	return v;
}

/* The sum of all bytes, its own field counting as blanks. */
static bool has_checksum(const unsigned char *b)
{
	int64_t sum = 0;

	for (size_t i = 0; i < WINLAYER_BLOCK; i++)
		sum += i >= AT_CHECKSUM && i < AT_CHECKSUM + N_CHECKSUM ? ' ' : b[i];
	return parse_digits(b + AT_CHECKSUM, N_CHECKSUM, 8) == sum;
}

static void copy_field(char *out, const unsigned char *p, size_t n)
{
	size_t len = strnlen((const char *)p, n);

	memcpy(out, p, len);
	out[len] = '\0';
}

int winlayer_tar_header(const unsigned char block[WINLAYER_BLOCK], struct winlayer_header *ret,
			struct error *err)
{
	static const unsigned char zeros[WINLAYER_BLOCK];
	struct winlayer_header h = { .type = (char)block[AT_TYPE] };
	size_t n = 0;

	if (memcmp(block, zeros, WINLAYER_BLOCK) == 0)
		return WINLAYER_ZEROS;
	if (!has_checksum(block))
		return error_set(err, ERR_INVALID, 0, "not a tar, or a damaged one");
	h.size = parse_number(block + AT_SIZE, N_NUMBER);
	h.mtime = parse_number(block + AT_MTIME, N_NUMBER);
	if (h.size < 0)
		return error_set(err, ERR_INVALID, 0, "a member without a size");
	if (h.mtime < 0)
		h.mtime = 0;
	/* GNU's own format keeps other things where ustar has the prefix. */
	if (memcmp(block + AT_MAGIC, "ustar", 6) == 0) {
		copy_field(h.name, block + AT_PREFIX, N_PREFIX);
		n = strlen(h.name);
		if (n)
			h.name[n++] = '/';
	}
	copy_field(h.name + n, block + AT_NAME, N_NAME);
	copy_field(h.link, block + AT_LINK, N_NAME);
	*ret = h;
	return 0;
}

static int bad_records(struct error *err)
{
	return error_set(err, ERR_INVALID, 0, "damaged PAX records");
}

/* Length of the record at @text: the number in front of it; 0 when there is none. */
static size_t record_length(const char *text, size_t n, size_t *ret_digits)
{
	size_t digits = 0, length = 0;

	while (digits < n && digits < 9 && text[digits] >= '0' && text[digits] <= '9')
		length = length * 10 + (size_t)(text[digits++] - '0');
	if (!digits || digits >= n || text[digits] != ' ' || length <= digits + 1 || length > n)
		return 0;
	*ret_digits = digits;
	return length;
}

static void set_record(struct winlayer_record **list, size_t *n, struct arena *a,
		       const struct winlayer_record *r)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp((*list)[i].key, r->key) == 0) {
			(*list)[i] = *r;
			return;
		}
	}
	*list = arena_grow(a, *list, *n, sizeof(**list));
	(*list)[(*n)++] = *r;
}

int winlayer_tar_records(const char *text, size_t n, struct arena *a, struct winlayer_record **ret,
			 size_t *ret_n, struct error *err)
{
	struct winlayer_record *list = NULL;
	size_t n_list = 0;

	while (n > 0) {
		struct winlayer_record r;
		size_t digits = 0, length = record_length(text, n, &digits), n_pair;
		const char *pair = text + digits + 1, *eq;

		if (!length || text[length - 1] != '\n')
			return bad_records(err);
		n_pair = length - digits - 2;
		eq = memchr(pair, '=', n_pair);
		/* Values are texts, but for attributes of Unix, which nobody here reads. */
		if (!eq || eq == pair ||
		    (memchr(pair, '\0', n_pair) && strncmp(pair, "SCHILY.", 7) != 0))
			return bad_records(err);
		if (n_list == LIMIT_PAX_RECORDS)
			return error_set(err, ERR_LIMIT, 0, "more than %d PAX records of a member",
					 LIMIT_PAX_RECORDS);
		r.key = arena_strndup(a, pair, (size_t)(eq - pair));
		r.value = arena_strndup(a, eq + 1, n_pair - (size_t)(eq - pair) - 1);
		set_record(&list, &n_list, a, &r);
		text += length;
		n -= length;
	}
	*ret = list;
	*ret_n = n_list;
	return 0;
}

static int bad_map(struct error *err)
{
	return error_set(err, ERR_INVALID, 0, "damaged map of a sparse file");
}

/* The number at *at, which moves behind its newline; -1 for none. */
static int64_t next_number(const char *text, size_t n, size_t *at)
{
	const char *end = memchr(text + *at, '\n', n - *at);
	size_t length = end ? (size_t)(end - (text + *at)) : 0;
	int64_t v;

	if (!length)
		return -1;
	v = parse_digits((const unsigned char *)text + *at, length, 10);
	*at += length + 1;
	return v;
}

int winlayer_tar_map_lines(const char *text, size_t n, struct error *err)
{
	size_t at = 0;
	int64_t count;

	if (!memchr(text, '\n', n))
		return n < WINLAYER_BLOCK ? 0 : bad_map(err);
	count = next_number(text, n, &at);
	if (count < 0)
		return bad_map(err);
	if (count > LIMIT_PAX_BYTES / 4) /* two numbers and two newlines each */
		return error_set(err, ERR_LIMIT, 0, "a sparse file of %lld parts",
				 (long long)count);
	return 1 + 2 * (int)count;
}

int winlayer_tar_map(const char *text, size_t n, struct arena *a, struct winlayer_member *m,
		     struct error *err)
{
	struct winlayer_extent *list;
	size_t at = 0;
	int64_t count = next_number(text, n, &at), end = 0;

	list = arena_array(a, (size_t)count + 1, sizeof(*list));
	for (int64_t i = 0; i < count; i++) {
		struct winlayer_extent *x = &list[i];

		x->offset = next_number(text, n, &at);
		x->size = next_number(text, n, &at);
		if (x->offset < end || x->size < 0 || x->size > m->size ||
		    x->offset > m->size - x->size)
			return bad_map(err);
		end = x->offset + x->size;
	}
	m->extents = list;
	m->n_extents = (size_t)count;
	return 0;
}
