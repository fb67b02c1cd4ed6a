/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of a service on real containers of each program that is here: as the kernel tells them, at
 * a create and at an update, and what they do.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/oci_cgroup.h"
#include "base/fs.h"
#include "tests/support/youki_said.h"

#define NUMBER(n) ((struct opt_int){ true, n })

static void test_process_limits(void **state)
{
	struct youki_world *w = *state;
	struct ulimit limits[] = { { "core", 0, 0 },          { "cpu", 0, 1000 },
				   { "memlock", 4096, 8192 }, { "nofile", 100, 200 },
				   { "stack", 1048576, 0 },   { "nproc", 100, 200 } };
	struct pair sysctls[] = { { "fs.mqueue.msg_max", "11" },
				  { "kernel.msgmax", "8000" },
				  { "kernel.shm_rmid_forced", "1" },
				  { "net.core.somaxconn", "123" },
				  { "net.ipv4.ip_forward", "1" } };
	const char *text;

	w->service.ulimits.items = limits;
	w->service.ulimits.n = 6;
	w->service.sysctls = (struct pairs){ sysctls, 5 };
	w->service.resources.oom_score_adj = NUMBER(500);
	text = youki_said(
		w, "busybox tr -s ' ' </proc/self/limits; cat /proc/self/oom_score_adj;"
		   "cd /proc/sys; grep . fs/mqueue/msg_max kernel/msgmax kernel/shm_rmid_forced"
		   " net/core/somaxconn net/ipv4/ip_forward");
	youki_said_has(w, text, "Max core file size 0 0 ");
	youki_said_has(w, text, "Max cpu time 1000 1000 ");
	youki_said_has(w, text, "Max locked memory 4096 8192 ");
	youki_said_has(w, text, "Max open files 100 200 ");
	youki_said_has(w, text, "Max stack size 1048576 1048576 ");
	youki_said_has(w, text, "Max processes 100 200 ");
	youki_said_has(w, text, "\n500\n");
	for (size_t i = 0; i < 5; i++) {
		char *name = arena_strdup(w->arena, sysctls[i].key);

		for (char *p = name; *p; p++)
			*p = *p == '.' ? '/' : *p;
		youki_said_has(w, text, arena_printf(w->arena, "%s:%s\n", name, sysctls[i].value));
	}
}

struct knob {
	const char *controller, *v1, *v1_value, *v2, *v2_value; /* v1, v2 NULL: has none */
};

static const char *read_knob(struct youki_world *w, const char *id, const struct knob *k)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 16);
	struct oci_cgroups c;
	const char *mount = NULL, *path;

	youki_world_ok(w, oci_cgroup_open(w->arena, &c, &w->err));
	for (size_t i = 0; i < c.n; i++)
		if (c.items[i].is_v2 ? c.mode == OCI_CGROUP_V2
				     : strstr(c.items[i].controllers, k->controller) != NULL)
			mount = c.items[i].mount;
	path = c.mode == OCI_CGROUP_V2 ? k->v2 : k->v1;
	if (!path || !mount)
		return NULL;
	path = arena_printf(w->arena, "%s%s/%s", mount, oci_cgroup_path(&c, w->arena, w->owner, id),
			    path);
	if (access(path, F_OK) < 0)
		return NULL;
	youki_world_ok(w, fs_read(AT_FDCWD, path, &text, &w->err));
	return arena_strdup(w->arena, text.data ? text.data : "");
}

static void assert_knobs(struct youki_world *w, const char *id, const struct knob *knobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *have = read_knob(w, id, &knobs[i]);
		struct oci_cgroups c;
		const char *want;

		youki_world_ok(w, oci_cgroup_open(w->arena, &c, &w->err));
		want = c.mode == OCI_CGROUP_V2 ? knobs[i].v2_value : knobs[i].v1_value;
		if (have && strncmp(have, want, strlen(want)) != 0)
			fail_msg("%s: %s is %s, not %s", w->program, knobs[i].v1, have, want);
	}
}

static void update(struct youki_world *w, const char *service)
{
	struct instance_spec spec = youki_world_spec(w, service, 0, 1);

	youki_world_ok(w, runtime_update(w->rt, &spec, &w->err));
}

/* As they were at the create, as an update makes them, and as one that asks for nothing does. */
static void test_resources(void **state)
{
	struct youki_world *w = *state;
	static const struct knob first[] = {
		{ "cpu", "cpu.cfs_quota_us", "50000\n", "cpu.max", "50000 100000\n" },
		{ "cpu", "cpu.shares", "512\n", "cpu.weight", "20\n" },
		{ "cpuset", "cpuset.cpus", "0\n", "cpuset.cpus", "0\n" },
		{ "memory", "memory.limit_in_bytes", "67108864\n", "memory.max", "67108864\n" },
		{ "memory", "memory.memsw.limit_in_bytes", "134217728\n", "memory.swap.max",
		  "67108864\n" },
		{ "memory", "memory.soft_limit_in_bytes", "33554432\n", "memory.low",
		  "33554432\n" },
		{ "memory", "memory.swappiness", "10\n", NULL, NULL },
		{ "memory", "memory.oom_control", "oom_kill_disable 1\n", NULL, NULL },
		{ "pids", "pids.max", "50\n", "pids.max", "50\n" },
		{ "blkio", "blkio.weight", "300\n", "io.weight", "default " },
		{ "blkio", "blkio.bfq.weight", "300\n", "io.bfq.weight", "default 300\n" },
	};
	static const struct knob second[] = {
		{ "cpu", "cpu.cfs_quota_us", "25000\n", "cpu.max", "25000 100000\n" },
		{ "memory", "memory.limit_in_bytes", "33554432\n", "memory.max", "33554432\n" },
		{ "memory", "memory.memsw.limit_in_bytes", "33554432\n", "memory.swap.max", "0\n" },
		{ "memory", "memory.swappiness", "20\n", NULL, NULL },
		{ "blkio", "blkio.bfq.weight", "400\n", "io.bfq.weight", "default 400\n" },
	};
	static const struct knob third[] = {
		{ "cpu", "cpu.cfs_quota_us", "-1\n", "cpu.max", "max 100000\n" },
		{ "cpu", "cpu.shares", "1024\n", "cpu.weight", "39\n" },
		{ "memory", "memory.limit_in_bytes", "9223372036854771712\n", "memory.max",
		  "max\n" },
		{ "memory", "memory.soft_limit_in_bytes", "9223372036854771712\n", "memory.low",
		  "0\n" },
		{ "memory", "memory.swappiness", "60\n", NULL, NULL },
		{ "pids", "pids.max", "max\n", "pids.max", "max\n" },
		{ "blkio", "blkio.bfq.weight", "100\n", "io.bfq.weight", "default 100\n" },
	};
	struct resources_spec *r = &w->service.resources;
	const char *service = youki_said_service(w), *id, *all;

	*r = (struct resources_spec){ .cpu = { true, 0.5 },
				      .memory = "64Mi",
				      .pids_limit = NUMBER(50),
				      .cpuset = "0",
				      .cpu_shares = NUMBER(512),
				      .memory_reservation = "32Mi",
				      .memory_swappiness = NUMBER(10),
				      .oom_kill_disable = { true, true },
				      .blkio_weight = NUMBER(300) };
	id = youki_world_run(w, service);
	assert_knobs(w, id, first, sizeof(first) / sizeof(first[0]));
	*r = (struct resources_spec){ .cpu = { true, 0.25 },
				      .memory = "32Mi",
				      .memory_swap = "32Mi",
				      .memory_swappiness = NUMBER(20),
				      .blkio_weight = NUMBER(400) };
	update(w, service);
	assert_knobs(w, id, second, sizeof(second) / sizeof(second[0]));
	*r = (struct resources_spec){ .cpu = { false, 0 } };
	update(w, service);
	assert_knobs(w, id, third, sizeof(third) / sizeof(third[0]));
	all = read_knob(w, id,
			&(struct knob){ "cpuset", "cpuset.cpus", NULL, "cpuset.cpus", NULL });
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1 && all)
		assert_string_not_equal(all, "0\n");
}

static void test_memory_is_limited(void **state)
{
	struct youki_world *w = *state;

	w->service.resources.memory = "16Mi";
	w->service.resources.memory_swap = "16Mi";
	(void)youki_said(w, "exec busybox dd if=/dev/zero of=/dev/null bs=64M count=1");
	assert_int_equal(w->last_code, 137);
	w->service.resources.pids_limit = NUMBER(5);
	youki_said_has(w, youki_said(w, "for i in 1 2 3 4 5 6; do sleep 1 & done; wait"),
		       "can't fork");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, youki_said_setup, youki_said_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_process_limits),
		CASE(test_resources),
		CASE(test_memory_is_limited),
	};

	return youki_said_main(tests, sizeof(tests) / sizeof(tests[0]));
}
