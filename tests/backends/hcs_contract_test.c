/* SPDX-License-Identifier: Apache-2.0 */
/* The contract over the HCS runtime on a simulated Windows host, with containers on the host's
 * kernel and with each in a utility VM. Commands are the host's own shell. */
#include "tests/backends/runtime_contract.h"
#include "tests/support/hcs_node.h"

static void open_node(struct contract *c)
{
	struct hcs_node *n = hcs_node_new(&c->sink);

	c->world = n;
	c->rt = n->rt;
	c->runtime_name = "hcs";
	c->owner = n->layout.owner;
	c->node_id = "node-1";
	c->image = n->image;
	c->digest = n->digest;
}

static void open_machines(struct contract *c)
{
	struct hcs_node *n;

	open_node(c);
	n = c->world;
	(void)hcs_world_tool(n->host, "switch", "hyperv=installed", NULL);
	c->service.isolation = ISOLATION_HYPERV;
}

static void reopen_node(struct contract *c)
{
	struct hcs_node *n = c->world;

	hcs_node_reopen(n);
	c->rt = n->rt;
}

static void close_node(struct contract *c)
{
	hcs_node_free(c->world);
}

static void halve_instance(struct contract *c, const char *id)
{
	hcs_node_end(c->world, id);
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

	struct contract_subject machines = hcs;

	machines.name = "hcs_hyperv";
	machines.open = open_machines;
	return contract_run(&hcs) + contract_run(&machines);
}
