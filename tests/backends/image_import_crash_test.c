/* SPDX-License-Identifier: Apache-2.0 */
/* Imports under bad conditions: killed at any moment, several at once, beside removals, on a full
 * or read-only file system. The store is whole afterwards, and nothing is left over. */
#include "backends/image_import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/image_dir_stage.h"
#include "base/fs.h"
#include "tests/support/image_world.h"
#include "tests/support/oci_writer.h"
#include "tests/support/tar_writer.h"

#define LAYERS 4
#define FILES  40

/* <world>/<name>: an OCI layout of some layers with some files. */
static const char *write_image(struct image_world *w, const char *name, size_t file_bytes)
{
	struct oci_layer layers[LAYERS];
	struct oci_writer o;
	char *text CLEAN(free) = xcalloc(1, file_bytes);

	for (size_t i = 0; i < file_bytes; i++)
		text[i] = (char)(i * 2654435761u >> 13);
	for (int i = 0; i < LAYERS; i++) {
		struct tar_writer *t = tar_writer_new(TAR_PLAIN);
		struct buf bytes CLEAN(buf) = BUF_INIT(1 << 26);

		for (int k = 0; k < FILES; k++)
			tar_writer_add(
				t, &(struct tar_member){
					   .name = arena_printf(w->arena, "%s/%d/%d", name, i, k),
					   .text = text,
					   .n = file_bytes });
		tar_writer_close(t, &bytes);
		layers[i] = (struct oci_layer){
			.packed = memcpy(arena_alloc(w->arena, bytes.n), bytes.data, bytes.n),
			.n = bytes.n,
			.type = "",
			.diff_id = oci_writer_digest(w->arena, bytes.data, bytes.n)
		};
	}
	oci_writer_init(&o, w->arena, image_world_path(w, name));
	oci_writer_index(&o, oci_writer_image(&o, "linux", layers, LAYERS, ""));
	return o.path;
}

static int import(struct image_world *w, struct image_dir *dir, const char *path, const char *name)
{
	struct image_import_options o = { .path = path, .name = name };
	struct image_imported *imported;
	size_t n;

	w->err = ERROR_INIT;
	return image_import(dir, &o, w->arena, &imported, &n, &w->err);
}

/* An import in a process of its own; it ends with 0 or the error code. */
static pid_t start_import(struct image_world *w, const char *path, const char *name)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct image_dir *dir = NULL;
		int r = image_dir_open(image_world_path(w, "store"), IMAGE_DIR_WRITE, &dir,
				       &w->err);

		_exit(r < 0 ? -r : -import(w, dir, path, name));
	}
	assert_true(pid > 0);
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void reopen(struct image_world *w)
{
	image_dir_close(w->dir);
	w->dir = NULL;
	image_world_ok(
		w, image_dir_open(image_world_path(w, "store"), IMAGE_DIR_WRITE, &w->dir, &w->err));
}

static void leaves_nothing_when_killed(void **state)
{
	struct image_world *w = *state;
	const char *good = write_image(w, "good", 10), *path = write_image(w, "new", 500);
	const char *before, *after;
	int n_killed = 0;

	image_world_ok(w, import(w, w->dir, good, "good"));
	before = image_world_picture(w, "store");
	image_world_ok(w, import(w, w->dir, path, "new"));
	after = image_world_picture(w, "store");
	for (int i = 0; i < 40; i++) {
		const char *now;
		struct image image;
		pid_t pid;

		(void)image_dir_remove(w->dir, "new", &w->err);
		/* the entry of a name that came last is gone without a trace */
		assert_string_equal(image_world_picture(w, "store"), before);
		pid = start_import(w, path, "new");
		(void)usleep((useconds_t)i * 700);
		assert_int_equal(kill(pid, SIGKILL), 0);
		n_killed += wait_for(pid) == -SIGKILL;
		reopen(w);
		now = image_world_picture(w, "store");
		if (image_dir_resolve(w->dir, "new", w->arena, &image, &w->err) == 0)
			assert_int_equal(strlen(now), strlen(after));
		else
			assert_string_equal(now, before);
	}
	assert_true(n_killed > 0);
}

static void imports_several_at_once(void **state)
{
	struct image_world *w = *state;
	const char *paths[] = { write_image(w, "a", 100), write_image(w, "b", 200) };
	pid_t pids[6];
	struct image *images;
	size_t n;

	for (int i = 0; i < 6; i++)
		pids[i] = start_import(w, paths[i % 2], arena_printf(w->arena, "image:%d", i));
	for (int i = 0; i < 6; i++)
		assert_int_equal(wait_for(pids[i]), 0);
	image_world_ok(w, image_dir_list(w->dir, w->arena, &images, &n, &w->err));
	assert_int_equal(n, 6);
	for (size_t i = 0; i < n; i++) {
		struct image_layers layers;

		assert_string_equal(images[i].digest, images[i % 2].digest);
		image_world_ok(
			w, image_dir_layers(w->dir, images[i].digest, w->arena, &layers, &w->err));
	}
	assert_null(strstr(image_world_picture(w, "store"), "/tmp/"));
}

static void imports_beside_removals(void **state)
{
	struct image_world *w = *state;
	const char *path = write_image(w, "a", 100);
	struct image_layers layers;
	struct image image;

	for (int i = 0; i < 10; i++) {
		pid_t pid = start_import(w, path, "a");

		for (int k = 0; k < 5; k++)
			assert_true(image_dir_remove(w->dir, "a", &w->err) >= 0);
		assert_int_equal(wait_for(pid), 0);
		image_world_ok(w, import(w, w->dir, path, "a"));
		image_world_ok(w, image_dir_resolve(w->dir, "a", w->arena, &image, &w->err));
		image_world_ok(w,
			       image_dir_layers(w->dir, image.digest, w->arena, &layers, &w->err));
	}
}

/* Runs @body in a process with mounts of its own; it ends the process by assertions of its own. */
static void in_own_mounts(struct image_world *w, void (*body)(struct image_world *))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(77);
		body(w);
		_exit(0);
	}
	status = wait_for(pid);
	if (status == 77)
		skip(); /* no right to mount */
	assert_int_equal(status, 0);
}

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%d: %s: %s\n", __LINE__, #x, w->err.msg);                 \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static void on_read_only(struct image_world *w)
{
	const char *store = image_world_path(w, "store");
	struct image_dir *dir = NULL, *refused = NULL;
	struct image_layers layers;
	struct image image;

	MUST(import(w, w->dir, image_world_path(w, "a"), "a") == 0);
	image_dir_close(w->dir);
	MUST(mount(store, store, NULL, MS_BIND, NULL) == 0);
	MUST(mount(NULL, store, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0);
	MUST(image_dir_open(store, IMAGE_DIR_READ, &dir, &w->err) == 0);
	MUST(image_dir_resolve(dir, "a", w->arena, &image, &w->err) == 0);
	MUST(image_dir_layers(dir, image.digest, w->arena, &layers, &w->err) == 0);
	MUST(image_dir_stage(dir, image.digest, &w->err) == 0); /* all is there already */
	MUST(image_dir_lease(dir, "x", image.digest, &w->err) < 0);
	MUST(import(w, dir, image_world_path(w, "a"), "b") < 0);
	MUST(image_dir_open(store, IMAGE_DIR_WRITE, &refused, &w->err) < 0);
	MUST(strstr(w->err.msg, "Read-only"));
	image_dir_close(dir);
}

static void works_read_only(void **state)
{
	struct image_world *w = *state;

	(void)write_image(w, "a", 100);
	in_own_mounts(w, on_read_only);
}

static void on_full_disk(struct image_world *w)
{
	const char *store = image_world_path(w, "full"), *before;
	struct image_dir *dir = NULL;
	struct image image;

	MUST(fs_mkdirs(AT_FDCWD, store, 0755, &w->err) == 0);
	MUST(mount("tmpfs", store, "tmpfs", 0, "size=3m") == 0);
	MUST(image_dir_open(store, IMAGE_DIR_WRITE, &dir, &w->err) == 0);
	MUST(import(w, dir, image_world_path(w, "small"), "small") == 0);
	before = image_world_picture(w, "full");
	/* the blobs alone are too much; then the blobs fit and the layers do not */
	MUST(import(w, dir, image_world_path(w, "large"), "large") == -ERR_IO);
	MUST(strstr(w->err.msg, "No space left"));
	MUST(!strcmp(image_world_picture(w, "full"), before));
	MUST(import(w, dir, image_world_path(w, "medium"), "medium") == -ERR_IO);
	MUST(strstr(w->err.msg, "No space left"));
	MUST(!strcmp(image_world_picture(w, "full"), before));
	MUST(image_dir_resolve(dir, "small", w->arena, &image, &w->err) == 0);
	MUST(image_dir_remove(dir, "small", &w->err) == 0);
	image_dir_close(dir);
}

static void survives_a_full_disk(void **state)
{
	struct image_world *w = *state;

	(void)write_image(w, "small", 100);
	(void)write_image(w, "medium", 10000);
	(void)write_image(w, "large", 30000);
	in_own_mounts(w, on_full_disk);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, image_world_setup, image_world_teardown)
	const struct CMUnitTest tests[] = {
		T(leaves_nothing_when_killed), T(imports_several_at_once),
		T(imports_beside_removals),    T(works_read_only),
		T(survives_a_full_disk),
	};

	return cmocka_run_group_tests_name("image_import_crash", tests, NULL, NULL);
}
