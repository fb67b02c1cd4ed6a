/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of Windows images: what their members become on the disk, byte by byte, and that nothing
 * that Windows would take for something else ever gets there. */
#include "backends/winlayer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/winlayer_links.h"
#include "backends/winlayer_stream.h"
#include "base/fs.h"
#include "base/limits.h"
#include "tests/support/golden.h"
#include "tests/support/image_world.h"
#include "tests/support/winlayer_writer.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define DIR  .type = '5'

static const struct winlayer_entry files = { .name = "Files", DIR };

/* Unpacks @tar to <world>/<name> over layers <world>/<lower[i]>. */
static int unpack(struct image_world *w, const struct buf *tar, const char *name,
		  const char *const *lower, size_t n_lower)
{
	const char *root = image_world_path(w, name), *file = image_world_path(w, "layer.tar");
	struct winlayer_job job = { .lower = lower, .n_lower = n_lower };
	int in CLEAN(fd) = -1, dir CLEAN(fd) = -1, world CLEAN(fd) = -1;
	int out CLEAN(fd) = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct image_tar_sums sums;

	image_world_ok(w, fs_write_all(out, tar->data, tar->n, &w->err));
	image_world_ok(w, fs_remove_tree(AT_FDCWD, root, &w->err));
	image_world_ok(w,
		       fs_mkdirs(AT_FDCWD, arena_printf(w->arena, "%s/fs", root), 0755, &w->err));
	job.in = in = open(file, O_RDONLY | O_CLOEXEC);
	job.root = dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	job.lower_dir = world = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->err = ERROR_INIT;
	return winlayer_unpack(&job, &sums, &w->err);
}

static int unpack_entries(struct image_world *w, const struct winlayer_entry *e, size_t n,
			  const char *name, const char *lower)
{
	struct buf tar CLEAN(buf) = BUF_INIT(64 << 20);

	winlayer_writer_all(&tar, e, n);
	return unpack(w, &tar, name, &lower, lower ? 1 : 0);
}

static void read_file(struct image_world *w, const char *path, struct buf *ret)
{
	buf_clear(ret);
	image_world_ok(w, fs_read(AT_FDCWD, image_world_path(w, path), ret, &w->err));
}

static void dump_file(struct image_world *w, const char *path, struct buf *out)
{
	struct buf bytes CLEAN(buf) = BUF_INIT(1 << 20);

	image_world_ok(w, fs_read(AT_FDCWD, path, &bytes, &w->err));
	for (size_t i = 0; i < bytes.n; i += 16) {
		buf_printf(out, "  %04zx ", i);
		for (size_t k = i; k < i + 16; k++) {
			if (k < bytes.n)
				buf_printf(out, " %02x", (unsigned char)bytes.data[k]);
			else
				buf_puts(out, "   ");
		}
		buf_puts(out, "  ");
		for (size_t k = i; k < i + 16 && k < bytes.n; k++) {
			char c = bytes.data[k];

			buf_putc(out, c >= ' ' && c <= '~' ? c : '.');
		}
		buf_putc(out, '\n');
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

CLEAN_DEFINE(fts, FTS *, fts_close)

/* Every file of a layer with its bytes and time, sorted. */
static void dump_layer(struct image_world *w, const char *name, struct buf *out)
{
	char *const roots[] = { (char *)image_world_path(w, name), NULL };
	FTS *fts CLEAN(fts) = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	FTSENT *e;

	assert_non_null(fts);
	while ((e = fts_read(fts))) {
		const char *path = e->fts_path + strlen(roots[0]);

		if (e->fts_info == FTS_D && *path)
			buf_printf(out, "%s/\n", path + 1);
		if (e->fts_info != FTS_F)
			continue;
		buf_printf(out, "%s", path + 1);
		if (strncmp(path, "/fs/Files", 9) == 0)
			buf_printf(out, " (%lld)", (long long)e->fts_statp->st_mtime);
		buf_putc(out, '\n');
		dump_file(w, e->fts_path, out);
	}
}

/* One layer with everything in it, over a base. */
static void test_golden(void **state)
{
	static const struct winlayer_entry base[] = {
		{ .name = "Files", DIR },
		{ .name = "Files/Windows", DIR },
		{ .name = "Files/Windows/Old.dll", .text = "old" },
		{ .name = "Files/Windows/old2.dll", .type = '1', .link = "Files/Windows/Old.dll" },
		{ .name = "UtilityVM", DIR },
		{ .name = "UtilityVM/Files", DIR },
		{ .name = "UtilityVM/Files/boot", .text = "boot" },
	};
	static const struct winlayer_entry diff[] = {
		{ .name = "Hives", DIR, .pax = { { "MSWINDOWS.fileattr", "16" } } },
		{ .name = "Hives/System_Delta",
		  .text = "regf",
		  .pax = { { "MSWINDOWS.rawsd", "AQAEgAAAAAAAAAAAAAAAABQAAAACAAgAAAAAAA==" } } },
		{ .name = "Files", DIR, .mtime = "13", .pax = { { "MSWINDOWS.fileattr", "16" } } },
		{ .name = "Files/Windows",
		  DIR,
		  .pax = { { "MSWINDOWS.fileattr", "8208" },
			   { "MSWINDOWS.rawsd", "AQAEgAAAAAAAAAAAAAAAABQAAAACAAgAAAAAAA==" } } },
		{ .name = "Files/Windows:dirstream", .text = "of a directory" },
		{ .name = "Files/Windows/app.exe",
		  .text = "MZ",
		  .pax = { { "MSWINDOWS.fileattr", "32" },
			   { "MSWINDOWS.sd", "O:BAD:(A;;FA;;;SY)" },
			   { "MSWINDOWS.xattr.$KERNEL.PURGE", "AQI=" },
			   { "mtime", "1500000000.5" } } },
		{ .name = "Files/Windows/app.exe:Zone.Identifier", .text = "[ZoneTransfer]" },
		{ .name = "Files/Windows/app.exe:\xc3\xa9", .text = "" },
		{ .name = "Files/Windows/empty" },
		{ .name = "Files/Windows/.wh.gone" },
		{ .name = "Files/Windows/.wh.two words" },
		{ .name = "Files/Windows/link", .type = '2', .link = "app.exe" },
		{ .name = "Files/Windows/linkdir",
		  .type = '2',
		  .link = "C:\\Windows",
		  .pax = { { "MSWINDOWS.fileattr", "1040" }, { "MSWINDOWS.mountpoint", "1" } } },
		{ .name = "Files/Windows/hard", .type = '1', .link = "Files/Windows/app.exe" },
		{ .name = "Files/Windows/hard2", .type = '1', .link = "Files/Windows/hard" },
		{ .name = "Files/Windows/below", .type = '1', .link = "Files/Windows/Old.dll" },
		{ .name = "Files/Windows/below2", .type = '1', .link = "Files/windows/OLD2.dll" },
		{ .name = "UtilityVM", DIR },
		{ .name = "UtilityVM/Files", DIR },
		{ .name = "UtilityVM/Files/EFI", DIR },
		{ .name = "UtilityVM/Files/EFI/Microsoft", DIR },
		{ .name = "UtilityVM/Files/EFI/Microsoft/Boot", DIR },
		{ .name = "UtilityVM/Files/EFI/Microsoft/Boot/BCD", .text = "bcd" },
		{ .name = "UtilityVM/Files/EFI/Microsoft/Boot/BCD.LOG1", .text = "log" },
		{ .name = "UtilityVM/Files/b2", .type = '1', .link = "UtilityVM/Files/boot" },
		{ .name = "UtilityVM/Files/.wh.old" },
		{ .name = "tombstones.txt", .text = "made anew" },
	};
	struct image_world *w = *state;
	struct buf out CLEAN(buf) = BUF_INIT(1 << 20);

	image_world_ok(w, unpack_entries(w, base, N(base), "base", NULL));
	dump_layer(w, "base", &out);
	golden_text("hcs/layer_base.txt", &out);
	buf_clear(&out);
	image_world_ok(w, unpack_entries(w, diff, N(diff), "diff", "base"));
	dump_layer(w, "diff", &out);
	golden_text("hcs/layer_diff.txt", &out);
}

/* Parts of a staged file as "part:size,", with names, flags and offsets. */
static const char *parts(struct image_world *w, const char *path)
{
	struct buf out CLEAN(buf) = BUF_INIT(4096);
	int fd CLEAN(fd) = open(image_world_path(w, path), O_RDONLY | O_CLOEXEC);
	struct winlayer_stream s;
	int r;

	assert_true(fd >= 0);
	image_world_ok(w, winlayer_stream_open(fd, &s, &w->err));
	buf_printf(&out, "%x ", s.attributes);
	while ((r = winlayer_stream_next(&s, &w->err)) == 0) {
		buf_printf(&out, "%u%s:%lld", s.part, s.name, (long long)s.size);
		if (s.flags)
			buf_printf(&out, "/%x", s.flags);
		buf_printf(&out, s.offset ? "@%lld," : ",", (long long)s.offset);
	}
	assert_int_equal(r, WINLAYER_STREAM_END);
	return arena_strdup(w->arena, out.data);
}

static void keeps_holes(void **state)
{
	struct image_world *w = *state;
	struct buf data CLEAN(buf) = BUF_INIT(1 << 16);
	struct winlayer_entry e[] = {
		files,
		{ .name = "GNUSparseFile.0/a",
		  .pax = { { "GNU.sparse.major", "1" },
			   { "GNU.sparse.minor", "0" },
			   { "GNU.sparse.name", "Files/a" },
			   { "GNU.sparse.realsize", "1000000" },
			   { "MSWINDOWS.fileattr", "32" } } },
		{ .name = "Files/b", .text = "after" },
	};

	buf_puts(&data, "2\n4096\n3\n65536\n5\n");
	while (data.n < 512)
		buf_putc(&data, '\0');
	buf_puts(&data, "abcdefgh");
	e[1].text = data.data;
	e[1].n = data.n;
	image_world_ok(w, unpack_entries(w, e, N(e), "l", NULL));
	assert_string_equal(parts(w, "l/fs/Files/a"),
			    "220 1:0/8,9:3/8@4096,9:5/8@65536,9:0/8@1000000,");
	read_file(w, "l/fs/Files/a", &data);
	assert_memory_equal(data.data + 4 + 20 + 28, "abc", 3);
	assert_memory_equal(data.data + 4 + 20 + 28 + 3 + 28, "defgh", 5);
	assert_string_equal(parts(w, "l/fs/Files/b"), "0 1:5,");
}

/* A file of some megabytes through all the small pieces. */
static void keeps_large_files(void **state)
{
	struct image_world *w = *state;
	struct buf data CLEAN(buf) = BUF_INIT(8 << 20), have CLEAN(buf) = BUF_INIT(8 << 20);
	struct winlayer_entry e[] = { files, { .name = "Files/a" } };

	for (unsigned i = 0; data.n < 3000001; i++)
		buf_printf(&data, "%u,", i);
	e[1].text = data.data;
	e[1].n = data.n;
	image_world_ok(w, unpack_entries(w, e, N(e), "l", NULL));
	read_file(w, "l/fs/Files/a", &have);
	assert_int_equal(have.n, 4 + 20 + data.n);
	assert_memory_equal(have.data + 24, data.data, data.n);
}

struct refusal {
	struct winlayer_entry e[5]; /* the last one is refused */
	int code;
	const char *says;
};

static void refuse(struct image_world *w, const struct refusal *c, const char *lower)
{
	size_t n = 0;
	int r;

	while (n < N(c->e) && c->e[n].name)
		n++;
	r = unpack_entries(w, c->e, n, "l", lower);
	if (r != -c->code || !strstr(w->err.msg, c->says))
		fail_msg("%s: %d: %s", c->e[n - 1].name, r, w->err.msg);
}

#define F                                                                                          \
	{                                                                                          \
		.name = "Files", DIR                                                               \
	}

static const struct refusal refused_layers[] = {
	{ { F, { .name = "Files/../x" } }, ERR_INVALID, "leaves its directory" },
	{ { F, { .name = "x" } }, ERR_INVALID, "outside Files" },
	{ { F, { .name = "Files/NUL" } }, ERR_INVALID, "a device's name" },
	{ { F, { .name = "Files/a\\..\\b" } }, ERR_INVALID, "cannot have" },
	{ { F, { .name = "Files/a" }, { .name = "Files/A" } }, ERR_INVALID, "one name" },
	{ { F, { .name = "Files/a" }, { .name = "Files/a" } }, ERR_INVALID, "twice" },
	{ { F, F }, ERR_INVALID, "twice" },
	{ { F, { .name = "Files/d/x" } }, ERR_INVALID, "not in the layer before it" },
	{ { F, { .name = "Files/a" }, { .name = "Files/a/x" } }, ERR_INVALID, "is no directory" },
	{ { F, { .name = "Files/l", .type = '2', .link = "C:\\" }, { .name = "Files/l/x" } },
	  ERR_INVALID,
	  "is no directory" },
	{ { F,
	    { .name = "Files/l",
	      .type = '2',
	      .link = "C:\\",
	      .pax = { { "MSWINDOWS.fileattr", "1040" } } },
	    { .name = "Files/l/x" } },
	  ERR_INVALID,
	  "is no directory" },
	{ { { .name = "Files" } }, ERR_INVALID, "it is not a directory" },
	{ { { .name = "Files", .type = '2', .link = "C:\\x" } },
	  ERR_INVALID,
	  "it is not a directory" },
	{ { { .name = "Files", .type = '1', .link = "Files/x" } },
	  ERR_INVALID,
	  "cannot be a hard link" },
	{ { { .name = "UtilityVM", DIR }, { .name = "UtilityVM/Files" } },
	  ERR_INVALID,
	  "it is not a directory" },
	{ { { .name = "UtilityVM/Files", DIR } }, ERR_INVALID, "not in the layer" },
	{ { { .name = "Hives", DIR }, { .name = "Hives/x", DIR } }, ERR_INVALID, "" },
	{ { { .name = "Hives", DIR }, { .name = "Hives/x", .type = '2', .link = "y" } },
	  ERR_INVALID,
	  "plain file" },
	{ { { .name = "Hives", DIR }, { .name = "Hives/x", .type = '1', .link = "Files/y" } },
	  ERR_INVALID,
	  "cannot be a hard link" },
	{ { F, { .name = "Files/h", .type = '1', .link = "Files/none" } },
	  ERR_INVALID,
	  "Files/none, which is nowhere" },
	{ { F, { .name = "Files/h", .type = '1', .link = "../etc/passwd" } },
	  ERR_INVALID,
	  "leaves its directory" },
	{ { F, { .name = "Files/h", .type = '1', .link = "Files" } }, ERR_INVALID, "to no file" },
	{ { F, { .name = "Files/d", DIR }, { .name = "Files/h", .type = '1', .link = "Files/d" } },
	  ERR_INVALID,
	  "which is nowhere" },
	{ { F, { .name = "Files/h", .type = '1', .link = "UtilityVM/Files/x" } },
	  ERR_INVALID,
	  "out of its part" },
	{ { F, { .name = "Files/a:s" } }, ERR_INVALID, "does not follow its file" },
	{ { F, { .name = "Files/a" }, { .name = "Files/b" }, { .name = "Files/a:s" } },
	  ERR_INVALID,
	  "does not follow its file" },
	{ { F, { .name = "Files/a" }, { .name = "Files/A:s" } },
	  ERR_INVALID,
	  "does not follow its file" },
	{ { F, { .name = "Files/a" }, { .name = "Files/a:s", DIR } },
	  ERR_INVALID,
	  "no plain file" },
	{ { F, { .name = "Files/.wh.x" } }, ERR_INVALID, "nothing to delete from" },
	{ { F, { .name = "Files/a", .pax = { { "MSWINDOWS.fileattr", "16" } } } },
	  ERR_INVALID,
	  "directory by one record" },
	{ { F, { .name = "Files/a", .pax = { { "MSWINDOWS.rawsd", "AAAA" } } } },
	  ERR_INVALID,
	  "no security descriptor" },
	{ { F, { .name = "Files/a", .type = '3' } }, ERR_UNSUPPORTED, "of kind 0x33" },
	{ { { .name = "tombstones.txt" } }, ERR_INVALID, "it has no Files" },
};

static void refuses_layers(void **state)
{
	struct image_world *w = *state;

	for (size_t i = 0; i < N(refused_layers); i++)
		refuse(w, &refused_layers[i], NULL);
}

static void refuses_diffs(void **state)
{
	static const struct refusal cases[] = {
		{ { F, { .name = "Files/.wh.x" }, { .name = "Files/x" } },
		  ERR_INVALID,
		  "deleted and there" },
		{ { F, { .name = "Files/x" }, { .name = "Files/.wh.X" } },
		  ERR_INVALID,
		  "one name" },
		{ { F, { .name = "Files/.wh.d" }, { .name = "Files/d/.wh.x" } },
		  ERR_INVALID,
		  "d is deleted" },
		{ { F, { .name = "Files/.wh..wh..opq" } }, ERR_UNSUPPORTED, "opaque" },
		{ { F, { .name = "Files/h", .type = '1', .link = "Files/b/none" } },
		  ERR_INVALID,
		  "which is nowhere" },
		{ { F, { .name = "Files/h", .type = '1', .link = "Files/b" } },
		  ERR_INVALID,
		  "which is nowhere" },
	};
	static const struct winlayer_entry base[] = { F, { .name = "Files/b", DIR } };
	struct image_world *w = *state;

	image_world_ok(w, unpack_entries(w, base, N(base), "base", NULL));
	for (size_t i = 0; i < N(cases); i++)
		refuse(w, &cases[i], "base");
}

/* Three layers: a link finds its file in the nearest one that has it. */
static void finds_targets_below(void **state)
{
	static const struct winlayer_entry base[] = { F,
						      { .name = "Files/a" },
						      { .name = "Files/b" } };
	static const struct winlayer_entry middle[] = {
		F, { .name = "Files/a" }, { .name = "Files/c", .type = '1', .link = "Files/b" }
	};
	static const struct winlayer_entry top[] = {
		F,
		{ .name = "Files/own" },
		{ .name = "Files/1", .type = '1', .link = "Files/a" },
		{ .name = "Files/2", .type = '1', .link = "Files/B" },
		{ .name = "Files/3", .type = '1', .link = "Files/c" },
		{ .name = "Files/4", .type = '1', .link = "Files/own" },
	};
	static const struct winlayer_link want[] = { { "Files/1", "Files/a", 1 },
						     { "Files/2", "Files/b", 2 },
						     { "Files/3", "Files/c", 1 },
						     { "Files/4", "Files/own", 0 } };
	const char *lower[] = { "base", "middle" };
	struct image_world *w = *state;
	struct buf tar CLEAN(buf) = BUF_INIT(1 << 20), text CLEAN(buf) = BUF_INIT(4096);
	struct winlayer_link *links;
	size_t n;

	image_world_ok(w, unpack_entries(w, base, N(base), "base", NULL));
	image_world_ok(w, unpack_entries(w, middle, N(middle), "middle", "base"));
	winlayer_writer_all(&tar, top, N(top));
	image_world_ok(w, unpack(w, &tar, "top", lower, 2));
	read_file(w, "top/links", &text);
	image_world_ok(w, winlayer_links_parse(text.data, w->arena, &links, &n, &w->err));
	assert_int_equal(n, N(want));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(links[i].name, want[i].name);
		assert_string_equal(links[i].target, want[i].target);
		assert_int_equal(links[i].down, want[i].down);
	}
	/* a layer below that is none any more is damage, not absence */
	image_world_ok(w, fs_remove_tree(AT_FDCWD, image_world_path(w, "middle/links"), &w->err));
	assert_int_equal(unpack(w, &tar, "top", lower, 2), -ERR_CORRUPT);
}

static void refuses_broken_links(void **state)
{
	static const char *const texts[] = { "a",        "a\tb",      "a\tb\n",
					     "a\tb\t\n", "a\tb\tx\n", "\tb\t0\n",
					     "a\t\t0\n", "a\tb\t0",   "a\tb\t0\n\n" };
	struct image_world *w = *state;
	struct winlayer_link *links;
	size_t n;

	for (size_t i = 0; i < N(texts); i++)
		if (winlayer_links_parse(texts[i], w->arena, &links, &n, NULL) != -ERR_CORRUPT)
			fail_msg("%s", texts[i]);
}

static void refuses_broken_streams(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} cases[] = {
		{ "\0\0\0", 3 },
		{ "\0\0\0\0\1", 5 },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24 },  /* no kind */
		{ "\0\0\0\0\14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24 }, /* none either */
		{ "\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 24 },  /* too long */
		{ "\0\0\0\0\1\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 24 },
		{ "\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0x", 25 },      /* half a unit */
		{ "\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\xd8", 26 }, /* half a pair */
		{ "\0\0\0\0\11\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32 },
	};
	struct image_world *w = *state;

	for (size_t i = 0; i < N(cases); i++) {
		struct winlayer_stream s;
		int fd CLEAN(fd) = open(image_world_path(w, "f"),
					O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		int r;

		image_world_ok(w, fs_write_all(fd, cases[i].bytes, cases[i].n, &w->err));
		r = winlayer_stream_open(fd, &s, NULL);
		if (r == 0)
			r = winlayer_stream_next(&s, NULL);
		if (r != -ERR_CORRUPT)
			fail_msg("case %zu: %d", i, r);
	}
}

static int setup(void **state)
{
	*state = image_world_new();
	return 0;
}

static int teardown(void **state)
{
	image_world_free(*state);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_golden),          T(keeps_holes),
		T(keeps_large_files),    T(refuses_layers),
		T(refuses_diffs),        T(finds_targets_below),
		T(refuses_broken_links), T(refuses_broken_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
