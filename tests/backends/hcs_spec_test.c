/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a service in a file to documents. One table says for every field what it does to them, and
 * is held against specs/fields_table.c: what has no effect is warned about.
 */
#include "backends/hcs_spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "specs/fields.h"
#include "specs/parse.h"
#include "specs/schema.h"
#include "tests/support/golden.h"

static const struct hcs_version build = { 10, 0, 20348 };
static const struct layout layout = { "tallyman", "C:\\ProgramData\\tallyman", "C:\\run" };
static const struct hcs_layer layer = { "11111111-1111-5111-8111-111111111111", "C:\\l\\0" };
static const char *image_cmd[] = { "C:\\image.exe" };
static const char *image_env[] = { "PATH=C:\\image", "=C:=C:\\x", "HOME=C:\\Users" };

struct fixture {
	struct arena *arena;
	struct service *service;
	struct hcs_host host;
	struct image_config image;
	struct instance_spec spec;
	struct hcs_spec in;
	struct hcs_wish wish;
	struct error err;
};

/* A service "web" with @fields, indented by four; what hcs_spec_read() says of it. */
static int read_service(struct fixture *f, const char *fields)
{
	struct findings findings;
	struct deployment *d = NULL;
	const char *text;

	if (!f->arena)
		f->arena = arena_new();
	text = arena_printf(f->arena,
			    "version: v1\ndeployment: shop\nservices:\n  web:\n"
			    "    image: {name: x}\n    platform: {os: windows, arch: amd64}\n"
			    "    %s\n",
			    fields);
	findings_init(&findings, f->arena, "text");
	if (parse_deployment(text, strlen(text), f->arena, &findings, &d, NULL) != 0)
		fail_msg("%s", text);
	f->service = &d->services.items[0];
	if (!f->host.version)
		f->host = (struct hcs_host){ &build, true, 4 };
	f->image.platform.os_version = "10.0.20348.2113";
	if (!f->image.cmd.n && !f->image.entrypoint.n)
		f->image.cmd = (struct image_words){ image_cmd, 1 };
	f->image.env = (struct image_words){ image_env, 3 };
	f->spec.id = "shop.web-rep-0.17";
	f->spec.deployment = "shop";
	f->spec.service_name = "web";
	f->spec.owner = "tallyman";
	f->spec.service = f->service;
	f->in = (struct hcs_spec){ &f->spec, &f->image, &f->host, &layout, "C:\\i\\17" };
	f->err = ERROR_INIT;
	return hcs_spec_read(&f->in, f->arena, &f->wish, &f->err);
}

static void done(struct fixture *f)
{
	arena_free(f->arena);
	*f = (struct fixture){ 0 };
}

/* All documents of a wish, with fixed places for what the caller adds. */
static struct json_object *documents(struct fixture *f)
{
	struct json_object *o = json_object_new_object(), *c = NULL;
	struct hcs_wish w = f->wish;

	w.container.layers = &layer;
	w.container.n_layers = 1;
	w.container.root = "\\\\?\\Volume{0123abcd-4567-89ab-cdef-0123456789ab}\\";
	w.container.network = w.has_network ? "b7c1a2d3-0000-5000-8000-00000000000a" : NULL;
	w.vm.boot_files = "C:\\uvm";
	w.vm.scratch_disk = "C:\\vm.vhdx";
	w.endpoint.owner = "tallyman";
	w.endpoint.name = "tallyman.shop.web-rep-0.17";
	w.endpoint.network = "b7c1a2d3-0000-5000-8000-00000000000c";
	w.endpoint.address = "10.220.99.2";
	w.endpoint.prefix_length = 28;
	w.endpoint.gateway = "10.220.99.1";
	assert_int_equal(hcs_document_container("tallyman", &w.container, &c, NULL), 0);
	json_put_obj(o, "container", c);
	if (w.isolation == HCS_ISOLATION_HYPERV)
		json_put_obj(o, "vm", hcs_vm_create("tallyman", &w.vm));
	if (w.has_gpu)
		json_put_obj(o, "gpu", hcs_vm_gpu());
	json_put_obj(o, "process", hcs_process_start(&w.process));
	if (w.has_network)
		json_put_obj(o, "endpoint", hcn_document_endpoint(&w.endpoint));
	return o;
}

static const char *picture(struct fixture *f)
{
	struct json_object *o CLEAN(json) = documents(f);
	struct buf text CLEAN(buf) = BUF_INIT(1 << 20);

	json_canonical(o, &text);
	return arena_strdup(f->arena, text.data);
}

static void test_golden(void **state)
{
	struct fixture f = { 0 };
	const struct env_var env[] = { { "Mode", "a b" }, { "path", "C:\\own" } };
	int r;

	(void)state;
	f.spec.env = env;
	f.spec.n_env = 2;
	r = read_service(
		&f, "command: {entrypoint: ['C:\\a b\\app.exe'], args: [serve, ''], "
		    "workdir: /srv}\n"
		    "    user: ContainerUser\n"
		    "    dns: [10.0.0.1]\n"
		    "    resources: {cpu: 0.5, memory: 513Mi}\n"
		    "    storage:\n"
		    "      - {type: bind, source: 'D:\\conf', target: 'C:\\conf', readonly: true}\n"
		    "      - {type: named, name: data, target: /data}\n"
		    "      - {type: anonymous, target: /cache}\n"
		    "      - {type: bind, source: '\\\\.\\pipe\\x', target: '\\\\.\\pipe\\y'}");
	if (r != 0)
		fail_msg("%s", f.err.msg);
	assert_int_equal(f.wish.n_volumes, 2);
	golden_json("hcs/spec_process.json", documents(&f));
	assert_int_equal(read_service(&f,
				      "isolation: hyperv\n    network_mode: none\n"
				      "    resources: {cpu: 3.5, memory: 2Gi, gpu: {count: 1}}"),
			 0);
	golden_json("hcs/spec_hyperv.json", documents(&f));
	done(&f);
}

enum effect {
	CHANGES,   /* the documents: honoured or emulated, so nobody is warned */
	NOTHING,   /* ignored or impossible: everybody is warned */
	REFUSED,   /* and warned about before */
	ELSEWHERE, /* the controller's business or a person's, on every runtime */
};

static const struct {
	const char *field; /* first word of a field of services.* */
	const char *yaml;
	enum effect effect;
} rows[] = {
	{ "rtype", "rtype: job", ELSEWHERE },
	{ "schedule", "rtype: cron\n    schedule: '@daily'", ELSEWHERE },
	{ "image", "hostname: a", CHANGES }, /* a service has one in any case */
	{ "resources", "resources: {cpu: 1}", CHANGES },
	{ "resources", "resources: {memory: 1Gi}", CHANGES },
	{ "resources", "resources: {cpu_shares: 77}", CHANGES },
	{ "resources", "resources: {pids_limit: 7}", NOTHING },
	{ "resources", "resources: {cpuset: '0'}", NOTHING },
	{ "resources", "resources: {memory_swap: '1'}", NOTHING },
	{ "resources", "resources: {memory_reservation: '1'}", NOTHING },
	{ "resources", "resources: {memory_swappiness: 1}", NOTHING },
	{ "resources", "resources: {oom_score_adj: 1}", NOTHING },
	{ "resources", "resources: {oom_kill_disable: true}", NOTHING },
	{ "resources", "resources: {blkio_weight: 10}", NOTHING },
	{ "isolation", "isolation: hyperv", CHANGES },
	{ "env", "env: {A: b}", ELSEWHERE }, /* resolved above: it comes beside the service */
	{ "command", "command: {entrypoint: [a]}", CHANGES },
	{ "command", "command: {args: [a]}", CHANGES },
	{ "command", "command: {workdir: 'D:\\x'}", CHANGES },
	{ "network", "network: {join: {mode: open}}", NOTHING },
	{ "endpoints", "endpoints: [{name: a, protocol: tcp, port: 1}]", NOTHING },
	{ "scale", "scale: {mode: fixed, replicas: 3}", ELSEWHERE },
	{ "replica_groups", "replica_groups: [{role: a, count: 1}]", ELSEWHERE },
	{ "depends", "rtype: service", ELSEWHERE }, /* needs a second service */
	{ "health", "health: {check: {type: tcp, port: 1}}", NOTHING },
	{ "init", "init: {steps: [{id: a, uses: b}]}", NOTHING },
	{ "errors", "errors: {on_panic: {action: isolate}}", NOTHING },
	{ "lifecycle", "lifecycle: {delete_on_exit: true}", ELSEWHERE },
	{ "devices", "devices: [{path: /dev/null}]", NOTHING },
	{ "storage", "storage: [{type: bind, source: 'D:\\a', target: 'C:\\a'}]", CHANGES },
	{ "storage", "storage: [{type: named, name: a, target: 'C:\\a'}]", CHANGES },
	{ "storage", "storage: [{type: anonymous, target: 'C:\\a'}]", CHANGES },
	{ "storage", "storage: [{type: tmpfs, target: 'C:\\a'}]", REFUSED },
	{ "storage", "storage: [{type: s3, bucket: b, target: 'C:\\a'}]", REFUSED },
	{ "port_mappings", "port_mappings: [{container_port: 80, host_port: 8080}]", CHANGES },
	{ "port_mappings", "port_mappings: [{container_port: 80}]", NOTHING },
	{ "port_mappings", "port_mappings: [{container_port: 80, host_port: 0}]", NOTHING },
	{ "capabilities", "capabilities: [NET_ADMIN]", NOTHING },
	{ "cap_drop", "cap_drop: [CHOWN]", NOTHING },
	{ "privileged", "privileged: true", NOTHING },
	{ "node_mode", "node_mode: dedicated", NOTHING },
	{ "node_selector", "node_selector: {labels: {a: b}}", NOTHING },
	{ "affinity", "affinity: spread", NOTHING },
	{ "platform", "rtype: service", ELSEWHERE }, /* all of them have one here */
	{ "service_type", "service_type: job", ELSEWHERE },
	{ "wasm", "service_type: wasm_plugin\n    wasm: {max_fuel: 1}", NOTHING },
	{ "logs", "logs: {retention_secs: 1}", ELSEWHERE }, /* the shim's, for all runtimes */
	{ "host_network", "host_network: true", REFUSED },
	{ "hostname", "hostname: other", CHANGES },
	{ "dns", "dns: [10.0.0.1]", CHANGES },
	{ "extra_hosts", "extra_hosts: ['a:10.0.0.1']", NOTHING },
	{ "restart_policy", "restart_policy: {kind: no}", ELSEWHERE },
	{ "labels", "labels: {a: b}", ELSEWHERE },
	{ "user", "user: ContainerAdministrator", CHANGES },
	{ "stop_signal", "stop_signal: SIGINT", ELSEWHERE },
	{ "stop_grace_period", "stop_grace_period: 3s", ELSEWHERE },
	{ "sysctls", "sysctls: {net.a: b}", NOTHING },
	{ "ulimits", "ulimits: {nofile: {soft: 1, hard: 1}}", NOTHING },
	{ "security_opt", "security_opt: [seccomp=unconfined]", NOTHING },
	{ "pid_mode", "pid_mode: host", NOTHING },
	{ "ipc_mode", "ipc_mode: host", NOTHING },
	{ "network_mode", "network_mode: none", CHANGES },
	{ "network_mode", "network_mode: host", REFUSED },
	{ "network_mode", "network_mode: 'bridge:a'", REFUSED },
	{ "network_mode", "network_mode: 'container:a'", REFUSED },
	{ "extra_groups", "extra_groups: ['1']", NOTHING },
	{ "read_only_root_fs", "read_only_root_fs: true", NOTHING },
	{ "init_container", "init_container: true", NOTHING },
	{ "tty", "tty: true", NOTHING },
	{ "stdin_open", "stdin_open: true", NOTHING },
	{ "userns_mode", "userns_mode: host", NOTHING },
	{ "cgroup_parent", "cgroup_parent: a", NOTHING },
	{ "expose", "expose: ['80']", ELSEWHERE },
	{ "overlay", "overlay: {mode: dedicated}", NOTHING },
	{ "localhost_reachability", "localhost_reachability: never", NOTHING },
	{ "tallyman", "tallyman: {protect: true}", ELSEWHERE },
};

static size_t count_warnings(struct fixture *f)
{
	struct fields_warnings w = { NULL, 0 };

	fields_warn(f->service, "hcs", f->arena, &w);
	return w.n;
}

static void check_row(size_t i, const char *plain)
{
	struct fixture f = { 0 };
	int r = read_service(&f, rows[i].yaml);
	size_t n = count_warnings(&f);

	switch (rows[i].effect) {
	case CHANGES:
		if (r != 0 || n != 0 || strcmp(picture(&f), plain) == 0)
			fail_msg("%s: %d, %zu warnings", rows[i].yaml, r, n);
		break;
	case NOTHING:
		if (r != 0 || n == 0 || strcmp(picture(&f), plain) != 0)
			fail_msg("%s: %d, %zu warnings", rows[i].yaml, r, n);
		break;
	case REFUSED:
		if (r != -ERR_UNSUPPORTED || n == 0)
			fail_msg("%s: %d, %zu warnings", rows[i].yaml, r, n);
		break;
	case ELSEWHERE:
		if (r != 0 || strcmp(picture(&f), plain) != 0)
			fail_msg("%s: %d", rows[i].yaml, r);
		break;
	}
	done(&f);
}

static void test_every_field_has_its_effect(void **state)
{
	struct fixture f = { 0 };
	const char *plain;

	(void)state;
	assert_int_equal(read_service(&f, "tty: false"), 0);
	assert_int_equal(count_warnings(&f), 0);
	plain = picture(&f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(i, plain);
	done(&f);
}

static void check_covered(void *ctx, const char *path, const struct schema_field *field,
			  const struct schema_type *in)
{
	static const char prefix[] = "services.*.";
	size_t n = strlen(prefix);

	(void)ctx;
	(void)field;
	(void)in;
	if (strncmp(path, prefix, n) != 0 || strpbrk(path + n, ".["))
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].field, path + n) == 0)
			return;
	fail_msg("nobody says what %s does to a Windows container", path);
}

static void test_no_field_is_left_out(void **state)
{
	(void)state;
	schema_walk(check_covered, NULL);
}

static void test_host_names(void **state)
{
	static const struct {
		const char *service;
		unsigned slot;
		const char *hostname, *want;
	} names[] = {
		{ "web", 0, NULL, "web-rep-0" },
		{ "database", 12, NULL, "database-rep-12" },
		{ "database", 123, NULL, "database-2fdbe8" },
		{ "9lives", 0, NULL, "z9lives-rep-0" },
		{ "web", 0, "my_host.local", "my-host-local" },
		{ "web", 0, "\xc3\xa4\xc3\xb6", "web-rep-0" },
		{ "web", 0, "-x", "z-x" },
	};
	struct arena *a CLEAN(arena) = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct service s = { .hostname = names[i].hostname };
		const struct instance_spec spec = { .service_name = names[i].service,
						    .slot = names[i].slot,
						    .service = &s };

		assert_string_equal(hcs_spec_host_name(&spec, a), names[i].want);
	}
}

static void check_limits(const char *yaml, uint32_t n_processors, struct hcs_limits want)
{
	struct fixture f = { .host = { &build, true, n_processors } };
	struct hcs_limits *l = &f.wish.container.limits;

	if (read_service(&f, yaml) != 0)
		fail_msg("%s: %s", yaml, f.err.msg);
	assert_int_equal(l->memory_mb, want.memory_mb);
	assert_int_equal(l->processor_count, want.processor_count);
	assert_int_equal(l->processor_maximum, want.processor_maximum);
	assert_int_equal(l->processor_weight, want.processor_weight);
	done(&f);
}

static void test_limits(void **state)
{
	(void)state;
	check_limits("resources: {memory: 1Ki}", 4, (struct hcs_limits){ .memory_mb = 1 });
	check_limits("resources: {memory: 512Mi}", 4, (struct hcs_limits){ .memory_mb = 512 });
	check_limits("resources: {cpu: 0.5}", 4, (struct hcs_limits){ .processor_maximum = 1250 });
	check_limits("resources: {cpu: 4}", 4, (struct hcs_limits){ .processor_maximum = 10000 });
	check_limits("resources: {cpu: 99}", 4, (struct hcs_limits){ .processor_maximum = 10000 });
	check_limits("resources: {cpu: 0.00001}", 64,
		     (struct hcs_limits){ .processor_maximum = 1 });
	check_limits("resources: {cpu: 2.1}", 0, (struct hcs_limits){ .processor_count = 3 });
	check_limits("resources: {cpu: 2}", 0, (struct hcs_limits){ .processor_count = 2 });
	check_limits("resources: {cpu_shares: 512}", 4,
		     (struct hcs_limits){ .processor_weight = 512 });
	check_limits("resources: {cpu_shares: 20000}", 4,
		     (struct hcs_limits){ .processor_weight = 10000 });
	check_limits("resources: {cpu: 1, cpu_shares: 512}", 4,
		     (struct hcs_limits){ .processor_maximum = 2500 });
}

/* The VM gets what its container may use, and the limit is a share of the VM then. */
static void test_utility_vm(void **state)
{
	static const struct {
		const char *resources;
		uint32_t n_processors;
		int64_t vm_processors, vm_memory_mb, maximum;
	} cases[] = {
		{ "{}", 64, 2, 1024, 0 },
		{ "{cpu: 1}", 64, 2, 1024, 5000 },
		{ "{cpu: 3.5}", 64, 4, 1024, 8750 },
		{ "{cpu: 3.5}", 0, 4, 1024, 8750 },
		{ "{cpu: 8}", 4, 4, 1024, 10000 },
		{ "{memory: 256Mi}", 64, 2, 1024, 0 },
		{ "{memory: 4Gi}", 64, 2, 4608, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f = { .host = { &build, true, cases[i].n_processors } };

		assert_int_equal(read_service(&f, "isolation: hyperv"), 0);
		assert_int_equal(read_service(&f, arena_printf(f.arena,
							       "isolation: hyperv\n"
							       "    resources: %s",
							       cases[i].resources)),
				 0);
		assert_int_equal(f.wish.vm.processors, cases[i].vm_processors);
		assert_int_equal(f.wish.vm.memory_mb, cases[i].vm_memory_mb);
		assert_int_equal(f.wish.container.limits.processor_maximum, cases[i].maximum);
		done(&f);
	}
}

static void test_commands(void **state)
{
	const char *escaped[] = { "powershell -c \"exit 3\"", "a b" };
	struct fixture f = { 0 };

	(void)state;
	assert_int_equal(read_service(&f, "command: {args: ['x y']}"), 0);
	assert_string_equal(f.wish.process.command_line, "\"x y\"");
	assert_int_equal(read_service(&f, "tty: false"), 0);
	assert_string_equal(f.wish.process.command_line, "C:\\image.exe");
	assert_string_equal(f.wish.process.workdir, "C:\\");
	assert_null(f.wish.process.user);
	f.image.cmd = (struct image_words){ escaped, 2 };
	f.image.args_escaped = true;
	assert_int_equal(read_service(&f, "tty: false"), 0);
	assert_string_equal(f.wish.process.command_line, "powershell -c \"exit 3\" \"a b\"");
	/* the service's own words are words */
	assert_int_equal(read_service(&f, "command: {args: [a b]}"), 0);
	assert_string_equal(f.wish.process.command_line, "\"a b\"");
	done(&f);
}

static const char *find_env(const struct hcs_process *p, const char *name)
{
	for (size_t i = 0; i < p->n_env; i++)
		if (strcmp(p->env[i].name, name) == 0)
			return p->env[i].value;
	return NULL;
}

static void test_environment(void **state)
{
	const struct env_var env[] = { { "Path", "C:\\own" } }, bad[] = { { "a=b", "c" } };
	struct fixture f = { 0 };
	const char *argv[] = { "cmd" };
	const char *const more[] = { "PATH=C:\\exec", "NEW=1", NULL };
	struct hcs_exec x = { .argv = { argv, 1 }, .env = more, .tty = true, .workdir = "/w" };
	struct hcs_process p;

	(void)state;
	f.spec.env = env;
	f.spec.n_env = 1;
	assert_int_equal(read_service(&f, "user: u"), 0);
	assert_int_equal(f.wish.process.n_env, 2); /* one path, and no "=C:" */
	assert_string_equal(find_env(&f.wish.process, "Path"), "C:\\own");
	assert_string_equal(find_env(&f.wish.process, "HOME"), "C:\\Users");
	assert_int_equal(hcs_spec_exec(&f.wish, &x, f.arena, &p, NULL), 0);
	assert_int_equal(p.n_env, 3);
	assert_string_equal(find_env(&p, "PATH"), "C:\\exec");
	assert_string_equal(find_env(&p, "NEW"), "1");
	assert_string_equal(p.user, "u");
	assert_string_equal(p.workdir, "C:\\w");
	assert_string_equal(p.command_line, "cmd");
	assert_true(p.with_stdin && p.with_console);
	x.workdir = "relative";
	assert_int_equal(hcs_spec_exec(&f.wish, &x, f.arena, &p, NULL), -ERR_INVALID);
	f.spec.env = bad;
	assert_int_equal(read_service(&f, "user: u"), -ERR_INVALID);
	assert_non_null(strstr(f.err.msg, "a=b"));
	done(&f);
}

static void test_refused(void **state)
{
	static const struct {
		const char *yaml;
		int code;
		const char *says;
	} cases[] = {
		{ "command: {workdir: x}", ERR_INVALID, "command.workdir: x is no absolute" },
		{ "command: {workdir: 'C:x'}", ERR_INVALID, "command.workdir" },
		{ "command: {workdir: '\\\\srv\\s'}", ERR_INVALID, "command.workdir" },
		{ "command: {workdir: 'C:\\a:b'}", ERR_INVALID, "command.workdir" },
		{ "command: {entrypoint: ['']}", ERR_INVALID, "program's name is empty" },
		{ "resources: {cpu: .nan}", ERR_INVALID, "resources.cpu" },
		{ "resources: {cpu: .inf}", ERR_INVALID, "resources.cpu" },
		{ "resources: {memory: 99999999999Ti}", ERR_INVALID, "resources.memory" },
		{ "resources: {gpu: {count: 1}}", ERR_UNSUPPORTED, "resources.gpu" },
		{ "storage: [{type: anonymous, target: /}]", ERR_INVALID, "a drive cannot" },
		{ "storage: [{type: anonymous, target: /a}, {type: named, name: b, target: /A}]",
		  ERR_INVALID, "is there twice" },
		{ "storage: [{type: named, name: b, target: '/\\.\\pipe\\x'}]", ERR_INVALID,
		  "no absolute path" },
		{ "storage: [{type: named, name: b, target: '\\\\.\\pipe\\x'}]", ERR_INVALID,
		  "bound to a named pipe only" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f = { 0 };
		int r = read_service(&f, cases[i].yaml);

		if (r != -cases[i].code || !strstr(f.err.msg, cases[i].says))
			fail_msg("%s: %d %s", cases[i].yaml, r, f.err.msg);
		done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_every_field_has_its_effect),
		cmocka_unit_test(test_no_field_is_left_out),
		cmocka_unit_test(test_host_names),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_utility_vm),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
