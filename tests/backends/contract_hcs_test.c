/* SPDX-License-Identifier: Apache-2.0 */
/* The contract over the HCS runtime on a simulated Windows host. Commands are the host's own shell.
 */
#include "tests/backends/runtime_contract.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "backends/image_dir.h"
#include "backends/image_import.h"
#include "backends/runtime_hcs.h"
#include "backends/shim_log.h"
#include "base/fs.h"
#include "tests/support/hcs_world.h"
#include "tests/support/winlayer_writer.h"

struct node {
	struct hcs_world *host;
	struct layout layout;
	struct shim_log *log;
};

static const struct winlayer_entry base_layer[] = {
	{ .name = "Files", .type = '5' },
	{ .name = "Files/Windows", .type = '5' },
	{ .name = "Hives", .type = '5' },
	{ .name = "Hives/System_Base", .text = "regf" },
};

static void import_image(struct contract *c, struct node *n)
{
	struct buf tar CLEAN(buf) = BUF_INIT(1 << 20);
	const char *path = arena_printf(c->arena, "%s/base.tar", n->host->path);
	struct image_import_options o = {
		.path = path,
		.name = "local/windows:1",
		.platform = { .os = "windows", .arch = "amd64", .os_version = "10.0.20348.1" },
	};
	struct image_dir *images CLEAN(image_dir) = NULL;
	struct image_imported *list;
	size_t n_list;

	winlayer_writer_all(&tar, base_layer, sizeof(base_layer) / sizeof(base_layer[0]));
	contract_ok(c, fs_write_atomic(AT_FDCWD, path, tar.data, tar.n, 0600, &c->err));
	contract_ok(c, image_dir_open(layout_images(&n->layout, c->arena), IMAGE_DIR_WRITE, &images,
				      &c->err));
	contract_ok(c, image_import(images, &o, c->arena, &list, &n_list, &c->err));
	c->digest = arena_strdup(c->arena, list[0].digest);
}

static void open_runtime(struct contract *c, struct node *n)
{
	const struct runtime_hcs_options o = {
		.layout = &n->layout,
		.node_id = "node-1",
		.library = TEST_BINARY_DIR "/libhcs_sim.so",
		.log = n->log,
		.sink = c->sink,
	};

	contract_ok(c, runtime_hcs_open(&o, &c->rt, &c->err));
}

static void open_node(struct contract *c)
{
	struct node *n = arena_alloc(c->arena, sizeof(*n));

	*n = (struct node){ .host = hcs_world_new() };
	n->layout = (struct layout){ "contract", arena_printf(c->arena, "%s/state", n->host->path),
				     arena_printf(c->arena, "%s/run", n->host->path) };
	c->world = n;
	c->runtime_name = "hcs";
	c->owner = "contract";
	c->node_id = "node-1";
	c->image = "local/windows:1";
	contract_ok(c, shim_log_new(&n->log, &c->err));
	import_image(c, n);
	open_runtime(c, n);
}

static void reopen_node(struct contract *c)
{
	struct node *n = c->world;

	runtime_close(c->rt);
	shim_log_free(n->log);
	contract_ok(c, shim_log_new(&n->log, &c->err));
	open_runtime(c, n);
}

static void close_node(struct contract *c)
{
	struct node *n = c->world;

	runtime_close(c->rt);
	shim_log_free(n->log);
	for (int kind = HCS_WORLD_NETWORK; kind <= HCS_WORLD_ENDPOINT; kind++) {
		assert_int_equal(
			hcs_world_hcn_list(n->host, (enum hcs_world_kind)kind, HCS_WORLD_V2), 0);
		assert_string_equal(n->host->document, "[]");
	}
	hcs_world_free(n->host);
}

/* Somebody ends its system. */
static void halve_instance(struct contract *c, const char *id)
{
	struct node *n = c->world;
	HCS_SYSTEM sys;

	assert_int_equal(hcs_world_open(n->host, id, &sys), 0);
	assert_int_equal(hcs_world_do(n->host, HCS_WORLD_TERMINATE, sys, NULL), 0);
	n->host->api->HcsCloseComputeSystem(sys);
}

static const char *missing_image(struct contract *c)
{
	(void)c;
	return "sha256:0000000000000000000000000000000000000000000000000000000000000000";
}

int main(void)
{
	static const struct contract_subject hcs = {
		.name = "hcs",
		.open = open_node,
		.reopen = reopen_node,
		.close = close_node,
		.halve = halve_instance,
		.missing_image = missing_image,
	};

	return contract_run(&hcs);
}
