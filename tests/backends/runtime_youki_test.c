/* SPDX-License-Identifier: Apache-2.0 */
/* Real containers with each program that is here: crun, runc, youki. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/oci_cgroup.h"
#include "backends/oci_record.h"
#include "base/fs.h"
#include "base/process.h"
#include "tests/support/youki_world.h"

static struct mono soon(void)
{
	return mono_add(clock_mono(), 30 * CLOCK_SEC);
}

static void test_life(void **state)
{
	struct youki_world *w = *state;
	struct env_var env[] = { { "GREETING", "hello" } };
	struct instance_spec spec = youki_world_spec(w, "web", 0, 1);
	struct instance in;

	youki_world_shell(w, "echo $GREETING $FROM_IMAGE; echo oops >&2; exit 7");
	spec.env = env;
	spec.n_env = 1;
	youki_world_ok(w, runtime_create(w->rt, &spec, soon(), w->arena, &in, &w->err));
	assert_int_equal(in.state, INSTANCE_CREATED);
	assert_string_equal(in.program, w->program);
	assert_int_equal(runtime_create(w->rt, &spec, soon(), w->arena, &in, &w->err),
			 RUNTIME_ALREADY);
	youki_world_ok(w, runtime_start(w->rt, spec.id, soon(), &w->err));
	in = youki_world_wait(w, spec.id, INSTANCE_EXITED);
	assert_true(in.has_exit_code);
	assert_int_equal(in.exit_code, 7);
	assert_int_equal(youki_world_await_exits(w, 1), 1);
	assert_int_equal(w->last_code, 7);
	assert_int_equal(runtime_start(w->rt, spec.id, soon(), &w->err), RUNTIME_ALREADY);
	assert_int_equal(runtime_signal(w->rt, spec.id, SIGTERM, &w->err), RUNTIME_GONE);
	assert_non_null(strstr(youki_world_log(w, "web"), "stdout F hello yes"));
	assert_non_null(strstr(youki_world_log(w, "web"), "stderr F oops"));
	youki_world_ok(w, runtime_remove(w->rt, spec.id, soon(), &w->err));
	assert_int_equal(runtime_remove(w->rt, spec.id, soon(), &w->err), RUNTIME_ABSENT);
	assert_int_equal(runtime_inspect(w->rt, spec.id, w->arena, &in, &w->err), RUNTIME_ABSENT);
}

static void test_remove_refuses_the_living(void **state)
{
	struct youki_world *w = *state;
	const char *id = youki_world_run(w, "web");
	struct observed o;

	youki_world_wait(w, id, INSTANCE_RUNNING);
	assert_int_equal(runtime_remove(w->rt, id, soon(), &w->err), -ERR_CONFLICT);
	youki_world_ok(w, runtime_list(w->rt, w->arena, &o, &w->err));
	assert_int_equal(o.n, 1);
	assert_int_equal(o.instances[0].state, INSTANCE_RUNNING);
	youki_world_end(w, id);
}

static void test_unknown_command(void **state)
{
	struct youki_world *w = *state;
	static const char *words[] = { "/bin/nothing-here" };
	struct instance_spec spec = youki_world_spec(w, "web", 0, 1);
	struct instance in;

	w->service.command.args = (struct strings){ words, 1 };
	assert_int_equal(runtime_create(w->rt, &spec, soon(), w->arena, &in, &w->err),
			 -ERR_NOT_FOUND);
	assert_int_equal(runtime_inspect(w->rt, spec.id, w->arena, &in, &w->err), RUNTIME_ABSENT);
}

static void test_host_mounts(void **state)
{
	struct youki_world *w = *state;
	struct buf text CLEAN(buf) = BUF_INIT(4 << 20);
	const char *id = youki_world_run(w, "web");

	youki_world_ok(w, fs_read(AT_FDCWD, "/proc/self/mountinfo", &text, &w->err));
	assert_null(strstr(text.data, w->path));
	youki_world_end(w, id);
}

static void assert_said(struct youki_world *w, const char *text)
{
	const char *log = youki_world_log(w, "web");

	if (!strstr(log, text))
		fail_msg("%s: no \"%s\" in: %s", w->program, text, log);
}

static void test_bundle_is_obeyed(void **state)
{
	struct youki_world *w = *state;
	struct storage_spec storage[] = {
		{ .type = STORAGE_TMPFS,
		  .target = "/scratch",
		  .size = "1Mi",
		  .mode = { true, 511 } },
		{ .type = STORAGE_NAMED, .target = "/data", .name = "vol" },
		{ .type = STORAGE_ANONYMOUS, .target = "/anon" },
	};
	struct ulimit limits[] = { { "nofile", 100, 200 } };
	const char *groups[] = { "audio" }, *hosts[] = { "db:10.1.2.3" }, *dns[] = { "10.9.8.7" };

	w->service.storage.items = storage;
	w->service.storage.n = 3;
	w->service.ulimits.items = limits;
	w->service.ulimits.n = 1;
	w->service.extra_groups = (struct strings){ groups, 1 };
	w->service.extra_hosts = (struct strings){ hosts, 1 };
	w->service.dns = (struct strings){ dns, 1 };
	w->service.user = "app";
	w->service.hostname = "box";
	w->service.read_only_root_fs = true;
	w->service.resources.memory = "64Mi";
	w->service.resources.cpu = (struct opt_float){ true, 0.5 };
	w->service.resources.pids_limit = (struct opt_int){ true, 50 };
	youki_world_shell(w, "id; hostname; ulimit -n; cat /etc/resolv.conf /etc/hosts;"
			     "grep -E 'scratch|anon|data' /proc/mounts; touch /x;"
			     "stat -c 'mode %a' /scratch; ip link show lo;"
			     "grep Seccomp: /proc/self/status;"
			     "for d in /sys/fs/cgroup/*/; do"
			     "  mkdir $d/x 2>/dev/null && echo \"$d is open\"; done;"
			     "echo cgroups are looked at");
	youki_world_wait(w, youki_world_run(w, "web"), INSTANCE_EXITED);
	assert_said(w, "uid=1000(app) gid=1001(app) groups=");
	assert_said(w, "29(audio)");
	assert_said(w, "1005(extra)");
	assert_said(w, "F box");
	assert_said(w, "F 100");
	assert_said(w, "nameserver 10.9.8.7");
	assert_said(w, "10.1.2.3\tdb");
	assert_said(w, "/scratch tmpfs");
	assert_said(w, "/anon");
	assert_said(w, "mode 777");
	assert_said(w, "Read-only file system");
	assert_said(w, "LOOPBACK,UP");
	assert_said(w, "Seccomp:\t2");
	assert_said(w, "cgroups are looked at");
	if (strstr(youki_world_log(w, "web"), "is open"))
		fail_msg("%s: %s", w->program, strstr(youki_world_log(w, "web"), "is open") - 60);
}

static void test_ulimit_above_the_host(void **state)
{
	struct youki_world *w = *state;
	struct ulimit limits[] = { { "nofile", INT64_MAX, INT64_MAX } };
	struct instance_spec spec = youki_world_spec(w, "web", 0, 1);
	struct instance in;
	int r;

	w->service.ulimits.items = limits;
	w->service.ulimits.n = 1;
	r = runtime_create(w->rt, &spec, soon(), w->arena, &in, &w->err);
	if (r == 0) /* a host where it may be raised */
		return;
	assert_int_equal(r, -ERR_UNSUPPORTED);
	assert_non_null(strstr(w->err.msg, "ulimits.nofile"));
	assert_int_equal(runtime_inspect(w->rt, spec.id, w->arena, &in, &w->err), RUNTIME_ABSENT);
}

static void test_exec_and_stats(void **state)
{
	struct youki_world *w = *state;
	const char *id = youki_world_run(w, "web");
	const char *seven[] = { "/bin/sh", "-c", "exit 7", NULL };
	const char *nothing[] = { "/bin/nothing-here", NULL };
	struct runtime_exec x = { .id = id, .argv = seven, .fds = { -1, -1, -1 } };
	struct runtime_stats stats;
	int code = 0;

	youki_world_wait(w, id, INSTANCE_RUNNING);
	youki_world_ok(w, runtime_run_exec(w->rt, &x, &code, &w->err));
	assert_int_equal(code, 7);
	x.argv = nothing;
	assert_int_equal(runtime_run_exec(w->rt, &x, &code, &w->err), -ERR_NOT_FOUND);
	youki_world_ok(w, runtime_read_stats(w->rt, id, &stats, &w->err));
	assert_true(stats.n_processes >= 1);
}

static void test_state_removed_behind_our_back(void **state)
{
	struct youki_world *w = *state;
	const char *id = youki_world_run(w, "web");
	const char *root = layout_oci_root(&w->layout, w->arena, w->program);

	youki_world_wait(w, id, INSTANCE_RUNNING);
	youki_world_ok(
		w, fs_remove_tree(AT_FDCWD, arena_printf(w->arena, "%s/%s", root, id), &w->err));
	youki_world_wait(w, id, INSTANCE_BROKEN);
	youki_world_end(w, id);
}

static void test_lists_without_a_program(void **state)
{
	struct youki_world *w = *state;
	const char *id = youki_world_run(w, "web");
	uint64_t before = process_count();
	struct observed o;

	youki_world_ok(w, runtime_list(w->rt, w->arena, &o, &w->err));
	youki_world_wait(w, id, INSTANCE_RUNNING);
	assert_int_equal(process_count(), before);
}

static void test_paused_and_limits(void **state)
{
	struct youki_world *w = *state;
	const char *id = youki_world_run(w, "web");
	struct instance_spec spec = youki_world_spec(w, "web", 0, 1);

	youki_world_wait(w, id, INSTANCE_RUNNING);
	youki_world_freeze(w, id, true);
	youki_world_wait(w, id, INSTANCE_PAUSED);
	w->service.resources.memory = "32Mi";
	w->service.resources.pids_limit = (struct opt_int){ true, 20 };
	youki_world_ok(w, runtime_update(w->rt, &spec, &w->err));
	youki_world_wait(w, id, INSTANCE_RUNNING);
	youki_world_freeze(w, id, true);
	youki_world_ok(w, runtime_signal(w->rt, id, SIGKILL, &w->err));
	assert_int_equal(youki_world_wait(w, id, INSTANCE_EXITED).exit_code, 137);
}

/* What a create that was killed midway leaves: a bundle with or without its record, a state
 * directory, empty groups. */
static void test_half_states(void **state)
{
	struct youki_world *w = *state;
	const char *id = youki_world_spec(w, "half", 0, 1).id;
	const char *other = youki_world_spec(w, "half", 1, 1).id;
	const char *root = layout_oci_root(&w->layout, w->arena, w->program);
	const char *bundle = layout_bundle(&w->layout, w->arena, id);
	struct observed o;

	youki_world_ok(w, fs_mkdirs(AT_FDCWD, arena_printf(w->arena, "%s/%s", root, other), 0700,
				    &w->err));
	youki_world_ok(w, fs_mkdirs(AT_FDCWD, bundle, 0700, &w->err));
	youki_world_reopen(w);
	youki_world_ok(w, runtime_list(w->rt, w->arena, &o, &w->err));
	assert_int_equal(o.n, 2);
	assert_int_equal(o.instances[0].state, INSTANCE_BROKEN);
	assert_int_equal(o.instances[1].state, INSTANCE_BROKEN);
	youki_world_ok(w, runtime_remove(w->rt, id, soon(), &w->err));
	youki_world_ok(w, runtime_remove(w->rt, other, soon(), &w->err));
	youki_world_ok(w, runtime_list(w->rt, w->arena, &o, &w->err));
	assert_int_equal(o.n, 0);
}

/* A shim that died between a container's end and the end of its log leaves FIFOs. */
static void test_fifos_of_an_earlier_shim(void **state)
{
	struct youki_world *w = *state;
	const char *id = youki_world_run(w, "web");
	const char *dir = layout_fifos(&w->layout, w->arena);
	struct instance in;

	youki_world_ok(w, runtime_signal(w->rt, id, SIGKILL, &w->err));
	in = youki_world_wait(w, id, INSTANCE_EXITED);
	assert_int_equal(in.exit_code, 137);
	assert_int_equal(fs_is_empty(AT_FDCWD, dir, &w->err), 1);
	assert_int_equal(mkfifo(arena_printf(w->arena, "%s/%s.out", dir, id), 0600), 0);
	assert_int_equal(mkfifo(arena_printf(w->arena, "%s/%s.err", dir, id), 0600), 0);
	youki_world_reopen(w);
	youki_world_ok(w, runtime_remove(w->rt, id, soon(), &w->err));
	assert_int_equal(fs_is_empty(AT_FDCWD, dir, &w->err), 1);
}

static void test_foreign_bundle(void **state)
{
	struct youki_world *w = *state;
	struct instance_spec spec = youki_world_spec(w, "alien", 0, 1);
	const char *bundle = layout_bundle(&w->layout, w->arena, spec.id);
	const struct oci_record rec = { spec.id,
					"node-2",
					w->owner,
					"test",
					"alien",
					.generation = 1,
					.program = w->program,
					.program_path = w->program_path,
					.boot_id = "b",
					.cgroup = "/x" };
	struct instance in;
	struct observed o;

	youki_world_ok(w, fs_mkdirs(AT_FDCWD, bundle, 0700, &w->err));
	youki_world_ok(w, oci_record_save(bundle, &rec, &w->err));
	youki_world_reopen(w);
	youki_world_ok(w, runtime_list(w->rt, w->arena, &o, &w->err));
	assert_int_equal(o.n, 0);
	assert_int_equal(runtime_remove(w->rt, spec.id, soon(), &w->err), RUNTIME_ABSENT);
	assert_int_equal(runtime_create(w->rt, &spec, soon(), w->arena, &in, &w->err), -ERR_LOCKED);
	assert_int_equal(fs_exists(AT_FDCWD, bundle, &w->err), FS_EXISTS);
}

static char current[16];

static int setup(void **state)
{
	*state = youki_world_new(current);
	return 0;
}

static int teardown(void **state)
{
	youki_world_free(*state);
	return 0;
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_life),
		CASE(test_remove_refuses_the_living),
		CASE(test_unknown_command),
		CASE(test_host_mounts),
		CASE(test_bundle_is_obeyed),
		CASE(test_ulimit_above_the_host),
		CASE(test_exec_and_stats),
		CASE(test_state_removed_behind_our_back),
		CASE(test_lists_without_a_program),
		CASE(test_paused_and_limits),
		CASE(test_half_states),
		CASE(test_fifos_of_an_earlier_shim),
		CASE(test_foreign_bundle),
	};
	static const char *const programs[] = { "crun", "runc", "youki" };
	int failed = 0;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const char *missing = youki_world_missing(programs[i]);

		if (missing) {
			printf("SKIP %s %s\n", programs[i], missing);
			continue;
		}
		snprintf(current, sizeof(current), "%s", programs[i]);
		failed += cmocka_run_group_tests_name(programs[i], tests, NULL, NULL);
		printf("RAN %s %zu\n", programs[i], sizeof(tests) / sizeof(tests[0]));
	}
	return failed;
}
