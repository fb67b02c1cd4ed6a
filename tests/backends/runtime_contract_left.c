/* SPDX-License-Identifier: Apache-2.0 */
/* Contract: what is left over. Cases pass at once over a runtime that cannot tell. */
#include <string.h>

#include "backends/leftovers.h"
#include "tests/backends/runtime_contract.h"

static bool can_tell(const struct contract *c)
{
	return c->rt->leftovers != NULL;
}

static struct leftovers list(struct contract *c)
{
	struct leftovers all = { .n = 99 };

	contract_ok(c, leftovers_list(c->rt, c->arena, &all, &c->err));
	for (size_t i = 0; i < all.n; i++) {
		assert_true(all.items[i].kinds != 0);
		assert_null(all.items[i].foreign);
		assert_true(i == 0 || strcmp(all.items[i - 1].id, all.items[i].id) < 0);
	}
	return all;
}

/* Both ways of asking say the same of it; its kinds, 0 for nothing. */
static unsigned kinds(struct contract *c, const char *id)
{
	const struct leftovers all = list(c);
	struct leftover one = { 0 };
	int r = leftovers_look(c->rt, id, c->arena, &one, &c->err);
	unsigned listed = 0;

	for (size_t i = 0; i < all.n; i++)
		if (strcmp(all.items[i].id, id) == 0)
			listed = all.items[i].kinds;
	contract_is(c, r, listed ? 0 : RUNTIME_ABSENT);
	if (r == 0)
		assert_string_equal(one.id, id);
	assert_int_equal(one.kinds, listed);
	return listed;
}

static int release(struct contract *c, const char *id)
{
	return leftovers_release(c->rt, id, contract_soon(), &c->err);
}

static int keep(struct contract *c, const char *id)
{
	return leftovers_keep(c->rt, id, contract_soon(), &c->err);
}

/* One that has run and ended. */
static const char *ended(struct contract *c, unsigned slot)
{
	const char *id;

	contract_shell(c, "exit 3");
	id = contract_start(c, slot);
	(void)contract_wait(c, id, INSTANCE_EXITED);
	return id;
}

static void nothing_is_left(void **state)
{
	struct contract *c = *state;
	const char *id = "test.web-rep-0.1";

	if (!can_tell(c))
		return;
	assert_int_equal(list(c).n, 0);
	assert_int_equal(kinds(c, id), 0);
	contract_is(c, release(c, id), RUNTIME_ABSENT);
	contract_is(c, keep(c, id), RUNTIME_ABSENT);
	contract_is(c, leftovers_drop(c->rt, id, &c->err), RUNTIME_ABSENT);
	contract_is(c, release(c, "../etc"), -ERR_INVALID);
}

/* All have their things, each its own. */
static void every_instance_has_things(void **state)
{
	struct contract *c = *state;

	if (!can_tell(c))
		return;
	(void)contract_create(c, 2);
	(void)contract_start(c, 10);
	(void)ended(c, 0);
	assert_int_equal(list(c).n, 3);
	c->subject->reopen(c);
	assert_int_equal(list(c).n, 3);
}

static void the_living_stays(void **state)
{
	struct contract *c = *state;
	const char *id;
	unsigned before;

	if (!can_tell(c))
		return;
	id = contract_start(c, 0);
	before = kinds(c, id);
	assert_true(before != 0);
	contract_is(c, release(c, id), -ERR_CONFLICT);
	contract_is(c, keep(c, id), -ERR_CONFLICT);
	assert_int_equal(contract_inspect(c, id).state, INSTANCE_RUNNING);
	assert_int_equal(kinds(c, id), before);
}

static void release_takes_all(void **state)
{
	struct contract *c = *state;
	struct instance seen;
	const char *id, *other;

	if (!can_tell(c))
		return;
	other = contract_start(c, 1);
	id = ended(c, 0);
	contract_ok(c, release(c, id));
	assert_int_equal(kinds(c, id), 0);
	contract_is(c, runtime_inspect(c->rt, id, c->arena, &seen, &c->err), RUNTIME_ABSENT);
	contract_is(c, release(c, id), RUNTIME_ABSENT);
	assert_true(kinds(c, other) != 0);
	/* The id is as new. */
	assert_string_equal(ended(c, 0), id);
}

/* Its writable layer outlives it, and whoever asks for instances does not see it. */
static void keep_outlives_release(void **state)
{
	const unsigned aside = leftover_bit(LEFTOVER_QUARANTINE);
	struct contract *c = *state;
	struct instance seen;
	struct observed all = { 0 };
	const char *id;

	if (!can_tell(c))
		return;
	id = ended(c, 0);
	contract_ok(c, keep(c, id));
	assert_true(kinds(c, id) & aside);
	contract_is(c, keep(c, id), RUNTIME_ALREADY);
	contract_ok(c, release(c, id));
	assert_int_equal(kinds(c, id), aside);
	contract_is(c, release(c, id), RUNTIME_ABSENT);
	contract_is(c, runtime_inspect(c->rt, id, c->arena, &seen, &c->err), RUNTIME_ABSENT);
	contract_ok(c, runtime_list(c->rt, c->arena, &all, &c->err));
	assert_int_equal(all.n, 0);
	c->subject->reopen(c);
	assert_int_equal(kinds(c, id), aside);
	contract_is(c, keep(c, id), RUNTIME_ALREADY);
	contract_ok(c, leftovers_drop(c->rt, id, &c->err));
	assert_int_equal(kinds(c, id), 0);
	contract_is(c, leftovers_drop(c->rt, id, &c->err), RUNTIME_ABSENT);
}

/* --- a layer that was kept --- */

static int create_on(struct contract *c, const char *layer, uint64_t generation)
{
	struct instance_spec spec = contract_spec(c, "web", 0, generation);
	struct instance made;

	spec.layer = layer;
	return runtime_create(c->rt, &spec, contract_soon(), c->arena, &made, &c->err);
}

static void layers_that_are_not_there(void **state)
{
	struct contract *c = *state;

	if (!can_tell(c))
		return;
	contract_is(c, create_on(c, "test.web-rep-0.1", 2), -ERR_NOT_FOUND);
	contract_is(c, create_on(c, "../../etc", 2), -ERR_INVALID);
	assert_int_equal(list(c).n, 0);
}

/* It is kept on until an instance that has it was started. */
static void a_kept_layer_is_used_once(void **state)
{
	struct contract *c = *state;
	const char *id, *next = "test.web-rep-0.2";

	if (!can_tell(c))
		return;
	id = ended(c, 0);
	contract_ok(c, keep(c, id));
	contract_ok(c, release(c, id));
	contract_ok(c, create_on(c, id, 2));
	contract_end(c, next);
	assert_true(kinds(c, id) & leftover_bit(LEFTOVER_QUARANTINE));
	contract_ok(c, create_on(c, id, 3));
	c->subject->reopen(c); /* and so it is when the shim ends in between */
	contract_ok(c, runtime_start(c->rt, "test.web-rep-0.3", contract_soon(), &c->err));
	assert_int_equal(kinds(c, id), 0);
	contract_end(c, "test.web-rep-0.3");
	assert_int_equal(list(c).n, 0);
}

static void dropped_beside_a_living_one(void **state)
{
	struct contract *c = *state;
	const char *id;

	if (!can_tell(c))
		return;
	id = contract_start(c, 0);
	contract_is(c, leftovers_drop(c->rt, id, &c->err), RUNTIME_ABSENT);
	assert_int_equal(contract_inspect(c, id).state, INSTANCE_RUNNING);
}

const struct contract_case contract_left_cases[] = {
	{ "nothing_is_left", nothing_is_left },
	{ "every_instance_has_things", every_instance_has_things },
	{ "the_living_stays", the_living_stays },
	{ "release_takes_all", release_takes_all },
	{ "keep_outlives_release", keep_outlives_release },
	{ "layers_that_are_not_there", layers_that_are_not_there },
	{ "a_kept_layer_is_used_once", a_kept_layer_is_used_once },
	{ "dropped_beside_a_living_one", dropped_beside_a_living_one },
	{ NULL, NULL },
};
