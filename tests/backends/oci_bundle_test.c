/* SPDX-License-Identifier: Apache-2.0 */
/* config.json from a service: one golden document, and every wish that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backends/oci_bundle.h"
#include "backends/oci_caps.h"
#include "backends/oci_program.h"
#include "base/limits.h"
#include "tests/support/golden.h"

#define DOCKER_CAPS UINT64_C(0xa80425fb)

static const struct oci_rlimit rlimits[] = { { "nofile", "RLIMIT_NOFILE", 20000 } };
static const struct layout layout = { "tallyman", "/state", "/run" };
static const struct oci_user root_user = { .uid = 0 };

/* Everything a bundle is made of, on one stack. */
struct fixture {
	struct service service;
	struct instance_spec spec;
	struct image_config image;
	struct oci_facts facts;
	struct oci_bundle bundle;
	struct arena *arena;
};

static struct fixture *fixture_new(struct arena *a)
{
	struct fixture *f = arena_alloc(a, sizeof(*f));

	f->arena = a;
	f->spec = (struct instance_spec){ .id = "shop.web-rep-0.17",
					  .deployment = "shop",
					  .service_name = "web",
					  .generation = 17,
					  .owner = "tallyman",
					  .node_id = "node-1",
					  .service = &f->service };
	f->facts = (struct oci_facts){ .capabilities = DOCKER_CAPS,
				       .has_swap = true,
				       .rlimits = rlimits,
				       .n_rlimits = 1,
				       .resolv_conf = "nameserver 1.2.3.4\n",
				       .arch = "amd64" };
	f->bundle = (struct oci_bundle){ .spec = &f->spec,
					 .image = &f->image,
					 .facts = &f->facts,
					 .user = &root_user,
					 .layout = &layout,
					 .path = "/state/bundles/shop.web-rep-0.17",
					 .cgroup = "/tallyman/shop.web-rep-0.17" };
	return f;
}

static void test_golden(void **state)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct fixture *f = fixture_new(a);
	struct json_object *o CLEAN(json) = NULL;
	struct buf have CLEAN(buf) = BUF_INIT(1 << 20);
	const char *args[] = { "serve" }, *entry[] = { "/bin/app" };
	const char *image_env[] = { "A=image", "B=image" };
	struct env_var env[] = { { "B", "service" } };
	struct storage_spec storage[] = {
		{ .type = STORAGE_BIND, .target = "/b/deep", .source = "/host", .readonly = true },
		{ .type = STORAGE_NAMED, .target = "/b", .name = "data" },
		{ .type = STORAGE_TMPFS, .target = "/t", .size = "1Ki", .mode = { true, 511 } },
	};
	struct pair labels[] = { { "dev.tallyman.owner", "forged" }, { "team", "a" } };
	struct error err = ERROR_INIT;

	(void)state;
	f->image.env = (struct image_words){ image_env, 2 };
	f->image.entrypoint = (struct image_words){ entry, 1 };
	f->spec.env = env;
	f->spec.n_env = 1;
	f->service.command.args = (struct strings){ args, 1 };
	f->service.storage.items = storage;
	f->service.storage.n = 3;
	f->service.labels = (struct pairs){ labels, 2 };
	f->service.resources.memory = "64Mi";
	f->service.resources.cpu = (struct opt_float){ true, 0.5 };
	assert_int_equal(oci_bundle_config(&f->bundle, a, &o, &err), 0);
	json_pretty(o, &have);
	buf_putc(&have, '\n');
	golden_text("bundles/full.json", &have);
}

static void refuse(struct fixture *f, int code, const char *field)
{
	struct json_object *o CLEAN(json) = NULL;
	struct error err = ERROR_INIT;
	int r = oci_bundle_config(&f->bundle, f->arena, &o, &err);

	if (r != -code || !strstr(err.msg, field))
		fail_msg("%s: result %d: %s", field, r, err.msg);
	memset(&f->service, 0, sizeof(f->service));
}

static void test_refused(void **state)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct fixture *f = fixture_new(a);
	const char *cap[] = { "SYS_ADMIN" }, *odd[] = { "FLY" }, *host[] = { "db" };
	const char *forged[] = { "db:1.2.3.4\n5.6.7.8 x" }, *apparmor[] = { "apparmor=mine" };
	struct pair sysctl[] = { { "kernel.panic", "1" } }, net[] = { { "net.a", "1" } };
	struct ulimit more[] = { { "nofile", 1, 20001 } };
	struct ulimit unknown[] = { { "wings", 1, 1 } };
	struct storage_spec s3 = { .type = STORAGE_S3, .target = "/s" };

	(void)state;
	f->service.capabilities = (struct strings){ cap, 1 };
	refuse(f, ERR_UNSUPPORTED, "capabilities");
	f->service.cap_drop = (struct strings){ odd, 1 };
	refuse(f, ERR_INVALID, "cap_drop");
	f->service.extra_hosts = (struct strings){ host, 1 };
	refuse(f, ERR_INVALID, "extra_hosts");
	f->service.extra_hosts = (struct strings){ forged, 1 };
	refuse(f, ERR_INVALID, "extra_hosts");
	f->service.security_opt = (struct strings){ apparmor, 1 };
	refuse(f, ERR_UNSUPPORTED, "security_opt");
	f->service.sysctls = (struct pairs){ sysctl, 1 };
	refuse(f, ERR_INVALID, "sysctls");
	f->service.sysctls = (struct pairs){ net, 1 };
	f->service.network_mode.kind = NETWORK_HOST;
	refuse(f, ERR_INVALID, "sysctls");
	f->service.ulimits.items = more;
	f->service.ulimits.n = 1;
	refuse(f, ERR_UNSUPPORTED, "ulimits.nofile");
	f->service.ulimits.items = unknown;
	f->service.ulimits.n = 1;
	refuse(f, ERR_INVALID, "ulimits");
	f->service.storage.items = &s3;
	f->service.storage.n = 1;
	refuse(f, ERR_UNSUPPORTED, "storage");
	f->service.pid_mode = "container:x";
	refuse(f, ERR_UNSUPPORTED, "pid_mode");
	f->service.resources.blkio_weight = (struct opt_int){ true, 9 };
	refuse(f, ERR_INVALID, "blkio_weight");
	f->service.hostname = "a1234567890123456789012345678901234567890123456789012345678901234";
	refuse(f, ERR_INVALID, "hostname");
	f->service.resources.memory_swap = "1Gi";
	refuse(f, ERR_INVALID, "memory_swap");
}

static const struct {
	const char *memory, *cpuset;
	const char *refused; /* a part of the message; NULL: it is taken */
} resources[] = {
	{ "2Mi", NULL, NULL },
	{ "64Mi", "0", NULL },
	{ NULL, "0-2", NULL },
	{ NULL, "0,2-3,7", NULL },
	{ NULL, "", NULL },
	{ "1Ki", NULL, "resources.memory: no container starts with 1Ki" },
	{ "2Mi", "abc", "cpuset" },
	{ NULL, "0-", "cpuset" },
	{ NULL, "-1", "cpuset" },
	{ NULL, "0,,1", "cpuset" },
	{ NULL, "0,", "cpuset" },
	{ NULL, "0-1-2", "cpuset" },
	{ NULL, "0 1", "cpuset" },
	{ "2047Ki", NULL, "the least is 2Mi" },
	{ "0", NULL, "memory" },
	{ "lots", NULL, "memory" },
};

static void test_resources(void **state)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct fixture *f = fixture_new(a);

	(void)state;
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		struct json_object *o CLEAN(json) = NULL;
		struct error err = ERROR_INIT;
		int r;

		f->service.resources.memory = resources[i].memory;
		f->service.resources.cpuset = resources[i].cpuset;
		r = oci_bundle_config(&f->bundle, a, &o, &err);
		if (r != (resources[i].refused ? -ERR_INVALID : 0) ||
		    (resources[i].refused && !strstr(err.msg, resources[i].refused)))
			fail_msg("memory %s, cpuset %s: %d: %s",
				 resources[i].memory ? resources[i].memory : "",
				 resources[i].cpuset ? resources[i].cpuset : "", r, err.msg);
	}
}

static void test_users(void **state)
{
	static const struct strings none = { NULL, 0 };
	static const struct {
		const char *user;
		int result;
		uint32_t uid, gid;
		size_t n_groups;
	} cases[] = {
		{ NULL, 0, 0, 0, 0 },
		{ "app", 0, 7, 8, 1 },
		{ "7", 0, 7, 8, 1 },
		{ "app:ops", 0, 7, 9, 0 },
		{ "5:6", 0, 5, 6, 0 },
		{ "99", 0, 99, 0, 0 },
		{ "nobody", -ERR_INVALID, 0, 0, 0 },
		{ "app:no", -ERR_INVALID, 0, 0, 0 },
		{ "2147483648", -ERR_INVALID, 0, 0, 0 },
	};
	struct arena *a CLEAN(arena) = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct oci_user_request q = { cases[i].user, &none,
						    "root:x:0:0::/root:\nbroken\napp:x:7:8::/a:\n",
						    "root:x:0:\nops:x:9:app,x\n" };
		struct oci_user u = { 0 };

		assert_int_equal(oci_user_resolve(&q, a, &u, NULL), cases[i].result);
		assert_int_equal(u.uid, cases[i].uid);
		assert_int_equal(u.gid, cases[i].gid);
		assert_int_equal(u.n_groups, cases[i].n_groups);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
