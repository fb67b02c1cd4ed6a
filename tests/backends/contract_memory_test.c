/* SPDX-License-Identifier: Apache-2.0 */
/* The contract over the model itself. */
#include "tests/backends/contract_models.h"

static void open_model(struct contract *c)
{
	contract_models_new(c);
	c->rt = contract_models_open(c, 0, "memory");
}

static void reopen_model(struct contract *c)
{
	runtime_close(c->rt);
	c->rt = contract_models_open(c, 0, "memory");
}

static void close_model(struct contract *c)
{
	runtime_close(c->rt);
	contract_models_free(c);
}

int main(void)
{
	static const struct contract_subject memory = {
		.name = "memory",
		.open = open_model,
		.reopen = reopen_model,
		.close = close_model,
		.pause = contract_models_pause,
		.halve = contract_models_halve,
		.missing_image = contract_models_missing_image,
	};

	return contract_run(&memory);
}
