/* SPDX-License-Identifier: Apache-2.0 */
/* Reading tars with their PAX records: against libarchive's writer, and everything that is broken.
 */
#include "backends/winlayer_tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/limits.h"
#include "tests/support/tar_writer.h"
#include "tests/support/winlayer_writer.h"

static int open_bytes(const void *p, size_t n)
{
	int fd = memfd_create("tar", MFD_CLOEXEC);

	assert_int_equal(fs_write_all(fd, p, n, NULL), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* "name|link|type|size|data\n" of all members into @out; the result of the last call. */
static int picture(const struct buf *tar, struct buf *out, struct error *err)
{
	int fd CLEAN(fd) = open_bytes(tar->data, tar->n);
	struct winlayer_tar *t CLEAN(winlayer_tar) = NULL;
	const struct winlayer_member *m;
	struct image_tar_sums sums;
	int r = winlayer_tar_open(fd, &t, err);

	while (r == 0 && (r = winlayer_tar_next(t, &m, err)) == 0) {
		const void *p;
		size_t n;

		buf_printf(out, "%s|%s|%d|%lld|", m->name, m->link, m->type, (long long)m->size);
		while ((r = winlayer_tar_data(t, 1000, &p, &n, err)) == 0) {
			assert_true(n > 0 && n <= 1000);
			buf_add(out, p, n);
		}
		r = r < 0 ? r : 0;
		for (size_t i = 0; i < m->n_extents; i++)
			buf_printf(out, "[%lld+%lld]", (long long)m->extents[i].offset,
				   (long long)m->extents[i].size);
		buf_putc(out, '\n');
	}
	return r == WINLAYER_TAR_END ? winlayer_tar_finish(t, &sums, err) : r;
}

static void expect(const struct buf *tar, const char *want)
{
	struct buf have CLEAN(buf) = BUF_INIT(1 << 24);
	struct error err = ERROR_INIT;

	if (picture(tar, &have, &err) != 0)
		fail_msg("%s", err.msg);
	assert_string_equal(have.data, want);
}

static void expect_error(const struct buf *tar, int code, const char *says)
{
	struct buf have CLEAN(buf) = BUF_INIT(1 << 24);
	struct error err = ERROR_INIT;
	int r = picture(tar, &have, &err);

	if (r != -code || !strstr(err.msg, says))
		fail_msg("%d: %s", r, err.msg);
}

static void reads_what_libarchive_writes(void **state)
{
	static const enum tar_packing packings[] = { TAR_PLAIN, TAR_GZIP, TAR_ZSTD, TAR_XZ };
	struct arena *a CLEAN(arena) = arena_new();
	char *large = arena_alloc(a, 100001);
	const char *deep = arena_printf(a, "Files/%0120d/%0120d/x", 1, 2);

	(void)state;
	memset(large, 'L', 100000);
	for (size_t i = 0; i < 4; i++) {
		struct tar_writer *w = tar_writer_new(packings[i]);
		struct buf tar CLEAN(buf) = BUF_INIT(1 << 24);

		tar_writer_add(w, &(struct tar_member){ .name = "Files/", .mode = S_IFDIR | 0755 });
		tar_writer_add(w, &(struct tar_member){ .name = "Files/a", .text = "text" });
		tar_writer_add(w, &(struct tar_member){ .name = deep, .text = "deep" });
		tar_writer_add(w, &(struct tar_member){ .name = "Files/l", .text = large });
		tar_writer_add(w, &(struct tar_member){
					  .name = "Files/s", .mode = S_IFLNK, .link = deep });
		tar_writer_add(w, &(struct tar_member){ .name = "Files/h", .hardlink = "Files/a" });
		tar_writer_close(w, &tar);
		expect(&tar, arena_printf(a,
					  "Files/||1|0|\nFiles/a||0|4|text\n%s||0|4|deep\n"
					  "Files/l||0|100000|%s\nFiles/s|%s|2|0|\n"
					  "Files/h|Files/a|3|0|\n",
					  deep, large, deep));
	}
}

static void keeps_records(void **state)
{
	static const struct winlayer_entry e = { .name = "Files/a",
						 .text = "x",
						 .pax = { { "MSWINDOWS.fileattr", "32" },
							  { "MSWINDOWS.rawsd", "AQ==" },
							  { "mtime", "1.5" },
							  { "empty", "" },
							  { "MSWINDOWS.fileattr", "33" } } };
	struct buf tar CLEAN(buf) = BUF_INIT(1 << 20);
	struct winlayer_tar *t CLEAN(winlayer_tar) = NULL;
	const struct winlayer_member *m;
	int fd CLEAN(fd) = -1;

	(void)state;
	winlayer_writer_all(&tar, &e, 1);
	fd = open_bytes(tar.data, tar.n);
	assert_int_equal(winlayer_tar_open(fd, &t, NULL), 0);
	assert_int_equal(winlayer_tar_next(t, &m, NULL), 0);
	assert_int_equal(m->n_records, 4);
	assert_string_equal(winlayer_tar_record(m, "MSWINDOWS.fileattr"), "33");
	assert_string_equal(winlayer_tar_record(m, "MSWINDOWS.rawsd"), "AQ==");
	assert_string_equal(winlayer_tar_record(m, "empty"), "");
	assert_null(winlayer_tar_record(m, "MSWINDOWS.sd"));
	assert_int_equal(winlayer_tar_next(t, &m, NULL), WINLAYER_TAR_END);
}

/* Holes of a file, as libarchive's pax writer (format 1.0) has them. */
static void reads_sparse_files(void **state)
{
	struct buf tar CLEAN(buf) = BUF_INIT(1 << 20);
	struct archive *w = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	char *bytes CLEAN(free) = calloc(1, 1 << 20);
	size_t used = 0;

	(void)state;
	assert_int_equal(archive_write_set_format_pax(w), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(w, bytes, 1 << 20, &used), ARCHIVE_OK);
	archive_entry_set_pathname(e, "Files/sparse");
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_size(e, 100000);
	archive_entry_sparse_add_entry(e, 4096, 3);
	archive_entry_sparse_add_entry(e, 65536, 5);
	assert_int_equal(archive_write_header(w, e), ARCHIVE_OK);
	{
		char *data CLEAN(free) = calloc(1, 100000);

		memcpy(data + 4096, "abc", 3);
		memcpy(data + 65536, "defgh", 5);
		assert_int_equal(archive_write_data(w, data, 100000), 100000);
	}
	archive_entry_free(e);
	assert_int_equal(archive_write_close(w), ARCHIVE_OK);
	archive_write_free(w);
	buf_add(&tar, bytes, used);
	expect(&tar, "Files/sparse||0|100000|abcdefgh[4096+3][65536+5][100000+0]\n");
}

static void reads_old_forms(void **state)
{
	struct buf tar CLEAN(buf) = BUF_INIT(1 << 20);
	struct arena *a CLEAN(arena) = arena_new();
	const char *name = arena_printf(a, "Files/%0200d", 7);

	(void)state;
	/* GNU: a long name, a long link, and the header they are for */
	winlayer_writer_header(&tar, "././@LongLink", 'L', strlen(name) + 1, NULL);
	winlayer_writer_data(&tar, name, strlen(name) + 1);
	winlayer_writer_header(&tar, "././@LongLink", 'K', strlen(name), NULL);
	winlayer_writer_data(&tar, name, strlen(name));
	winlayer_writer_header(&tar, "Files/cut", '2', 0, "cut");
	winlayer_writer_end(&tar);
	expect(&tar, arena_printf(a, "%s|%s|2|0|\n", name, name));
	/* no zeros at the end, a contiguous file, a size on a directory */
	buf_clear(&tar);
	winlayer_writer_header(&tar, "Files/d", '5', 7, NULL);
	winlayer_writer_header(&tar, "Files/a", '7', 1, NULL);
	winlayer_writer_data(&tar, "x", 1);
	expect(&tar, "Files/d||1|0|\nFiles/a||0|1|x\n");
}

/* Gives the first header its sum again, after somebody wrote into it. */
static void sum_header(struct buf *tar)
{
	unsigned char *h = (unsigned char *)tar->data;
	unsigned sum = 0;

	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += h[i];
	(void)snprintf((char *)h + 148, 8, "%06o", sum);
}

/* What ustar has as the beginning of a name is another thing in GNU's own format. */
static void reads_prefixes(void **state)
{
	struct buf tar CLEAN(buf) = BUF_INIT(1 << 20);

	(void)state;
	winlayer_writer_header(&tar, "a", '0', 0, NULL);
	memcpy(tar.data + 345, "Files/d", 7);
	sum_header(&tar);
	winlayer_writer_end(&tar);
	expect(&tar, "Files/d/a||0|0|\n");
	memcpy(tar.data + 257, "ustar  ", 8);
	sum_header(&tar);
	expect(&tar, "a||0|0|\n");
}

static void reads_binary_sizes(void **state)
{
	struct buf tar CLEAN(buf) = BUF_INIT(1 << 20);
	unsigned char *h;

	(void)state;
	winlayer_writer_header(&tar, "Files/a", '0', 0, NULL);
	h = (unsigned char *)tar.data;
	memset(h + 124, 0, 12);
	h[124] = 0x80;
	h[135] = 3;
	sum_header(&tar);
	winlayer_writer_data(&tar, "abc", 3);
	winlayer_writer_end(&tar);
	expect(&tar, "Files/a||0|3|abc\n");
}

static void refuses_other_kinds(void **state)
{
	static const char kinds[] = "346gSVMDAXz";

	(void)state;
	for (const char *k = kinds; *k; k++) {
		struct buf tar CLEAN(buf) = BUF_INIT(1 << 20);

		winlayer_writer_header(&tar, "Files/a", *k, 0, NULL);
		winlayer_writer_end(&tar);
		expect_error(&tar, ERR_UNSUPPORTED, "a member of kind");
	}
}

static void refuses_broken_records(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		int code;
		const char *says;
	} cases[] = {
		{ "x", 1, ERR_INVALID, "PAX" },
		{ "5 a=", 4, ERR_INVALID, "PAX" },
		{ "6 a=b", 5, ERR_INVALID, "PAX" },
		{ "0 a=b\n", 6, ERR_INVALID, "PAX" },
		{ "3 \n", 3, ERR_INVALID, "PAX" },
		{ "6 =ab\n", 6, ERR_INVALID, "PAX" },
		{ "6 abc\n", 6, ERR_INVALID, "PAX" },
		{ "7 a=b\n", 6, ERR_INVALID, "PAX" },
		{ "-6 a=b\n", 7, ERR_INVALID, "PAX" },
		{ "9999999999 a=b\n", 15, ERR_INVALID, "PAX" },
		{ "8 a=\0bc\n", 8, ERR_INVALID, "PAX" },
		{ "8 a\0=bc\n", 8, ERR_INVALID, "PAX" },
		{ "11 size=-1\n", 11, ERR_INVALID, "is no size" },
		{ "12 size=1.5\n", 12, ERR_INVALID, "is no size" },
		{ "21 GNU.sparse.size=1\n", 21, ERR_UNSUPPORTED, "old kind of sparse" },
		{ "22 GNU.sparse.major=2\n", 22, ERR_UNSUPPORTED, "old kind of sparse" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf tar CLEAN(buf) = BUF_INIT(1 << 20);

		winlayer_writer_header(&tar, "p", 'x', cases[i].n, NULL);
		winlayer_writer_data(&tar, cases[i].text, cases[i].n);
		winlayer_writer_header(&tar, "Files/a", '0', 0, NULL);
		winlayer_writer_end(&tar);
		expect_error(&tar, cases[i].code, cases[i].says);
	}
}

static void refuses_broken_maps(void **state)
{
	static const struct {
		const char *map;
		const char *says;
	} cases[] = {
		{ "x\n", "damaged map" },
		{ "\n", "damaged map" },
		{ "-1\n", "damaged map" },
		{ "1\n", "truncated" },
		{ "1\n9\n2\n", "damaged map" },       /* behind the end */
		{ "2\n4\n1\n4\n1\n", "damaged map" }, /* one over the other */
		{ "2\n4\n1\n2\n1\n", "damaged map" }, /* backwards */
		{ "1\n0\n3\n", "does not fit" },      /* less data than there is */
		{ "1\n0\n99999999999999999999\n", "damaged map" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf tar CLEAN(buf) = BUF_INIT(1 << 20), data CLEAN(buf) = BUF_INIT(1 << 16);
		struct winlayer_entry e = { .name = "GNUSparseFile.0/a",
					    .pax = { { "GNU.sparse.major", "1" },
						     { "GNU.sparse.minor", "0" },
						     { "GNU.sparse.name", "Files/a" },
						     { "GNU.sparse.realsize", "10" } } };

		buf_puts(&data, cases[i].map);
		while (data.n < 512)
			buf_putc(&data, '\0');
		buf_puts(&data, "ab");
		e.text = data.data;
		e.n = data.n;
		winlayer_writer_all(&tar, &e, 1);
		expect_error(&tar, ERR_INVALID, cases[i].says);
	}
}

/* Cut anywhere it is an error, or it ends between two members. */
static void refuses_cut_tars(void **state)
{
	static const struct winlayer_entry e[] = {
		{ .name = "Files/a", .text = "text", .pax = { { "k", "v" } } },
		{ .name = "Files/b", .text = "more" },
	};
	struct buf tar CLEAN(buf) = BUF_INIT(1 << 20);

	(void)state;
	winlayer_writer_add(&tar, &e[0]);
	winlayer_writer_add(&tar, &e[1]);
	for (size_t n = 1; n < tar.n; n++) {
		struct buf cut CLEAN(buf) = BUF_INIT(1 << 20), have CLEAN(buf) = BUF_INIT(1 << 16);
		int r;

		buf_add(&cut, tar.data, n);
		r = picture(&cut, &have, NULL);
		if (r != -ERR_INVALID && !(r == 0 && n == 4 * 512))
			fail_msg("%zu bytes: %d", n, r);
	}
}

static void refuses_rubbish(void **state)
{
	struct buf tar CLEAN(buf) = BUF_INIT(1 << 20);

	(void)state;
	winlayer_writer_header(&tar, "Files/a", '0', 0, NULL);
	tar.data[0] = 'f'; /* and the sum does not fit any more */
	expect_error(&tar, ERR_INVALID, "damaged");
	buf_clear(&tar);
	for (int i = 0; i < 600; i++)
		buf_putc(&tar, 'x');
	expect_error(&tar, ERR_INVALID, "not a tar");
	buf_clear(&tar);
	expect_error(&tar, ERR_INVALID, ""); /* empty */
}

static void has_limits(void **state)
{
	struct buf tar CLEAN(buf) = BUF_INIT(4 << 20), records CLEAN(buf) = BUF_INIT(1 << 20);

	(void)state;
	winlayer_writer_header(&tar, "p", 'x', LIMIT_PAX_BYTES + 1, NULL);
	expect_error(&tar, ERR_LIMIT, "of more than");
	buf_clear(&tar);
	winlayer_writer_header(&tar, "p", 'L', LIMIT_MEMBER_NAME + 1, NULL);
	expect_error(&tar, ERR_LIMIT, "of more than");
	buf_clear(&tar);
	for (int i = 0; i <= LIMIT_PAX_RECORDS; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "k%d", i);
		winlayer_writer_record(&records, key, "v");
	}
	winlayer_writer_header(&tar, "p", 'x', records.n, NULL);
	winlayer_writer_data(&tar, records.data, records.n);
	expect_error(&tar, ERR_LIMIT, "PAX records");
	buf_clear(&tar);
	winlayer_writer_header(&tar, "p", 'x', 6, NULL);
	winlayer_writer_data(&tar, "6 a=b\n", 6);
	winlayer_writer_header(&tar, "p", 'x', 6, NULL);
	winlayer_writer_data(&tar, "6 a=b\n", 6);
	expect_error(&tar, ERR_INVALID, "PAX records about PAX records");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_libarchive_writes),
		cmocka_unit_test(keeps_records),
		cmocka_unit_test(reads_sparse_files),
		cmocka_unit_test(reads_old_forms),
		cmocka_unit_test(reads_prefixes),
		cmocka_unit_test(reads_binary_sizes),
		cmocka_unit_test(refuses_other_kinds),
		cmocka_unit_test(refuses_broken_records),
		cmocka_unit_test(refuses_broken_maps),
		cmocka_unit_test(refuses_cut_tars),
		cmocka_unit_test(refuses_rubbish),
		cmocka_unit_test(has_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
