/* SPDX-License-Identifier: Apache-2.0 */
/* The image store: names, leases, what is kept and what goes, damage, and readers without rights.
 */
#include "backends/image_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/image_dir_stage.h"
#include "backends/image_import.h"
#include "backends/image_view.h"
#include "base/fs.h"
#include "tests/support/image_world.h"
#include "tests/support/oci_writer.h"
#include "tests/support/tar_writer.h"

/* An image of one file with that text, under a name; its digest. */
static const char *add_image(struct image_world *w, const char *name, const char *text)
{
	struct image_import_options o = { .path = image_world_path(w, "x.tar"), .name = name };
	struct tar_writer *t = tar_writer_new(TAR_PLAIN);
	struct image_imported *imported;
	size_t n;

	tar_writer_add(t, &(struct tar_member){ .name = "file", .text = text });
	tar_writer_save(t, o.path);
	image_world_ok(w, image_import(w->dir, &o, w->arena, &imported, &n, &w->err));
	return imported[0].digest;
}

static bool has_image(struct image_world *w, const char *digest)
{
	struct image image;
	int r = image_dir_find(w->dir, digest, w->arena, &image, &w->err);

	assert_true(r == 0 || r == IMAGE_DIR_ABSENT);
	return r == 0;
}

static void lists_names(void **state)
{
	struct image_world *w = *state;
	const char *zebra = add_image(w, "zebra:2", "1"),
		   *ant = add_image(w, "reg.example/ant", "2");
	struct image *images;
	size_t n;

	assert_string_equal(add_image(w, "local/same", "1"), zebra);
	image_world_ok(w, image_dir_list(w->dir, w->arena, &images, &n, &w->err));
	assert_int_equal(n, 3);
	assert_string_equal(images[0].canonical, "docker.io/library/zebra:2");
	assert_string_equal(images[0].name, "zebra:2");
	assert_string_equal(images[1].canonical, "docker.io/local/same:latest");
	assert_string_equal(images[2].digest, ant);
	assert_true(images[2].size > 1024);
	/* one of two names goes: the image stays */
	image_world_ok(w, image_dir_remove(w->dir, "docker.io/library/zebra:2", &w->err));
	assert_true(has_image(w, zebra));
	assert_int_equal(image_dir_remove(w->dir, "zebra:2", &w->err), IMAGE_DIR_ABSENT);
	assert_int_equal(image_dir_remove(w->dir, "Bad Name", &w->err), -ERR_INVALID);
	image_world_ok(w, image_dir_remove(w->dir, "local/same", &w->err));
	assert_false(has_image(w, zebra));
	assert_true(has_image(w, ant));
}

/* A view answers for the moment it was loaded; what has gone since is looked for again. */
static void views_one_moment(void **state)
{
	struct image_world *w = *state;
	const char *a = add_image(w, "a:1", "1"), *b;
	struct image_view *view;
	struct image image;

	(void)add_image(w, "c", "3");
	image_world_ok(w, image_view_load(w->dir, w->arena, &view, &w->err));
	image_world_ok(w, image_view_resolve(view, "docker.io/library/a:1", &image, &w->err));
	assert_string_equal(image.digest, a);
	image_world_ok(
		w, image_view_resolve(view, arena_printf(w->arena, "a@%s", a), &image, &w->err));
	assert_string_equal(image.name, "a:1");
	assert_int_equal(
		image_view_resolve(view, arena_printf(w->arena, "c@%s", a), &image, &w->err),
		IMAGE_DIR_ABSENT);
	assert_int_equal(image_view_resolve(view, "b", &image, &w->err), IMAGE_DIR_ABSENT);
	assert_int_equal(image_view_resolve(view, "B", &image, &w->err), -ERR_INVALID);
	b = add_image(w, "b", "2");
	assert_int_equal(image_view_resolve(view, "b", &image, &w->err), IMAGE_DIR_ABSENT);
	/* removed, and one of them there again as another image */
	image_world_ok(w, image_dir_remove(w->dir, "c", &w->err));
	assert_int_equal(image_view_resolve(view, "c", &image, &w->err), IMAGE_DIR_ABSENT);
	image_world_ok(w, image_view_load(w->dir, w->arena, &view, &w->err));
	image_world_ok(w, image_dir_remove(w->dir, "b", &w->err));
	assert_string_not_equal(add_image(w, "b", "22"), b);
	image_world_ok(w, image_view_resolve(view, "b", &image, &w->err));
	assert_string_not_equal(image.digest, b);
}

static void removes_everything_with_the_last_name(void **state)
{
	struct image_world *w = *state;
	const char *before;

	image_world_ok(w, image_dir_unlease(w->dir, "makes-the-lock", &w->err));
	(void)add_image(w, "first", "0");
	image_world_ok(w, image_dir_remove(w->dir, "first", &w->err));
	before = image_world_picture(w, "store");
	(void)add_image(w, "a", "1");
	(void)add_image(w, "b", "2");
	image_world_ok(w, image_dir_remove(w->dir, "a", &w->err));
	image_world_ok(w, image_dir_remove(w->dir, "b", &w->err));
	assert_string_equal(image_world_picture(w, "store"), before);
}

static void leases_keep_images(void **state)
{
	struct image_world *w = *state;
	const char *digest = add_image(w, "a", "1"), *other = add_image(w, "b", "2");
	struct image_words ids;
	struct image_layers layers;

	image_world_ok(w, image_dir_lease(w->dir, "shop.web-rep-0.2", digest, &w->err));
	image_world_ok(w, image_dir_lease(w->dir, "shop.web-rep-0.1", digest, &w->err));
	image_world_ok(w, image_dir_leases(w->dir, w->arena, &ids, &w->err));
	assert_int_equal(ids.n, 2);
	assert_string_equal(ids.v[0], "shop.web-rep-0.1");
	image_world_ok(w, image_dir_remove(w->dir, "a", &w->err));
	image_world_ok(w, image_dir_layers(w->dir, digest, w->arena, &layers, &w->err));
	image_world_ok(w, image_dir_unlease(w->dir, "shop.web-rep-0.1", &w->err));
	image_world_ok(w, image_dir_remove(w->dir, "b", &w->err));
	assert_true(has_image(w, digest));
	assert_false(has_image(w, other));
	/* dropping the last one frees it for the next removal */
	image_world_ok(w, image_dir_unlease(w->dir, "shop.web-rep-0.2", &w->err));
	image_world_ok(w, image_dir_unlease(w->dir, "shop.web-rep-0.2", &w->err));
	(void)add_image(w, "c", "3");
	image_world_ok(w, image_dir_remove(w->dir, "c", &w->err));
	assert_false(has_image(w, digest));
	assert_int_equal(image_dir_lease(w->dir, "x", digest, &w->err), IMAGE_DIR_ABSENT);
}

static void refuses_ids_that_are_paths(void **state)
{
	static const char *const ids[] = { "", ".", "..", "../x", "a/b", ".hidden", "a b", "a\n" };
	struct image_world *w = *state;
	const char *digest = add_image(w, "a", "1");

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_int_equal(image_dir_lease(w->dir, ids[i], digest, &w->err), -ERR_INVALID);
		assert_int_equal(image_dir_unlease(w->dir, ids[i], &w->err), -ERR_INVALID);
	}
	assert_int_equal(image_dir_lease(w->dir, "a", "sha256:../../x", &w->err), -ERR_INVALID);
	assert_int_equal(
		image_dir_find(w->dir, "sha256:x", w->arena, &(struct image){ 0 }, &w->err),
		-ERR_INVALID);
}

/* After a power cut a lease may be an empty file: nobody knows what it needs. */
static void keeps_all_for_a_damaged_lease(void **state)
{
	struct image_world *w = *state;
	const char *digest = add_image(w, "a", "1");

	image_world_ok(w, fs_write_atomic(AT_FDCWD, image_world_path(w, "store/leases/x"), "", 0,
					  0644, &w->err));
	image_world_ok(w, image_dir_remove(w->dir, "a", &w->err));
	assert_true(has_image(w, digest));
	image_world_ok(w, image_dir_unlease(w->dir, "x", &w->err));
	(void)add_image(w, "b", "2");
	image_world_ok(w, image_dir_remove(w->dir, "b", &w->err));
	assert_false(has_image(w, digest));
}

static void stages_what_is_missing(void **state)
{
	struct image_world *w = *state;
	const char *digest = add_image(w, "a", "1");
	struct image_layers layers;

	image_world_ok(w, image_dir_layers(w->dir, digest, w->arena, &layers, &w->err));
	image_world_ok(w, fs_remove_tree(AT_FDCWD, image_world_path(w, "store/l"), &w->err));
	image_world_ok(w, fs_mkdirs(AT_FDCWD, image_world_path(w, "store/l"), 0755, &w->err));
	assert_int_equal(image_dir_layers(w->dir, digest, w->arena, &layers, &w->err),
			 IMAGE_DIR_ABSENT);
	image_world_ok(w, image_dir_stage(w->dir, digest, &w->err));
	image_world_ok(w, image_dir_stage(w->dir, digest, &w->err));
	image_world_ok(w, image_dir_layers(w->dir, digest, w->arena, &layers, &w->err));
	assert_int_equal(
		access(arena_printf(w->arena, "%s/%s/file", layers.root, layers.names[0]), F_OK),
		0);
}

/* A file of the store gets another byte. */
static void damage(struct image_world *w, const char *digest)
{
	const char *path = arena_printf(w->arena, "%s/store/blobs/sha256/%s", w->path, digest + 7);
	int fd CLEAN(fd) = open(path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, "?", 1, 30), 1);
}

static void says_what_is_damaged(void **state)
{
	struct image_world *w = *state;
	const char *digest = add_image(w, "a", "1"), *good = add_image(w, "b", "2");
	struct image image;

	image_world_ok(w, image_dir_find(w->dir, digest, w->arena, &image, &w->err));
	damage(w, image.manifest.layers[0].digest);
	image_world_ok(w, fs_remove_tree(AT_FDCWD, image_world_path(w, "store/l"), &w->err));
	image_world_ok(w, fs_mkdirs(AT_FDCWD, image_world_path(w, "store/l"), 0755, &w->err));
	assert_int_equal(image_dir_stage(w->dir, digest, &w->err), -ERR_CORRUPT);
	damage(w, image.manifest.config.digest);
	assert_int_equal(image_dir_resolve(w->dir, "a", w->arena, &image, &w->err), -ERR_CORRUPT);
	assert_non_null(strstr(w->err.hint, "import a again"));
	/* nothing is removed on the word of a store that is damaged */
	assert_int_equal(image_dir_remove(w->dir, "b", &w->err), -ERR_CORRUPT);
	assert_true(has_image(w, good));
	/* importing again mends it */
	assert_string_equal(add_image(w, "a", "1"), digest);
	image_world_ok(w, image_dir_resolve(w->dir, "a", w->arena, &image, &w->err));
	image_world_ok(w, image_dir_stage(w->dir, digest, &w->err));
	image_world_ok(w, fs_write_atomic(AT_FDCWD, image_world_path(w, "store/index.json"), "{", 1,
					  0644, &w->err));
	assert_int_equal(image_dir_resolve(w->dir, "a", w->arena, &image, &w->err), -ERR_CORRUPT);
}

/* The second layer hides all of the first: overlayfs would not see that mark, so it is left out. */
static void leaves_out_what_an_opaque_root_hides(void **state)
{
	struct image_world *w = *state;
	static const char *const names[] = { "old", ".wh..wh..opq", "new" };
	struct oci_layer layers[3];
	struct image_import_options o = { .path = image_world_path(w, "oci"), .name = "o" };
	struct image_imported *imported;
	struct image_layers unpacked;
	struct oci_writer oci;
	size_t n;

	for (int i = 0; i < 3; i++) {
		struct tar_writer *t = tar_writer_new(TAR_PLAIN);
		struct buf bytes CLEAN(buf) = BUF_INIT(1 << 20);

		tar_writer_add(t, &(struct tar_member){ .name = names[i] });
		tar_writer_close(t, &bytes);
		layers[i].packed = memcpy(arena_alloc(w->arena, bytes.n), bytes.data, bytes.n);
		layers[i].n = bytes.n;
		layers[i].type = "";
		layers[i].diff_id = oci_writer_digest(w->arena, bytes.data, bytes.n);
	}
	oci_writer_init(&oci, w->arena, o.path);
	oci_writer_index(&oci, oci_writer_image(&oci, "linux", layers, 3, ""));
	image_world_ok(w, image_import(w->dir, &o, w->arena, &imported, &n, &w->err));
	image_world_ok(w,
		       image_dir_layers(w->dir, imported[0].digest, w->arena, &unpacked, &w->err));
	assert_int_equal(unpacked.n, 2);
	assert_int_equal(
		access(arena_printf(w->arena, "%s/%s/new", unpacked.root, unpacked.names[1]), F_OK),
		0);
}

/* Two chains that begin with the same digits: the second takes other digits of its own. */
static void keeps_apart_what_has_one_short_name(void **state)
{
	struct image_world *w = *state;
	const char *digest = add_image(w, "a", "1");
	struct image_layers first, second;
	char *id;

	image_world_ok(w, image_dir_layers(w->dir, digest, w->arena, &first, &w->err));
	id = arena_printf(w->arena, "%s/%.12s/id", first.root, first.names[0]);
	image_world_ok(w, fs_write_atomic(AT_FDCWD, id, "sha256:somebody else", 20, 0644, &w->err));
	image_world_ok(w, image_dir_stage(w->dir, digest, &w->err));
	image_world_ok(w, image_dir_layers(w->dir, digest, w->arena, &second, &w->err));
	assert_string_not_equal(first.names[0], second.names[0]);
}

static void reads_where_nothing_is(void **state)
{
	struct image_world *w = *state;
	struct image_dir *dir CLEAN(image_dir) = NULL;
	struct image_layers layers;
	struct image_words ids;
	struct image *images, image;
	size_t n;
	char digest[72] = "sha256:";

	memset(digest + 7, 'a', 64);
	image_world_ok(
		w, image_dir_open(image_world_path(w, "missing"), IMAGE_DIR_READ, &dir, &w->err));
	image_world_ok(w, image_dir_list(dir, w->arena, &images, &n, &w->err));
	assert_int_equal(n, 0);
	image_world_ok(w, image_dir_leases(dir, w->arena, &ids, &w->err));
	assert_int_equal(ids.n, 0);
	assert_int_equal(image_dir_resolve(dir, "a", w->arena, &image, &w->err), IMAGE_DIR_ABSENT);
	assert_int_equal(image_dir_find(dir, digest, w->arena, &image, &w->err), IMAGE_DIR_ABSENT);
	assert_int_equal(image_dir_layers(dir, digest, w->arena, &layers, &w->err),
			 IMAGE_DIR_ABSENT);
	assert_true(image_dir_remove(dir, "a", &w->err) < 0);
	assert_true(image_dir_lease(dir, "a", digest, &w->err) < 0);
	assert_int_equal(access(image_world_path(w, "missing"), F_OK), -1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, image_world_setup, image_world_teardown)
	const struct CMUnitTest tests[] = {
		T(lists_names),
		T(views_one_moment),
		T(removes_everything_with_the_last_name),
		T(leases_keep_images),
		T(refuses_ids_that_are_paths),
		T(keeps_all_for_a_damaged_lease),
		T(stages_what_is_missing),
		T(says_what_is_damaged),
		T(leaves_out_what_an_opaque_root_hides),
		T(keeps_apart_what_has_one_short_name),
		T(reads_where_nothing_is),
	};

	return cmocka_run_group_tests_name("image_dir", tests, NULL, NULL);
}
