/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A start or an update of what is not there: the world has moved, look again. That is told apart
 * from a program that is not in the image, which trying again does not mend.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/runtime_fault.h"
#include "backends/runtime_memory.h"
#include "controller/work.h"
#include "specs/spec_service.h"

#define ID "shop.web-rep-0.1"

static const struct service service = { .name = "web", .image = { .name = "app:1" } };
static const struct instance_spec spec = {
	.id = ID,
	.deployment = "shop",
	.service_name = "web",
	.generation = 1,
	.owner = "test",
	.node_id = "node",
	.config_hash = "h1",
	.image = "app:1",
	.digest = "sha256:1",
	.service = &service,
};

static struct runtime *open_world(void)
{
	static const struct runtime_fault_options calm;
	struct runtime *memory = NULL;
	assert_int_equal(runtime_memory_open(NULL, NULL, &memory, NULL), 0);
	return runtime_fault_new(memory, &calm);
}

/* Carries out one step in this thread, as a worker does; the result and its code. */
static int run(struct runtime *rt, enum step_kind kind)
{
	const struct step step = { .kind = kind,
				   .runtime = rt->name,
				   .deployment = "shop",
				   .service = "web",
				   .instance_id = ID,
				   .spec = &spec,
				   .signal = 9 };
	struct work_step *w = work_step_new(rt, &step, clock_mono());
	int result;

	w->job.run(&w->job);
	result = w->result;
	if (result < 0)
		assert_int_equal(w->error.code, -result);
	w->job.drop(&w->job);
	return result;
}

static void test_absent(void **state)
{
	(void)state;
	struct runtime *rt CLEAN(runtime) = open_world();
	assert_int_equal(run(rt, STEP_START), -ERR_CONFLICT);
	assert_int_equal(run(rt, STEP_UPDATE), -ERR_CONFLICT);
	assert_int_equal(run(rt, STEP_SIGNAL), RUNTIME_ABSENT);
	assert_int_equal(run(rt, STEP_REMOVE), RUNTIME_ABSENT);
}

static void test_ended(void **state)
{
	(void)state;
	struct runtime *rt CLEAN(runtime) = open_world();
	assert_int_equal(run(rt, STEP_CREATE), 0);
	assert_int_equal(run(rt, STEP_START), 0);
	assert_int_equal(run(rt, STEP_UPDATE), 0);
	assert_int_equal(run(rt, STEP_SIGNAL), 0);
	assert_int_equal(run(rt, STEP_UPDATE), -ERR_CONFLICT);
	assert_int_equal(run(rt, STEP_START), RUNTIME_ALREADY);
}

/* The instance is there; what it shall run is not. */
static void test_no_such_program(void **state)
{
	(void)state;
	static const struct fault_rule rule = { .kind = FAULT_ERROR,
						.op = FAULT_OP_START,
						.code = ERR_NOT_FOUND };
	struct runtime *rt CLEAN(runtime) = open_world();
	assert_int_equal(run(rt, STEP_CREATE), 0);
	runtime_fault_arm(rt, &rule, 1);
	assert_int_equal(run(rt, STEP_START), -ERR_NOT_FOUND);
}

/* No answer is no absence: what the start said stays. */
static void test_nobody_knows(void **state)
{
	(void)state;
	static const struct fault_rule rules[] = {
		{ .kind = FAULT_ERROR, .op = FAULT_OP_START, .code = ERR_NOT_FOUND },
		{ .kind = FAULT_ERROR, .op = FAULT_OP_INSPECT, .code = ERR_IO },
	};
	struct runtime *rt CLEAN(runtime) = open_world();
	runtime_fault_arm(rt, rules, 2);
	assert_int_equal(run(rt, STEP_START), -ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_no_such_program),
		cmocka_unit_test(test_nobody_knows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
