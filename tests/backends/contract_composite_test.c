/* SPDX-License-Identifier: Apache-2.0 */
/* The contract over the composite of two models, as on a Windows node: what the cases make belongs
 * to the delegate, and the primary is asked only for what nobody knows. */
#include "backends/runtime_composite.h"
#include "tests/backends/contract_models.h"

static void open_node(struct contract *c)
{
	struct runtime_composite_options o = {
		.node = { .os = "windows", .arch = "amd64" },
		.primary = contract_models_open(c, 0, "hcs"),
		.delegate = contract_models_open(c, 1, "youki"),
	};
	const struct composite_platform linux_image = { .os = "linux", .arch = "amd64" };

	o.primary->caps &= ~(unsigned)(RUNTIME_CAP_LINUX | RUNTIME_CAP_MODEL);
	o.delegate->caps &= ~(unsigned)(RUNTIME_CAP_WINDOWS | RUNTIME_CAP_MODEL);
	c->rt = runtime_composite_new(&o);
	runtime_composite_learn_image(c->rt, c->digest, &linux_image);
	runtime_composite_learn_image(c->rt, "sha256:missing", &linux_image);
}

static void open_new(struct contract *c)
{
	contract_models_new(c);
	c->runtime_name = "youki";
	open_node(c);
}

/* Nobody tells it what was there: it learns. */
static void reopen(struct contract *c)
{
	runtime_close(c->rt);
	open_node(c);
}

static void close_all(struct contract *c)
{
	struct observed primary = { 0 };

	contract_ok(c,
		    runtime_list(runtime_composite_member(c->rt, 0), c->arena, &primary, &c->err));
	assert_int_equal(primary.n, 0);
	runtime_close(c->rt);
	contract_models_free(c);
}

int main(void)
{
	static const struct contract_subject composite = {
		.name = "composite-memory",
		.open = open_new,
		.reopen = reopen,
		.close = close_all,
		.pause = contract_models_pause,
		.halve = contract_models_halve,
		.missing_image = contract_models_missing_image,
	};

	return contract_run(&composite);
}
