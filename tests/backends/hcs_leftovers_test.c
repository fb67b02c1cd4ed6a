/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each kind of thing the HCS runtime leaves on a Windows host, alone: seen as what it is, and
 * released; what is another owner's or another node's stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "backends/hcn_id.h"
#include "backends/hcs_layers.h"
#include "backends/leftovers.h"
#include "backends/network_hcn.h"
#include "base/fs.h"
#include "specs/slice.h"
#include "tests/support/hcs_node.h"

#define ID "gone.web-rep-3.7"

static void on_exited(void *arg, const struct runtime_exit *e)
{
	(void)arg;
	(void)e;
}

static int setup(void **state)
{
	const struct runtime_sink sink = { .exited = on_exited };

	*state = hcs_node_new(&sink);
	return 0;
}

static int teardown(void **state)
{
	hcs_node_free(*state);
	return 0;
}

static void ok(struct hcs_node *n, int r)
{
	if (r < 0)
		fail_msg("%s", n->host->err.msg);
	assert_int_equal(r, 0);
}

static struct mono soon(void)
{
	return mono_add(clock_mono(), 20 * CLOCK_SEC);
}

/* --- making one thing ---------------------------------------------------------------- */

static void make_system(struct hcs_node *n)
{
	n->host->api->HcsCloseComputeSystem(hcs_world_running(n->host, ID, n->layout.owner));
}

/* As the runtime of node @node would. */
static void attach(struct hcs_node *n, const char *node)
{
	struct network_hcn *net CLEAN(network_hcn) =
		network_hcn_new(n->host->api, n->layout.owner, node);
	struct hcn_endpoint ep = { .address = "10.220.99.2" };
	struct slice slice;

	ok(n, slice_parse("10.220.99.0/28", &slice, &n->host->err));
	ok(n, network_hcn_attach(net, ID, &slice, &ep, &n->host->err));
}

static void make_links(struct hcs_node *n)
{
	attach(n, "node-1");
}

static void remove_links(struct hcs_node *n, const char *node)
{
	struct network_hcn *net CLEAN(network_hcn) =
		network_hcn_new(n->host->api, n->layout.owner, node);

	ok(n, network_hcn_detach(net, ID, &n->host->err));
}

static void make_endpoint(struct hcs_node *n)
{
	const struct hcs_api *api = n->host->api;
	struct json_object *leave CLEAN(json) = NULL;
	char text[HCS_GUID_SIZE];
	HCN_NAMESPACE h;
	GUID endpoint, space;

	attach(n, "node-1");
	hcn_id_derive("node-1", HCN_ENDPOINT_KIND, ID, &endpoint);
	hcn_id_derive("node-1", HCN_NAMESPACE_KIND, ID, &space);
	leave = hcn_document_attach(hcs_guid_format(&endpoint, text), false);
	assert_int_equal(api->HcnOpenNamespace(&space, &h, NULL), 0);
	assert_int_equal(
		api->HcnModifyNamespace(
			h, hcs_world_wide(n->host, json_object_to_json_string(leave)), NULL),
		0);
	(void)api->HcnCloseNamespace(h);
	assert_int_equal(api->HcnDeleteNamespace(&space, NULL), 0);
}

static void make_namespace(struct hcs_node *n)
{
	GUID endpoint;

	attach(n, "node-1");
	hcn_id_derive("node-1", HCN_ENDPOINT_KIND, ID, &endpoint);
	assert_int_equal(n->host->api->HcnDeleteEndpoint(&endpoint, NULL), 0);
}

/* Its directory and in it a scratch layer that is mounted, and no record. */
static void make_scratch(struct hcs_node *n)
{
	struct arena *a = n->host->arena;
	const char *dir = layout_silo(&n->layout, a, ID), *root;
	const char *base = arena_printf(a, "%s/layers/base", n->host->path);
	const struct hcs_chain chain = { &base, 1 };

	(void)hcs_world_storage(n->host); /* makes the base layer */
	ok(n, fs_mkdirs(AT_FDCWD, dir, 0700, &n->host->err));
	ok(n, hcs_layers_mount(n->host->api, arena_printf(a, "%s/scratch", dir), &chain, a, &root,
			       &n->host->err));
}

static void make_kept(struct hcs_node *n)
{
	struct arena *a = n->host->arena;

	ok(n,
	   fs_mkdirs(AT_FDCWD, arena_printf(a, "%s/scratch", layout_quarantine(&n->layout, a, ID)),
		     0700, &n->host->err));
}

/* --- looking ------------------------------------------------------------------------- */

static struct leftover find(struct hcs_node *n)
{
	struct leftovers all = { 0 };
	struct leftover one = { 0 };
	int r = leftovers_look(n->rt, ID, n->host->arena, &one, &n->host->err);

	ok(n, leftovers_list(n->rt, n->host->arena, &all, &n->host->err));
	if (r == RUNTIME_ABSENT) {
		assert_int_equal(all.n, 0);
		return one;
	}
	ok(n, r);
	assert_int_equal(all.n, 1);
	assert_string_equal(all.items[0].id, ID);
	assert_int_equal(all.items[0].kinds, one.kinds);
	return one;
}

/* What lives is ended first, as whoever sweeps does. */
static void release(struct hcs_node *n)
{
	int r = leftovers_release(n->rt, ID, soon(), &n->host->err);

	if (r == -ERR_CONFLICT) {
		ok(n, runtime_signal(n->rt, ID, SIGKILL, &n->host->err));
		r = leftovers_release(n->rt, ID, soon(), &n->host->err);
	}
	/* A system that was ended has nothing any more. */
	if (r != RUNTIME_ABSENT)
		ok(n, r);
	assert_int_equal(find(n).kinds, 0);
	assert_int_equal(leftovers_release(n->rt, ID, soon(), &n->host->err), RUNTIME_ABSENT);
	hcs_node_assert_empty(n);
}

static void each_kind_alone(void **state)
{
	static const struct {
		void (*make)(struct hcs_node *n);
		unsigned kinds;
	} cases[] = {
		{ make_system, 1u << LEFTOVER_SYSTEM },
		{ make_links, 1u << LEFTOVER_ENDPOINT | 1u << LEFTOVER_NAMESPACE },
		{ make_endpoint, 1u << LEFTOVER_ENDPOINT },
		{ make_namespace, 1u << LEFTOVER_NAMESPACE },
		{ make_scratch, 1u << LEFTOVER_BUNDLE },
	};
	struct hcs_node *n = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cases[i].make(n);
		hcs_node_reopen(n);
		assert_int_equal(find(n).kinds, cases[i].kinds);
		assert_null(find(n).foreign);
		release(n);
	}
}

static void all_kinds_at_once(void **state)
{
	struct hcs_node *n = *state;

	make_links(n);
	make_scratch(n);
	make_system(n);
	make_kept(n);
	hcs_node_reopen(n);
	if (leftovers_release(n->rt, ID, soon(), &n->host->err) == -ERR_CONFLICT) {
		ok(n, runtime_signal(n->rt, ID, SIGKILL, &n->host->err));
		ok(n, leftovers_release(n->rt, ID, soon(), &n->host->err));
	}
	assert_int_equal(find(n).kinds, 1u << LEFTOVER_QUARANTINE);
	ok(n, leftovers_drop(n->rt, ID, &n->host->err));
	assert_int_equal(find(n).kinds, 0);
}

/* --- whose --------------------------------------------------------------------------- */

/* The same owner, another node: GUIDs say so; and a system whose endpoint is that node's. */
static void other_nodes(void **state)
{
	struct hcs_node *n = *state;
	struct leftovers all = { 0 };
	struct leftover one = { 0 };

	attach(n, "node-2");
	make_system(n);
	ok(n, leftovers_list(n->rt, n->host->arena, &all, &n->host->err));
	assert_int_equal(all.n, 3); /* the system, and two foreign things with its name */
	for (size_t i = 0; i < all.n; i++)
		assert_non_null(all.items[i].foreign);
	ok(n, leftovers_look(n->rt, ID, n->host->arena, &one, &n->host->err));
	assert_non_null(one.foreign);
	assert_int_equal(leftovers_release(n->rt, ID, soon(), &n->host->err), -ERR_LOCKED);
	assert_int_equal(leftovers_keep(n->rt, ID, soon(), &n->host->err), -ERR_LOCKED);
	assert_string_equal(hcs_world_state(n->host, ID), "Running");
	remove_links(n, "node-2");
	ok(n, runtime_signal(n->rt, ID, SIGKILL, &n->host->err));
	release(n);
}

/* An owner whose name begins with ours. */
static void prefixed_owners(void **state)
{
	struct hcs_node *n = *state;
	struct leftovers all = { 0 };
	HCS_SYSTEM theirs = hcs_world_running(n->host, ID,
					      arena_printf(n->host->arena, "%s2", n->layout.owner));

	ok(n, leftovers_list(n->rt, n->host->arena, &all, &n->host->err));
	assert_int_equal(all.n, 0);
	assert_int_equal(leftovers_release(n->rt, ID, soon(), &n->host->err), RUNTIME_ABSENT);
	assert_string_equal(hcs_world_state(n->host, ID), "Running");
	n->host->api->HcsCloseComputeSystem(theirs);
	hcs_node_end(n, ID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_kind_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(all_kinds_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(other_nodes, setup, teardown),
		cmocka_unit_test_setup_teardown(prefixed_owners, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
