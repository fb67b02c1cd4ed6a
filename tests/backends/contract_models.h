/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the subjects have in common that are models underneath: a directory, one or two worlds in
 * files, and what happens in them behind the runtime's back.
 */
#include "specs/layout.h"
#include "tests/backends/runtime_contract.h"

struct contract_models {
	char dir[64];
	struct layout layout;      /* of a shim, where there is one */
	struct runtime *worlds[2]; /* the models, to tamper with; whose they are says the subject */
	size_t n;
};

/** contract_models_new() - c->world, and the rest of @c but rt: owner, image, … */
struct contract_models *contract_models_new(struct contract *c);
/** contract_models_free() - with its directory */
void contract_models_free(struct contract *c);

/** contract_models_open() - the model in world @i; its name is @name */
struct runtime *contract_models_open(struct contract *c, size_t i, const char *name);

/* For struct contract_subject. */
void contract_models_pause(struct contract *c, const char *id);
void contract_models_halve(struct contract *c, const char *id);
const char *contract_models_missing_image(struct contract *c);
