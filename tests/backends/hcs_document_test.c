/* SPDX-License-Identifier: Apache-2.0 */
/* Documents for the Host Compute Service: golden ones, and what must never be sent. */
#include "backends/hcs_document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/hcs_process.h"
#include "backends/hcs_vm.h"
#include "tests/support/golden.h"

#define VOLUME "\\\\?\\Volume{0123abcd-4567-89ab-cdef-0123456789AB}"

static const struct hcs_layer layers[] = {
	{ "11111111-1111-5111-8111-111111111111", "C:\\tm\\l\\0123456789ab" },
	{ "22222222-2222-5222-8222-222222222222", "C:\\tm\\l\\ba9876543210" },
};
static const struct hcs_container plain = {
	.host_name = "web-rep-0", .layers = layers, .n_layers = 1, .root = VOLUME "\\"
};

static void says_what_a_container_has(void **state)
{
	const char *search[] = { "shop.local", "local" };
	const struct hcs_directory dirs[] = { { "D:\\data", "C:\\data", false },
					      { "D:\\conf", "C:\\conf", true } };
	const struct hcs_pipe pipe = { "\\\\.\\pipe\\docker_engine", "docker_engine" };
	const struct hcs_container full = {
		.host_name = "web-rep-0",
		.layers = layers,
		.n_layers = 2,
		.root = VOLUME, /* the backslash is put */
		.network = "b7c1a2d3-0000-5000-8000-00000000000a",
		.dns_search = { search, 2 },
		.directories = dirs,
		.n_directories = 2,
		.pipes = &pipe,
		.n_pipes = 1,
		.limits = { .memory_mb = 512, .processor_maximum = 2500 },
	};
	struct json_object *o = NULL;

	(void)state;
	assert_int_equal(hcs_document_container("tallyman", &full, &o, NULL), 0);
	golden_json("hcs/container_full.json", o);
	assert_int_equal(hcs_document_container("tallyman", &plain, &o, NULL), 0);
	golden_json("hcs/container_plain.json", o);
	assert_int_equal(hcs_document_hosted("tallyman", "shop.web-rep-0.17.vm", &full, &o, NULL),
			 0);
	golden_json("hcs/container_hosted.json", o);
}

static void refuse(const struct hcs_container *c, const char *says)
{
	struct json_object *o = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(hcs_document_container("tallyman", c, &o, &err), -ERR_INVALID);
	assert_null(o);
	if (!strstr(err.msg, says))
		fail_msg("%s", err.msg);
}

static void sends_nothing_the_service_refuses(void **state)
{
	static const char *const names[] = { "", "sixteen-letters-", "a.b", "a_b", "caf\xc3\xa9" };
	static const char *const roots[] = {
		"",           "C:\\scratch", "\\\\?\\Volume{0123abcd}\\",
		VOLUME "\\x", VOLUME "x",    "\\\\?\\volume{0123abcd-4567-89ab-cdef-0123456789AB}\\"
	};
	const char *search[] = { "ok", "a,b" };
	struct hcs_container c;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		c = plain;
		c.host_name = names[i];
		refuse(&c, "hostname: ");
	}
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		c = plain;
		c.root = roots[i];
		refuse(&c, "not the name of a volume");
	}
	c = plain;
	c.n_layers = 0;
	refuse(&c, "without a layer");
	c = plain;
	c.limits = (struct hcs_limits){ .processor_count = 1, .processor_weight = 1 };
	refuse(&c, "exclude each other");
	c = plain;
	c.limits.processor_maximum = 10001;
	refuse(&c, "out of range");
	c = plain;
	c.dns_search = (struct strings){ search, 2 };
	refuse(&c, "no DNS suffix: \"a,b\"");
}

/* A list of documents under one golden name, in the order they are added. */
static void add(struct json_object *list, struct json_object *o)
{
	json_object_array_add(list, o);
}

static void asks_and_changes(void **state)
{
	const struct hcs_directory dir = { "D:\\data", "C:\\data", true };
	const struct hcs_limits limits = { .processor_maximum = 5000 };
	struct json_object *list = json_object_new_array();

	(void)state;
	add(list, hcs_document_systems("tallyman"));
	add(list, hcs_document_properties(0));
	add(list, hcs_document_properties(HCS_PROPERTY_STATISTICS | HCS_PROPERTY_PROCESSES));
	add(list, hcs_document_properties(HCS_PROPERTY_MEMORY | HCS_PROPERTY_GUEST));
	add(list, hcs_document_memory(256));
	add(list, hcs_document_processor(&limits));
	add(list, hcs_document_directory(HCS_ADD, &dir));
	add(list, hcs_document_directory(HCS_REMOVE, &dir));
	golden_json("hcs/requests.json", list);
}

static void starts_processes(void **state)
{
	const struct env_var env[] = { { "Path", "C:\\bin" }, { "X", "" } };
	struct hcs_process p = { .command_line = "\"C:\\a b\\app.exe\" serve",
				 .application = "C:\\a b\\app.exe",
				 .workdir = "C:\\",
				 .user = "ContainerUser",
				 .env = env,
				 .n_env = 2,
				 .with_stdout = true,
				 .with_stderr = true };
	struct json_object *list = json_object_new_array();

	(void)state;
	add(list, hcs_process_start(&p));
	p = (struct hcs_process){ .command_line = "cmd",
				  .with_stdin = true,
				  .with_stdout = true,
				  .with_stderr = true,
				  .with_console = true,
				  .rows = 24,
				  .cols = 80 };
	add(list, hcs_process_start(&p));
	add(list, hcs_process_close_stdin());
	add(list, hcs_process_resize(50, 132));
	add(list, hcs_process_signal(1));
	add(list, hcs_process_signal(2));
	add(list, hcs_process_signal(3));
	add(list, hcs_process_signal(15));
	assert_null(hcs_process_signal(9));
	assert_null(hcs_process_signal(0));
	golden_json("hcs/process.json", list);
}

static void builds_utility_vms(void **state)
{
	const struct hcs_vm small = { "C:\\l\\b\\UtilityVM\\Files", "C:\\s\\vm\\sandbox.vhdx", 0,
				      0 };
	const struct hcs_vm large = { small.boot_files, small.scratch_disk, 8, 4096 };
	const char *ep = "b7c1a2d3-0000-5000-8000-00000000000b";
	struct json_object *list = json_object_new_array();
	struct json_object *ns = json_object_new_object();

	(void)state;
	json_put_str(ns, "ID", "b7c1a2d3-0000-5000-8000-00000000000a");
	golden_json("hcs/vm.json", hcs_vm_create("tallyman", &small));
	golden_json("hcs/vm_large.json", hcs_vm_create("tallyman", &large));
	add(list, hcs_vm_share("s1", "C:\\l\\b", true));
	add(list, hcs_vm_share("data", "D:\\data", false));
	add(list, hcs_vm_layer("l0", "C:\\l\\b"));
	add(list, hcs_vm_pipe("\\\\.\\pipe\\x"));
	add(list, hcs_vm_attach(1, "C:\\s\\c\\sandbox.vhdx"));
	add(list, hcs_vm_mount(1, "C:\\mounts\\m1"));
	add(list, hcs_vm_combine("C:\\mounts\\m1", layers, 2));
	add(list, hcs_vm_namespace(json_object_get(ns)));
	add(list, hcs_vm_announce(ep, ns));
	add(list, hcs_vm_adapter(ep, "00-15-5D-00-00-01"));
	add(list, hcs_vm_gpu());
	golden_json("hcs/vm_requests.json", list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_a_container_has),
		cmocka_unit_test(sends_nothing_the_service_refuses),
		cmocka_unit_test(asks_and_changes),
		cmocka_unit_test(starts_processes),
		cmocka_unit_test(builds_utility_vms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
