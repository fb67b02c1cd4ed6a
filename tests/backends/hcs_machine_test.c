/* SPDX-License-Identifier: Apache-2.0 */
/* Instances under hyperv isolation on the simulated service: what is there of one, who chooses it,
 * what becomes of it when its shim, its machine or half of its making goes. */
#include "backends/hcs_machine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "tests/support/hcs_node.h"

#define ID "test.web-rep-0.1"
#define VM ID "@vm"

struct fixture {
	struct hcs_node *node;
	struct arena *a;
	struct service service;
	struct instance made;
	struct error err;
};

static int setup(void **state)
{
	static const struct runtime_sink nobody = { NULL, NULL, NULL };
	static const char *words[] = { "/bin/sh", "-c", "echo up; sleep 1000" };
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->node = hcs_node_new(&nobody);
	f->a = f->node->host->arena;
	f->service.command.args = (struct strings){ words, 3 };
	f->service.isolation = ISOLATION_HYPERV;
	(void)hcs_world_tool(f->node->host, "switch", "hyperv=installed", NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	hcs_node_free(f->node);
	free(f);
	return 0;
}

static struct instance_spec spec_of(struct fixture *f)
{
	return (struct instance_spec){
		.id = ID,
		.deployment = "test",
		.service_name = "web",
		.generation = 1,
		.owner = f->node->layout.owner,
		.node_id = "node-1",
		.config_hash = "h1:x",
		.image = f->node->image,
		.digest = f->node->digest,
		.address = "10.71.9.2",
		.slice = "10.71.9.0/29",
		.service = &f->service,
	};
}

static int create(struct fixture *f)
{
	const struct instance_spec spec = spec_of(f);

	return runtime_create(f->node->rt, &spec, mono_add(clock_mono(), 60 * CLOCK_SEC), f->a,
			      &f->made, &f->err);
}

static void start(struct fixture *f)
{
	if (create(f) != 0 ||
	    runtime_start(f->node->rt, ID, mono_add(clock_mono(), 60 * CLOCK_SEC), &f->err) != 0)
		fail_msg("%s", f->err.msg);
}

static void end(struct fixture *f)
{
	assert_true(runtime_signal(f->node->rt, ID, SIGKILL, &f->err) >= 0);
	if (runtime_remove(f->node->rt, ID, mono_add(clock_mono(), 60 * CLOCK_SEC), &f->err) < 0)
		fail_msg("%s", f->err.msg);
}

static enum instance_state look(struct fixture *f)
{
	struct instance seen;
	int r = runtime_inspect(f->node->rt, ID, f->a, &seen, &f->err);

	if (r < 0)
		fail_msg("%s", f->err.msg);
	return r == RUNTIME_ABSENT ? INSTANCE_UNKNOWN : seen.state;
}

/* "id type owner" of all systems, a line each. */
static const char *systems(struct fixture *f)
{
	struct json_object *list CLEAN(json) = NULL;
	struct buf out CLEAN(buf) = BUF_INIT(4096);

	assert_int_equal(hcs_world_enumerate(f->node->host, NULL), 0);
	if (!f->node->host->document)
		return "";
	list = hcs_world_json(f->node->host);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *id = "", *type = "", *owner = "";

		(void)json_get_str(o, "Id", &id, NULL);
		(void)json_get_str(o, "SystemType", &type, NULL);
		(void)json_get_str(o, "Owner", &owner, NULL);
		buf_printf(&out, "%s %s %s\n", id, type, owner);
	}
	return out.data ? arena_strdup(f->a, out.data) : "";
}

#define BOTH ID " Container contract\n" VM " VirtualMachine contract\n"

static void one_instance_is_a_machine_and_a_container(void **state)
{
	struct fixture *f = *state;
	const char *host;

	start(f);
	assert_string_equal(systems(f), BOTH);
	assert_int_equal(look(f), INSTANCE_RUNNING);
	host = hcs_world_tool(f->node->host, "ls", NULL);
	assert_non_null(strstr(host, "\"Machine\": \"" VM "\""));
	assert_non_null(strstr(host, "\"C:\\\\mounts\\\\m1\"")); /* combined there */
	assert_non_null(strstr(host, ": \"Add\""));              /* an adapter */
	end(f);
	assert_string_equal(systems(f), "");
}

static void a_list_shows_it_once(void **state)
{
	struct fixture *f = *state;
	struct observed seen;

	start(f);
	assert_int_equal(runtime_list(f->node->rt, f->a, &seen, &f->err), 0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.instances[0].id, ID);
	end(f);
}

static void its_shim_may_start_again(void **state)
{
	struct fixture *f = *state;
	struct instance before, after;

	start(f);
	assert_int_equal(runtime_inspect(f->node->rt, ID, f->a, &before, &f->err), 0);
	hcs_node_reopen(f->node);
	assert_int_equal(runtime_inspect(f->node->rt, ID, f->a, &after, &f->err), 0);
	assert_int_equal(after.state, INSTANCE_RUNNING);
	assert_int_equal(after.pid, before.pid);
	assert_string_equal(systems(f), BOTH);
	end(f);
}

static void it_ends_with_its_machine(void **state)
{
	struct fixture *f = *state;
	struct instance seen = { 0 };

	start(f);
	hcs_node_end(f->node, VM);
	for (int i = 0; i < 1000 && seen.state != INSTANCE_EXITED; i++) {
		clock_sleep(5 * CLOCK_MS);
		assert_int_equal(runtime_inspect(f->node->rt, ID, f->a, &seen, &f->err), 0);
	}
	assert_int_equal(seen.state, INSTANCE_EXITED);
	assert_false(seen.has_exit_code && seen.exit_code == 0);
	end(f);
}

/* As a crash between the two leaves it: the record is gone, or was never whole. */
static void a_machine_alone_is_a_leftover(void **state)
{
	struct fixture *f = *state;
	struct observed seen;

	start(f);
	hcs_node_end(f->node, ID);
	assert_int_equal(unlink(arena_printf(f->a, "%s/instance.json",
					     layout_silo(&f->node->layout, f->a, ID))),
			 0);
	hcs_node_reopen(f->node);
	assert_string_equal(systems(f), VM " VirtualMachine contract\n");
	assert_int_equal(runtime_list(f->node->rt, f->a, &seen, &f->err), 0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.instances[0].id, ID);
	assert_int_equal(seen.instances[0].state, INSTANCE_BROKEN);
	assert_int_equal(create(f), RUNTIME_ALREADY);
	end(f);
	assert_string_equal(systems(f), "");
}

static void somebody_elses_machine_is_left(void **state)
{
	struct fixture *f = *state;
	struct hcs_world *w = f->node->host;
	HCS_SYSTEM s = NULL;

	assert_int_equal(hcs_world_create(w, VM, hcs_world_config(w, "somebody", ""), &s), S_OK);
	assert_int_equal(create(f), -ERR_CONFLICT);
	assert_non_null(strstr(f->err.msg, VM));
	assert_string_equal(systems(f), VM " Container somebody\n");
	assert_int_equal(look(f), INSTANCE_UNKNOWN);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	w->api->HcsCloseComputeSystem(s);
}

static size_t count_calls(struct fixture *f, const char *what)
{
	struct buf log CLEAN(buf) = BUF_INIT(4 << 20);
	size_t n = 0;

	assert_int_equal(fs_read(AT_FDCWD, arena_printf(f->a, "%s/calls.log", f->node->host->host),
				 &log, &f->err),
			 0);
	for (const char *at = log.data; (at = strstr(at, what)); at++)
		n++;
	return n;
}

static void a_host_without_says_so(void **state)
{
	struct fixture *f = *state;
	size_t asked;

	(void)hcs_world_tool(f->node->host, "switch", "hyperv=none", NULL);
	assert_int_equal(create(f), -ERR_UNSUPPORTED);
	assert_non_null(strstr(f->err.msg, "isolation: hyperv is not available on this host"));
	assert_non_null(strstr(f->err.hint, "enable the Hyper-V feature"));
	hcs_node_assert_empty(f->node);
	asked = count_calls(f, "HcsCreateComputeSystem");
	assert_true(asked > 0);
	assert_int_equal(create(f), -ERR_UNSUPPORTED);
	assert_int_equal(count_calls(f, "HcsCreateComputeSystem"), asked);
}

static void auto_goes_by_the_builds(void **state)
{
	struct fixture *f = *state;

	f->service.isolation = ISOLATION_AUTO;
	start(f);
	assert_string_equal(systems(f), ID " Container contract\n");
	end(f);
	hcs_of(f->node->rt)->version.build++; /* the image's build is older than the host's now */
	start(f);
	assert_string_equal(systems(f), BOTH);
	end(f);
}

static void directories_and_adapters_come_along(void **state)
{
	struct fixture *f = *state;
	const char *dir = arena_printf(f->a, "%s/data", f->node->host->path);
	struct storage_spec items[] = {
		{ .type = STORAGE_BIND, .source = dir, .target = "C:\\data" },
		{ .type = STORAGE_ANONYMOUS, .target = "C:\\cache" },
		{ .type = STORAGE_BIND,
		  .source = "\\\\.\\pipe\\theirs",
		  .target = "\\\\.\\pipe\\ours" },
	};
	struct gpu_spec gpu = { .count = 1 };

	assert_int_equal(mkdir(dir, 0700), 0);
	f->service.storage.items = items;
	f->service.storage.n = 3;
	f->service.resources.gpu = &gpu;
	start(f);
	assert_int_equal(look(f), INSTANCE_RUNNING);
	end(f);
	assert_int_equal(rmdir(dir), 0);
}

/* The machine was made as large as its container could get then. */
static void limits_change_as_far_as_the_machine_goes(void **state)
{
	struct fixture *f = *state;
	const struct instance_spec spec = spec_of(f);

	f->service.resources.memory = "1Gi";
	start(f);
	f->service.resources.memory = "700Mi";
	assert_int_equal(runtime_update(f->node->rt, &spec, &f->err), 0);
	hcs_node_reopen(f->node); /* its size is known to the next shim, too */
	f->service.resources.memory = "1Gi";
	assert_int_equal(runtime_update(f->node->rt, &spec, &f->err), 0);
	f->service.resources.memory = "2Gi";
	assert_int_equal(runtime_update(f->node->rt, &spec, &f->err), -ERR_UNSUPPORTED);
	assert_non_null(strstr(f->err.msg, "utility VM of 1536 MB"));
	end(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_instance_is_a_machine_and_a_container),
		TEST(a_list_shows_it_once),
		TEST(its_shim_may_start_again),
		TEST(it_ends_with_its_machine),
		TEST(a_machine_alone_is_a_leftover),
		TEST(somebody_elses_machine_is_left),
		TEST(a_host_without_says_so),
		TEST(auto_goes_by_the_builds),
		TEST(directories_and_adapters_come_along),
		TEST(limits_change_as_far_as_the_machine_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
