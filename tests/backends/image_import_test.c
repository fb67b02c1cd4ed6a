/* SPDX-License-Identifier: Apache-2.0 */
/* Root file system tars become images: names, digests, config, layers; what is wrong leaves
 * nothing. */
#include "backends/image_import.h"

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
#include "base/fs.h"
#include "tests/support/image_world.h"
#include "tests/support/oci_writer.h"
#include "tests/support/tar_writer.h"

static void add_root(struct tar_writer *w)
{
	tar_writer_add(w, &(struct tar_member){ .name = "./", .mode = S_IFDIR | 0755 });
	tar_writer_add(w, &(struct tar_member){ .name = "bin/", .mode = S_IFDIR | 0711 });
	tar_writer_add(
		w, &(struct tar_member){
			   .name = "bin/sh", .mode = S_IFREG | 04755, .text = "#!x", .uid = 7 });
	tar_writer_add(w, &(struct tar_member){ .name = "sh", .mode = S_IFLNK, .link = "bin/sh" });
}

static const char *root_tar(struct image_world *w, enum tar_packing packing)
{
	struct tar_writer *t = tar_writer_new(packing);

	add_root(t);
	tar_writer_save(t, image_world_path(w, "root.tar"));
	return image_world_path(w, "root.tar");
}

static void imports_and_resolves(void **state)
{
	struct image_world *w = *state;
	const char *cmd[] = { "/bin/sh", "-c", "exit 0" }, *env[] = { "PATH=/bin", "A=b=c" };
	const struct image_pair labels[] = { { "k", "v" } };
	struct image_import_options o = { .name = "local/busybox:1",
					  .cmd = { cmd, 3 },
					  .env = { env, 2 },
					  .workdir = "/tmp",
					  .user = "7:8",
					  .labels = labels,
					  .n_labels = 1,
					  .now_us = 42 };
	struct image_imported *imported;
	struct image image;
	struct image_layers layers;
	struct stat st;
	size_t n;

	o.path = root_tar(w, TAR_GZIP);
	image_world_ok(w, image_import(w->dir, &o, w->arena, &imported, &n, &w->err));
	assert_int_equal(n, 1);
	assert_string_equal(imported[0].canonical, "docker.io/local/busybox:1");
	assert_null(imported[0].moved_from);
	image_world_ok(w, image_dir_resolve(w->dir, "docker.io/local/busybox:1", w->arena, &image,
					    &w->err));
	assert_string_equal(image.name, "local/busybox:1");
	assert_string_equal(image.digest, imported[0].digest);
	assert_string_equal(image.config.platform.os, "linux");
	assert_string_equal(image.config.platform.arch, image_document_arch());
	assert_int_equal(image.config.cmd.n, 3);
	assert_string_equal(image.config.cmd.v[2], "exit 0");
	assert_string_equal(image.config.env.v[1], "A=b=c");
	assert_string_equal(image.config.workdir, "/tmp");
	assert_string_equal(image.config.user, "7:8");
	assert_string_equal(image.config.labels[0].value, "v");
	assert_int_equal(image.imported_us, 42);
	image_world_ok(w, image_dir_layers(w->dir, image.digest, w->arena, &layers, &w->err));
	assert_int_equal(layers.n, 1);
	assert_int_equal(strlen(layers.names[0]), 15);
	assert_int_equal(
		lstat(arena_printf(w->arena, "%s/%s/bin/sh", layers.root, layers.names[0]), &st),
		0);
	assert_int_equal(st.st_mode, S_IFREG | 04755);
	assert_int_equal(st.st_uid, 7);
	assert_int_equal(
		lstat(arena_printf(w->arena, "%s/%s/bin", layers.root, layers.names[0]), &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0711);
	assert_int_equal(st.st_mtime, 0);
	assert_int_equal(image_dir_resolve(w->dir, "local/busybox", w->arena, &image, &w->err),
			 IMAGE_DIR_ABSENT);
}

/* "/" of a container must be open to all its users even when the importer keeps its files secret.
 */
static void does_not_follow_the_umask(void **state)
{
	struct image_world *w = *state;
	struct tar_writer *t = tar_writer_new(TAR_PLAIN);
	struct image_import_options o = { .path = image_world_path(w, "x.tar"), .name = "x" };
	struct image_imported *imported;
	struct image_layers layers;
	struct stat st;
	mode_t before = umask(077);
	size_t n;

	tar_writer_add(t, &(struct tar_member){ .name = "implied/file", .mode = S_IFREG | 0664 });
	tar_writer_save(t, o.path);
	image_world_ok(w, image_import(w->dir, &o, w->arena, &imported, &n, &w->err));
	(void)umask(before);
	image_world_ok(w, image_dir_layers(w->dir, imported[0].digest, w->arena, &layers, &w->err));
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "", "implied", "implied/file" };
		static const mode_t modes[] = { S_IFDIR | 0755, S_IFDIR | 0755, S_IFREG | 0664 };

		assert_int_equal(lstat(arena_printf(w->arena, "%s/%s/%s", layers.root,
						    layers.names[0], names[i]),
				       &st),
				 0);
		assert_int_equal(st.st_mode, modes[i]);
	}
}

/* Each packing is an image with the same content; the same bytes are the same digest. */
static void reads_all_packings(void **state)
{
	struct image_world *w = *state;
	const char *digests[4], *diff_id = NULL;

	for (int i = 0; i < 8; i++) {
		enum tar_packing packing = (enum tar_packing)(i % 4);
		struct image_import_options o = { .name = "bb", .now_us = i };
		struct image_imported *imported;
		struct image image;
		size_t n;

		o.path = root_tar(w, packing);
		image_world_ok(w, image_import(w->dir, &o, w->arena, &imported, &n, &w->err));
		if (i < 4)
			digests[packing] = imported[0].digest;
		assert_string_equal(imported[0].digest, digests[packing]);
		image_world_ok(
			w, image_dir_find(w->dir, imported[0].digest, w->arena, &image, &w->err));
		if (!diff_id)
			diff_id = image.config.diff_ids.v[0];
		assert_string_equal(image.config.diff_ids.v[0], diff_id);
	}
	assert_string_equal(digests[TAR_PLAIN], digests[TAR_XZ]); /* xz is taken off */
	assert_string_not_equal(digests[TAR_PLAIN], digests[TAR_GZIP]);
}

/* One file "name" with text; the tar packed and not. */
static struct oci_layer make_layer(struct image_world *w, const char *name, const char *text,
				   enum tar_packing packing)
{
	static const char *const types[] = { "", "+gzip", "+zstd", "" };
	struct oci_layer layer = { .type = types[packing] };

	for (int i = 0; i < 2; i++) {
		struct tar_writer *t = tar_writer_new(i ? packing : TAR_PLAIN);
		struct buf bytes CLEAN(buf) = BUF_INIT(1 << 26);

		tar_writer_add(t, &(struct tar_member){ .name = name, .text = text });
		tar_writer_close(t, &bytes);
		if (i == 0)
			layer.diff_id = oci_writer_digest(w->arena, bytes.data, bytes.n);
		layer.packed = memcpy(arena_alloc(w->arena, bytes.n), bytes.data, bytes.n);
		layer.n = bytes.n;
	}
	return layer;
}

static int import(struct image_world *w, const char *path, const char *name, const char *os)
{
	struct image_import_options o = { .path = path, .name = name, .platform = { .os = os } };
	struct image_imported *imported;
	size_t n;

	w->err = ERROR_INIT;
	return image_import(w->dir, &o, w->arena, &imported, &n, &w->err);
}

static struct image resolve(struct image_world *w, const char *name)
{
	struct image image = { 0 };

	image_world_ok(w, image_dir_resolve(w->dir, name, w->arena, &image, &w->err));
	return image;
}

#define NAMED(n) ", \"annotations\": {\"org.opencontainers.image.ref.name\": \"" n "\"}"
#define ON(os)   ", \"platform\": {\"os\": \"" os "\", \"architecture\": \"amd64\"}"

static const char *digest_in(struct image_world *w, const char *descriptor)
{
	return arena_strndup(w->arena, strstr(descriptor, "sha256:"), 71);
}

/* A layout of two layers, as a directory and as a tar: digests are kept, layers are there. */
static void imports_oci_layouts(void **state)
{
	struct image_world *w = *state;
	struct oci_layer layers[] = { make_layer(w, "a", "1", TAR_GZIP),
				      make_layer(w, ".wh.a", "", TAR_ZSTD) };
	struct oci_writer o;
	struct image_layers unpacked;
	const char *descriptor;
	struct image image;

	oci_writer_init(&o, w->arena, image_world_path(w, "oci"));
	descriptor = oci_writer_image(&o, "linux", layers, 2, NAMED("reg.example/app:2"));
	oci_writer_index(&o, descriptor);
	image_world_ok(w, import(w, o.path, NULL, NULL));
	image = resolve(w, "reg.example/app:2");
	assert_string_equal(image.digest, digest_in(w, descriptor));
	assert_string_equal(image.config.cmd.v[0], "/bin/sh");
	image_world_ok(w, image_dir_layers(w->dir, image.digest, w->arena, &unpacked, &w->err));
	assert_int_equal(unpacked.n, 2);
	assert_int_equal(
		access(arena_printf(w->arena, "%s/%s/a", unpacked.root, unpacked.names[0]), F_OK),
		0);
	oci_writer_tar(&o, image_world_path(w, "oci.tar"));
	image_world_ok(w, import(w, image_world_path(w, "oci.tar"), "other", NULL));
	assert_string_equal(resolve(w, "other").digest, image.digest);
	/* by digest, under any tag */
	assert_string_equal(
		resolve(w, arena_printf(w->arena, "reg.example/app@%s", image.digest)).digest,
		image.digest);
}

static void chooses_the_platform(void **state)
{
	struct image_world *w = *state;
	struct oci_layer layer = make_layer(w, "a", "1", TAR_PLAIN);
	struct oci_layer files = make_layer(w, "Files/x", "1", TAR_PLAIN);
	struct oci_writer o;
	const char *windows, *linux_, *index, *descriptor;
	struct image image;

	oci_writer_init(&o, w->arena, image_world_path(w, "oci"));
	windows = oci_writer_image(&o, "windows", &files, 1, ON("windows"));
	linux_ = oci_writer_image(&o, "linux", &layer, 1, ON("linux"));
	index = arena_printf(w->arena, "{\"schemaVersion\": 2, \"manifests\": [%s, %s]}", windows,
			     linux_);
	descriptor = arena_printf(
		w->arena,
		"{\"mediaType\": \"application/vnd.oci.image.index.v1+json\", \"digest\": \"%s\", "
		"\"size\": %zu" NAMED("multi:1") "}",
		oci_writer_blob(&o, index, strlen(index)), strlen(index));
	oci_writer_index(&o, descriptor);
	image_world_ok(w, import(w, o.path, NULL, NULL));
	assert_string_equal(resolve(w, "multi:1").digest, digest_in(w, linux_));
	image_world_ok(w, import(w, o.path, "win", "windows"));
	image = resolve(w, "win");
	assert_string_equal(image.digest, digest_in(w, windows));
	assert_string_equal(image.config.platform.os, "windows");
	assert_int_equal(image_dir_stage(w->dir, image.digest, &w->err), -ERR_UNSUPPORTED);
	assert_int_equal(import(w, o.path, NULL, "plan9"), -ERR_NOT_FOUND);
	assert_non_null(strstr(w->err.msg, "there is windows/amd64, linux/amd64"));
	/* one image only: what it is for is shown, not a reason to refuse */
	oci_writer_index(&o, windows);
	image_world_ok(w, import(w, o.path, "single", NULL));
	assert_string_equal(resolve(w, "single").config.platform.os, "windows");
}

static void imports_docker_archives(void **state)
{
	struct image_world *w = *state;
	struct oci_layer layers[] = { make_layer(w, "a", "1", TAR_PLAIN),
				      make_layer(w, "b", "2", TAR_PLAIN) };
	const char *config = oci_writer_config(w->arena, "linux", layers, 2);
	const char *name = arena_printf(w->arena, "%s.json",
					oci_writer_digest(w->arena, config, strlen(config)) + 7);
	const char *list = arena_printf(
		w->arena,
		"[{\"Config\": \"%s\", \"RepoTags\": [\"app:1\", \"reg.example:5000/app:1\"], "
		"\"Layers\": [\"%.64s/layer.tar\", \"%.64s/layer.tar\"]}]",
		name, layers[0].diff_id + 7, layers[1].diff_id + 7);
	struct tar_writer *t = tar_writer_new(TAR_GZIP);
	const char *path = image_world_path(w, "save.tar");
	struct image image;

	tar_writer_add(t, &(struct tar_member){ .name = name, .text = config });
	for (int i = 0; i < 2; i++)
		tar_writer_add(
			t, &(struct tar_member){ .name = arena_printf(w->arena, "%.64s/layer.tar",
								      layers[i].diff_id + 7),
						 .text = layers[i].packed,
						 .n = layers[i].n });
	tar_writer_add(t, &(struct tar_member){ .name = "manifest.json", .text = list });
	tar_writer_save(t, path);
	image_world_ok(w, import(w, path, NULL, NULL));
	image = resolve(w, "app:1");
	assert_string_equal(resolve(w, "reg.example:5000/app:1").digest, image.digest);
	assert_string_equal(image.manifest.config.digest,
			    oci_writer_digest(w->arena, config, strlen(config)));
	image_world_ok(w, import(w, path, "mine", NULL));
	assert_string_equal(resolve(w, "mine").digest, image.digest);
}

static void moves_names(void **state)
{
	struct image_world *w = *state;
	struct image_import_options o = { .name = "docker.io/library/bb" };
	struct image_imported *imported;
	struct image_layers layers;
	struct image *images, first;
	size_t n;

	image_world_ok(w, import(w, root_tar(w, TAR_PLAIN), "bb:latest", NULL));
	first = resolve(w, "bb");
	image_world_ok(w, image_dir_lease(w->dir, "shop.web-rep-0.1", first.digest, &w->err));
	o.path = root_tar(w, TAR_GZIP);
	image_world_ok(w, image_import(w->dir, &o, w->arena, &imported, &n, &w->err));
	assert_string_equal(imported[0].moved_from, first.digest);
	image_world_ok(w, image_dir_list(w->dir, w->arena, &images, &n, &w->err));
	assert_int_equal(n, 1);
	assert_string_equal(images[0].name, "docker.io/library/bb");
	/* the running instance keeps what it has, even when every name is gone */
	image_world_ok(w, image_dir_remove(w->dir, "bb", &w->err));
	image_world_ok(w, image_dir_layers(w->dir, first.digest, w->arena, &layers, &w->err));
	assert_int_equal(image_dir_find(w->dir, imported[0].digest, w->arena, &first, &w->err),
			 IMAGE_DIR_ABSENT);
}

/* What is wrong with a layout of one image "bad:1" with two layers, and what is said. */
enum damage {
	WRONG_LAYER,
	SHORT_LAYER,
	NO_LAYER,
	WRONG_CONFIG,
	WRONG_DIFF_ID,
	FEW_DIFF_IDS,
	ESCAPE,
	NO_NAME,
	TWO_AND_ONE_NAME,
	BAD_NAME,
	BAD_JSON,
	BIG_MANIFEST,
	NO_INDEX,
	INDEX_LOOP,
	N_DAMAGES,
};

static const struct {
	int want;
	const char *says;
} damages[N_DAMAGES] = {
	[WRONG_LAYER] = { -ERR_INVALID, "has digest" },
	[SHORT_LAYER] = { -ERR_INVALID, "has digest" },
	[NO_LAYER] = { -ERR_INVALID, "is missing" },
	[WRONG_CONFIG] = { -ERR_INVALID, "has digest" },
	[WRONG_DIFF_ID] = { -ERR_INVALID, "unpacked digest is" },
	[FEW_DIFF_IDS] = { -ERR_INVALID, "1 layers and 2 diff_ids" },
	[ESCAPE] = { -ERR_INVALID, "leaves the root" },
	[NO_NAME] = { -ERR_INVALID, "without a name" },
	[TWO_AND_ONE_NAME] = { -ERR_INVALID, "2 images and one name" },
	[BAD_NAME] = { -ERR_INVALID, "invalid reference format" },
	[BAD_JSON] = { -ERR_INVALID, "not valid JSON" },
	[BIG_MANIFEST] = { -ERR_LIMIT, "larger than" },
	[NO_INDEX] = { -ERR_INVALID, "without oci-layout and index.json" },
	[INDEX_LOOP] = { -ERR_NOT_FOUND, "no image for linux" },
};

static void damage_blob(struct image_world *w, struct oci_writer *o, const char *digest, char how)
{
	const char *path =
		arena_printf(w->arena, "%s/blobs/sha256/%s", o->path, digest + strlen("sha256:"));
	int fd CLEAN(fd) = open(path, O_RDWR | O_CLOEXEC);
	char c = 'x';

	if (how == '-')
		assert_int_equal(unlink(path), 0);
	else if (how == '<')
		assert_int_equal(ftruncate(fd, 700), 0);
	else
		assert_int_equal(pwrite(fd, &c, 1, 20), 1);
}

static void write_damaged(struct image_world *w, struct oci_writer *o, enum damage what)
{
	struct oci_layer layers[] = { make_layer(w, "a", "1", TAR_PLAIN),
				      make_layer(w, what == ESCAPE ? "../b" : "b", "2", TAR_GZIP) };
	const char *config = oci_writer_config(w->arena, "linux", layers, 2);
	const char *d, *layer;
	char *big CLEAN(free) = NULL;

	if (what == WRONG_DIFF_ID)
		layers[1].diff_id = layers[0].diff_id;
	d = oci_writer_image(o, "linux", layers, 2, NAMED("bad:1"));
	layer = oci_writer_digest(w->arena, layers[0].packed, layers[0].n);
	oci_writer_index(o, d);
	switch (what) {
	case WRONG_LAYER:
		damage_blob(w, o, layer, '!');
		break;
	case SHORT_LAYER:
		damage_blob(w, o, layer, '<');
		break;
	case NO_LAYER:
		damage_blob(w, o, layer, '-');
		break;
	case WRONG_CONFIG:
		damage_blob(w, o, oci_writer_digest(w->arena, config, strlen(config)), '!');
		break;
	case FEW_DIFF_IDS:
		d = arena_printf(
			w->arena,
			"{\"schemaVersion\": 2, \"config\": {\"digest\": \"%s\", \"size\": "
			"%zu}, \"layers\": [{\"digest\": \"%s\", \"size\": %zu}]}",
			oci_writer_digest(w->arena, config, strlen(config)), strlen(config), layer,
			layers[0].n);
		oci_writer_index(o, arena_printf(w->arena, "{\"digest\": \"%s\", \"size\": %zu%s}",
						 oci_writer_blob(o, d, strlen(d)), strlen(d),
						 NAMED("bad:1")));
		break;
	case NO_NAME:
		oci_writer_index(o, oci_writer_image(o, "linux", layers, 2, NAMED("1.0")));
		break;
	case TWO_AND_ONE_NAME:
		oci_writer_index(
			o, arena_printf(w->arena, "%s, %s", d,
					oci_writer_image(o, "linux", layers, 1, NAMED("bad:2"))));
		break;
	case BAD_NAME:
		oci_writer_index(o, oci_writer_image(o, "linux", layers, 2, NAMED("Bad:1")));
		break;
	case BAD_JSON:
		oci_writer_file(o, "index.json", "{\"manifests\": [}", 16);
		break;
	case BIG_MANIFEST:
		big = xcalloc(1, 5 << 20);
		memset(big, ' ', 5 << 20);
		oci_writer_file(o, "index.json", big, 5 << 20);
		break;
	case NO_INDEX:
		assert_int_equal(unlink(arena_printf(w->arena, "%s/index.json", o->path)), 0);
		break;
	case INDEX_LOOP:
		oci_writer_index(o, "");
		break;
	case WRONG_DIFF_ID:
	case ESCAPE:
	case N_DAMAGES:
		break;
	}
}

/* The store holds an image before; whatever is refused leaves it as it was, to the last file. */
static void leaves_nothing_of_what_it_refuses(void **state)
{
	struct image_world *w = *state;
	const char *before;

	image_world_ok(w, import(w, root_tar(w, TAR_PLAIN), "good", NULL));
	before = image_world_picture(w, "store");
	for (int i = 0; i < N_DAMAGES; i++) {
		struct oci_writer o;
		int r;

		image_world_ok(w, fs_remove_tree(AT_FDCWD, image_world_path(w, "bad"), &w->err));
		oci_writer_init(&o, w->arena, image_world_path(w, "bad"));
		write_damaged(w, &o, (enum damage)i);
		r = import(w, o.path, i == TWO_AND_ONE_NAME ? "one" : NULL, NULL);
		if (r != damages[i].want || !strstr(w->err.msg, damages[i].says))
			fail_msg("damage %d: %d %s", i, r, w->err.msg);
		assert_string_equal(image_world_picture(w, "store"), before);
	}
}

static void refuses_what_is_no_image(void **state)
{
	struct image_world *w = *state;
	const char *before = image_world_picture(w, "store");
	const char *path = image_world_path(w, "f");
	struct buf tar CLEAN(buf) = BUF_INIT(1 << 20);
	struct image_import_options o = { .name = "x", .workdir = "/" };
	struct image_imported *imported;
	struct oci_writer layout;
	size_t n;

	assert_int_equal(import(w, image_world_path(w, "missing"), "x", NULL), -ERR_NOT_FOUND);
	assert_int_equal(import(w, "/dev/null", "x", NULL), -ERR_INVALID);
	image_world_ok(w, fs_write_atomic(AT_FDCWD, path, "hello, world", 12, 0644, &w->err));
	assert_int_equal(import(w, path, "x", NULL), -ERR_INVALID);
	assert_non_null(strstr(w->err.hint, "docker save"));
	image_world_ok(w, fs_write_atomic(AT_FDCWD, path, "", 0, 0644, &w->err));
	assert_int_equal(import(w, path, "x", NULL), -ERR_INVALID);
	/* cut between two members: only the missing end tells */
	image_world_ok(w, fs_read(AT_FDCWD, root_tar(w, TAR_PLAIN), &tar, &w->err));
	image_world_ok(w, fs_write_atomic(AT_FDCWD, path, tar.data, 512 * 3, 0644, &w->err));
	assert_int_equal(import(w, path, "x", NULL), -ERR_INVALID);
	assert_int_equal(import(w, root_tar(w, TAR_PLAIN), NULL, NULL), -ERR_INVALID);
	assert_non_null(strstr(w->err.hint, "--as"));
	assert_int_equal(import(w, root_tar(w, TAR_PLAIN), "Bad Name", NULL), -ERR_INVALID);
	/* an image has its own working directory */
	oci_writer_init(&layout, w->arena, image_world_path(w, "oci"));
	oci_writer_index(&layout, "");
	o.path = layout.path;
	assert_int_equal(image_import(w->dir, &o, w->arena, &imported, &n, &w->err), -ERR_INVALID);
	assert_string_equal(image_world_picture(w, "store"), before);
}

static void imports_a_hundred_layers(void **state)
{
	struct image_world *w = *state;
	struct oci_layer layers[100];
	struct image_layers unpacked;
	struct oci_writer o;
	size_t n = 0;

	for (int i = 0; i < 100; i++)
		layers[i] = make_layer(w, arena_printf(w->arena, "f%d", i), "x",
				       i % 2 ? TAR_GZIP : TAR_PLAIN);
	oci_writer_init(&o, w->arena, image_world_path(w, "oci"));
	oci_writer_index(&o, oci_writer_image(&o, "linux", layers, 100, NAMED("deep:1")));
	image_world_ok(w, import(w, o.path, NULL, NULL));
	image_world_ok(w, image_dir_layers(w->dir, resolve(w, "deep:1").digest, w->arena, &unpacked,
					   &w->err));
	assert_int_equal(unpacked.n, 100);
	for (size_t i = 0; i < 100; i++) {
		n += strlen(unpacked.names[i]) + 1;
		assert_int_equal(access(arena_printf(w->arena, "%s/%s/f%zu", unpacked.root,
						     unpacked.names[i], i),
					F_OK),
				 0);
	}
	assert_true(n < 4096 - 256); /* fits into a page of mount options */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, image_world_setup, image_world_teardown)
	const struct CMUnitTest tests[] = {
		T(imports_and_resolves),
		T(does_not_follow_the_umask),
		T(reads_all_packings),
		T(imports_oci_layouts),
		T(chooses_the_platform),
		T(imports_docker_archives),
		T(moves_names),
		T(leaves_nothing_of_what_it_refuses),
		T(refuses_what_is_no_image),
		T(imports_a_hundred_layers),
	};

	return cmocka_run_group_tests_name("image_import", tests, NULL, NULL);
}
