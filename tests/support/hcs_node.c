/* SPDX-License-Identifier: Apache-2.0 */
/* The node: a layout below the world's directory, a made-up base layer, a log. */
#include "tests/support/hcs_node.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backends/image_dir.h"
#include "backends/image_import.h"
#include "backends/runtime_hcs.h"
#include "base/fs.h"
#include "tests/support/winlayer_writer.h"

static const struct winlayer_entry base_layer[] = {
	{ .name = "Files", .type = '5' },
	{ .name = "Files/Windows", .type = '5' },
	{ .name = "Hives", .type = '5' },
	{ .name = "Hives/System_Base", .text = "regf" },
	{ .name = "UtilityVM", .type = '5' },
	{ .name = "UtilityVM/Files", .type = '5' },
	{ .name = "UtilityVM/Files/EFI", .type = '5' },
	{ .name = "UtilityVM/Files/EFI/Microsoft", .type = '5' },
	{ .name = "UtilityVM/Files/EFI/Microsoft/Boot", .type = '5' },
	{ .name = "UtilityVM/Files/EFI/Microsoft/Boot/BCD", .text = "bcd" },
	{ .name = "UtilityVM/Files/EFI/Microsoft/Boot/bootmgfw.efi", .text = "boot" },
};

static void ok(struct hcs_node *n, int r)
{
	if (r < 0)
		fail_msg("%s", n->host->err.msg);
}

static void import_image(struct hcs_node *n)
{
	struct hcs_world *w = n->host;
	struct buf tar CLEAN(buf) = BUF_INIT(1 << 20);
	const char *path = arena_printf(w->arena, "%s/base.tar", w->path);
	struct image_import_options o = {
		.path = path,
		.name = "local/windows:1",
		.platform = { .os = "windows", .arch = "amd64", .os_version = "10.0.20348.1" },
	};
	struct image_dir *images CLEAN(image_dir) = NULL;
	struct image_imported *list;
	size_t n_list;

	winlayer_writer_all(&tar, base_layer, sizeof(base_layer) / sizeof(base_layer[0]));
	ok(n, fs_write_atomic(AT_FDCWD, path, tar.data, tar.n, 0600, &w->err));
	ok(n,
	   image_dir_open(layout_images(&n->layout, w->arena), IMAGE_DIR_WRITE, &images, &w->err));
	ok(n, image_import(images, &o, w->arena, &list, &n_list, &w->err));
	n->image = "local/windows:1";
	n->digest = arena_strdup(w->arena, list[0].digest);
}

static void open_runtime(struct hcs_node *n)
{
	const struct runtime_hcs_options o = {
		.layout = &n->layout,
		.node_id = "node-1",
		.library = TEST_BINARY_DIR "/libhcs_sim.so",
		.log = n->log,
		.sink = n->sink,
	};

	ok(n, runtime_hcs_open(&o, &n->rt, &n->host->err));
}

struct hcs_node *hcs_node_new(const struct runtime_sink *sink)
{
	struct hcs_node *n = xcalloc(1, sizeof(*n));
	struct arena *a;

	n->host = hcs_world_new();
	a = n->host->arena;
	n->layout = (struct layout){ "contract", arena_printf(a, "%s/state", n->host->path),
				     arena_printf(a, "%s/run", n->host->path) };
	n->sink = *sink;
	ok(n, shim_log_new(&n->log, &n->host->err));
	import_image(n);
	open_runtime(n);
	return n;
}

static void close_runtime(struct hcs_node *n)
{
	runtime_close(n->rt);
	shim_log_free(n->log);
	n->rt = NULL;
	n->log = NULL;
}

void hcs_node_reopen(struct hcs_node *n)
{
	close_runtime(n);
	ok(n, shim_log_new(&n->log, &n->host->err));
	open_runtime(n);
}

void hcs_node_assert_empty(struct hcs_node *n)
{
	struct hcs_world *w = n->host;

	for (int kind = HCS_WORLD_NETWORK; kind <= HCS_WORLD_ENDPOINT; kind++) {
		assert_int_equal(hcs_world_hcn_list(w, (enum hcs_world_kind)kind, HCS_WORLD_V2), 0);
		assert_string_equal(w->document, "[]");
	}
	assert_int_equal(hcs_world_enumerate(w, NULL), 0);
	assert_true(!w->document || strcmp(w->document, "[]") == 0);
	assert_int_equal(fs_is_empty(AT_FDCWD, layout_silos(&n->layout, w->arena), &w->err),
			 FS_EMPTY);
}

void hcs_node_free(struct hcs_node *n)
{
	close_runtime(n);
	hcs_node_assert_empty(n);
	hcs_world_free(n->host);
	free(n);
}

void hcs_node_end(struct hcs_node *n, const char *id)
{
	HCS_SYSTEM sys;

	assert_int_equal(hcs_world_open(n->host, id, &sys), 0);
	assert_int_equal(hcs_world_do(n->host, HCS_WORLD_TERMINATE, sys, NULL), 0);
	n->host->api->HcsCloseComputeSystem(sys);
}
