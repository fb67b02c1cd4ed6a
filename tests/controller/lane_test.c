/* SPDX-License-Identifier: Apache-2.0 */
/* The looks of a lane whose runtime does not answer: given up, not joined, and taken up again.
 * Times are the test's own. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/runtime_fault.h"
#include "backends/runtime_memory.h"
#include "controller/lane.h"

struct fixture {
	int bell;
	struct runtime *rt;
	struct lane *lane;
	struct mono now;
	struct error err;
};

static struct instance row = { .id = "shop.web-rep-0.1",
			       .deployment = "shop",
			       .service = "web",
			       .generation = 1,
			       .runtime = "memory",
			       .state = INSTANCE_RUNNING };

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const struct runtime_fault_options o = { .seed = 1 };
	struct runtime *model;

	f->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_int_equal(runtime_memory_open(NULL, NULL, &model, &f->err), 0);
	f->rt = runtime_fault_new(model, &o);
	assert_int_equal(lane_open(f->rt, f->bell, &f->lane, &f->err), 0);
	f->now = clock_mono();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	runtime_fault_cancel(f->rt);
	lane_close(f->lane);
	runtime_close(f->rt);
	close(f->bell);
	free(f);
	return 0;
}

static void hang_lists(struct fixture *f)
{
	const struct fault_rule rule = { .kind = FAULT_HANG, .op = FAULT_OP_LIST };

	runtime_fault_arm(f->rt, &rule, 1);
}

/* Until the worker's answer is here, or the late one has been dropped. */
static void wait_for(struct fixture *f, bool (*there)(struct fixture *f))
{
	while (!there(f)) {
		assert_null(lane_take(f->lane, f->now));
		clock_sleep(CLOCK_MS);
	}
}

static bool is_seen(struct fixture *f)
{
	return lane_seen(f->lane) != NULL;
}

static bool is_hanging(struct fixture *f)
{
	return runtime_fault_hanging(f->rt) == 1;
}

static void look(struct fixture *f)
{
	assert_true(lane_can_look(f->lane, f->now));
	lane_look(f->lane, &row, 1, f->now);
}

static void pass(struct fixture *f, int64_t us)
{
	f->now = mono_add(f->now, us);
}

static void assert_unknown(struct fixture *f)
{
	const struct observation *o = lane_seen(f->lane);

	assert_non_null(o);
	assert_true(o->failed);
	assert_int_equal(o->seen.n, 1);
	assert_int_equal(o->seen.instances[0].state, INSTANCE_UNKNOWN);
	assert_string_equal(o->seen.instances[0].id, row.id);
	assert_int_equal(o->n_absent, 0);
}

/* Looks are answered for the runtime until the late one has been taken back. */
static void look_until_real(struct fixture *f)
{
	for (;;) {
		assert_null(lane_take(f->lane, f->now));
		look(f);
		wait_for(f, is_seen);
		if (!lane_seen(f->lane)->failed)
			break;
		assert_unknown(f);
		lane_forget(f->lane);
	}
	assert_int_equal(lane_seen(f->lane)->n_absent, 1);
	lane_forget(f->lane);
}

static void test_answers_in_time(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(lane_patience(f->lane).us, 0);
	look(f);
	wait_for(f, is_seen);
	assert_false(lane_seen(f->lane)->failed);
	assert_int_equal(lane_seen(f->lane)->n_absent, 1);
	assert_int_equal(lane_patience(f->lane).us, 0);
	lane_forget(f->lane);
}

static void test_given_up(void **state)
{
	struct fixture *f = *state;

	hang_lists(f);
	look(f);
	wait_for(f, is_hanging);
	assert_true(lane_patience(f->lane).us > f->now.us);
	f->now = lane_patience(f->lane);
	lane_give_up(f->lane, f->now);
	assert_unknown(f);
	lane_forget(f->lane);
	/* The next ones are answered without asking. */
	for (int i = 0; i < 3; i++) {
		look(f);
		assert_unknown(f);
		lane_forget(f->lane);
	}
	assert_int_equal(runtime_fault_calls(f->rt, FAULT_OP_LIST), 1);
	/* It comes back with nothing: what it was asked is long past. */
	runtime_fault_arm(f->rt, NULL, 0);
	look_until_real(f);
	assert_int_equal(runtime_fault_calls(f->rt, FAULT_OP_LIST), 1);
}

/* Every worker hangs in a step, and the queue is full of others: a look is begun all the same, and
 * given up in time, so that nobody waits for this runtime. */
static void test_steps_hold_up_no_look(void **state)
{
	struct fixture *f = *state;
	const struct fault_rule rule = { .kind = FAULT_HANG, .op = FAULT_OP_START };
	const struct step step = { .kind = STEP_START,
				   .runtime = "memory",
				   .deployment = "shop",
				   .service = "web",
				   .instance_id = row.id };
	unsigned n = 0;

	runtime_fault_arm(f->rt, &rule, 1);
	for (; lane_room(f->lane, f->now) > 0; n++) {
		lane_submit(f->lane, work_step_new(f->rt, &step, f->now));
		clock_sleep(CLOCK_MS); /* a worker may take it */
	}
	assert_true(n > 4);
	look(f);
	pass(f, CLOCK_SEC);
	assert_int_equal(lane_room(f->lane, f->now), 0);
	f->now = lane_patience(f->lane);
	assert_true(f->now.us > 0);
	lane_give_up(f->lane, f->now);
	assert_unknown(f);
	lane_forget(f->lane);
	look(f);
	assert_unknown(f);
	lane_forget(f->lane);
	assert_int_equal(runtime_fault_calls(f->rt, FAULT_OP_LIST), 0);
}

/* --- one that is slow, and answers in the end ---------------------------------------- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static int (*real_list)(struct runtime *rt, struct arena *a, struct observed *ret,
			struct error *err);

static int slow_list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return real_list(rt, a, ret, err);
}

static void make_slow(struct fixture *f)
{
	static struct runtime_ops ops;

	ops = *f->rt->ops;
	real_list = ops.list;
	ops.list = slow_list;
	f->rt->ops = &ops;
}

static void test_slow_one_gets_its_time(void **state)
{
	struct fixture *f = *state;
	int64_t patience, longer;

	make_slow(f);
	pthread_mutex_lock(&gate);
	look(f);
	patience = lane_patience(f->lane).us - f->now.us;
	pass(f, patience);
	lane_give_up(f->lane, f->now);
	lane_forget(f->lane);
	pass(f, patience);
	pthread_mutex_unlock(&gate);
	/* It took twice the patience, and answered: the next one is waited for four times as long.
	 */
	look_until_real(f);
	pthread_mutex_lock(&gate);
	look(f);
	longer = lane_patience(f->lane).us - f->now.us;
	pthread_mutex_unlock(&gate);
	wait_for(f, is_seen);
	assert_int_equal(longer, 4 * patience);
	lane_forget(f->lane);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_answers_in_time),
		CASE(test_given_up),
		CASE(test_steps_hold_up_no_look),
		CASE(test_slow_one_gets_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
