/* SPDX-License-Identifier: Apache-2.0 */
/* A shim that ends in the moment in which the service has come back and every instance is opened
 * anew: its thread and the close are not at the same one. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "specs/runtime_id.h"
#include "tests/support/hcs_node.h"

enum { INSTANCES = 6, ROUNDS = 8 };

static struct mono soon(void)
{
	return mono_add(clock_mono(), 60 * CLOCK_SEC);
}

static void make(struct hcs_node *n, uint32_t slot, const struct service *service, struct arena *a)
{
	const struct instance_spec spec = {
		.id = runtime_id_format(a, "test", "web", slot, 1),
		.deployment = "test",
		.service_name = "web",
		.slot = slot,
		.generation = 1,
		.owner = n->layout.owner,
		.node_id = "node-1",
		.config_hash = "h1:x",
		.image = n->image,
		.digest = n->digest,
		.address = arena_printf(a, "10.71.9.%u", slot + 2),
		.slice = "10.71.9.0/28",
		.service = service,
	};
	struct instance made;

	assert_int_equal(runtime_create(n->rt, &spec, soon(), a, &made, NULL), 0);
	assert_int_equal(runtime_start(n->rt, spec.id, soon(), NULL), 0);
}

static void test_close_while_all_is_opened_anew(void **state)
{
	static const char *words[] = { "/bin/sleep", "1000" };
	const struct service service = { .command.args = { words, 2 } };
	const struct runtime_sink nobody = { NULL, NULL, NULL };
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_node *n = hcs_node_new(&nobody);
	struct observed seen = { 0 };

	(void)state;
	for (uint32_t i = 0; i < INSTANCES; i++)
		make(n, i, &service, a);
	(void)hcs_world_tool(n->host, "switch", "latency_ms=20", NULL);
	for (int i = 0; i < ROUNDS; i++) {
		(void)hcs_world_tool(n->host, "restart", "hcs", NULL);
		hcs_world_awake(n->host);
		clock_sleep(20 * i * CLOCK_MS);
		hcs_node_reopen(n);
	}
	(void)hcs_world_tool(n->host, "switch", "latency_ms=0", NULL);
	assert_int_equal(runtime_list(n->rt, a, &seen, NULL), 0);
	assert_int_equal(seen.n, INSTANCES);
	for (size_t i = 0; i < seen.n; i++) {
		assert_int_equal(seen.instances[i].state, INSTANCE_RUNNING);
		assert_int_equal(runtime_signal(n->rt, seen.instances[i].id, SIGKILL, NULL), 0);
		assert_int_equal(runtime_remove(n->rt, seen.instances[i].id, soon(), NULL), 0);
	}
	hcs_node_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close_while_all_is_opened_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
