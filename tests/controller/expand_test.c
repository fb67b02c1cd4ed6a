/* SPDX-License-Identifier: Apache-2.0 */
/* From a file to slots: how many, which numbers, in which order, made of what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "tests/controller/core_wish.h"
#include "tests/controller/core_world.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

/* "web-rep-0 web-rep-1", in the order of the list. */
static const char *slot_names(const struct desired *d, struct arena *a)
{
	const char *text = "";
	for (size_t i = 0; i < d->n; i++)
		text = arena_printf(a, "%s%s%s-rep-%u", text, i ? " " : "", d->slots[i].service,
				    d->slots[i].number);
	return text;
}

/* --- how many slots --- */

static const struct {
	const char *services;
	const char *slots;
} scales[] = {
	{ "web: {image: {name: app:1}}", "web-rep-0" },
	{ "web: {image: {name: app:1}, scale: {mode: fixed, replicas: 3}}",
	  "web-rep-0 web-rep-1 web-rep-2" },
	{ "web: {image: {name: app:1}, scale: {mode: fixed, replicas: 0}}", "" },
	{ "web: {image: {name: app:1}, scale: {mode: adaptive, min: 2, max: 9}}",
	  "web-rep-0 web-rep-1" },
	{ "web: {image: {name: app:1}, scale: {mode: manual}}", "" },
	{ "web: {image: {name: app:1}, replica_groups: [{role: a, count: 2}, {role: b, count: 1}]}",
	  "web-rep-0 web-rep-1 web-rep-2" },
	{ "web: {image: {name: app:1}}\ndb: {image: {name: db:1}}", "db-rep-0 web-rep-0" },
	{ "a: {image: {name: app:1}, scale: {mode: fixed, replicas: 11}}",
	  "a-rep-0 a-rep-1 a-rep-2 a-rep-3 a-rep-4 a-rep-5 a-rep-6 a-rep-7 a-rep-8 a-rep-9 "
	  "a-rep-10" },
	{ "job: {image: {name: app:1}, rtype: job}", "job-rep-0" },
	/* What cannot run here is shown, so it has slots. */
	{ "c: {image: {name: app:1}, rtype: cron, schedule: '@daily'}", "c-rep-0" },
};

static void test_scale(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(scales); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct core_wish w = { .current = core_wish_services(scales[i].services, a) };
		struct desired d = core_wish_expand(&w, a);
		assert_string_equal(slot_names(&d, a), scales[i].slots);
		for (size_t k = 0; k < d.n; k++) {
			const struct desired_service *s = &d.services[d.slots[k].service_index];
			assert_string_equal(s->name, d.slots[k].service);
			assert_true(k >= s->first && k < s->first + s->n);
		}
	}
}

/* Manual scale keeps the slots that have an instance: gaps stay, each counts once, whatever
 * its state; another deployment's and another service's do not count. */
static void test_manual_scale(void **state)
{
	(void)state;
	static const struct {
		const char *deployment, *service;
		unsigned slot, generation;
	} there[] = {
		{ "aaa", "web", 7, 1 },  { "shop", "w", 5, 1 },   { "shop", "web", 0, 1 },
		{ "shop", "web", 2, 3 }, { "shop", "web", 2, 4 }, { "shop", "web2", 6, 1 },
		{ "zzz", "web", 8, 1 },
	};
	struct arena *a CLEAN(arena) = arena_new();
	struct instance items[ARRAY_N(there)];
	struct observed o = { .instances = items, .n = ARRAY_N(there) };

	for (size_t i = 0; i < ARRAY_N(there); i++)
		items[i] = (struct instance){ .deployment = there[i].deployment,
					      .service = there[i].service,
					      .slot = there[i].slot,
					      .generation = there[i].generation,
					      .runtime = "youki",
					      .state = INSTANCE_EXITED };
	struct core_wish w = {
		.current =
			core_wish_services("web: {image: {name: app:1}, scale: {mode: manual}}", a),
		.observed = &o,
	};
	struct desired d = core_wish_expand(&w, a);
	assert_string_equal(slot_names(&d, a), "web-rep-0 web-rep-2");
}

static void test_limit(void **state)
{
	(void)state;
	static const struct {
		const char *replicas[2];
		int result;
	} cases[] = {
		{ { "200000", "0" }, 0 },
		{ { "200001", "0" }, -ERR_LIMIT },
		{ { "100000", "100001" }, -ERR_LIMIT },
		{ { "4294967295", "4294967295" }, -ERR_LIMIT },
	};
	for (size_t i = 0; i < ARRAY_N(cases); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct error err = ERROR_INIT;
		struct desired d = { .deployment = "untouched" };
		struct expand_input in = { .deployment = "shop" };
		in.current = core_wish_services(
			arena_printf(a,
				     "a: {image: {name: a}, scale: {mode: fixed, replicas: %s}}\n"
				     "b: {image: {name: a}, scale: {mode: fixed, replicas: %s}}",
				     cases[i].replicas[0], cases[i].replicas[1]),
			a);
		expand_groups(in.current, a, &in.groups);
		core_wish_resolve(&in.groups, a);
		assert_int_equal(expand_slots(&in, a, &d, &err), cases[i].result);
		assert_int_equal(err.code, -cases[i].result);
		if (cases[i].result < 0)
			assert_string_equal(d.deployment, "untouched");
		else
			assert_int_equal(d.n, LIMIT_SLOTS);
	}
}

/* --- groups --- */

static void test_groups(void **state)
{
	(void)state;
	static const char text[] =
		"web: {image: {name: app:1}, env: {A: service, B: service}, replica_groups: ["
		"{role: writer, count: 1}, "
		"{role: reader, count: 2, image: {name: app:2}, env: {B: group, C: group}}]}\n"
		"db: {image: {name: db:1}, scale: {mode: manual}}";
	struct arena *a CLEAN(arena) = arena_new();
	struct expand_groups g;

	expand_groups(core_wish_services(text, a), a, &g);
	assert_int_equal(g.n, 3);
	assert_string_equal(g.items[0].service->name, "db");
	assert_null(g.items[0].role);
	assert_int_equal(g.items[0].count, -1);
	assert_string_equal(g.items[1].role, "writer");
	assert_string_equal(g.items[1].service->image.name, "app:1");
	assert_int_equal(g.items[1].count, 1);
	assert_string_equal(g.items[2].role, "reader");
	assert_string_equal(g.items[2].service->image.name, "app:2");
	assert_string_equal(spec_pairs_find(&g.items[2].service->env, "A"), "service");
	assert_string_equal(spec_pairs_find(&g.items[2].service->env, "B"), "group");
	assert_string_equal(spec_pairs_find(&g.items[2].service->env, "C"), "group");
	for (size_t i = 0; i < g.n; i++) {
		assert_int_equal(g.items[i].route.kind, ROUTE_RUNTIME);
		assert_null(g.items[i].config_hash);
		assert_null(g.items[i].digest);
		assert_null(g.items[i].env);
	}
}

static void test_group_slots(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct core_wish w = {
		.current =
			core_wish_services("web: {image: {name: app:1}, replica_groups: ["
					   "{role: writer, count: 1}, {role: reader, count: 2}]}",
					   a),
	};
	struct desired d = core_wish_expand(&w, a);
	assert_string_equal(core_wish_slot(&d, "web-rep-0")->group->role, "writer");
	assert_string_equal(core_wish_slot(&d, "web-rep-1")->group->role, "reader");
	assert_string_equal(core_wish_slot(&d, "web-rep-2")->group->role, "reader");
}

static void test_unsupported(void **state)
{
	(void)state;
	static const struct {
		const char *fields;
		enum route_kind kind;
		const char *word; /* in the reason */
	} cases[] = {
		{ "rtype: service", ROUTE_RUNTIME, NULL },
		{ "rtype: job", ROUTE_RUNTIME, NULL },
		{ "rtype: cron, schedule: '@daily'", ROUTE_UNSUPPORTED, "cron" },
		{ "service_type: wasm_http", ROUTE_UNSUPPORTED, "wasm" },
	};
	for (size_t i = 0; i < ARRAY_N(cases); i++) {
		struct arena *a CLEAN(arena) = arena_new();
		struct expand_groups g;
		expand_groups(
			core_wish_services(
				arena_printf(a, "s: {image: {name: a}, %s}", cases[i].fields), a),
			a, &g);
		assert_int_equal(g.items[0].route.kind, cases[i].kind);
		if (cases[i].word)
			assert_non_null(strstr(g.items[0].route.reason, cases[i].word));
	}
}

/* --- services: both files, their order and how each is stopped --- */

static const char two_files_now[] =
	"web: {image: {name: app:1}, depends: [{service: db}, {service: cache}], "
	"stop_signal: SIGQUIT, stop_grace_period: 3s}\n"
	"db: {image: {name: db:1}}\n"
	"cache: {image: {name: c:1}, depends: [{service: db}]}";
static const char two_files_before[] =
	"web: {image: {name: app:1}, stop_signal: SIGHUP}\n"
	"old: {image: {name: app:1}, stop_signal: USR1, depends: [{service: web}]}";

static void test_two_files(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool is_wanted;
		uint32_t rank;
		int stop_signal;
		int64_t grace_us;
		size_t n_users;
	} expected[] = {
		{ "cache", true, 1, 0, 10 * CLOCK_SEC, 1 },
		{ "db", true, 0, 0, 10 * CLOCK_SEC, 2 },
		{ "old", false, 3, 10, 10 * CLOCK_SEC, 0 },
		{ "web", true, 2, 3, 3 * CLOCK_SEC, 1 },
	};
	struct arena *a CLEAN(arena) = arena_new();
	struct core_wish w = { .current = core_wish_services(two_files_now, a),
			       .previous = core_wish_services(two_files_before, a) };
	struct desired d = core_wish_expand(&w, a);

	assert_int_equal(d.n_services, ARRAY_N(expected));
	for (size_t i = 0; i < d.n_services; i++) {
		const struct desired_service *s = &d.services[i];
		assert_string_equal(s->name, expected[i].name);
		assert_ptr_equal(expand_find_service(&d, s->name), s);
		assert_int_equal(s->is_wanted, expected[i].is_wanted);
		assert_int_equal(s->rank, expected[i].rank);
		assert_int_equal(s->stop_signal, expected[i].stop_signal);
		assert_int_equal(s->stop_grace_us, expected[i].grace_us);
		assert_int_equal(s->n_users, expected[i].n_users);
	}
	assert_null(expand_find_service(&d, "nobody"));
	/* web depends on db, then cache, as written; db is used by cache, then web. */
	assert_int_equal(d.services[3].needs[0], 1);
	assert_int_equal(d.services[3].needs[1], 0);
	assert_int_equal(d.services[1].users[0], 0);
	assert_int_equal(d.services[1].users[1], 3);
	assert_string_equal(slot_names(&d, a), "cache-rep-0 db-rep-0 web-rep-0");
	assert_null(d.empty_reason);
}

static void test_down(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct core_wish w = { .previous = core_wish_services(two_files_now, a) };
	struct desired d = core_wish_expand(&w, a);

	assert_string_equal(d.empty_reason, "down");
	assert_int_equal(d.n, 0);
	assert_int_equal(d.n_images, 0);
	assert_int_equal(d.n_services, 3);
	assert_int_equal(d.services[2].rank, 2);
	for (size_t i = 0; i < d.n_services; i++)
		assert_false(d.services[i].is_wanted);
}

/* Validation refuses cycles; the core must survive one all the same, and end. */
static void test_cycle(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	const struct deployment *d = core_wish_services(
		"a: {image: {name: a}}\nb: {image: {name: a}, depends: [{service: a}]}\n"
		"c: {image: {name: a}}",
		a);
	struct depend back = { .service = "b" };
	struct depend self = { .service = "c" };
	struct depend lost = { .service = "nobody" };
	d->services.items[0].depends = (struct depends){ &back, 1 };
	d->services.items[2].depends = (struct depends){ &self, 1 };
	struct core_wish w = { .current = d };
	struct desired all = core_wish_expand(&w, a);
	assert_int_equal(all.services[0].rank, 0);
	assert_int_equal(all.services[1].rank, 0);
	assert_int_equal(all.services[2].rank, 0);
	d->services.items[2].depends = (struct depends){ &lost, 1 };
	all = core_wish_expand(&w, a);
	assert_int_equal(all.services[2].needs[0], SIZE_MAX);
}

/* --- how they are stopped --- */

static void test_stop_signal(void **state)
{
	(void)state;
	const struct desired_service silent = { .stop_signal = 0 }, says = { .stop_signal = 3 };
	const struct instance plain = { .stop_signal = 0 }, images = { .stop_signal = 28 };

	assert_int_equal(expand_stop_signal(&says, &images), 3);
	assert_int_equal(expand_stop_signal(&silent, &images), 28);
	assert_int_equal(expand_stop_signal(&silent, &plain), 15);
	/* Of a service that nobody remembers, the image is still known. */
	assert_int_equal(expand_stop_signal(NULL, &images), 28);
	assert_int_equal(expand_stop_signal(NULL, &plain), 15);
}

/* A mistake in the file is an error; the same one in the file before must not keep its service. */
static void test_unknown_signal(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	const struct deployment *d =
		core_wish_services("web: {image: {name: app:1}, stop_signal: SIGNOTHING}", a);
	struct expand_input in = { .deployment = "shop", .current = d };
	struct desired ret = { 0 };
	struct error err = ERROR_INIT;

	expand_groups(d, a, &in.groups);
	assert_int_equal(expand_slots(&in, a, &ret, &err), -ERR_INVALID);
	assert_non_null(strstr(err.msg, "web"));
	assert_non_null(strstr(err.msg, "SIGNOTHING"));

	struct core_wish w = { .previous = d };
	ret = core_wish_expand(&w, a);
	assert_int_equal(ret.services[0].stop_signal, 15);
}

/* --- images --- */

static void test_images(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct core_wish w = {
		.current = core_wish_services(
			"a: {image: {name: z:1}}\nb: {image: {name: a:1}}\n"
			"c: {image: {name: a:1}, labels: {test.runtime: hcs}}\n"
			"d: {image: {name: a:1}, env: {X: y}}\n"
			"e: {image: {name: a:1}, platform: {os: windows, arch: amd64}}\n"
			"f: {image: {name: missing/a}}",
			a),
	};
	struct desired d = core_wish_expand(&w, a);
	static const struct desired_image expected[] = {
		{ "hcs", "a:1" },
		{ "youki", "a:1" },
		{ "youki", "z:1" },
	};
	static const size_t index[] = { 2, 1, 0, 1, SIZE_MAX, SIZE_MAX };

	assert_int_equal(d.n_images, ARRAY_N(expected));
	for (size_t i = 0; i < d.n_images; i++) {
		assert_string_equal(d.images[i].runtime, expected[i].runtime);
		assert_string_equal(d.images[i].digest, expected[i].digest);
	}
	for (size_t i = 0; i < d.n; i++)
		assert_int_equal(d.slots[i].group->image, index[i]);
}

/* A driver that knows no digest gives none; that is one image, with an empty name. */
static void test_image_without_digest(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct expand_input in = {
		.deployment = "shop",
		.current = core_wish_services("a: {image: {name: x}}\nb: {image: {name: y}}", a),
	};
	struct desired d;

	expand_groups(in.current, a, &in.groups);
	in.groups.items[0].route.runtime = in.groups.items[1].route.runtime = "youki";
	assert_int_equal(expand_slots(&in, a, &d, NULL), 0);
	assert_int_equal(d.n_images, 1);
	assert_string_equal(d.images[0].digest, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_manual_scale),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_group_slots),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_two_files),
		cmocka_unit_test(test_down),
		cmocka_unit_test(test_cycle),
		cmocka_unit_test(test_stop_signal),
		cmocka_unit_test(test_unknown_signal),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_image_without_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
