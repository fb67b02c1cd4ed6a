/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes, times, security, extended attributes and reparse points, byte by byte. */
#include "backends/winlayer_meta.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/winlayer_reparse.h"
#include "backends/winlayer_sddl.h"
#include "base/base64.h"

#define N(a)         (sizeof(a) / sizeof((a)[0]))
#define SECONDS(s)   ((INT64_C(11644473600) + (s)) * 10000000)
#define MEMBER(t, r) ((struct winlayer_member){ "Files/a", "", t, 0, 1, r, N(r), NULL, 0 })

static void reads_attributes_and_times(void **state)
{
	const struct winlayer_record all[] = { { "MSWINDOWS.fileattr", "32" },
					       { "mtime", "1500000000.123456789" },
					       { "atime", "1500000001" },
					       { "ctime", "1500000002.5" },
					       { "LIBARCHIVE.creationtime", "-1.25" } };
	const struct winlayer_record old[] = { { "mtime", "-11644473599" } };
	struct winlayer_member m = MEMBER(WINLAYER_FILE, all);
	struct winlayer_meta meta;

	(void)state;
	assert_int_equal(winlayer_meta_read(&m, &meta, NULL), 0);
	assert_int_equal(meta.attributes, 32);
	assert_int_equal(meta.written, SECONDS(1500000000) + 1234567);
	assert_int_equal(meta.accessed, SECONDS(1500000001));
	assert_int_equal(meta.changed, SECONDS(1500000002) + 5000000);
	assert_int_equal(meta.created, SECONDS(-1) - 2500000);
	m = MEMBER(WINLAYER_DIRECTORY, old);
	assert_int_equal(winlayer_meta_read(&m, &meta, NULL), 0);
	assert_int_equal(meta.attributes, WINLAYER_ATTRIBUTE_DIRECTORY);
	assert_int_equal(meta.written, 10000000);
	assert_int_equal(meta.created, 10000000); /* what is not said is the last write */
	/* nothing said at all: the header's time, no attributes */
	m = (struct winlayer_member){ .type = WINLAYER_FILE, .mtime = 5 };
	assert_int_equal(winlayer_meta_read(&m, &meta, NULL), 0);
	assert_int_equal(meta.attributes, 0);
	assert_int_equal(meta.written, SECONDS(5));
	m.mtime = INT64_MAX;
	assert_int_equal(winlayer_meta_read(&m, &meta, NULL), 0);
	assert_true(meta.written > 0);
}

static void refuses_attributes_and_times(void **state)
{
	static const struct winlayer_record bad[] = {
		{ "MSWINDOWS.fileattr", "0x20" },
		{ "MSWINDOWS.fileattr", "4294967296" },
		{ "MSWINDOWS.fileattr", "" },
		{ "MSWINDOWS.fileattr", "16" }, /* a directory, and the member is none */
		{ "mtime", "" },
		{ "mtime", "1e9" },
		{ "mtime", "1.2.3" },
		{ "mtime", "1,5" },
		{ "atime", "99999999999999999999" },
		{ "ctime", "-11644473600" }, /* 1601 */
		{ "LIBARCHIVE.creationtime", "now" },
	};
	const struct winlayer_record file[] = { { "MSWINDOWS.fileattr", "32" } };
	struct winlayer_member m = MEMBER(WINLAYER_DIRECTORY, file);
	struct winlayer_meta meta;

	(void)state;
	assert_int_equal(winlayer_meta_read(&m, &meta, NULL), -ERR_INVALID);
	for (size_t i = 0; i < N(bad); i++) {
		struct error err = ERROR_INIT;

		m = (struct winlayer_member){ .type = WINLAYER_FILE,
					      .records = &bad[i],
					      .n_records = 1 };
		if (winlayer_meta_read(&m, &meta, &err) != -ERR_INVALID)
			fail_msg("%s=%s", bad[i].key, bad[i].value);
		assert_int_equal(err.code, ERR_INVALID);
	}
}

static void expect(const struct winlayer_member *m, const unsigned char *want, size_t n)
{
	struct buf have CLEAN(buf) = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;

	if (winlayer_meta_streams(m, &have, &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(have.n, n);
	assert_memory_equal(have.data, want, n);
}

/* The list is the one in go-winio's own test. */
static void writes_extended_attributes(void **state)
{
	static const unsigned char want[] = {
		2, 0,  0, 0, 0, 0, 0,   0,   36,  0,   0,   0,   0,   0,   0,   0,   0, 0, 0,
		0, 16, 0, 0, 0, 0, 3,   3,   0,   'f', 'o', 'o', 0,   'b', 'a', 'r', 0, 0, 0,
		0, 0,  0, 4, 4, 0, 'f', 'i', 'z', 'z', 0,   'b', 'u', 'z', 'z', 0,   0, 0,
	};
	const struct winlayer_record r[] = { { "MSWINDOWS.xattr.foo", "YmFy" },
					     { "mtime", "1" },
					     { "MSWINDOWS.xattr.fizz", "YnV6eg==" },
					     { "MSWINDOWS.later", "?" } };
	const struct winlayer_member m = MEMBER(WINLAYER_FILE, r);

	(void)state;
	expect(&m, want, sizeof(want));
}

static void writes_links(void **state)
{
	static const unsigned char relative[] = {
		8,   0, 0,    0, 0,    0, 0, 0,    36,  0, 0,    0, 0,   0, 0, 0,
		0,   0, 0,    0, 0x0C, 0, 0, 0xA0, 28,  0, 0,    0, /* tag, length */
		0,   0, 6,    0, 8,    0, 6, 0,                     /* names */
		1,   0, 0,    0,                                    /* relative */
		'a', 0, '\\', 0, 'b',  0, 0, 0,    'a', 0, '\\', 0, 'b', 0, 0, 0,
	};
	static const unsigned char mount[] = {
		8,  0,   0,  0,    0, 0,    0,    0,   40,   0,   0,   0,    0,    0, 0,
		0,  0,   0,  0,    0, 0x03, 0,    0,   0xA0, 32,  0,   0,    0,    0, 0,
		14, 0,   16, 0,    6, 0,    '\\', 0,   '?',  0,   '?', 0,    '\\', 0, 'C',
		0,  ':', 0,  '\\', 0, 0,    0,    'C', 0,    ':', 0,   '\\', 0,    0, 0,
	};
	const struct winlayer_record r[] = { { "MSWINDOWS.mountpoint", "1" } };
	struct winlayer_member m = { .link = "a/b", .type = WINLAYER_SYMLINK };

	(void)state;
	expect(&m, relative, sizeof(relative));
	m = MEMBER(WINLAYER_SYMLINK, r);
	m.link = "C:/";
	expect(&m, mount, sizeof(mount));
}

/* A target's name for the object manager and for people, as ASCII. */
static void spells_targets(void **state)
{
	static const struct {
		const char *target, *native, *print;
		bool is_relative;
	} cases[] = {
		{ "x", "x", "x", true },
		{ "..\\x/y", "..\\x\\y", "..\\x\\y", true },
		{ "\\Windows", "\\Windows", "\\Windows", true },
		{ "/Windows", "\\Windows", "\\Windows", true },
		{ "D:\\x", "\\??\\D:\\x", "D:\\x", false },
		{ "\\\\srv\\s", "\\??\\UNC\\srv\\s", "\\\\srv\\s", false },
		{ "//srv/s", "\\??\\UNC\\srv\\s", "\\\\srv\\s", false },
		{ "\\\\?\\Volume{1}\\", "\\??\\Volume{1}\\", "\\\\?\\Volume{1}\\", false },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct buf b CLEAN(buf) = BUF_INIT(1 << 16);
		const char *p;
		char ascii[128];
		size_t n = 0;

		assert_int_equal(winlayer_reparse_put(cases[i].target, false, &b, NULL), 0);
		assert_true(winlayer_reparse_check(b.data, b.n));
		assert_int_equal(b.data[16], cases[i].is_relative);
		for (p = b.data + 20; p < b.data + b.n; p += 2)
			ascii[n++] = *p;
		assert_string_equal(ascii, cases[i].native);
		assert_string_equal(ascii + strlen(ascii) + 1, cases[i].print);
	}
}

static void passes_raw_parts_on(void **state)
{
	static const unsigned char point[] = { 0x0C, 0, 0, 0xA0, 2, 0, 0, 0, 'x', 'y' };
	unsigned char want[20 + sizeof(point)] = { 8, 0, 0, 0, 0, 0, 0, 0, sizeof(point) };
	struct buf text CLEAN(buf) = BUF_INIT(256);

	(void)state;
	memcpy(want + 20, point, sizeof(point));
	base64_encode(point, sizeof(point), &text);
	{
		const struct winlayer_record r[] = { { "MSWINDOWS.reparse", text.data } };
		const struct winlayer_member m = MEMBER(WINLAYER_FILE, r);

		expect(&m, want, sizeof(want));
	}
}

static const unsigned char admins_only[] = {
	1,  0, 0x04, 0x90, 0,    0, 0,    0, 0, 0, 0, 0, 0, 0, 0,  0, 20, 0, 0,    0, /* header */
	2,  0, 52,   0,    2,    0, 0,    0,                                          /* DACL */
	0,  0, 20,   0,    0xFF, 1, 0x1F, 0, 1, 1, 0, 0, 0, 0, 0,  5, 18, 0, 0,    0, 0, 0,
	24, 0, 0xFF, 1,    0x1F, 0, 1,    2, 0, 0, 0, 0, 0, 5, 32, 0, 0,  0, 0x20, 2, 0, 0,
};

static void writes_security(void **state)
{
	unsigned char want[20 + sizeof(admins_only)] = {
		3, 0, 0, 0, 0, 0, 0, 0, sizeof(admins_only)
	};
	struct buf raw CLEAN(buf) = BUF_INIT(256);
	const struct winlayer_record text[] = { { "MSWINDOWS.sd", "D:P(A;;FA;;;SY)(A;;FA;;;BA)" } };
	struct winlayer_member m = MEMBER(WINLAYER_FILE, text);

	(void)state;
	memcpy(want + 20, admins_only, sizeof(admins_only));
	expect(&m, want, sizeof(want));
	base64_encode(admins_only, sizeof(admins_only), &raw);
	{
		/* raw bytes count more than a text */
		const struct winlayer_record both[] = { { "MSWINDOWS.sd", "D:" },
							{ "MSWINDOWS.rawsd", raw.data } };

		m = MEMBER(WINLAYER_FILE, both);
		expect(&m, want, sizeof(want));
	}
}

/* Owner, group, both lists, inheritance, labels, numbers. */
static void reads_descriptors_in_text(void **state)
{
	static const unsigned char want[] = {
		1,    0,    0x14, 0xAC, 20,   0,    0,    0, 36,   0,    0,    0,    48, 0,
		0,    0,    76,   0,    0,    0,    1,    2, 0,    0,    0,    0,    0,  5,
		32,   0,    0,    0,    0x20, 2,    0,    0,                      /* O:BA */
		1,    1,    0,    0,    0,    0,    0,    5, 18,   0,    0,    0, /* G:SY */
		2,    0,    28,   0,    1,    0,    0,    0,                      /* S: */
		0x11, 0,    20,   0,    1,    0,    0,    0, 1,    1,    0,    0,    0,  0,
		0,    16,   0,    0x10, 0,    0,    2,    0, 56,   0,    2,    0,    0,  0, /* D: */
		0,    0x1B, 24,   0,    0xA9, 0,    0x12, 0, 1,    2,    0,    0,    0,  0,
		0,    15,   2,    0,    0,    0,    1,    0, 0,    0,    1,    0,    24, 0,
		0,    0,    0,    0x80, 1,    2,    0,    0, 0x12, 0x34, 0x56, 0x78, 1,  0,
		0,    0,    0xFF, 0xFF, 0xFF, 0xFF,
	};
	struct buf have CLEAN(buf) = BUF_INIT(1 << 16);
	struct error err = ERROR_INIT;

	(void)state;
	if (winlayer_sddl_parse("O:BAG:SYD:AI(A;OICIIOID;0x1200a9;;;AC)"
				"(D;;GR;;;S-1-0x12345678-1-4294967295)S:PAI(ML;;NW;;;LW)",
				&have, &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(have.n, sizeof(want));
	assert_memory_equal(have.data, want, sizeof(want));
	assert_true(winlayer_sddl_check(have.data, have.n));
	buf_clear(&have);
	/* a list that lets nobody in is not the same as none */
	assert_int_equal(winlayer_sddl_parse("D:", &have, NULL), 0);
	assert_int_equal(have.n, 28);
	assert_int_equal(have.data[2], 4);
	buf_clear(&have);
	assert_int_equal(winlayer_sddl_parse("", &have, NULL), 0);
	assert_int_equal(have.n, 20);
	assert_int_equal(have.data[2], 0);
}

static void refuses_descriptors(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{ "x", ERR_INVALID },
		{ "O", ERR_INVALID },
		{ "O:", ERR_INVALID },
		{ "O:S-1-", ERR_INVALID },
		{ "O:S-1-5", ERR_INVALID },
		{ "O:S-1-5-", ERR_INVALID },
		{ "O:S-2-5-1", ERR_INVALID },
		{ "O:S-1-5-4294967296", ERR_INVALID },
		{ "O:S-1-281474976710656-1", ERR_INVALID },
		{ "O:S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16", ERR_INVALID },
		{ "O:SYO:SY", ERR_INVALID },
		{ "O:DA", ERR_UNSUPPORTED }, /* administrators of which domain? */
		{ "O:zz", ERR_INVALID },
		{ "D:(", ERR_UNSUPPORTED },
		{ "D:(A", ERR_UNSUPPORTED },
		{ "D:(A;", ERR_INVALID },
		{ "D:(A;;", ERR_INVALID },
		{ "D:(A;;FA;;;SY", ERR_INVALID },
		{ "D:(A;;FA;;;SY;x)", ERR_INVALID },
		{ "D:(A;XX;FA;;;SY)", ERR_INVALID },
		{ "D:(A;;ZZ;;;SY)", ERR_INVALID },
		{ "D:(A;;0x;;;SY)", ERR_INVALID },
		{ "D:(A;;FA;bf967aba-0de6-11d0-a285-00aa003049e2;;SY)", ERR_INVALID },
		{ "D:(OA;;FA;;;SY)", ERR_UNSUPPORTED },
		{ "D:(XA;;FA;;;SY;(x==1))", ERR_UNSUPPORTED },
		{ "D:(ZZ;;FA;;;SY)", ERR_UNSUPPORTED },
		{ "D:Q(A;;FA;;;SY)", ERR_INVALID },
		{ "D:(A;;FA;;;SY)x", ERR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct buf b CLEAN(buf) = BUF_INIT(1 << 16);
		int r;

		buf_puts(&b, "kept");
		r = winlayer_sddl_parse(cases[i].text, &b, NULL);
		if (r != -cases[i].code || b.n != 4)
			fail_msg("%s: %d", cases[i].text, r);
	}
}

static void checks_raw_descriptors(void **state)
{
	unsigned char b[sizeof(admins_only)];

	(void)state;
	assert_true(winlayer_sddl_check(admins_only, sizeof(admins_only)));
	for (size_t n = 0; n < sizeof(admins_only); n++)
		assert_false(winlayer_sddl_check(admins_only, n));
	memcpy(b, admins_only, sizeof(b));
	b[0] = 2; /* revision */
	assert_false(winlayer_sddl_check(b, sizeof(b)));
	b[0] = 1;
	b[3] = 0x10; /* pointers, not offsets */
	assert_false(winlayer_sddl_check(b, sizeof(b)));
	b[3] = 0x90;
	b[4] = 19; /* an owner inside the header */
	assert_false(winlayer_sddl_check(b, sizeof(b)));
	b[4] = sizeof(b) - 4; /* one that ends outside */
	assert_false(winlayer_sddl_check(b, sizeof(b)));
	memset(b + 4, 0xFF, 4);
	assert_false(winlayer_sddl_check(b, sizeof(b)));
}

static void refuses_parts(void **state)
{
	static const struct {
		struct winlayer_record r;
		int code;
	} cases[] = {
		{ { "MSWINDOWS.rawsd", "?" }, ERR_INVALID },
		{ { "MSWINDOWS.rawsd", "AQ==" }, ERR_INVALID },
		{ { "MSWINDOWS.sd", "O:DA" }, ERR_UNSUPPORTED },
		{ { "MSWINDOWS.xattr.", "AQ==" }, ERR_LIMIT },
		{ { "MSWINDOWS.xattr.a", "A" }, ERR_INVALID },
		{ { "MSWINDOWS.reparse", "AQ==" }, ERR_INVALID },
		{ { "MSWINDOWS.reparse", "AAAAAAIAAAB4eQ==" }, ERR_INVALID }, /* no tag */
	};
	struct buf large CLEAN(buf) = BUF_INIT(1 << 20), bytes CLEAN(buf) = BUF_INIT(1 << 20);
	struct winlayer_member m = { .link = "", .type = WINLAYER_SYMLINK };

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct buf b CLEAN(buf) = BUF_INIT(1 << 20);
		const struct winlayer_member one = { .type = WINLAYER_FILE,
						     .records = &cases[i].r,
						     .n_records = 1 };
		int r = winlayer_meta_streams(&one, &b, NULL);

		if (r != -cases[i].code)
			fail_msg("%s=%s: %d", cases[i].r.key, cases[i].r.value, r);
	}
	assert_int_equal(winlayer_meta_streams(&m, &bytes, NULL), -ERR_INVALID); /* to nothing */
	buf_clear(&bytes);
	while (bytes.n < 40000)
		buf_puts(&bytes, "0123456789");
	base64_encode(bytes.data, bytes.n, &large);
	{
		/* each fits, and both together do not */
		const struct winlayer_record r[] = { { "MSWINDOWS.xattr.a", large.data },
						     { "MSWINDOWS.xattr.b", large.data } };

		m = MEMBER(WINLAYER_FILE, r);
		assert_int_equal(winlayer_meta_streams(&m, &bytes, NULL), -ERR_LIMIT);
	}
	buf_clear(&bytes);
	while (bytes.n < 9000)
		buf_puts(&bytes, "x/");
	m = (struct winlayer_member){ .link = bytes.data, .type = WINLAYER_SYMLINK };
	assert_int_equal(winlayer_meta_streams(&m, &large, NULL), -ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_attributes_and_times),
		cmocka_unit_test(refuses_attributes_and_times),
		cmocka_unit_test(writes_extended_attributes),
		cmocka_unit_test(writes_links),
		cmocka_unit_test(spells_targets),
		cmocka_unit_test(passes_raw_parts_on),
		cmocka_unit_test(writes_security),
		cmocka_unit_test(reads_descriptors_in_text),
		cmocka_unit_test(refuses_descriptors),
		cmocka_unit_test(checks_raw_descriptors),
		cmocka_unit_test(refuses_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
