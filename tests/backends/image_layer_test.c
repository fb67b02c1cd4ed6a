/* SPDX-License-Identifier: Apache-2.0 */
/* Layers: what members become, and that nothing ever comes to be outside. Needs root, as unpacking
 * does. */
#include "backends/image_layer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "tests/support/image_world.h"
#include "tests/support/tar_writer.h"

/* Unpacks what is in @tar to <world>/root; the world has a file "secret" beside it. */
static int unpack(struct image_world *w, const struct buf *tar, const char *const *lower,
		  size_t n_lower)
{
	const char *root = image_world_path(w, "root"), *file = image_world_path(w, "layer.tar");
	struct image_tar_sums sums;
	struct image_layer_job job = { .form = IMAGE_LAYER_OVERLAY,
				       .lower = lower,
				       .n_lower = n_lower };
	int in CLEAN(fd) = -1, dir CLEAN(fd) = -1;
	int out CLEAN(fd) = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	image_world_ok(w, fs_write_all(out, tar->data, tar->n, &w->err));
	image_world_ok(w, fs_remove_tree(AT_FDCWD, root, &w->err));
	image_world_ok(w, fs_mkdirs(AT_FDCWD, root, 0755, &w->err));
	job.in = in = open(file, O_RDONLY | O_CLOEXEC);
	job.root = dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	job.lower_dir = AT_FDCWD;
	w->err = ERROR_INIT;
	return image_layer_unpack(&job, &sums, &w->err);
}

static int unpack_members(struct image_world *w, const struct tar_member *m, size_t n)
{
	struct tar_writer *t = tar_writer_new(TAR_PLAIN);
	struct buf bytes CLEAN(buf) = BUF_INIT(1 << 28);

	for (size_t i = 0; i < n; i++)
		tar_writer_add(t, &m[i]);
	tar_writer_close(t, &bytes);
	return unpack(w, &bytes, NULL, 0);
}

static struct stat look(struct image_world *w, const char *path)
{
	struct stat st = { 0 };

	if (lstat(arena_printf(w->arena, "%s/root/%s", w->path, path), &st) < 0)
		fail_msg("%s is not there", path);
	return st;
}

static bool is_opaque(struct image_world *w, const char *path)
{
	char v[2] = "";

	return getxattr(arena_printf(w->arena, "%s/root/%s", w->path, path),
			"trusted.overlay.opaque", v, 1) == 1 &&
	       v[0] == 'y';
}

static void keeps_attributes(void **state)
{
	struct image_world *w = *state;
	/* version 2, effective, cap_net_bind_service */
	static const char capability[20] = "\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0";
	const struct tar_member m[] = {
		{ .name = "./", .mode = S_IFDIR | 0751, .uid = 3, .mtime = 11 },
		{ .name = "d", .mode = S_IFDIR | 01777, .mtime = 12 },
		{ .name = "d/f", .mode = S_IFREG | 06755, .text = "text", .uid = 1, .gid = 2 },
		{ .name = "d/h", .hardlink = "d/f" },
		{ .name = "d/s", .mode = S_IFLNK, .link = "/etc/passwd", .uid = 5, .mtime = 13 },
		{ .name = "d/null", .mode = S_IFCHR | 0666, .dev = makedev(1, 3) },
		{ .name = "d/p", .mode = S_IFIFO | 0600 },
		{ .name = "u", .xattr = "trusted.overlay.redirect", .value = "/etc" },
		{ .name = "ping",
		  .uid = 9, /* a change of owner after it would take it away */
		  .xattr = "security.capability",
		  .value = capability,
		  .n_value = sizeof(capability) },
		{ .name = "zero", .mode = S_IFREG, .mtime = 14 },
	};
	struct stat st;
	char v[32];

	image_world_ok(w, unpack_members(w, m, sizeof(m) / sizeof(m[0])));
	st = look(w, "");
	assert_int_equal(st.st_mode, S_IFDIR | 0751);
	assert_int_equal(st.st_uid, 3);
	assert_int_equal(st.st_mtime, 11);
	st = look(w, "d");
	assert_int_equal(st.st_mode, S_IFDIR | 01777);
	assert_int_equal(st.st_mtime, 12); /* although members came into it later */
	st = look(w, "d/f");
	assert_int_equal(st.st_mode, S_IFREG | 06755);
	assert_int_equal(st.st_uid, 1);
	assert_int_equal(st.st_gid, 2);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(look(w, "d/h").st_ino, st.st_ino);
	st = look(w, "d/s");
	assert_int_equal(st.st_mode & S_IFMT, S_IFLNK);
	assert_int_equal(st.st_uid, 5);
	assert_int_equal(st.st_mtime, 13);
	assert_int_equal(look(w, "d/null").st_rdev, makedev(1, 3));
	assert_int_equal(look(w, "d/p").st_mode, S_IFIFO | 0600);
	assert_true(getxattr(image_world_path(w, "root/u"), "trusted.overlay.redirect", v,
			     sizeof(v)) < 0);
	assert_int_equal(
		getxattr(image_world_path(w, "root/ping"), "security.capability", v, sizeof(v)),
		sizeof(capability));
	assert_memory_equal(v, capability, sizeof(capability));
	assert_int_equal(look(w, "zero").st_mode, S_IFREG);
}

static void converts_whiteouts(void **state)
{
	struct image_world *w = *state;
	const struct tar_member m[] = {
		{ .name = "gone/.wh.x" },
		{ .name = "o/", .mode = S_IFDIR | 0755 },
		{ .name = "o/.wh..wh..opq" },
		{ .name = "o/new", .text = "1" },
		{ .name = ".wh.again" },
		{ .name = "again/", .mode = S_IFDIR | 0755 }, /* deleted below and made anew */
		{ .name = "other/", .mode = S_IFDIR | 0755 },
		{ .name = ".wh.other" }, /* the same the other way round */
		{ .name = "file", .text = "2" },
		{ .name = ".wh.file" },
		{ .name = ".wh.file2" },
		{ .name = "file2", .text = "3" },
		{ .name = ".wh..wh.plnk/1.2", .text = "aufs" },
		{ .name = ".wh..wh.aufs" },
	};

	image_world_ok(w, unpack_members(w, m, sizeof(m) / sizeof(m[0])));
	assert_int_equal(look(w, "gone/x").st_mode & S_IFMT, S_IFCHR);
	assert_int_equal(look(w, "gone/x").st_rdev, 0);
	assert_true(is_opaque(w, "o"));
	assert_int_equal(look(w, "o/new").st_size, 1);
	assert_true(is_opaque(w, "again"));
	assert_true(is_opaque(w, "other"));
	assert_int_equal(look(w, "file").st_mode & S_IFMT, S_IFREG);
	assert_int_equal(look(w, "file2").st_mode & S_IFMT, S_IFREG);
	assert_int_equal(access(image_world_path(w, "root/.wh..wh.plnk"), F_OK), -1);
	assert_int_equal(access(image_world_path(w, "root/.wh..wh.aufs"), F_OK), -1);
}

static void replaces_what_came_before(void **state)
{
	struct image_world *w = *state;
	const struct tar_member m[] = {
		{ .name = "a/b/c", .text = "1" },
		{ .name = "a", .text = "now a file" },
		{ .name = "f", .text = "1" },
		{ .name = "f/", .mode = S_IFDIR | 0700 },
		{ .name = "t", .text = "first" },
		{ .name = "t", .text = "2nd" },
		{ .name = "l", .mode = S_IFLNK, .link = "t" },
		{ .name = "l", .text = "not through the link" },
	};

	image_world_ok(w, unpack_members(w, m, sizeof(m) / sizeof(m[0])));
	assert_int_equal(look(w, "a").st_size, 10);
	assert_int_equal(look(w, "f").st_mode, S_IFDIR | 0700);
	assert_int_equal(look(w, "t").st_size, 3);
	assert_int_equal(look(w, "l").st_size, 20);
}

static void takes_implied_directories_from_below(void **state)
{
	struct image_world *w = *state;
	const char *lower[] = { image_world_path(w, "below") };
	struct tar_writer *t = tar_writer_new(TAR_PLAIN);
	struct buf bytes CLEAN(buf) = BUF_INIT(1 << 20);

	image_world_ok(w, fs_mkdirs(AT_FDCWD, image_world_path(w, "below/home/me"), 0700, &w->err));
	assert_int_equal(chown(image_world_path(w, "below/home/me"), 1000, 1001), 0);
	tar_writer_add(t, &(struct tar_member){ .name = "home/me/new/file", .text = "x" });
	tar_writer_close(t, &bytes);
	image_world_ok(w, unpack(w, &bytes, lower, 1));
	assert_int_equal(look(w, "home/me").st_mode, S_IFDIR | 0700);
	assert_int_equal(look(w, "home/me").st_uid, 1000);
	assert_int_equal(look(w, "home/me").st_gid, 1001);
	assert_int_equal(look(w, "home/me/new").st_mode, S_IFDIR | 0755);
	assert_int_equal(look(w, "home/me/new").st_uid, 0);
}

/* /lib is a link in the layer below: what comes into it belongs where the link points to. */
static void follows_links_of_the_layers_below(void **state)
{
	struct image_world *w = *state;
	const char *lower[] = { image_world_path(w, "below"), image_world_path(w, "above") };
	struct tar_writer *t = tar_writer_new(TAR_PLAIN);
	struct buf bytes CLEAN(buf) = BUF_INIT(1 << 20);

	image_world_ok(w, fs_mkdirs(AT_FDCWD, image_world_path(w, "below/usr/lib"), 0711, &w->err));
	image_world_ok(w, fs_mkdirs(AT_FDCWD, image_world_path(w, "above/opt"), 0755, &w->err));
	assert_int_equal(symlink("usr/lib", image_world_path(w, "below/lib")), 0);
	assert_int_equal(symlink("/lib/../..", image_world_path(w, "above/opt/up")), 0);
	tar_writer_add(t, &(struct tar_member){ .name = "lib/x/file", .text = "1" });
	tar_writer_add(t, &(struct tar_member){ .name = "lib/y", .hardlink = "lib/x/file" });
	tar_writer_add(t, &(struct tar_member){ .name = "opt/up/secret", .text = "inside" });
	tar_writer_add(t, &(struct tar_member){ .name = ".wh.gone" });
	tar_writer_add(t, &(struct tar_member){ .name = "gone/again", .text = "2" });
	tar_writer_close(t, &bytes);
	image_world_ok(w, unpack(w, &bytes, lower, 2));
	assert_int_equal(look(w, "usr/lib/x/file").st_nlink, 2);
	assert_int_equal(look(w, "usr/lib").st_mode, S_IFDIR | 0711);
	assert_int_equal(look(w, "usr/lib/y").st_size, 1);
	assert_int_equal(look(w, "secret").st_size, 6);
	assert_true(is_opaque(w, "gone"));
	assert_int_equal(access(image_world_path(w, "root/lib"), F_OK), -1);
}

#define D(n)                                                                                       \
	{                                                                                          \
		.name = n, .mode = S_IFDIR | 0755                                                  \
	}
#define L(n, t)                                                                                    \
	{                                                                                          \
		.name = n, .mode = S_IFLNK, .link = t                                              \
	}
#define F(n)                                                                                       \
	{                                                                                          \
		.name = n, .text = "escaped"                                                       \
	}
#define H(n, t)                                                                                    \
	{                                                                                          \
		.name = n, .hardlink = t                                                           \
	}

/* Each tries to reach <world>/secret, <world>/out or /tmp; either it is refused or it stays inside.
 */
static const struct {
	const char *title;
	struct tar_member m[4];
	int want;
	const char *inside; /* where it ends up when it is not refused */
} attacks[] = {
	{ "dotdot", { F("../out") }, -ERR_INVALID, NULL },
	{ "dotdot behind a directory", { F("a/../../out") }, -ERR_INVALID, NULL },
	{ "dotdot only", { D("..") }, -ERR_INVALID, NULL },
	{ "absolute", { F("/out") }, 0, "out" },
	{ "absolute dotdot", { F("/../out") }, -ERR_INVALID, NULL },
	{ "dotdot inside", { F("a/../out") }, 0, "out" },
	{ "through an absolute link",
	  { L("l", "/tmp"), F("l/tallyman-out") },
	  0,
	  "tmp/tallyman-out" },
	{ "through a relative link", { L("l", ".."), F("l/out") }, 0, "out" },
	{ "through a link to the root", { L("l", "/"), F("l/out") }, 0, "out" },
	{ "through a link inside", { D("d"), L("l", "d"), F("l/out") }, 0, "d/out" },
	{ "through an absolute link inside", { D("d"), L("l", "/d"), F("l/out") }, 0, "d/out" },
	{ "through two links", { L("a", "b"), L("b", "../.."), F("a/out") }, 0, "out" },
	{ "through a loop", { L("a", "b"), L("b", "a"), F("a/out") }, -ERR_INVALID, NULL },
	{ "onto a link", { L("out", "../out"), F("out") }, 0, "out" },
	{ "hard link outside", { H("l", "../secret") }, -ERR_INVALID, NULL },
	{ "hard link to an absolute name", { H("l", "/etc/passwd") }, -ERR_INVALID, NULL },
	{ "hard link through a link", { L("up", ".."), H("l", "up/secret") }, -ERR_INVALID, NULL },
	{ "hard link to a link, then onto it",
	  { L("s", "../secret"), H("l", "s"), F("l") },
	  0,
	  "l" },
	{ "hard link to a directory", { D("d"), H("l", "d") }, -ERR_INVALID, NULL },
	{ "hard link to itself", { F("l"), H("l", "l") }, -ERR_INVALID, NULL },
	{ "hard link to nothing", { H("l", "missing") }, -ERR_INVALID, NULL },
	{ "file as a directory", { F("f"), F("f/out") }, -ERR_INVALID, NULL },
	{ "whiteout of dotdot", { F(".wh...") }, -ERR_INVALID, NULL },
	{ "whiteout of dot", { F(".wh..") }, -ERR_INVALID, NULL },
	{ "whiteout of nothing", { F("d/.wh.") }, -ERR_INVALID, NULL },
	{ "whiteout through a link", { L("l", ".."), F("l/.wh.secret") }, 0, "secret" },
	{ "opaque through a link", { L("l", ".."), F("l/.wh..wh..opq") }, 0, "" },
	{ "below a whiteout", { F(".wh.d/x") }, -ERR_INVALID, NULL },
	{ "link to nothing", { L("l", "missing"), F("l/x") }, 0, "missing/x" },
	{ "link into a link", { L("l", "m/../../.."), L("m", "d/e"), F("l/out") }, 0, "out" },
};

static void never_escapes(void **state)
{
	struct image_world *w = *state;

	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		struct buf secret CLEAN(buf) = BUF_INIT(64);
		size_t n = 0;
		int r;

		while (n < 4 && attacks[i].m[n].name)
			n++;
		image_world_ok(w, fs_write_atomic(AT_FDCWD, image_world_path(w, "secret"), "secret",
						  6, 0600, &w->err));
		r = unpack_members(w, attacks[i].m, n);
		if (r != attacks[i].want)
			fail_msg("%s: %d %s", attacks[i].title, r, w->err.msg);
		if (r == 0)
			(void)look(w, attacks[i].inside);
		assert_int_equal(access(image_world_path(w, "out"), F_OK), -1);
		assert_int_equal(access("/tmp/tallyman-out", F_OK), -1);
		image_world_ok(w,
			       fs_read(AT_FDCWD, image_world_path(w, "secret"), &secret, &w->err));
		assert_string_equal(secret.data, "secret");
	}
}

static void stops_at_limits(void **state)
{
	struct image_world *w = *state;
	char deep[600] = "", wide[300];
	struct tar_member m = { .name = deep };

	for (int i = 0; i <= LIMIT_MEMBER_DEPTH; i++)
		memcpy(deep + 2 * i, "d/", 3);
	assert_int_equal(unpack_members(w, &m, 1), -ERR_LIMIT);
	deep[2 * LIMIT_MEMBER_DEPTH - 2] = '\0';
	image_world_ok(w, unpack_members(w, &m, 1));
	memset(wide, 'w', sizeof(wide));
	wide[256] = '\0';
	m.name = wide;
	assert_int_equal(unpack_members(w, &m, 1), -ERR_LIMIT);
	wide[255] = '\0';
	image_world_ok(w, unpack_members(w, &m, 1));
}

/* Each directory is a link away from the last: no name is long, the tree would be. */
static void stops_at_depth_through_links(void **state)
{
	struct image_world *w = *state;
	struct tar_writer *t = tar_writer_new(TAR_PLAIN);
	struct buf bytes CLEAN(buf) = BUF_INIT(1 << 20);

	tar_writer_add(t, &(struct tar_member){ .name = "l0", .mode = S_IFLNK, .link = "." });
	for (int i = 0; i < 300; i++) {
		const char *dir = arena_printf(w->arena, "l%d/d", i);
		const char *next = arena_printf(w->arena, "l%d", i + 1);

		tar_writer_add(t, &(struct tar_member){ .name = dir, .mode = S_IFDIR | 0755 });
		tar_writer_add(t,
			       &(struct tar_member){ .name = next, .mode = S_IFLNK, .link = dir });
	}
	tar_writer_close(t, &bytes);
	assert_true(unpack(w, &bytes, NULL, 0) < 0);
}

static void refuses_damage(void **state)
{
	struct image_world *w = *state;

	for (int packing = TAR_GZIP; packing <= TAR_XZ; packing++) {
		struct tar_writer *t = tar_writer_new((enum tar_packing)packing);
		struct buf bytes CLEAN(buf) = BUF_INIT(1 << 20);
		char *text CLEAN(free) = xcalloc(1, 200000);

		for (size_t i = 0; i < 200000; i++)
			text[i] = (char)(i * i >> 7);
		tar_writer_add(t, &(struct tar_member){ .name = "f", .text = text, .n = 200000 });
		tar_writer_close(t, &bytes);
		image_world_ok(w, unpack(w, &bytes, NULL, 0));
		bytes.n /= 2;
		assert_int_equal(unpack(w, &bytes, NULL, 0), -ERR_INVALID);
		bytes.n = 0;
		assert_int_equal(unpack(w, &bytes, NULL, 0), -ERR_INVALID);
	}
}

static void refuses_bombs(void **state)
{
	struct image_world *w = *state;
	size_t n = 96 << 20;
	char *zeros CLEAN(free) = xcalloc(1, n);
	struct tar_writer *t = tar_writer_new(TAR_ZSTD);
	struct buf bytes CLEAN(buf) = BUF_INIT(1 << 28);

	tar_writer_add(t, &(struct tar_member){ .name = "small", .text = zeros, .n = 1 << 20 });
	tar_writer_add(t, &(struct tar_member){ .name = "big", .text = zeros, .n = n });
	tar_writer_close(t, &bytes);
	assert_int_equal(unpack(w, &bytes, NULL, 0), -ERR_LIMIT);
	assert_non_null(strstr(w->err.msg, "bomb"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, image_world_setup, image_world_teardown)
	const struct CMUnitTest tests[] = {
		T(keeps_attributes),
		T(converts_whiteouts),
		T(replaces_what_came_before),
		T(takes_implied_directories_from_below),
		T(follows_links_of_the_layers_below),
		T(never_escapes),
		T(stops_at_limits),
		T(stops_at_depth_through_links),
		T(refuses_damage),
		T(refuses_bombs),
	};

	return cmocka_run_group_tests_name("image_layer", tests, NULL, NULL);
}
