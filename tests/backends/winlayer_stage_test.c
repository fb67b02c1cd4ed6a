/* SPDX-License-Identifier: Apache-2.0 */
/* Images for Windows in the image store: staged on demand, whole or not at all, kept by leases. */
#include "backends/image_dir_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/image_import.h"
#include "backends/winlayer.h"
#include "base/fs.h"
#include "tests/support/image_world.h"
#include "tests/support/oci_writer.h"
#include "tests/support/tar_writer.h"
#include "tests/support/winlayer_writer.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct winlayer_entry base[] = {
	{ .name = "Files", .type = '5' },
	{ .name = "Files/base.txt", .text = "base" },
	{ .name = "UtilityVM", .type = '5' },
	{ .name = "UtilityVM/Files", .type = '5' },
};
static const struct winlayer_entry diff[] = {
	{ .name = "Hives", .type = '5' },
	{ .name = "Files", .type = '5' },
	{ .name = "Files/new.txt", .text = "new" },
	{ .name = "Files/hard.txt", .type = '1', .link = "Files/base.txt" },
	{ .name = "Files/.wh.gone.txt" },
};

static struct oci_layer make_layer(struct image_world *w, const struct winlayer_entry *e, size_t n)
{
	struct buf tar CLEAN(buf) = BUF_INIT(64 << 20);
	char *bytes;

	winlayer_writer_all(&tar, e, n);
	bytes = arena_alloc(w->arena, tar.n);
	memcpy(bytes, tar.data, tar.n);
	return (struct oci_layer){ bytes, tar.n, "", oci_writer_digest(w->arena, bytes, tar.n) };
}

/* An image of these layers for @os in the store, under a name; its digest. */
static const char *add_image(struct image_world *w, const char *name, const char *os,
			     const struct oci_layer *layers, size_t n)
{
	struct image_import_options o = { .path = image_world_path(w, name),
					  .name = name,
					  .platform = { .os = os, .arch = "amd64" } };
	struct image_imported *imported;
	struct oci_writer writer;
	size_t n_imported;

	oci_writer_init(&writer, w->arena, o.path);
	oci_writer_index(&writer, oci_writer_image(&writer, os, layers, n, ""));
	image_world_ok(w, image_import(w->dir, &o, w->arena, &imported, &n_imported, &w->err));
	return imported[0].digest;
}

static const char *add_two_layers(struct image_world *w)
{
	const struct oci_layer layers[] = { make_layer(w, base, N(base)),
					    make_layer(w, diff, N(diff)) };

	return add_image(w, "win", "windows", layers, 2);
}

static bool has_file(const struct image_layers *l, size_t i, const char *path, struct arena *a)
{
	return access(arena_printf(a, "%s/%s/%s", l->root, l->names[i], path), F_OK) == 0;
}

static void stages_the_chain(void **state)
{
	struct image_world *w = *state;
	const char *digest = add_two_layers(w), *picture;
	struct image_layers l;

	assert_int_equal(image_dir_layers(w->dir, digest, w->arena, &l, &w->err), IMAGE_DIR_ABSENT);
	image_world_ok(w, image_dir_stage_windows(w->dir, digest, &w->err));
	image_world_ok(w, image_dir_layers(w->dir, digest, w->arena, &l, &w->err));
	assert_int_equal(l.n, 2);
	assert_true(has_file(&l, 0, "fs/Files/base.txt", w->arena)); /* oldest first */
	assert_true(has_file(&l, 0, "uvm/Files", w->arena));
	assert_false(has_file(&l, 0, "fs/tombstones.txt", w->arena));
	assert_true(has_file(&l, 1, "fs/Files/new.txt", w->arena));
	assert_true(has_file(&l, 1, "fs/tombstones.txt", w->arena));
	assert_true(has_file(&l, 1, "links", w->arena));
	/* again: nothing to do */
	picture = image_world_picture(w, "store");
	image_world_ok(w, image_dir_stage_windows(w->dir, digest, &w->err));
	assert_string_equal(image_world_picture(w, "store"), picture);
}

/* One tar in images of both systems is two layers, each in its own form. */
static void keeps_systems_apart(void **state)
{
	struct image_world *w = *state;
	const struct oci_layer layer = make_layer(w, base, N(base));
	const char *win = add_image(w, "win", "windows", &layer, 1);
	const char *lin = add_image(w, "lin", "linux", &layer, 1);
	struct image_layers l;

	assert_int_equal(image_dir_stage(w->dir, win, &w->err), -ERR_UNSUPPORTED);
	assert_int_equal(image_dir_stage_windows(w->dir, lin, &w->err), -ERR_UNSUPPORTED);
	assert_int_equal(image_dir_layers(w->dir, win, w->arena, &l, &w->err), IMAGE_DIR_ABSENT);
	image_world_ok(w, image_dir_stage_windows(w->dir, win, &w->err));
	assert_int_equal(image_dir_stage(w->dir, win, &w->err), -ERR_UNSUPPORTED);
	image_world_ok(w, image_dir_layers(w->dir, win, w->arena, &l, &w->err));
	assert_true(has_file(&l, 0, "fs/Files/base.txt", w->arena));
	image_world_ok(w, image_dir_layers(w->dir, lin, w->arena, &l, &w->err));
	assert_true(has_file(&l, 0, "Files/base.txt", w->arena));
	assert_int_equal(
		image_dir_stage_windows(w->dir, oci_writer_digest(w->arena, "x", 1), &w->err),
		IMAGE_DIR_ABSENT);
}

static void goes_with_its_image(void **state)
{
	struct image_world *w = *state;
	const char *digest = add_two_layers(w);
	struct image_layers l;

	image_world_ok(w, image_dir_stage_windows(w->dir, digest, &w->err));
	image_world_ok(w, image_dir_layers(w->dir, digest, w->arena, &l, &w->err));
	image_world_ok(w, image_dir_lease(w->dir, "shop.web-rep-0.1", digest, &w->err));
	image_world_ok(w, image_dir_remove(w->dir, "win", &w->err));
	assert_true(has_file(&l, 1, "fs/Files/new.txt", w->arena));
	image_world_ok(w, image_dir_unlease(w->dir, "shop.web-rep-0.1", &w->err));
	(void)add_image(w, "other", "windows",
			(const struct oci_layer[]){ make_layer(w, base, N(base)) }, 1);
	image_world_ok(w, image_dir_remove(w->dir, "other", &w->err));
	assert_false(has_file(&l, 0, "fs/Files/base.txt", w->arena));
	assert_false(has_file(&l, 1, "fs/Files/new.txt", w->arena));
}

/* The second layer is one that Windows cannot have: the first does not stay either. */
static void leaves_nothing_of_a_bad_image(void **state)
{
	static const struct winlayer_entry bad[][3] = {
		{ { .name = "Files", .type = '5' }, { .name = "Files/CON" } },
		{ { .name = "Files", .type = '5' }, { .name = "Files/a" }, { .name = "Files/A" } },
		{ { .name = "Files", .type = '5' }, { .name = "Files/../../x" } },
		{ { .name = "Files", .type = '5' }, { .name = "../../../escaped" } },
	};
	struct image_world *w = *state;

	for (size_t i = 0; i < N(bad); i++) {
		struct oci_layer layers[2];
		const char *digest, *picture;
		size_t n = 0;

		while (n < 3 && bad[i][n].name)
			n++;
		layers[0] = make_layer(w, base, N(base));
		layers[1] = make_layer(w, bad[i], n);
		digest = add_image(w, arena_printf(w->arena, "bad%zu", i), "windows", layers, 2);
		picture = image_world_picture(w, "store");
		assert_int_equal(image_dir_stage_windows(w->dir, digest, &w->err), -ERR_INVALID);
		assert_non_null(strstr(w->err.msg, "layer 1"));
		assert_string_equal(image_world_picture(w, "store"), picture);
	}
	assert_true(access(image_world_path(w, "escaped"), F_OK) < 0);
}

/* The blob is not what was imported any more. */
static void tells_damage_from_a_bad_image(void **state)
{
	struct image_world *w = *state;
	const struct oci_layer layers[] = { make_layer(w, base, N(base)),
					    make_layer(w, diff, N(diff)) };
	const char *digest = add_image(w, "win", "windows", layers, 2), *picture;
	const char *blob = arena_printf(w->arena, "%s/store/blobs/sha256/%s", w->path,
					layers[1].diff_id + strlen("sha256:"));
	size_t at[] = { 0, layers[1].n - 1500,
			512 + 3 }; /* a header, a file's text, another header */

	for (size_t i = 0; i < N(at); i++) {
		char *bytes = arena_alloc(w->arena, layers[1].n);
		int fd CLEAN(fd) = open(blob, O_WRONLY | O_CLOEXEC);

		memcpy(bytes, layers[1].packed, layers[1].n);
		bytes[at[i]] ^= 1;
		assert_int_equal(pwrite(fd, bytes, layers[1].n, 0), layers[1].n);
		picture = image_world_picture(w, "store");
		assert_int_equal(image_dir_stage_windows(w->dir, digest, &w->err), -ERR_CORRUPT);
		assert_int_equal(w->err.code, ERR_CORRUPT);
		assert_string_equal(image_world_picture(w, "store"), picture);
	}
}

/* An image with a file of 2 MiB. */
static const char *add_large(struct image_world *w)
{
	struct winlayer_entry e[] = { { .name = "Files", .type = '5' }, { .name = "Files/large" } };
	struct oci_layer layer;

	e[1].n = 2 << 20;
	e[1].text = arena_alloc(w->arena, e[1].n);
	layer = make_layer(w, e, 2);
	return add_image(w, "large", "windows", &layer, 1);
}

/* Stages in a process that may write 1 MiB into a file; how it ended. */
static int stage_limited(struct image_world *w, const char *digest, bool dies)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		const struct rlimit limit = { 1 << 20, 1 << 20 };
		int r;

		if (!dies)
			signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		r = image_dir_stage_windows(w->dir, digest, NULL);
		_exit(-r);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Killed in the middle of a file, and refused by the disk there. */
static void survives_its_end(void **state)
{
	struct image_world *w = *state;
	const char *digest = add_large(w), *picture = image_world_picture(w, "store");
	struct image_layers l;
	int status = stage_limited(w, digest, false);

	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == ERR_LIMIT);
	assert_string_equal(image_world_picture(w, "store"), picture);
	status = stage_limited(w, digest, true);
	assert_true(WIFSIGNALED(status));
	assert_string_not_equal(image_world_picture(w, "store"), picture);
	assert_int_equal(image_dir_layers(w->dir, digest, w->arena, &l, &w->err), IMAGE_DIR_ABSENT);
	/* the next one to open the store takes away what is left */
	image_dir_close(w->dir);
	image_world_ok(
		w, image_dir_open(image_world_path(w, "store"), IMAGE_DIR_WRITE, &w->dir, &w->err));
	assert_string_equal(image_world_picture(w, "store"), picture);
	image_world_ok(w, image_dir_stage_windows(w->dir, digest, &w->err));
	image_world_ok(w, image_dir_layers(w->dir, digest, w->arena, &l, &w->err));
}

/* 80 MiB of zeros in a few kilobytes. */
static void refuses_bombs(void **state)
{
	struct image_world *w = *state;
	const char *path = image_world_path(w, "bomb.tar.gz");
	struct tar_writer *t = tar_writer_new(TAR_GZIP);
	char *zeros CLEAN(free) = calloc(1, 80 << 20);
	struct winlayer_job job = { .lower_dir = -1 };
	struct image_tar_sums sums;
	int in CLEAN(fd) = -1, root CLEAN(fd) = -1;

	tar_writer_add(t, &(struct tar_member){ .name = "Files/", .mode = S_IFDIR | 0755 });
	tar_writer_add(t,
		       &(struct tar_member){ .name = "Files/zeros", .text = zeros, .n = 80 << 20 });
	tar_writer_save(t, path);
	image_world_ok(w, fs_mkdirs(AT_FDCWD, image_world_path(w, "l/fs"), 0755, &w->err));
	job.in = in = open(path, O_RDONLY | O_CLOEXEC);
	job.root = root = open(image_world_path(w, "l"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(winlayer_unpack(&job, &sums, &w->err), -ERR_LIMIT);
	assert_non_null(strstr(w->err.msg, "bomb"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, image_world_setup, image_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(stages_the_chain),
		T(keeps_systems_apart),
		T(goes_with_its_image),
		T(leaves_nothing_of_a_bad_image),
		T(tells_damage_from_a_bad_image),
		T(survives_its_end),
		T(refuses_bombs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
