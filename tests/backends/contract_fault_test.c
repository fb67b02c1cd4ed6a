/* SPDX-License-Identifier: Apache-2.0 */
/* The contract over the fault decorator without a plan: it is as good as what it decorates. */
#include "backends/runtime_fault.h"
#include "tests/backends/contract_models.h"

static void open_decorated(struct contract *c)
{
	const struct runtime_fault_options calm = { .seed = 1 };

	c->rt = runtime_fault_new(contract_models_open(c, 0, "memory"), &calm);
}

static void open_new(struct contract *c)
{
	contract_models_new(c);
	open_decorated(c);
}

static void reopen(struct contract *c)
{
	runtime_close(c->rt);
	open_decorated(c);
}

static void close_all(struct contract *c)
{
	assert_int_equal(runtime_fault_hits(c->rt), 0);
	assert_true(runtime_fault_calls(c->rt, FAULT_OP_ANY) > 0);
	runtime_close(c->rt);
	contract_models_free(c);
}

int main(void)
{
	static const struct contract_subject fault = {
		.name = "fault-memory",
		.open = open_new,
		.reopen = reopen,
		.close = close_all,
		.pause = contract_models_pause,
		.halve = contract_models_halve,
		.missing_image = contract_models_missing_image,
	};

	return contract_run(&fault);
}
