/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: each is told once, several at the same time, and what is forgotten is told no more. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backends/shim_report.h"
#include "base/clock.h"

/* What the reports of one test share. */
struct told {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int n, n_now, most; /* told; being told; most at once */
	int sum;
	bool is_open; /* the gate they all wait at */
	struct shim_reports *reports;
};

static void tell(void *arg, pid_t pid, bool has_code, int code)
{
	struct told *t = arg;

	(void)pid;
	pthread_mutex_lock(&t->lock);
	t->n_now++;
	t->most = t->n_now > t->most ? t->n_now : t->most;
	pthread_cond_broadcast(&t->changed);
	while (!t->is_open)
		pthread_cond_wait(&t->changed, &t->lock);
	t->n_now--;
	t->n++;
	t->sum += has_code ? code : 0;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

static void told_init(struct told *t, bool is_open)
{
	*t = (struct told){ .is_open = is_open };
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	assert_int_equal(shim_reports_new(&t->reports, NULL), 0);
}

static void add(struct told *t, int n)
{
	for (int i = 0; i < n; i++) {
		const struct shim_report r = { tell, t, 100 + i, true, 1 };

		shim_reports_add(t->reports, &r);
	}
}

/* Until @n are told, or being told. */
static void wait_for(struct told *t, const int *what, int n)
{
	pthread_mutex_lock(&t->lock);
	while (*what < n)
		pthread_cond_wait(&t->changed, &t->lock);
	pthread_mutex_unlock(&t->lock);
}

static void open_gate(struct told *t)
{
	pthread_mutex_lock(&t->lock);
	t->is_open = true;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

static void test_each_is_told_once(void **state)
{
	struct told t;

	(void)state;
	told_init(&t, true);
	add(&t, 1000);
	wait_for(&t, &t.n, 1000);
	shim_reports_free(t.reports);
	assert_int_equal(t.n, 1000);
	assert_int_equal(t.sum, 1000);
}

/* One that waits for its disk does not hold up the others. */
static void test_several_at_once(void **state)
{
	struct told t;

	(void)state;
	told_init(&t, false);
	add(&t, 10);
	wait_for(&t, &t.n_now, 4);
	open_gate(&t);
	wait_for(&t, &t.n, 10);
	assert_int_equal(t.most, 4);
	shim_reports_free(t.reports);
}

static void *open_later(void *arg)
{
	clock_sleep(20 * CLOCK_MS);
	open_gate(arg);
	return NULL;
}

/* What waits is dropped at once; what is being told is waited for. */
static void test_forgotten(void **state)
{
	struct told slow, t;
	pthread_t thread;

	(void)state;
	told_init(&slow, false);
	t = slow;
	pthread_mutex_init(&t.lock, NULL);
	pthread_cond_init(&t.changed, NULL);
	add(&slow, 4);
	wait_for(&slow, &slow.n_now, 4);
	add(&t, 10);
	shim_reports_forget(t.reports, &t);
	assert_int_equal(pthread_create(&thread, NULL, open_later, &slow), 0);
	shim_reports_forget(slow.reports, &slow);
	assert_int_equal(slow.n, 4);
	assert_int_equal(slow.n_now, 0);
	pthread_join(thread, NULL);
	shim_reports_free(slow.reports);
	assert_int_equal(t.n + t.n_now, 0);
}

static void forget_from_inside(void *arg, pid_t pid, bool has_code, int code)
{
	struct told *t = arg;

	shim_reports_forget(t->reports, t);
	tell(arg, pid, has_code, code);
}

static void test_may_forget_itself(void **state)
{
	struct told t;
	const struct shim_report r = { forget_from_inside, &t, 1, false, 0 };

	(void)state;
	told_init(&t, true);
	shim_reports_add(t.reports, &r);
	wait_for(&t, &t.n, 1);
	shim_reports_free(t.reports);
}

static void test_end_drops_what_waits(void **state)
{
	struct told t;

	(void)state;
	told_init(&t, false);
	add(&t, 10);
	wait_for(&t, &t.n_now, 4);
	open_gate(&t);
	shim_reports_free(t.reports);
	assert_int_equal(t.n_now, 0);
	assert_in_range(t.n, 4, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_told_once),
		cmocka_unit_test(test_several_at_once),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_may_forget_itself),
		cmocka_unit_test(test_end_drops_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
