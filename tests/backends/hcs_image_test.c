/* SPDX-License-Identifier: Apache-2.0 */
/* An image of several layers on its way from the store to the simulated service: what of each layer
 * ends up in its directory, and where hard links lead. */
#include "backends/hcs_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "backends/image_import.h"
#include "backends/shim_log.h"
#include "base/fs.h"
#include "tests/support/hcs_world.h"
#include "tests/support/oci_writer.h"
#include "tests/support/winlayer_writer.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define DIR  .type = '5'
#define HARD .type = '1'

enum { MANY = 3000, LONG = 240 };

struct node {
	struct hcs_world *host;
	struct arena *a;
	struct layout layout;
	struct shim_log *log;
	struct runtime *rt;
};

static const struct winlayer_entry base[] = {
	{ .name = "Hives", DIR },
	{ .name = "Hives/System_Base", .text = "regf" },
	{ .name = "Files", DIR },
	{ .name = "Files/base.txt", .text = "base" },
	{ .name = "Files/beside.txt", HARD, .link = "Files/base.txt" },
	{ .name = "UtilityVM", DIR },
	{ .name = "UtilityVM/Files", DIR },
	{ .name = "UtilityVM/Files/kernel", .text = "k" },
	{ .name = "UtilityVM/Files/again", HARD, .link = "UtilityVM/Files/kernel" },
	{ .name = "UtilityVM/Files/old", .text = "o" },
	{ .name = "UtilityVM/Files/patched", .text = "before" },
	{ .name = "UtilityVM/Files/EFI", DIR },
	{ .name = "UtilityVM/Files/EFI/Microsoft", DIR },
	{ .name = "UtilityVM/Files/EFI/Microsoft/Boot", DIR },
	{ .name = "UtilityVM/Files/EFI/Microsoft/Boot/BCD", .text = "bcd" },
};
static const struct winlayer_entry diff[] = {
	{ .name = "Hives", DIR },
	{ .name = "Hives/System_Delta", .text = "regf" },
	{ .name = "Files", DIR },
	{ .name = "Files/new.txt", .text = "new" },
	{ .name = "Files/down.txt", HARD, .link = "Files/base.txt" },
	{ .name = "Files/there.txt", HARD, .link = "Files/new.txt" },
};
static const struct winlayer_entry patch[] = {
	{ .name = "Files", DIR },
	{ .name = "UtilityVM", DIR },
	{ .name = "UtilityVM/Files", DIR },
	{ .name = "UtilityVM/Files/.wh.old" },
	{ .name = "UtilityVM/Files/patched", .text = "after" },
};

static void ok(struct node *n, int r)
{
	if (r < 0)
		fail_msg("%s", n->host->err.msg);
}

static int open_node(void **state)
{
	struct node *n = xcalloc(1, sizeof(*n));
	struct runtime_hcs_options o = { .layout = &n->layout,
					 .node_id = "node-1",
					 .library = TEST_BINARY_DIR "/libhcs_sim.so" };

	n->host = hcs_world_new();
	n->a = n->host->arena;
	n->layout = (struct layout){ "image", arena_printf(n->a, "%s/state", n->host->path),
				     arena_printf(n->a, "%s/run", n->host->path) };
	ok(n, shim_log_new(&n->log, &n->host->err));
	o.log = n->log;
	ok(n, runtime_hcs_open(&o, &n->rt, &n->host->err));
	*state = n;
	return 0;
}

static int close_node(void **state)
{
	struct node *n = *state;

	runtime_close(n->rt);
	shim_log_free(n->log);
	hcs_world_free(n->host);
	free(n);
	return 0;
}

static struct oci_layer make_layer(struct node *n, const struct winlayer_entry *e, size_t n_entries)
{
	struct buf tar CLEAN(buf) = BUF_INIT(64 << 20);
	char *bytes;

	winlayer_writer_all(&tar, e, n_entries);
	bytes = arena_alloc(n->a, tar.n);
	memcpy(bytes, tar.data, tar.n);
	return (struct oci_layer){ bytes, tar.n, "", oci_writer_digest(n->a, bytes, tar.n) };
}

static const char *add_image(struct node *n, const struct oci_layer *layers, size_t n_layers)
{
	struct image_dir *images CLEAN(image_dir) = NULL;
	struct image_import_options o = { .path = arena_printf(n->a, "%s/image", n->host->path),
					  .name = "local/windows:1",
					  .platform = { .os = "windows", .arch = "amd64" } };
	struct image_imported *list;
	struct oci_writer writer;
	size_t n_list;

	oci_writer_init(&writer, n->a, o.path);
	oci_writer_index(&writer, oci_writer_image(&writer, "windows", layers, n_layers, ""));
	ok(n, image_dir_open(layout_images(&n->layout, n->a), IMAGE_DIR_WRITE, &images,
			     &n->host->err));
	ok(n, image_import(images, &o, n->a, &list, &n_list, &n->host->err));
	return list[0].digest;
}

/* Stages it, twice; its layers, nearest first. */
static struct hcs_chain stage(struct node *n, const char *digest)
{
	struct hcs *h = hcs_of(n->rt);
	struct hcs_chain chain;

	ok(n, hcs_image_stage(h, digest, &n->host->err));
	assert_int_equal(hcs_image_stage(h, digest, &n->host->err), RUNTIME_ALREADY);
	ok(n, hcs_image_chain(h, digest, n->a, &chain, &n->host->err));
	return chain;
}

/* Which file it is; 0: none. */
static ino_t file_at(struct node *n, const char *layer, const char *name)
{
	struct stat st;

	return stat(arena_printf(n->a, "%s/%s", layer, name), &st) < 0 ? 0 : st.st_ino;
}

static void links_lead_through_layers(void **state)
{
	struct node *n = *state;
	const struct oci_layer layers[] = { make_layer(n, base, N(base)),
					    make_layer(n, diff, N(diff)) };
	struct hcs_chain chain = stage(n, add_image(n, layers, 2));
	const char *top = chain.paths[0], *bottom = chain.paths[1];
	ino_t file = file_at(n, bottom, "Files/base.txt");

	assert_int_equal(chain.n, 2);
	assert_true(file != 0);
	assert_int_equal(file_at(n, bottom, "Files/beside.txt"), file);
	assert_int_equal(file_at(n, top, "Files/down.txt"), file);
	assert_int_equal(file_at(n, top, "Files/base.txt"), 0);
	assert_true(file_at(n, top, "Files/new.txt") != 0);
	assert_int_equal(file_at(n, top, "Files/there.txt"), file_at(n, top, "Files/new.txt"));
}

static const char *text_at(struct node *n, const char *layer, const char *name)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 20);

	ok(n, fs_read(AT_FDCWD, arena_printf(n->a, "%s/%s", layer, name), &text, &n->host->err));
	return arena_strndup(n->a, text.data, text.n);
}

/* A layer that changes a utility VM has all of it; the one below keeps its own. */
static void utility_vms_are_whole_in_each_layer(void **state)
{
	static const char bcd[] = "UtilityVM/Files/EFI/Microsoft/Boot/BCD";
	struct node *n = *state;
	const struct oci_layer layers[] = { make_layer(n, base, N(base)),
					    make_layer(n, patch, N(patch)),
					    make_layer(n, diff, N(diff)) };
	struct hcs_chain chain = stage(n, add_image(n, layers, 3));
	const char *top = chain.paths[0], *middle = chain.paths[1], *bottom = chain.paths[2];
	ino_t kernel = file_at(n, bottom, "UtilityVM/Files/kernel");

	assert_int_equal(file_at(n, top, "UtilityVM"), 0);
	assert_true(kernel != 0);
	assert_int_equal(file_at(n, bottom, "UtilityVM/Files/again"), kernel);
	assert_int_equal(file_at(n, middle, "UtilityVM/Files/kernel"), kernel);
	assert_string_equal(text_at(n, bottom, "UtilityVM/Files/old"), "o");
	assert_int_equal(file_at(n, middle, "UtilityVM/Files/old"), 0);
	assert_string_equal(text_at(n, bottom, "UtilityVM/Files/patched"), "before");
	assert_string_equal(text_at(n, middle, "UtilityVM/Files/patched"), "after");
	assert_string_equal(text_at(n, middle, bcd), "bcd");
	assert_true(file_at(n, middle, bcd) != file_at(n, bottom, bcd)); /* it is written into */
	assert_string_equal(text_at(n, bottom, "bcd.bak"), "bcd");
	assert_true(file_at(n, middle, "UtilityVM/SystemTemplate.vhdx") != 0);
	assert_true(file_at(n, bottom, "UtilityVM/SystemTemplate.vhdx") != 0);
}

/* A name with four directories of LONG characters below Files, and @i at its end. */
static const char *long_name(struct node *n, int i)
{
	return arena_printf(n->a, "Files/%0*d/%0*d/%0*d/%0*d/%d", LONG, 1, LONG, 2, LONG, 3, LONG,
			    4, i);
}

static void make_directories(struct node *n, struct buf *tar)
{
	const char *name = long_name(n, 0);

	for (const char *at = strchr(name, '/'); at; at = strchr(at + 1, '/')) {
		const struct winlayer_entry e = {
			.name = arena_strndup(n->a, name, (size_t)(at - name)), DIR
		};

		winlayer_writer_add(tar, &e);
	}
}

/* As in layers of Microsoft: their lists are larger than any file of ours may be. */
static void links_may_be_many(void **state)
{
	struct node *n = *state;
	struct buf tar CLEAN(buf) = BUF_INIT(64 << 20);
	struct oci_layer layer = { .type = "" };
	struct winlayer_entry e = { .name = long_name(n, 0), .text = "x" };
	struct hcs_chain chain;

	make_directories(n, &tar);
	winlayer_writer_add(&tar, &e);
	e = (struct winlayer_entry){ HARD, .link = e.name };
	for (int i = 1; i <= MANY; i++) {
		e.name = long_name(n, i);
		winlayer_writer_add(&tar, &e);
	}
	winlayer_writer_end(&tar);
	layer.packed = tar.data;
	layer.n = tar.n;
	layer.diff_id = oci_writer_digest(n->a, tar.data, tar.n);
	assert_true(MANY * 2 * strlen(e.link) > LIMIT_SPEC_BYTES);
	chain = stage(n, add_image(n, &layer, 1));
	assert_true(file_at(n, chain.paths[0], e.link) != 0);
	assert_int_equal(file_at(n, chain.paths[0], long_name(n, MANY)),
			 file_at(n, chain.paths[0], e.link));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links_lead_through_layers, open_node, close_node),
		cmocka_unit_test_setup_teardown(utility_vms_are_whole_in_each_layer, open_node,
						close_node),
		cmocka_unit_test_setup_teardown(links_may_be_many, open_node, close_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
