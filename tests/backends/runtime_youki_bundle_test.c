/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the table of fields calls honoured on Linux, seen from inside of real containers of each
 * program that is here.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/process.h"
#include "tests/support/youki_said.h"

#define STATUS    "grep -E '^(Cap|Seccomp:|NoNewPrivs)' /proc/self/status"
#define TEXTS(v)  ((struct strings){ v, sizeof(v) / sizeof(v[0]) })
#define NUMBER(n) ((struct opt_int){ true, n })

/* --- the process --- */

static void test_process(void **state)
{
	struct youki_world *w = *state;
	static const char *entry[] = { "/bin/sh", "-c",
				       "echo $0 $1; pwd; hostname; cat /etc/hostname; env" };
	static const char *args[] = { "one", "two three" };
	const char *text;

	w->service.command = (struct command_spec){ TEXTS(entry), TEXTS(args), "/made/here" };
	w->service.hostname = "box.example";
	w->service.user = "app";
	text = youki_said(w, NULL);
	youki_said_has(w, text, "one two three\n/made/here\nbox.example\nbox.example\n");
	youki_said_has(w, text, "\nPATH=/bin\n");
	youki_said_has(w, text, "\nTERM=xterm\n");
	youki_said_has(w, text, "\nFROM_IMAGE=yes\n");
	youki_said_has(w, text, "\nHOME=/tmp\n");
	youki_said_lacks(w, text, "RUST_BACKTRACE");
	w->service.user = NULL;
	w->service.hostname = NULL;
	text = youki_said(w, "hostname; env; echo $PWD");
	youki_said_has(w, text, "-rep-0\n");
	youki_said_has(w, text, "\nHOME=/root\n");
}

static void test_env(void **state)
{
	struct youki_world *w = *state;
	struct env_var env[] = { { "EMPTY", "" },
				 { "FROM_IMAGE", "no" },
				 { "ODD", "a=b \"c\" $HOME \\ \xc3\xa4" } };
	const char *service = youki_said_service(w);
	struct instance_spec spec = youki_world_spec(w, service, 0, 1);
	struct mono deadline = mono_add(clock_mono(), 30 * CLOCK_SEC);
	struct instance in;

	spec.env = env;
	spec.n_env = 3;
	youki_world_shell(w, "env");
	youki_world_ok(w, runtime_create(w->rt, &spec, deadline, w->arena, &in, &w->err));
	youki_world_ok(w, runtime_start(w->rt, spec.id, deadline, &w->err));
	youki_world_wait(w, spec.id, INSTANCE_EXITED);
	youki_said_has(w, youki_said_log(w, service), "EMPTY=\n");
	youki_said_has(w, youki_said_log(w, service), "FROM_IMAGE=no\n");
	youki_said_has(w, youki_said_log(w, service), "ODD=a=b \"c\" $HOME \\ \xc3\xa4\n");
	youki_said_lacks(w, youki_said_log(w, service), "FROM_IMAGE=yes");
}

static void test_user(void **state)
{
	struct youki_world *w = *state;
	static const char *groups[] = { "audio", "77" };
	static const struct {
		const char *user, *said;
	} cases[] = {
		{ "1234:5", "1234 5 5 29 77\n" },
		{ "app", "1000 1001 1001 29 77 1005\n" },
		{ "app:audio", "1000 29 29 77\n" },
		{ "1000", "1000 1001 1001 29 77 1005\n" },
		{ "2147483647", "2147483647 0 0 29 77\n" },
	};

	w->service.extra_groups = TEXTS(groups);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w->service.user = cases[i].user;
		youki_said_is(w, youki_said(w, "echo $(id -u) $(id -g) $(id -G)"), cases[i].said);
	}
}

static void test_stdin(void **state)
{
	struct youki_world *w = *state;

	youki_said_is(w, youki_said(w, "read x || echo closed"), "closed\n");
	w->service.stdin_open = true;
	youki_said_is(w,
		      youki_said(w, "read -t 0.2 x; echo $?; test -p /proc/self/fd/0 && echo open"),
		      "1\nopen\n");
}

/* --- what it may do --- */

static uint64_t own_capabilities(struct youki_world *w)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 16);

	youki_world_ok(w, fs_read(AT_FDCWD, "/proc/self/status", &text, &w->err));
	return strtoull(strstr(text.data, "CapEff:") + 7, NULL, 16);
}

static void assert_caps(struct youki_world *w, uint64_t effective, uint64_t bounding)
{
	const char *want = arena_printf(
		w->arena,
		"CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\n", 0ULL,
		(unsigned long long)effective, (unsigned long long)effective,
		(unsigned long long)bounding);

	youki_said_has(w, youki_said(w, STATUS), want);
}

static void test_capabilities(void **state)
{
	struct youki_world *w = *state;
	static const char *drop[] = { "NET_RAW", "cap_chown" }, *all[] = { "ALL" };
	static const char *net[] = { "NET_ADMIN" }, *one[] = { "SYS_ADMIN" };
	const uint64_t docker = 0xa80425fb, host = own_capabilities(w) & 0x1ffffffffff;

	assert_caps(w, docker, docker);
	w->service.user = "app";
	assert_caps(w, 0, docker);
	w->service.user = NULL;
	w->service.cap_drop = TEXTS(drop);
	assert_caps(w, docker & ~0x2001ULL, docker & ~0x2001ULL);
	w->service.cap_drop = TEXTS(all);
	assert_caps(w, 0, 0);
	w->service.capabilities = TEXTS(net);
	assert_caps(w, 0x1000, 0x1000);
	w->service.cap_drop = TEXTS(one);
	w->service.capabilities = TEXTS(all);
	assert_caps(w, host & ~(1ULL << 21), host & ~(1ULL << 21));
}

static void test_security(void **state)
{
	struct youki_world *w = *state;
	static const char *open[] = { "seccomp=unconfined", "apparmor=unconfined" };
	static const char *both[] = { "no-new-privileges", "systempaths=unconfined" };
	static const char script[] =
		STATUS "; busybox unshare -U true 2>/dev/null && echo unshared;"
		       "for f in /proc/keys /proc/timer_list /proc/interrupts;"
		       "do test -e $f && busybox stat -c '%n %t,%T' $f; done;"
		       "ls /sys/firmware; echo x >/proc/sys/kernel/domainname && echo written;"
		       "echo x >/sys/kernel/profiling || echo ro";
	const char *text = youki_said(w, script);

	youki_said_has(w, text, "Seccomp:\t2\n");
	youki_said_has(w, text, "NoNewPrivs:\t0\n");
	youki_said_lacks(w, text, "unshared");
	youki_said_has(w, text, "/proc/keys 1,3\n");
	youki_said_has(w, text, "/proc/timer_list 1,3\n");
	youki_said_has(w, text, "/proc/interrupts 1,3\n");
	youki_said_lacks(w, text, "memmap");
	youki_said_lacks(w, text, "written");
	youki_said_has(w, text, "ro\n");
	w->service.security_opt = TEXTS(open);
	text = youki_said(w, script);
	youki_said_has(w, text, "Seccomp:\t0\n");
	youki_said_has(w, text, "unshared");
	youki_said_has(w, text, "/proc/keys 1,3\n");
	w->service.security_opt = TEXTS(both);
	text = youki_said(w, script);
	youki_said_has(w, text, "Seccomp:\t2\n");
	youki_said_has(w, text, "NoNewPrivs:\t1\n");
	youki_said_has(w, text, "/proc/keys 0,0\n");
	youki_said_has(w, text, "written");
}

static void test_privileged(void **state)
{
	struct youki_world *w = *state;
	static const char script[] = STATUS
		"; busybox stat -c '%n %t,%T' /proc/keys; grep ' /sys sysfs rw' /proc/mounts;"
		"busybox mknod /tmp/loop b 7 0; (: </tmp/loop) && echo may-open;"
		"ls -l /dev";
	const char *text = youki_said(w, script);

	youki_said_has(w, text, "Operation not permitted");
	youki_said_lacks(w, text, "may-open");
	youki_said_lacks(w, text, "/sys sysfs rw");
	w->service.privileged = true;
	text = youki_said(w, script);
	youki_said_has(w, text,
		       arena_printf(w->arena, "CapEff:\t%016llx\n",
				    (unsigned long long)own_capabilities(w)));
	youki_said_has(w, text, "Seccomp:\t0\n");
	youki_said_has(w, text, "/proc/keys 0,0\n");
	youki_said_has(w, text, "/sys sysfs rw");
	youki_said_has(w, text, "may-open");
	youki_said_has(w, text, " null\n");
	if (access("/dev/loop0", F_OK) == 0)
		youki_said_has(w, text, " loop0\n");
}

static void test_namespaces(void **state)
{
	struct youki_world *w = *state;
	static const char *const names[] = { "pid", "ipc", "net", "uts", "mnt", "user" };
	const char *host[6];
	const char *text;

	for (size_t i = 0; i < 6; i++) {
		char link[64] = "";

		assert_true(readlink(arena_printf(w->arena, "/proc/self/ns/%s", names[i]), link,
				     sizeof(link) - 1) > 0);
		host[i] = arena_strdup(w->arena, link);
	}
	text = youki_said(w, "ls -l /proc/self/ns; ls /proc | grep -c '^[0-9]'");
	for (size_t i = 0; i < 5; i++)
		youki_said_lacks(w, text, host[i]);
	youki_said_has(w, text, host[5]);
	w->service.pid_mode = "host";
	w->service.ipc_mode = "host";
	w->service.userns_mode = "host";
	w->service.network_mode.kind = NETWORK_HOST;
	text = youki_said(w, "ls -l /proc/self/ns; cat /etc/hosts");
	for (size_t i = 0; i < 3; i++)
		youki_said_has(w, text, host[i]);
	youki_said_lacks(w, text, host[3]);
	w->service.network_mode.kind = NETWORK_NONE;
	text = youki_said(w, "ls -l /proc/self/ns; ip link; ip route; ip addr show lo");
	youki_said_lacks(w, text, host[2]);
	youki_said_has(w, text, "LOOPBACK,UP");
	youki_said_has(w, text, "127.0.0.1/8");
	youki_said_lacks(w, text, "eth0");
	youki_said_lacks(w, text, "default");
}

/* --- files --- */

static void test_storage(void **state)
{
	struct youki_world *w = *state;
	const char *dir = arena_printf(w->arena, "%s/host", w->path);
	const char *file = arena_printf(w->arena, "%s/host/file", w->path);
	struct storage_spec items[] = {
		{ .type = STORAGE_BIND, .target = "/b/ro/deep", .source = dir },
		{ .type = STORAGE_BIND, .target = "/b/ro", .source = dir, .readonly = true },
		{ .type = STORAGE_BIND, .target = "/etc/motd", .source = file, .readonly = true },
		{ .type = STORAGE_NAMED, .target = "/named", .name = "vol" },
		{ .type = STORAGE_ANONYMOUS, .target = "/anon/" },
		{ .type = STORAGE_TMPFS, .target = "/tmp", .size = "64Ki", .mode = NUMBER(448) },
		{ .type = STORAGE_TMPFS, .target = "/dev/shm", .readonly = true },
	};
	struct storage_spec named = {
		.type = STORAGE_NAMED, .target = "/v", .name = "vol", .readonly = true
	};
	struct buf read CLEAN(buf) = BUF_INIT(4096);
	const char *text;

	youki_world_ok(w,
		       fs_mkdirs(AT_FDCWD, arena_printf(w->arena, "%s/deep", dir), 0755, &w->err));
	youki_world_ok(w, fs_write_atomic(AT_FDCWD, file, "hello\n", 6, 0644, &w->err));
	w->service.storage.items = items;
	w->service.storage.n = 7;
	w->service.read_only_root_fs = true;
	text = youki_said(
		w, "cat /etc/motd; echo a >/b/ro/x; echo b >/b/ro/deep/y && echo deep-written;"
		   "echo c >/etc/motd; echo d >/named/z && echo named-written;"
		   "echo e >/anon/e && echo anon-written; echo f >/dev/shm/f; echo g >/g;"
		   "busybox stat -c 'mode %a' /tmp; cat /bin/busybox >/tmp/big; echo $?;"
		   "grep -E ' (/tmp|/b/ro|/dev/shm) ' /proc/mounts");
	youki_said_has(w, text, "hello\n");
	youki_said_has(w, text, "can't create /b/ro/x: Read-only file system");
	youki_said_has(w, text, "deep-written");
	youki_said_has(w, text, "can't create /etc/motd: Read-only file system");
	youki_said_has(w, text, "named-written");
	youki_said_has(w, text, "anon-written");
	youki_said_has(w, text, "can't create /dev/shm/f: Read-only file system");
	youki_said_has(w, text, "can't create /g: Read-only file system");
	youki_said_has(w, text, "mode 700\n");
	youki_said_has(w, text, "No space left on device");
	youki_world_ok(w, fs_read(AT_FDCWD, arena_printf(w->arena, "%s/y", dir), &read, &w->err));
	assert_string_equal(read.data, "b\n");
	/* The next instance has the volume, and nothing of what was the container's own. */
	w->service.storage.items = &named;
	w->service.storage.n = 1;
	w->service.read_only_root_fs = false;
	text = youki_said(w, "cat /v/z; echo x >/v/z; ls /anon; echo g >/g && cat /g");
	youki_said_has(w, text, "d\n");
	youki_said_has(w, text, "can't create /v/z: Read-only file system");
	youki_said_has(w, text, "/anon: No such file or directory");
	youki_said_has(w, text, "g\n");
}

static void test_devices(void **state)
{
	struct youki_world *w = *state;
	struct device_spec devices[] = { { .path = "/dev/loop-control", .read = true },
					 { .path = "/dev/zero", .read = true, .write = true } };
	static const char script[] = "ls -l /dev/loop-control; (: </dev/loop-control) && echo read;"
				     "(: >>/dev/loop-control) && echo written;"
				     "busybox mknod /tmp/c c 10 237; (: </tmp/c) && echo opened;"
				     "ls /dev; grep ' /dev/shm ' /proc/mounts";
	const char *text;

	if (access(devices[0].path, F_OK) < 0)
		skip();
	text = youki_said(w, script);
	youki_said_has(w, text, "/dev/loop-control: No such file or directory");
	youki_said_has(w, text, "/tmp/c: Operation not permitted");
	youki_said_lacks(w, text, "opened");
	youki_said_has(w, text, "size=65536k");
	w->service.devices.items = devices;
	w->service.devices.n = 2;
	text = youki_said(w, script);
	youki_said_has(w, text, "crw");
	youki_said_has(w, text, "read\n");
	youki_said_has(w, text, "/dev/loop-control: Operation not permitted");
	youki_said_lacks(w, text, "written\n");
}

static void test_names(void **state)
{
	struct youki_world *w = *state;
	static const char *hosts[] = { "db:10.1.2.3", "six:fd00::1", "seven:[fd00::2]",
				       "eq=10.1.2.4" };
	static const char *dns[] = { "10.9.8.7", "fd00::9" };
	struct buf resolv CLEAN(buf) = BUF_INIT(1 << 16);
	const char *text = youki_said(w, "cat /etc/resolv.conf");

	if (fs_read(AT_FDCWD, "/etc/resolv.conf", &resolv, NULL) == 0 && resolv.n)
		youki_said_has(w, resolv.data, text);
	w->service.extra_hosts = TEXTS(hosts);
	w->service.dns = TEXTS(dns);
	text = youki_said(
		w, "cat /etc/resolv.conf /etc/hosts; echo 1.2.3.4 more >>/etc/hosts && echo added");
	youki_said_has(w, text, "nameserver 10.9.8.7\nnameserver fd00::9\n");
	youki_said_has(w, text, "127.0.0.1\tlocalhost\n");
	youki_said_has(w, text, "10.1.2.3\tdb\nfd00::1\tsix\nfd00::2\tseven\n10.1.2.4\teq\n");
	youki_said_has(w, text, "added\n");
}

/* --- what stands outside of it --- */

static void test_labels(void **state)
{
	struct youki_world *w = *state;
	struct pair labels[] = { { "dev.tallyman.owner", "forged" }, { "team", "a \"b\"" } };
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	struct json_object *o CLEAN(json) = NULL, *annotations;
	const char *root = layout_oci_root(&w->layout, w->arena, w->program), *value;
	const char *argv[] = { w->program_path, "--root", root, "state", NULL, NULL };
	const struct process_spec state_call = { .argv = argv,
						 .waiter = shim_reaper_waiter(w->reaper) };

	w->service.labels = (struct pairs){ labels, 2 };
	argv[4] = youki_world_run(w, youki_said_service(w));
	youki_world_ok(w, process_run(&state_call, &res, &w->err));
	youki_world_ok(w, json_parse(res.out.data, res.out.n, &o, &w->err));
	youki_world_ok(w, json_get_obj(o, "annotations", &annotations, &w->err));
	youki_world_ok(w, json_get_str(annotations, "team", &value, &w->err));
	assert_string_equal(value, "a \"b\"");
	youki_world_ok(w, json_get_str(annotations, "dev.tallyman.owner", &value, &w->err));
	assert_string_equal(value, w->owner);
}

/* A program run in a container later on is bound like its first one. */
static void test_exec_is_bound_as_well(void **state)
{
	struct youki_world *w = *state;
	static const char script[] = STATUS "; id; ulimit -n; pwd; echo $FROM_IMAGE $HOME;"
					    "busybox stat -c '%t,%T' /proc/keys";
	static const char *no_new[] = { "no-new-privileges" }, *chown[] = { "CHOWN" };
	struct ulimit limits[] = { { "nofile", 200, 200 } }; /* runc 1.1 loses a lower soft one */
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	const char *root[] = { "/bin/sh", "-c", "id -u; pwd; echo $MORE", NULL };
	const char *env[] = { "MORE=yes", NULL };
	const char *service = youki_said_service(w),
		   *path = arena_printf(w->arena, "%s/out", w->path), *id;
	struct runtime_exec x = { .argv = argv, .fds = { -1, -1, -1 } };
	struct buf text CLEAN(buf) = BUF_INIT(1 << 16);
	int code = 0;

	w->service.user = "app";
	w->service.security_opt = TEXTS(no_new);
	w->service.capabilities = TEXTS(chown);
	w->service.ulimits.items = limits;
	w->service.ulimits.n = 1;
	w->service.command.workdir = "/var";
	youki_world_shell(w, arena_printf(w->arena, "(%s) 2>&1; sleep 1000", script));
	x.id = id = youki_world_run(w, service);
	x.fds[1] = x.fds[2] = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(x.fds[1] >= 0);
	youki_world_ok(w, runtime_run_exec(w->rt, &x, &code, &w->err));
	youki_world_ok(w, fs_read(AT_FDCWD, path, &text, &w->err));
	for (int i = 0; i < 1000 && !strstr(youki_said_log(w, service), "1,3"); i++)
		clock_sleep(10 * CLOCK_MS);
	youki_said_has(w, text.data, "NoNewPrivs:\t1\n");
	/* youki 0.7.0 leaves the filter out, which `exec --help` says. */
	if (strcmp(w->program, "youki") == 0)
		*(strstr(text.data, "Seccomp:\t0\n") + 9) = '2';
	youki_said_is(w, text.data, youki_said_log(w, service));
	x.argv = root;
	x.env = env;
	x.user = "0";
	x.workdir = "/tmp";
	youki_world_ok(w, runtime_run_exec(w->rt, &x, &code, &w->err));
	buf_done(&text);
	text = BUF_INIT(1 << 16);
	youki_world_ok(w, fs_read(AT_FDCWD, path, &text, &w->err));
	youki_said_has(w, text.data, "\n0\n/tmp\nyes\n");
	close(x.fds[1]);
	youki_world_end(w, id);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, youki_said_setup, youki_said_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_process),
		CASE(test_env),
		CASE(test_user),
		CASE(test_stdin),
		CASE(test_capabilities),
		CASE(test_security),
		CASE(test_privileged),
		CASE(test_namespaces),
		CASE(test_storage),
		CASE(test_devices),
		CASE(test_names),
		CASE(test_labels),
		CASE(test_exec_is_bound_as_well),
	};

	return youki_said_main(tests, sizeof(tests) / sizeof(tests[0]));
}
