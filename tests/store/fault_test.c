/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th change of a file fails, for every n until none is hit: what was committed is there
 * afterwards, what failed is not there in this process, and a file that only had bad luck is
 * never taken for a broken one.
 */
#include "tests/store/fixture.h"

#include <sys/wait.h>

#include "tests/store/fault_vfs.h"

enum { ROUNDS = 2, MANY = 1000 };

static int open_faulty(struct fixture *f)
{
	struct store_options opts = { .dir = f->dir, .mode = STORE_WRITE, .now = f->now };

	opts.vfs = "fault";
	return store_open(&opts, &f->store, &f->err);
}

/* One transaction that belongs together: revision n, its instance and a wave of intents. */
static int put_round(struct fixture *f, unsigned n)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	struct revision_row rev = fixture_revision(arena_printf(f->arena, "rev %u", n), f->now);
	struct instance i = fixture_instance(f, "shop", "web", 0, n);
	struct intent_row wave[20];
	int64_t number;
	int r = store_begin(f->store, ERROR_HERE, &txn, &f->err);

	if (r < 0)
		return r;
	for (size_t k = 0; k < 20; k++)
		wave[k] = (struct intent_row){ .runtime_id = i.id,
					       .runtime = "youki",
					       .deployment = "shop",
					       .service = "web",
					       .step = STEP_CREATE,
					       .detail = "{}",
					       .opened = f->now };
	r = deployment_store_put(f->store, "shop", &rev, true, &number, &f->err);
	if (r == 0)
		r = instance_store_save(f->store, &i, f->now, &f->err);
	if (r == 0)
		r = intent_store_put(f->store, wave, 20, &f->err);
	return r < 0 ? r : store_commit(&txn, &f->err);
}

/* How many rounds the store holds; asserts that each is whole. */
static size_t count_rounds(struct fixture *f)
{
	struct revision_rows revisions;
	struct instance_rows instances;
	struct intent_rows intents;

	ok(f, deployment_store_history(f->store, "shop", f->arena, &revisions, &f->err));
	ok(f, instance_store_list(f->store, NULL, f->arena, &instances, &f->err));
	ok(f, intent_store_list(f->store, f->arena, &intents, &f->err));
	assert_int_equal(instances.n, revisions.n);
	assert_int_equal(intents.n, 20 * revisions.n);
	return revisions.n;
}

/* Rounds until one fails. Return: how many were committed; *ret_r is the failure or 0. */
static size_t run(struct fixture *f, int *ret_r)
{
	size_t before;

	*ret_r = open_faulty(f);
	if (*ret_r < 0)
		return 0;
	before = count_rounds(f);
	for (unsigned n = 1; n <= ROUNDS; n++) {
		*ret_r = put_round(f, (unsigned)before + n);
		if (*ret_r < 0)
			return before + n - 1;
	}
	return before + ROUNDS;
}

static void check_failure(struct fixture *f, int r, enum fault_kind kind)
{
	assert_int_equal(r, -ERR_IO);
	if (kind == FAULT_FULL && (f->err.sys & 0xff) == SQLITE_FULL)
		assert_non_null(strstr(f->err.hint, "free some space"));
}

/* One run with the n-th change failing. Return: was there an n-th change? */
static bool one_fault(struct fixture *f, int n, enum fault_kind kind, bool stays)
{
	size_t committed;
	size_t found;
	int r;

	fault_arm(n, kind, stays);
	committed = run(f, &r);
	if (r < 0) {
		check_failure(f, r, kind);
		if (f->store) {
			assert_int_equal(count_rounds(f), committed);
			if (!stays) { /* bad luck once: the next try goes through */
				ok(f, put_round(f, (unsigned)committed + 1));
				committed++;
			}
		}
	}
	fixture_close(f);
	bool was_hit = fault.was_hit;
	fault_arm(0, kind, false);

	ok(f, fixture_open(f, STORE_WRITE));
	assert_null(store_moved_to(f->store));
	found = count_rounds(f);
	/* A commit that failed at the very end may be found after all, whole. */
	assert_true(found == committed || (r < 0 && stays && found == committed + 1));
	fixture_close(f);
	return was_hit;
}

/* Every n in turn, until none is hit. */
static void run_all(void **state, enum fault_kind kind, bool stays, bool is_fresh)
{
	bool was_hit = true;
	int n;

	for (n = 1; was_hit; n++) {
		struct fixture *f;

		fixture_setup(state);
		f = *state;
		if (!is_fresh) {
			ok(f, fixture_open(f, STORE_WRITE));
			ok(f, put_round(f, 1));
			fixture_close(f);
		}
		was_hit = one_fault(f, n, kind, stays);
		fixture_teardown(state);
		assert_true(n < MANY);
	}
	assert_true(n > 20); /* the faults did fall into the work */
}

static void test_new_store(void **state)
{
	run_all(state, FAULT_FULL, false, true);
	run_all(state, FAULT_IO, true, true);
}

static void test_old_store(void **state)
{
	run_all(state, FAULT_IO, false, false);
	run_all(state, FAULT_IO, true, false);
	run_all(state, FAULT_FULL, false, false);
	run_all(state, FAULT_FULL, true, false);
}

/* The process ends at the n-th change; what it had reported as committed is there. */
static void test_killed(void **state)
{
	bool was_hit = true;

	for (int n = 1; was_hit; n++) {
		struct fixture *f;
		size_t acked = 0;
		char byte;
		int out[2];
		int status;
		pid_t pid;

		fixture_setup(state);
		f = *state;
		assert_int_equal(pipe2(out, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0) {
			fault_arm(n, FAULT_DIE, false);
			if (open_faulty(f) < 0)
				_exit(1);
			for (unsigned k = 1; k <= ROUNDS; k++)
				if (put_round(f, k) < 0 || write(out[1], "x", 1) != 1)
					_exit(1);
			fixture_close(f);
			_exit(0);
		}
		close(out[1]);
		while (read(out[0], &byte, 1) == 1)
			acked++;
		close(out[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) % 77 == 0);
		was_hit = WEXITSTATUS(status) == 77;

		ok(f, fixture_open(f, STORE_WRITE));
		assert_null(store_moved_to(f->store));
		size_t found = count_rounds(f);
		assert_true(found == acked || found == acked + 1);
		fixture_teardown(state);
		assert_true(n < MANY);
	}
}

static int setup(void **state)
{
	(void)state;
	fault_register();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_store),
		cmocka_unit_test(test_old_store),
		cmocka_unit_test(test_killed),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
