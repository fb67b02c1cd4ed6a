/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a Windows layer's members, and the names of a whole layer beside each other. */
#include "backends/winlayer_path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/winlayer_case.h"
#include "backends/winlayer_names.h"
#include "base/buf.h"

static void sorts_members(void **state)
{
	static const struct {
		const char *member;
		enum winlayer_area area;
		enum winlayer_what what;
		const char *path, *stream, *staged;
	} rows[] = {
		{ "Files", WINLAYER_FILES, WINLAYER_MEMBER, "Files", "", "fs/Files" },
		{ "./Files//Windows/./x/", WINLAYER_FILES, WINLAYER_MEMBER, "Files/Windows/x", "",
		  "fs/Files/Windows/x" },
		{ "/Files/a b.txt", WINLAYER_FILES, WINLAYER_MEMBER, "Files/a b.txt", "",
		  "fs/Files/a b.txt" },
		{ "Files/\xc3\xa9\xf0\x9f\x98\x80", WINLAYER_FILES, WINLAYER_MEMBER,
		  "Files/\xc3\xa9\xf0\x9f\x98\x80", "", "fs/Files/\xc3\xa9\xf0\x9f\x98\x80" },
		{ "Files/x/.wh.gone", WINLAYER_FILES, WINLAYER_WHITEOUT, "Files/x/gone", "",
		  "fs/Files/x/gone" },
		{ "Files/a:b", WINLAYER_FILES, WINLAYER_STREAM, "Files/a", "b", "fs/Files/a" },
		{ "Files/x/a.txt:Zone.Identifier", WINLAYER_FILES, WINLAYER_STREAM, "Files/x/a.txt",
		  "Zone.Identifier", "fs/Files/x/a.txt" },
		{ "Files/a:con .", WINLAYER_FILES, WINLAYER_STREAM, "Files/a", "con .",
		  "fs/Files/a" },
		{ "Hives", WINLAYER_HIVES, WINLAYER_MEMBER, "Hives", "", "fs/Hives" },
		{ "Hives/System_Delta", WINLAYER_HIVES, WINLAYER_MEMBER, "Hives/System_Delta", "",
		  "fs/Hives/System_Delta" },
		{ "UtilityVM", WINLAYER_UVM, WINLAYER_MEMBER, "UtilityVM", "", "uvm" },
		{ "UtilityVM/Files", WINLAYER_UVM, WINLAYER_MEMBER, "UtilityVM/Files", "",
		  "uvm/Files" },
		{ "UtilityVM/Files/EFI/x", WINLAYER_UVM, WINLAYER_MEMBER, "UtilityVM/Files/EFI/x",
		  "", "uvm/Files/EFI/x" },
		{ "UtilityVM/Files/.wh.x", WINLAYER_UVM, WINLAYER_WHITEOUT, "UtilityVM/Files/x", "",
		  "uvm/Files/x" },
		{ "tombstones.txt", WINLAYER_FILES, WINLAYER_SKIP, "tombstones.txt", "", NULL },
		/* only nearly a device */
		{ "Files/CONSOLE", WINLAYER_FILES, WINLAYER_MEMBER, "Files/CONSOLE", "",
		  "fs/Files/CONSOLE" },
		{ "Files/COM10", WINLAYER_FILES, WINLAYER_MEMBER, "Files/COM10", "",
		  "fs/Files/COM10" },
		{ "Files/x.con", WINLAYER_FILES, WINLAYER_MEMBER, "Files/x.con", "",
		  "fs/Files/x.con" },
		{ "Files/.wcidirs", WINLAYER_FILES, WINLAYER_MEMBER, "Files/.wcidirs", "",
		  "fs/Files/.wcidirs" },
	};
	struct arena *a CLEAN(arena) = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct winlayer_path p;
		struct error err = ERROR_INIT;
		char out[LIMIT_MEMBER_NAME + 4];

		if (winlayer_path_parse(rows[i].member, a, &p, &err) != 0)
			fail_msg("%s: %s", rows[i].member, err.msg);
		assert_int_equal(p.area, rows[i].area);
		assert_int_equal(p.what, rows[i].what);
		assert_string_equal(p.path, rows[i].path);
		assert_string_equal(p.stream, rows[i].stream);
		if (rows[i].staged)
			assert_string_equal(winlayer_path_staged(&p, out), rows[i].staged);
	}
}

static const char *const refused[] = {
	"",
	"/",
	"./.",
	"x",
	"files/x",
	"FILES/x",
	"Filesx/y",
	"Windows/x",
	"Hives.txt",
	/* leave their directory */
	"..",
	"Files/..",
	"Files/../Hives/x",
	"Files/a/../../../x",
	"../Files/x",
	"Files\\x",
	"Files/..\\..\\x",
	"Files/C:\\x",
	/* no names */
	"Files/a.",
	"Files/a ",
	"Files/a. /b",
	"Files/...",
	"Files/ ",
	"Files/a*",
	"Files/a?",
	"Files/a<",
	"Files/a>",
	"Files/a|",
	"Files/a\"",
	"Files/a\x01",
	"Files/a\n",
	"Files/\xff",
	"Files/\xed\xa0\x80", /* half of a surrogate pair */
	"Files/\xc0\xaf",     /* a slash in disguise */
	/* devices */
	"Files/CON",
	"Files/con/x",
	"Files/nul.txt",
	"Files/Aux.tar.gz",
	"Files/PRN .x",
	"Files/com1",
	"Files/COM0",
	"Files/LPT9.log",
	"Files/lpt\xc2\xb9",
	"Files/CONIN$",
	"Files/conout$.x",
	/* the format's own */
	"Files/x.$wcidirs$",
	"Files/x.$WCIDIRS$",
	"Files.$wcidirs$",
	/* streams */
	"Files:x",
	"Hives:x",
	"Files/:x",
	"Files/a:",
	"Files/a:b:c",
	"Files/a::$DATA",
	"Files/a:b:$DATA",
	"Files/a:b/c",
	"Hives/System_Delta:x",
	"UtilityVM/Files:x",
	/* whiteouts */
	"Files/.wh.",
	"Files/.wh..",
	"Files/.wh...",
	"Files/.wh..wh.x",
	"Files/.wh.a:b",
	"Files/.wh.a/b",
	"Files/.wh.con",
	".wh.Files",
	"Hives/.wh.System_Delta",
	"UtilityVM/.wh.Files",
	/* places */
	"Hives/a/b",
	"UtilityVM/x",
	"UtilityVM/Filesx",
	"UtilityVM/SystemTemplate.vhdx",
	"tombstones.txt/x",
};

static void refuses_names(void **state)
{
	struct arena *a CLEAN(arena) = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct winlayer_path p = { .base = 77 };
		struct error err = ERROR_INIT;
		int r = winlayer_path_parse(refused[i], a, &p, &err);

		if (r != -ERR_INVALID)
			fail_msg("%s: %d", refused[i], r);
		assert_int_equal(p.base, 77);
	}
}

static void has_limits(void **state)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct winlayer_path p;
	struct buf b CLEAN(buf) = BUF_INIT(1 << 16);

	(void)state;
	buf_puts(&b, "Files/");
	for (int i = 0; i < 255; i++)
		buf_puts(&b, "\xe4\xb8\xad"); /* one unit, three bytes */
	assert_int_equal(winlayer_path_parse(b.data, a, &p, NULL), 0);
	buf_putc(&b, 'x');
	assert_int_equal(winlayer_path_parse(b.data, a, &p, NULL), -ERR_LIMIT);
	buf_clear(&b);
	buf_puts(&b, "Files");
	for (int i = 1; i < LIMIT_MEMBER_DEPTH; i++)
		buf_puts(&b, "/d");
	assert_int_equal(winlayer_path_parse(b.data, a, &p, NULL), 0);
	buf_puts(&b, "/d");
	assert_int_equal(winlayer_path_parse(b.data, a, &p, NULL), -ERR_LIMIT);
	buf_clear(&b);
	buf_puts(&b, "Files");
	while (b.n < LIMIT_MEMBER_NAME)
		buf_puts(&b, "//////////");
	assert_int_equal(winlayer_path_parse(b.data, a, &p, NULL), -ERR_LIMIT);
	assert_int_equal(winlayer_path_parse("Files/x/.wh..wh..opq", a, &p, NULL),
			 -ERR_UNSUPPORTED);
}

static void knows_targets(void **state)
{
	static const char *const no[] = { "Files",   "UtilityVM",      "UtilityVM/Files",
					  "Hives/x", "Files/a:b",      "Files/.wh.x",
					  "../x",    "tombstones.txt", "" };
	struct arena *a CLEAN(arena) = arena_new();
	struct winlayer_path p;

	(void)state;
	assert_int_equal(winlayer_path_target("Files/a/b", a, &p, NULL), 0);
	assert_string_equal(p.path, "Files/a/b");
	assert_int_equal(winlayer_path_target("UtilityVM/Files/x", a, &p, NULL), 0);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (winlayer_path_target(no[i], a, &p, NULL) != -ERR_INVALID)
			fail_msg("%s", no[i]);
}

static void compares_without_case(void **state)
{
	static const struct {
		uint16_t lower, upper;
	} pairs[] = { { 'a', 'A' },       { 'z', 'Z' },       { '[', '[' },      { 0xE0, 0xC0 },
		      { 0xF7, 0xF7 },     { 0xFF, 0x178 },    { 0x101, 0x100 },  { 0x131, 0x131 },
		      { 0x17F, 0x17F },   { 0xB5, 0xB5 },     { 0xDF, 0xDF },    { 0x3B1, 0x391 },
		      { 0x3C2, 0x3A3 },   { 0x430, 0x410 },   { 0x44F, 0x42F },  { 0x1E01, 0x1E00 },
		      { 0xFF41, 0xFF21 }, { 0x4E2D, 0x4E2D }, { 0xD83D, 0xD83D } };

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_int_equal(winlayer_case_upper(pairs[i].lower), pairs[i].upper);
	/* what is upper case stays what it is */
	for (unsigned c = 0; c <= 0xFFFF; c++) {
		uint16_t upper = winlayer_case_upper((uint16_t)c);

		assert_int_equal(winlayer_case_upper(upper), upper);
	}
}

#define D WINLAYER_NODE_DIRECTORY
#define L WINLAYER_NODE_LEAF
#define W WINLAYER_NODE_WHITEOUT

struct name {
	const char *path;
	enum winlayer_node kind;
};

static void holds_a_layer(void **state)
{
	static const struct name names[] = {
		{ "Files", D },        { "Files/a", D },        { "Files/a/x", L },
		{ "Files/a/gone", W }, { "Files/b/c/gone", W }, { "Files/b", D },
		{ "Files/b/x", L },    { "Files/b/c", D },      { "Files/b/c/new", L },
		{ "Hives", D },
	};
	struct winlayer_names *n CLEAN(winlayer_names) = winlayer_names_new();
	struct arena *a CLEAN(arena) = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct error err = ERROR_INIT;

		if (winlayer_names_add(n, names[i].path, names[i].kind, &err) != 0)
			fail_msg("%s: %s", names[i].path, err.msg);
	}
	assert_non_null(winlayer_names_find(n, "Files/a/x", a));
	assert_string_equal(winlayer_names_find(n, "FILES/A/X", a), "Files/a/x");
	assert_null(winlayer_names_find(n, "Files/a", a));
	assert_null(winlayer_names_find(n, "Files/a/gone", a));
	assert_null(winlayer_names_find(n, "Files/a/x/y", a));
	assert_null(winlayer_names_find(n, "Files/none", a));
}

static void finds_collisions(void **state)
{
	static const struct {
		struct name names[4]; /* the last one is refused */
		const char *says;
	} cases[] = {
		{ { { "F", D }, { "F/a", L }, { "F/A", L } }, "are one name on Windows" },
		{ { { "F", D }, { "F/a", D }, { "F/A/x", L } }, "are one name on Windows" },
		{ { { "F", D }, { "F/\xc3\xa9", L }, { "F/\xc3\x89", L } }, "are one name" },
		{ { { "F", D }, { "F/a", W }, { "F/A", L } }, "are one name on Windows" },
		{ { { "F", D }, { "F/a", L }, { "F/a", L } }, "twice" },
		{ { { "F", D }, { "F", D } }, "twice" },
		{ { { "F", D }, { "F/a", W }, { "F/a", W } }, "twice" },
		{ { { "F", D }, { "F/a", L }, { "F/a", D } }, "something else" },
		{ { { "F", D }, { "F/a", L }, { "F/a/b", L } }, "a is no directory" },
		{ { { "F", D }, { "F/a/b", L } }, "a is not in the layer before it" },
		{ { { "F/b", L } }, "F is not in the layer" },
		{ { { "F", D }, { "F/a", W }, { "F/a", D } }, "deleted and there" },
		{ { { "F", D }, { "F/a", L }, { "F/a", W } }, "deleted and there" },
		{ { { "F", D }, { "F/a", W }, { "F/a/b", W } }, "a is deleted" },
		{ { { "F", D }, { "F/a/b", W }, { "F/a", W } }, "names below it" },
		{ { { "F", D }, { "F/a/b", W }, { "F/a", L } }, "names below it" },
		{ { { "F", D }, { "F/a/b", W }, { "F/a/c", L } }, "a is not in the layer" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct winlayer_names *n CLEAN(winlayer_names) = winlayer_names_new();
		const struct name *at = cases[i].names;
		struct error err = ERROR_INIT;

		for (; at[1].path && at < &cases[i].names[3]; at++)
			assert_int_equal(winlayer_names_add(n, at->path, at->kind, &err), 0);
		if (winlayer_names_add(n, at->path, at->kind, &err) != -ERR_INVALID ||
		    !strstr(err.msg, cases[i].says))
			fail_msg("case %zu: %s", i, err.msg);
	}
}

/* The same name in many directories, and many in one: the table grows and loses nothing. */
static void grows(void **state)
{
	struct winlayer_names *n CLEAN(winlayer_names) = winlayer_names_new();
	struct arena *a CLEAN(arena) = arena_new();

	(void)state;
	assert_int_equal(winlayer_names_add(n, "Files", D, NULL), 0);
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(winlayer_names_add(n, arena_printf(a, "Files/d%d", i), D, NULL),
				 0);
		assert_int_equal(winlayer_names_add(n, arena_printf(a, "Files/d%d/x", i), L, NULL),
				 0);
	}
	for (int i = 0; i < 5000; i++) {
		assert_non_null(winlayer_names_find(n, arena_printf(a, "files/D%d/X", i), a));
		assert_int_equal(winlayer_names_add(n, arena_printf(a, "Files/d%d/X", i), L, NULL),
				 -ERR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_members),
		cmocka_unit_test(refuses_names),
		cmocka_unit_test(has_limits),
		cmocka_unit_test(knows_targets),
		cmocka_unit_test(compares_without_case),
		cmocka_unit_test(holds_a_layer),
		cmocka_unit_test(finds_collisions),
		cmocka_unit_test(grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
