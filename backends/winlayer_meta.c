/* SPDX-License-Identifier: Apache-2.0 */
/* Records of vendors that are not known here are left alone, as PAX wants it. */
#include "backends/winlayer_meta.h"

#include <string.h>

#include "backends/winlayer_reparse.h"
#include "backends/winlayer_sddl.h"
#include "base/base64.h"
#include "base/number.h"

#define ATTRIBUTES "MSWINDOWS.fileattr"
#define RAW_SD     "MSWINDOWS.rawsd"
#define TEXT_SD    "MSWINDOWS.sd"
#define EA_PREFIX  "MSWINDOWS.xattr."
#define CREATED    "LIBARCHIVE.creationtime"

enum {
	MAX_SD = 65536, /* bytes; a list in it has at most 64 KiB */
	MAX_EA = 65536, /* of all attributes of a file, NTFS */
};

#define TICKS         INT64_C(10000000)    /* a second */
#define EPOCH_SECONDS INT64_C(11644473600) /* from 1601 to 1970 */
/* Where a time with its fraction still fits into the 63 bits of NTFS. */
#define LAST_SECOND (INT64_MAX / TICKS - EPOCH_SECONDS - 1)

/* "-1.25": seconds, and a fraction of any length. Before 1601 there is nothing. */
static int parse_time(const char *key, const char *text, int64_t *ret, struct error *err)
{
	size_t n = strcspn(text, ".");
	char whole[24];
	int64_t seconds, ticks = 0, unit = TICKS / 10;

	if (n >= sizeof(whole))
		return error_set(err, ERR_INVALID, 0, "%s: no time: %.40s", key, text);
	memcpy(whole, text, n);
	whole[n] = '\0';
	if (!number_i64(whole, -EPOCH_SECONDS + 1, LAST_SECOND, &seconds))
		return error_set(err, ERR_INVALID, 0, "%s: no time: %.40s", key, text);
	for (const char *p = text + n + (text[n] == '.'); *p; p++, unit /= 10) {
		if (*p < '0' || *p > '9')
			return error_set(err, ERR_INVALID, 0, "%s: no time: %.40s", key, text);
		ticks += (*p - '0') * unit;
	}
	*ret = (seconds + EPOCH_SECONDS) * TICKS + (*text == '-' ? -ticks : ticks);
	return 0;
}

static int read_time(const struct winlayer_member *m, const char *key, int64_t fallback,
		     int64_t *ret, struct error *err)
{
	const char *text = winlayer_tar_record(m, key);

	*ret = fallback;
	return text ? parse_time(key, text, ret, err) : 0;
}

static int read_times(const struct winlayer_member *m, struct winlayer_meta *meta,
		      struct error *err)
{
	int64_t header = (m->mtime > LAST_SECOND ? LAST_SECOND : m->mtime) + EPOCH_SECONDS;
	int r = read_time(m, "mtime", header * TICKS, &meta->written, err);

	r = r < 0 ? r : read_time(m, "atime", meta->written, &meta->accessed, err);
	r = r < 0 ? r : read_time(m, "ctime", meta->written, &meta->changed, err);
	return r < 0 ? r : read_time(m, CREATED, meta->written, &meta->created, err);
}

int winlayer_meta_read(const struct winlayer_member *m, struct winlayer_meta *ret,
		       struct error *err)
{
	const char *text = winlayer_tar_record(m, ATTRIBUTES);
	struct winlayer_meta meta = { 0 };
	uint64_t attributes = m->type == WINLAYER_DIRECTORY ? WINLAYER_ATTRIBUTE_DIRECTORY : 0;
	bool is_directory;

	if (text && !number_u64(text, UINT32_MAX, &attributes))
		return error_set(err, ERR_INVALID, 0, ATTRIBUTES ": no number: %.40s", text);
	is_directory = attributes & WINLAYER_ATTRIBUTE_DIRECTORY;
	if ((m->type == WINLAYER_DIRECTORY && !is_directory) ||
	    (m->type == WINLAYER_FILE && is_directory))
		return error_set(err, ERR_INVALID, 0,
				 "directory by one record and file by another");
	meta.attributes = (uint32_t)attributes;
	if (m->extents)
		meta.attributes |= WINLAYER_ATTRIBUTE_SPARSE;
	if (read_times(m, &meta, err) < 0)
		return -ERR_INVALID;
	*ret = meta;
	return 0;
}

bool winlayer_meta_is_directory(const struct winlayer_meta *m)
{
	return m->attributes & WINLAYER_ATTRIBUTE_DIRECTORY;
}

static void put_part(struct buf *out, enum winlayer_part part, const struct buf *bytes)
{
	if (!bytes->n)
		return;
	winlayer_stream_header(out, part, bytes->n);
	buf_add(out, bytes->data, bytes->n);
}

static int put_security(const struct winlayer_member *m, struct buf *out, struct error *err)
{
	const char *raw = winlayer_tar_record(m, RAW_SD), *text = winlayer_tar_record(m, TEXT_SD);
	struct buf sd CLEAN(buf) = BUF_INIT(MAX_SD);
	int r = 0;

	if (raw)
		r = base64_decode(raw, &sd, err);
	else if (text)
		r = winlayer_sddl_parse(text, &sd, err);
	if (r < 0)
		return error_wrap(err, r, "%s", raw ? RAW_SD : TEXT_SD);
	if (sd.overflow)
		return error_set(err, ERR_LIMIT, 0, "a security descriptor of more than %d bytes",
				 MAX_SD);
	if (sd.n && !winlayer_sddl_check(sd.data, sd.n))
		return error_set(err, ERR_INVALID, 0, RAW_SD ": no security descriptor");
	put_part(out, WINLAYER_PART_SECURITY, &sd);
	return 0;
}

/* One FILE_FULL_EA_INFORMATION; @is_last: nothing follows it. */
static int put_attribute(const struct winlayer_record *record, bool is_last, struct buf *out,
			 struct error *err)
{
	const char *name = record->key + strlen(EA_PREFIX);
	struct buf value CLEAN(buf) = BUF_INIT(UINT16_MAX);
	size_t n_name = strlen(name), size, padded;
	int r = base64_decode(record->value, &value, err);

	if (r < 0)
		return error_wrap(err, r, "%.60s", record->key);
	if (!n_name || n_name > UINT8_MAX || value.overflow)
		return error_set(err, ERR_LIMIT, 0, "%.60s: name or value too long", record->key);
	size = 8 + n_name + 1 + value.n;
	padded = (size + 3) & ~(size_t)3;
	winlayer_stream_u32(out, is_last ? 0 : (uint32_t)padded);
	buf_putc(out, 0); /* flags: they make no sense in what is stored */
	buf_putc(out, (char)n_name);
	winlayer_stream_u16(out, (uint16_t)value.n);
	buf_add(out, name, n_name + 1);
	buf_add(out, value.data, value.n);
	for (; size < padded; size++)
		buf_putc(out, 0);
	return 0;
}

static bool is_attribute(const struct winlayer_record *r)
{
	return strncmp(r->key, EA_PREFIX, strlen(EA_PREFIX)) == 0;
}

static int put_attributes(const struct winlayer_member *m, struct buf *out, struct error *err)
{
	struct buf list CLEAN(buf) = BUF_INIT(MAX_EA);
	size_t last = m->n_records;

	for (size_t i = 0; i < m->n_records; i++)
		if (is_attribute(&m->records[i]))
			last = i;
	for (size_t i = 0; i < m->n_records; i++) {
		int r = 0;

		if (is_attribute(&m->records[i]))
			r = put_attribute(&m->records[i], i == last, &list, err);
		if (r < 0)
			return r;
	}
	if (list.overflow)
		return error_set(err, ERR_LIMIT, 0, "extended attributes of more than %d bytes",
				 MAX_EA);
	put_part(out, WINLAYER_PART_EA, &list);
	return 0;
}

static int put_reparse(const struct winlayer_member *m, struct buf *out, struct error *err)
{
	const char *raw = winlayer_tar_record(m, "MSWINDOWS.reparse");
	bool is_mount = winlayer_tar_record(m, "MSWINDOWS.mountpoint");
	struct buf point CLEAN(buf) = BUF_INIT(WINLAYER_REPARSE_BYTES);
	int r = 0;

	if (raw)
		r = base64_decode(raw, &point, err);
	else if (m->type == WINLAYER_SYMLINK)
		r = winlayer_reparse_put(m->link, is_mount, &point, err);
	if (r < 0)
		return r;
	if (point.overflow)
		return error_set(err, ERR_LIMIT, 0, "a reparse point of more than %d bytes",
				 WINLAYER_REPARSE_BYTES);
	if (raw && !winlayer_reparse_check(point.data, point.n))
		return error_set(err, ERR_INVALID, 0, "MSWINDOWS.reparse: no reparse point");
	put_part(out, WINLAYER_PART_REPARSE, &point);
	return 0;
}

int winlayer_meta_streams(const struct winlayer_member *m, struct buf *out, struct error *err)
{
	int r = put_security(m, out, err);

	r = r < 0 ? r : put_attributes(m, out, err);
	return r < 0 ? r : put_reparse(m, out, err);
}
