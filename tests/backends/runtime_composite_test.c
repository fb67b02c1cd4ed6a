/* SPDX-License-Identifier: Apache-2.0 */
/* The composite over two models, each behind a fault decorator that counts who was asked: where
 * instances are made, that they stay there, and what is said when a member cannot answer. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backends/runtime_composite.h"
#include "backends/runtime_fault.h"
#include "backends/runtime_memory.h"
#include "specs/spec_service.h"

enum { PRIMARY, DELEGATE }; /* of a Windows node: hcs and youki */

struct fixture {
	struct arena *a;
	struct runtime *world[2];  /* what is really there; owned by member */
	struct runtime *member[2]; /* owned by rt */
	struct runtime *rt;
	struct service service;
	struct error err;
};

static struct runtime *open_member(struct fixture *f, int i)
{
	static const struct {
		const char *name;
		unsigned caps;
	} kinds[] = {
		{ "hcs", RUNTIME_CAP_WINDOWS | RUNTIME_CAP_EXEC },
		{ "youki", RUNTIME_CAP_LINUX | RUNTIME_CAP_EXEC | RUNTIME_CAP_UPDATE },
	};
	const struct runtime_fault_options o = { .seed = 1 };

	assert_int_equal(runtime_memory_open(NULL, NULL, &f->world[i], &f->err), 0);
	f->world[i]->name = kinds[i].name;
	f->world[i]->caps = kinds[i].caps;
	f->member[i] = runtime_fault_new(f->world[i], &o);
	return f->member[i];
}

static void open_node(struct fixture *f, bool has_delegate)
{
	const struct runtime_composite_options o = {
		.node = { "windows", "amd64", "10.0.20348.1" },
		.primary = open_member(f, PRIMARY),
		.delegate = has_delegate ? open_member(f, DELEGATE) : NULL,
	};

	f->rt = runtime_composite_new(&o);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->a = arena_new();
	f->service.name = "web";
	open_node(f, true);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	runtime_close(f->rt);
	arena_free(f->a);
	free(f);
	return 0;
}

static void without_delegate(struct fixture *f)
{
	runtime_close(f->rt);
	open_node(f, false);
}

static struct mono soon(void)
{
	return mono_add(clock_mono(), 20 * CLOCK_SEC);
}

static struct instance_spec spec_of(struct fixture *f, unsigned slot, const char *digest)
{
	return (struct instance_spec){ .id = arena_printf(f->a, "shop.web-rep-%u.1", slot),
				       .deployment = "shop",
				       .service_name = "web",
				       .slot = slot,
				       .generation = 1,
				       .owner = "t-composite",
				       .node_id = "n",
				       .config_hash = "h1:0",
				       .image = "busybox",
				       .digest = digest,
				       .service = &f->service };
}

/* A create with that platform and digest; the result of the call. */
static int create(struct fixture *f, unsigned slot, enum os os, const char *digest)
{
	struct platform_spec platform = { os, ARCH_AMD64, NULL };
	struct instance_spec spec = spec_of(f, slot, digest);
	struct instance made;
	int r;

	f->service.platform = os == OS_UNSET ? NULL : &platform;
	r = runtime_create(f->rt, &spec, soon(), f->a, &made, &f->err);
	f->service.platform = NULL;
	if (r == 0)
		assert_string_equal(made.id, spec.id);
	return r;
}

static size_t count(struct fixture *f, int i)
{
	struct observed seen = { 0 };

	assert_int_equal(runtime_list(f->world[i], f->a, &seen, &f->err), 0);
	return seen.n;
}

static void assert_made(struct fixture *f, size_t primary, size_t delegate)
{
	assert_int_equal(count(f, PRIMARY), primary);
	assert_int_equal(count(f, DELEGATE), delegate);
}

static uint64_t asked(struct fixture *f, int i)
{
	return runtime_fault_calls(f->member[i], FAULT_OP_ANY);
}

static void spoil(struct fixture *f, int i, enum fault_op op)
{
	const struct fault_rule rule = { .kind = FAULT_ERROR, .op = op };

	runtime_fault_arm(f->member[i], &rule, 1);
}

static void calm(struct fixture *f)
{
	runtime_fault_arm(f->member[PRIMARY], NULL, 0);
	runtime_fault_arm(f->member[DELEGATE], NULL, 0);
}

/* --- where an instance is made ------------------------------------------------------- */

static void test_platform_decides(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(create(f, 0, OS_WINDOWS, "sha256:w"), 0);
	assert_made(f, 1, 0);
	assert_int_equal(create(f, 1, OS_LINUX, "sha256:l"), 0);
	assert_made(f, 1, 1);
	assert_int_equal(create(f, 2, OS_UNSET, "sha256:unknown"), 0);
	assert_made(f, 2, 1);
}

static void test_image_decides_without_platform(void **state)
{
	struct fixture *f = *state;

	runtime_composite_learn_image(f->rt, "sha256:l",
				      &(struct composite_platform){ "linux", "amd64", NULL });
	runtime_composite_learn_image(f->rt, "sha256:w",
				      &(struct composite_platform){ "windows", "amd64", NULL });
	assert_int_equal(create(f, 0, OS_UNSET, "sha256:l"), 0);
	assert_made(f, 0, 1);
	assert_int_equal(create(f, 1, OS_UNSET, "sha256:w"), 0);
	assert_made(f, 1, 1);
	assert_int_equal(create(f, 2, OS_LINUX, "sha256:w"), -ERR_UNSUPPORTED);
	assert_non_null(strstr(f->err.msg, "the image is for windows"));
	assert_made(f, 1, 1);
}

static void test_nobody_is_asked_for_a_peers_work(void **state)
{
	struct fixture *f = *state;
	struct composite_answer answer;
	const struct platform_spec want = { OS_LINUX, ARCH_AMD64, NULL };

	without_delegate(f);
	assert_int_equal(create(f, 0, OS_LINUX, "sha256:l"), -ERR_UNSUPPORTED);
	assert_non_null(strstr(f->err.msg, "platform.os wants linux"));
	assert_int_equal(asked(f, PRIMARY), 0);
	assert_null(runtime_composite_route(f->rt, &want, NULL, f->a, &answer));
	assert_int_equal(answer.kind, COMPOSITE_PEER);
	assert_string_equal(answer.os, "linux");
}

static void test_members(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(runtime_composite_count(f->rt), 2);
	assert_ptr_equal(runtime_composite_member(f->rt, 0), f->member[PRIMARY]);
	assert_ptr_equal(runtime_composite_find(f->rt, "youki"), f->member[DELEGATE]);
	assert_null(runtime_composite_find(f->rt, "memory"));
	/* Systems of either, what else both can. */
	assert_int_equal(f->rt->caps, RUNTIME_CAP_WINDOWS | RUNTIME_CAP_LINUX | RUNTIME_CAP_EXEC);
}

/* --- and that it stays there --------------------------------------------------------- */

static void test_life_stays_where_it_began(void **state)
{
	struct fixture *f = *state;
	const char *id = "shop.web-rep-0.1";
	uint64_t before;
	struct instance seen;

	assert_int_equal(create(f, 0, OS_LINUX, "sha256:l"), 0);
	before = asked(f, PRIMARY);
	/* A create of the same id, even if it would be routed elsewhere now. */
	assert_int_equal(create(f, 0, OS_WINDOWS, "sha256:l"), RUNTIME_ALREADY);
	assert_int_equal(runtime_start(f->rt, id, soon(), &f->err), 0);
	assert_int_equal(runtime_signal(f->rt, id, SIGKILL, &f->err), 0);
	assert_int_equal(runtime_inspect(f->rt, id, f->a, &seen, &f->err), 0);
	assert_string_equal(seen.runtime, "youki");
	assert_int_equal(runtime_remove(f->rt, id, soon(), &f->err), 0);
	assert_int_equal(asked(f, PRIMARY), before);
	/* Its record is gone with it: now both are asked. */
	assert_int_equal(runtime_inspect(f->rt, id, f->a, &seen, &f->err), RUNTIME_ABSENT);
	assert_true(asked(f, PRIMARY) > before);
}

/* What was there before us: found by asking, by a listing, by a row. */
static void test_learns_what_was_there(void **state)
{
	struct fixture *f = *state;
	struct instance_spec spec = spec_of(f, 0, "sha256:l");
	struct instance made;
	struct observed seen;

	assert_int_equal(runtime_create(f->world[DELEGATE], &spec, soon(), f->a, &made, &f->err),
			 0);
	assert_int_equal(runtime_start(f->rt, spec.id, soon(), &f->err), 0);
	assert_int_equal(runtime_fault_calls(f->member[PRIMARY], FAULT_OP_START), 0);
	spec = spec_of(f, 1, "sha256:l");
	assert_int_equal(runtime_create(f->world[DELEGATE], &spec, soon(), f->a, &made, &f->err),
			 0);
	assert_int_equal(runtime_list(f->rt, f->a, &seen, &f->err), 0);
	calm(f);
	assert_int_equal(runtime_start(f->rt, spec.id, soon(), &f->err), 0);
	assert_int_equal(asked(f, PRIMARY), 0);
	spec = spec_of(f, 2, "sha256:l");
	assert_int_equal(runtime_create(f->world[DELEGATE], &spec, soon(), f->a, &made, &f->err),
			 0);
	assert_int_equal(runtime_composite_learn(f->rt, spec.id, "youki", &f->err), 0);
	assert_int_equal(runtime_start(f->rt, spec.id, soon(), &f->err), 0);
	assert_int_equal(asked(f, PRIMARY), 0);
}

/* A create that failed may have left something: the record stays until the absence is proved. */
static void test_failed_create_keeps_its_record(void **state)
{
	static const struct fault_rule late = { .kind = FAULT_LATE, .op = FAULT_OP_CREATE };
	struct fixture *f = *state;
	struct instance seen;

	runtime_fault_arm(f->member[DELEGATE], &late, 1);
	assert_int_equal(create(f, 0, OS_LINUX, "sha256:l"), -ERR_UNAVAILABLE);
	assert_int_equal(runtime_inspect(f->rt, "shop.web-rep-0.1", f->a, &seen, &f->err), 0);
	assert_int_equal(asked(f, PRIMARY), 0);
}

/* And one that could not be removed is still where it is. */
static void test_failed_remove_keeps_its_record(void **state)
{
	static const enum fault_kind kinds[] = { FAULT_ERROR, FAULT_LATE };
	struct fixture *f = *state;

	for (unsigned i = 0; i < 2; i++) {
		const struct fault_rule rule = { kinds[i], FAULT_OP_REMOVE, .n = 1 };
		const char *id = arena_printf(f->a, "shop.web-rep-%u.1", i);

		assert_int_equal(create(f, i, OS_LINUX, "sha256:l"), 0);
		assert_int_equal(runtime_signal(f->rt, id, SIGKILL, &f->err), 0);
		runtime_fault_arm(f->member[DELEGATE], &rule, 1);
		assert_int_equal(runtime_remove(f->rt, id, soon(), &f->err), -ERR_UNAVAILABLE);
		assert_int_equal(runtime_remove(f->rt, id, soon(), &f->err),
				 kinds[i] == FAULT_LATE ? RUNTIME_ABSENT : 0);
	}
	assert_int_equal(asked(f, PRIMARY), 0);
	assert_int_equal(count(f, DELEGATE), 0);
}

static void test_never_falls_through(void **state)
{
	struct fixture *f = *state;
	const char *id = "shop.web-rep-0.1";
	struct instance seen;

	/* Its runtime is not here any more. */
	assert_int_equal(runtime_composite_learn(f->rt, id, "gone", &f->err), 0);
	assert_int_equal(runtime_start(f->rt, id, soon(), &f->err), -ERR_UNAVAILABLE);
	assert_non_null(strstr(f->err.msg, "made by gone"));
	assert_int_equal(runtime_remove(f->rt, id, soon(), &f->err), -ERR_UNAVAILABLE);
	assert_int_equal(runtime_inspect(f->rt, id, f->a, &seen, &f->err), -ERR_UNAVAILABLE);
	assert_int_equal(create(f, 0, OS_LINUX, "sha256:l"), -ERR_UNAVAILABLE);
	assert_int_equal(asked(f, PRIMARY) + asked(f, DELEGATE), 0);
	assert_int_equal(runtime_composite_learn(f->rt, id, "youki", &f->err), -ERR_CONFLICT);
	/* Or does not answer: the other one is no answer for it. */
	assert_int_equal(create(f, 1, OS_LINUX, "sha256:l"), 0);
	spoil(f, DELEGATE, FAULT_OP_ANY);
	assert_int_equal(runtime_signal(f->rt, "shop.web-rep-1.1", SIGTERM, &f->err),
			 -ERR_UNAVAILABLE);
	assert_int_equal(asked(f, PRIMARY), 0);
}

/* --- when a member cannot answer ----------------------------------------------------- */

static void test_unknown_id_needs_every_answer(void **state)
{
	struct fixture *f = *state;
	struct instance seen;

	assert_int_equal(runtime_inspect(f->rt, "shop.web-rep-9.1", f->a, &seen, &f->err),
			 RUNTIME_ABSENT);
	assert_int_equal(runtime_remove(f->rt, "shop.web-rep-9.1", soon(), &f->err),
			 RUNTIME_ABSENT);
	spoil(f, PRIMARY, FAULT_OP_INSPECT);
	assert_int_equal(runtime_inspect(f->rt, "shop.web-rep-9.1", f->a, &seen, &f->err),
			 -ERR_UNAVAILABLE);
	assert_non_null(strstr(f->err.msg, "hcs"));
	assert_int_equal(runtime_remove(f->rt, "shop.web-rep-9.1", soon(), &f->err),
			 -ERR_UNAVAILABLE);
}

static void test_partial_list(void **state)
{
	struct fixture *f = *state;
	struct observed seen = { 0 };

	assert_int_equal(create(f, 0, OS_WINDOWS, "sha256:w"), 0);
	assert_int_equal(create(f, 1, OS_LINUX, "sha256:l"), 0);
	assert_int_equal(runtime_list(f->rt, f->a, &seen, &f->err), 0);
	assert_int_equal(seen.n, 2);
	assert_false(seen.partial);
	spoil(f, PRIMARY, FAULT_OP_LIST);
	assert_int_equal(runtime_list(f->rt, f->a, &seen, &f->err), 0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.instances[0].runtime, "youki");
	assert_true(seen.partial);
	assert_non_null(strstr(seen.missing, "hcs"));
	spoil(f, DELEGATE, FAULT_OP_LIST);
	assert_int_equal(runtime_list(f->rt, f->a, &seen, &f->err), -ERR_UNAVAILABLE);
}

static void test_member_that_is_partial_itself(void **state)
{
	static const struct fault_rule partial = { .kind = FAULT_PARTIAL, .op = FAULT_OP_LIST };
	struct fixture *f = *state;
	struct observed seen = { 0 };

	assert_int_equal(create(f, 0, OS_WINDOWS, "sha256:w"), 0);
	runtime_fault_arm(f->member[PRIMARY], &partial, 1);
	assert_int_equal(runtime_list(f->rt, f->a, &seen, &f->err), 0);
	assert_int_equal(seen.n, 0);
	assert_true(seen.partial);
}

static void test_same_id_on_both(void **state)
{
	struct fixture *f = *state;
	struct instance_spec spec = spec_of(f, 0, "sha256:l");
	struct observed seen = { 0 };
	struct instance in;

	for (int i = 0; i < 2; i++)
		assert_int_equal(runtime_create(f->world[i], &spec, soon(), f->a, &in, &f->err), 0);
	assert_int_equal(runtime_inspect(f->rt, spec.id, f->a, &in, &f->err), -ERR_CONFLICT);
	assert_int_equal(runtime_list(f->rt, f->a, &seen, &f->err), -ERR_CONFLICT);
	assert_non_null(strstr(f->err.msg, spec.id));
	assert_int_equal(seen.n, 0);
}

/* --- images -------------------------------------------------------------------------- */

static void test_stage(void **state)
{
	struct fixture *f = *state;

	/* Nobody knows what it is for: all are asked, and one that has it is enough. */
	assert_int_equal(runtime_stage(f->rt, "sha256:x", soon(), &f->err), RUNTIME_ALREADY);
	assert_int_equal(runtime_fault_calls(f->member[PRIMARY], FAULT_OP_STAGE), 1);
	assert_int_equal(runtime_fault_calls(f->member[DELEGATE], FAULT_OP_STAGE), 1);
	assert_int_equal(runtime_memory_set_missing(f->world[PRIMARY], "sha256:x", true, NULL), 0);
	assert_int_equal(runtime_stage(f->rt, "sha256:x", soon(), &f->err), RUNTIME_ALREADY);
	spoil(f, DELEGATE, FAULT_OP_STAGE);
	assert_int_equal(runtime_stage(f->rt, "sha256:x", soon(), &f->err), -ERR_NOT_FOUND);
	/* Known: only the one for its system. */
	calm(f);
	runtime_composite_learn_image(f->rt, "sha256:x",
				      &(struct composite_platform){ "linux", "amd64", NULL });
	assert_int_equal(runtime_stage(f->rt, "sha256:x", soon(), &f->err), RUNTIME_ALREADY);
	assert_int_equal(asked(f, PRIMARY), 0);
	without_delegate(f);
	runtime_composite_learn_image(f->rt, "sha256:x",
				      &(struct composite_platform){ "linux", "amd64", NULL });
	assert_int_equal(runtime_stage(f->rt, "sha256:x", soon(), &f->err), -ERR_UNSUPPORTED);
}

static void test_probe_names_all_candidates(void **state)
{
	struct fixture *f = *state;
	struct runtime_info info;

	assert_int_equal(runtime_probe(f->rt, f->a, &info, &f->err), 0);
	assert_true(info.available);
	assert_int_equal(info.n_candidates, 2);
	assert_string_equal(info.candidates[0].name, "hcs");
	assert_string_equal(info.candidates[1].name, "youki");
	assert_string_equal(info.chosen, "hcs");
	spoil(f, DELEGATE, FAULT_OP_PROBE);
	assert_int_equal(runtime_probe(f->rt, f->a, &info, &f->err), -ERR_UNAVAILABLE);
	assert_non_null(strstr(f->err.msg, "youki"));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_platform_decides),
		CASE(test_image_decides_without_platform),
		CASE(test_nobody_is_asked_for_a_peers_work),
		CASE(test_members),
		CASE(test_life_stays_where_it_began),
		CASE(test_learns_what_was_there),
		CASE(test_failed_create_keeps_its_record),
		CASE(test_failed_remove_keeps_its_record),
		CASE(test_never_falls_through),
		CASE(test_unknown_id_needs_every_answer),
		CASE(test_partial_list),
		CASE(test_member_that_is_partial_itself),
		CASE(test_same_id_on_both),
		CASE(test_stage),
		CASE(test_probe_names_all_candidates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
