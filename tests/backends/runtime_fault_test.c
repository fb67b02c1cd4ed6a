/* SPDX-License-Identifier: Apache-2.0 */
/* The fault decorator: each kind of fault, which calls it hits, and how hanging calls end. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backends/runtime_fault.h"
#include "backends/runtime_memory.h"
#include "specs/spec_service.h"

#define ID "shop.web-rep-0.1"

struct fixture {
	struct arena *a;
	struct runtime *inner; /* owned by rt: what is really there */
	struct runtime *rt;
	struct error err;
};

static void open_with(struct fixture *f, const struct runtime_fault_options *o)
{
	assert_int_equal(runtime_memory_open(NULL, NULL, &f->inner, &f->err), 0);
	f->rt = runtime_fault_new(f->inner, o);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const struct runtime_fault_options o = { .seed = 1, .hang_us = 5 * CLOCK_MS };

	f->a = arena_new();
	open_with(f, &o);
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

static void arm(struct fixture *f, struct fault_rule rule)
{
	runtime_fault_arm(f->rt, &rule, 1);
}

static struct mono soon(void)
{
	return mono_add(clock_mono(), 20 * CLOCK_SEC);
}

static int create(struct fixture *f, unsigned slot)
{
	const struct service service = { .name = "web" };
	const struct instance_spec spec = { .id = arena_printf(f->a, "shop.web-rep-%u.1", slot),
					    .deployment = "shop",
					    .service_name = "web",
					    .slot = slot,
					    .generation = 1,
					    .owner = "t-fault",
					    .node_id = "n",
					    .config_hash = "h1:0",
					    .image = "busybox",
					    .digest = "sha256:0",
					    .service = &service };
	struct instance made;

	return runtime_create(f->rt, &spec, soon(), f->a, &made, &f->err);
}

static size_t count(struct fixture *f, struct runtime *rt)
{
	struct observed seen = { 0 };

	assert_int_equal(runtime_list(rt, f->a, &seen, &f->err), 0);
	return seen.n;
}

static void test_disarmed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(create(f, 0), 0);
	assert_int_equal(count(f, f->rt), 1);
	assert_int_equal(runtime_fault_calls(f->rt, FAULT_OP_CREATE), 1);
	assert_int_equal(runtime_fault_calls(f->rt, FAULT_OP_ANY), 2);
	assert_int_equal(runtime_fault_hits(f->rt), 0);
	assert_string_equal(f->rt->name, "memory");
	assert_int_equal(f->rt->caps, f->inner->caps);
}

static void test_error_has_no_effect(void **state)
{
	struct fixture *f = *state;

	arm(f, (struct fault_rule){ .kind = FAULT_ERROR, .op = FAULT_OP_CREATE, .code = ERR_IO });
	assert_int_equal(create(f, 0), -ERR_IO);
	assert_non_null(strstr(f->err.msg, "memory: create " ID));
	assert_int_equal(count(f, f->inner), 0);
}

static void test_late_takes_effect(void **state)
{
	struct fixture *f = *state;

	arm(f, (struct fault_rule){ .kind = FAULT_LATE, .op = FAULT_OP_CREATE });
	assert_int_equal(create(f, 0), -ERR_UNAVAILABLE);
	assert_int_equal(count(f, f->inner), 1);
	/* Also where it was so already. */
	assert_int_equal(create(f, 0), -ERR_UNAVAILABLE);
	assert_int_equal(runtime_fault_hits(f->rt), 2);
}

static void test_hang_is_a_timeout(void **state)
{
	struct fixture *f = *state;

	arm(f, (struct fault_rule){ .kind = FAULT_HANG, .op = FAULT_OP_ANY, .n = 2 });
	assert_int_equal(create(f, 0), -ERR_TIMEOUT);
	assert_int_equal(runtime_signal(f->rt, ID, 9, &f->err), -ERR_TIMEOUT);
	assert_int_equal(count(f, f->inner), 0);
	assert_int_equal(create(f, 0), 0);
}

/* Rules say which calls: the second, and the fourth of one operation only. */
static void test_which_calls(void **state)
{
	static const struct fault_rule rules[] = {
		{ .kind = FAULT_ERROR, .op = FAULT_OP_ANY, .first = 2, .n = 1 },
		{ .kind = FAULT_ERROR, .op = FAULT_OP_CREATE, .first = 4 },
	};
	struct fixture *f = *state;

	runtime_fault_arm(f->rt, rules, 2);
	assert_int_equal(create(f, 0), 0);
	assert_int_equal(create(f, 1), -ERR_UNAVAILABLE);
	assert_int_equal(create(f, 1), 0);
	assert_int_equal(count(f, f->rt), 2);
	assert_int_equal(create(f, 2), -ERR_UNAVAILABLE);
	assert_int_equal(create(f, 2), -ERR_UNAVAILABLE);
	assert_int_equal(runtime_fault_hits(f->rt), 3);
	assert_int_equal(runtime_fault_calls(f->rt, FAULT_OP_CREATE), 5);
	runtime_fault_arm(f->rt, NULL, 0);
	assert_int_equal(create(f, 2), 0);
	assert_int_equal(runtime_fault_calls(f->rt, FAULT_OP_ANY), 1);
}

/* The same seed hits the same calls; another one others; about as many as asked for. */
static void test_seed(void **state)
{
	static const struct fault_rule half = { .kind = FAULT_ERROR,
						.op = FAULT_OP_INSPECT,
						.percent = 50 };
	static const uint64_t seeds[] = { 7, 7, 8 };
	struct fixture *f = *state;
	uint64_t hits[3] = { 0 };

	for (int i = 0; i < 3; i++) {
		const struct runtime_fault_options o = { &half, 1, seeds[i], 0 };

		runtime_close(f->rt);
		open_with(f, &o);
		for (int k = 0; k < 64; k++) {
			struct instance seen;

			hits[i] =
				hits[i] << 1 | (runtime_inspect(f->rt, ID, f->a, &seen, NULL) < 0);
		}
	}
	assert_true(hits[0] == hits[1]);
	assert_true(hits[0] != hits[2]);
	assert_in_range(__builtin_popcountll(hits[0]), 16, 48);
}

static void test_lists(void **state)
{
	struct fixture *f = *state;
	struct observed seen = { 0 };

	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(create(f, i), 0);
	arm(f, (struct fault_rule){ .kind = FAULT_PARTIAL, .op = FAULT_OP_ANY, .n = 1 });
	assert_int_equal(runtime_list(f->rt, f->a, &seen, &f->err), 0);
	assert_in_range(seen.n, 0, 7);
	assert_true(seen.partial);
	assert_non_null(strstr(seen.missing, "memory"));
	assert_int_equal(count(f, f->rt), 8);
	arm(f, (struct fault_rule){ .kind = FAULT_SHORT, .op = FAULT_OP_LIST });
	assert_int_equal(runtime_list(f->rt, f->a, &seen, &f->err), 0);
	assert_in_range(seen.n, 0, 7);
	assert_false(seen.partial);
	/* A kind for lists leaves other calls alone. */
	arm(f, (struct fault_rule){ .kind = FAULT_PARTIAL, .op = FAULT_OP_ANY });
	assert_int_equal(runtime_signal(f->rt, ID, 9, &f->err), 0);
	assert_int_equal(runtime_fault_hits(f->rt), 0);
}

/* --- calls that hang for good -------------------------------------------------------- */

struct hanging {
	pthread_t thread;
	struct runtime *rt;
	bool cancel;
	int result;
};

static void *hang_in_exec(void *arg)
{
	static const char *const argv[] = { "true", NULL };
	struct hanging *h = arg;
	const struct runtime_exec x = {
		.id = ID, .argv = argv, .fds = { -1, -1, -1 }, .cancel = &h->cancel
	};
	int code;

	h->result = runtime_run_exec(h->rt, &x, &code, NULL);
	return NULL;
}

static void *hang_in_remove(void *arg)
{
	struct hanging *h = arg;

	h->result = runtime_remove(h->rt, ID, soon(), NULL);
	return NULL;
}

/* A runtime that hangs until somebody ends it, with one call in it. */
static void begin_hang(struct fixture *f, void *(*call)(void *), struct hanging *h)
{
	const struct runtime_fault_options o = { .seed = 1 };

	runtime_close(f->rt);
	open_with(f, &o);
	arm(f, (struct fault_rule){ .kind = FAULT_HANG, .op = FAULT_OP_ANY });
	*h = (struct hanging){ .rt = f->rt };
	assert_int_equal(pthread_create(&h->thread, NULL, call, h), 0);
	while (runtime_fault_calls(f->rt, FAULT_OP_ANY) == 0)
		clock_sleep(CLOCK_MS);
}

static void test_released_by_another_plan(void **state)
{
	struct fixture *f = *state;
	struct hanging h;

	begin_hang(f, hang_in_remove, &h);
	runtime_fault_arm(f->rt, NULL, 0);
	pthread_join(h.thread, NULL);
	assert_int_equal(h.result, -ERR_UNAVAILABLE);
}

static void test_cancelled_before_close(void **state)
{
	struct fixture *f = *state;
	struct hanging h;

	begin_hang(f, hang_in_remove, &h);
	runtime_fault_cancel(f->rt);
	pthread_join(h.thread, NULL);
	assert_int_equal(h.result, -ERR_CANCELED);
	/* From then on nothing hangs. */
	assert_int_equal(runtime_remove(f->rt, ID, soon(), NULL), -ERR_CANCELED);
}

static void test_cancelled_exec(void **state)
{
	struct fixture *f = *state;
	struct hanging h;

	begin_hang(f, hang_in_exec, &h);
	__atomic_store_n(&h.cancel, true, __ATOMIC_SEQ_CST);
	pthread_join(h.thread, NULL);
	assert_int_equal(h.result, -ERR_CANCELED);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_disarmed),
		CASE(test_error_has_no_effect),
		CASE(test_late_takes_effect),
		CASE(test_hang_is_a_timeout),
		CASE(test_which_calls),
		CASE(test_seed),
		CASE(test_lists),
		CASE(test_released_by_another_plan),
		CASE(test_cancelled_before_close),
		CASE(test_cancelled_exec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
