/* SPDX-License-Identifier: Apache-2.0 */
/* A node with an OCI program as the contract's subject. */
#include "tests/backends/contract_oci.h"

#include <fcntl.h>
#include <string.h>

#include "backends/oci_program.h"
#include "base/fs.h"
#include "tests/support/youki_world.h"

static void open_in(struct contract *c, struct youki_world *w)
{
	c->world = w;
	c->rt = w->rt;
	c->runtime_name = "youki";
	c->owner = w->owner;
	c->node_id = "node-1";
	c->image = "local/busybox:1";
	c->digest = w->digest;
	w->tap = c->sink;
}

static void open_node(struct contract *c)
{
	open_in(c, youki_world_new(c->subject->real));
}

static void open_node_in_shim(struct contract *c)
{
	open_in(c, youki_world_in_shim(c->subject->real));
}

static void reopen_node(struct contract *c)
{
	struct youki_world *w = c->world;

	youki_world_reopen(w);
	c->rt = w->rt;
}

static void close_node(struct contract *c)
{
	youki_world_free(c->world);
}

static void pause_instance(struct contract *c, const char *id)
{
	youki_world_freeze(c->world, id, true);
}

/* The program forgets it. */
static void halve_instance(struct contract *c, const char *id)
{
	struct youki_world *w = c->world;
	const char *root = layout_oci_root(&w->layout, c->arena, w->program);

	contract_ok(c,
		    fs_remove_tree(AT_FDCWD, arena_printf(c->arena, "%s/%s", root, id), &c->err));
}

static const char *missing_image(struct contract *c)
{
	(void)c;
	return "sha256:0000000000000000000000000000000000000000000000000000000000000000";
}

static const struct contract_subject real = {
	.open = open_node,
	.reopen = reopen_node,
	.close = close_node,
	.pause = pause_instance,
	.halve = halve_instance,
	.missing_image = missing_image,
};

int contract_oci_run(const char *program)
{
	const char *missing = youki_world_missing(program);
	struct contract_subject subject = real;

	subject.name = subject.real = program;
	if (!missing)
		return contract_run(&subject);
	printf("SKIP %s %s\n", program, missing);
	return 0;
}

int contract_oci_run_shim(void)
{
	const char *const *names = oci_program_names();
	struct contract_subject subject = real;

	while (*names && youki_world_missing(*names))
		names++;
	if (!*names) {
		printf("SKIP shim no OCI program can run here\n");
		return 0;
	}
	subject.name = "shim";
	subject.real = *names;
	subject.open = open_node_in_shim;
	return contract_run(&subject);
}
