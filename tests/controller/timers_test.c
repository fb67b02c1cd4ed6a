/* SPDX-License-Identifier: Apache-2.0 */
/* The heap of deadlines against a list that is searched, and the one formula of back-off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rand.h"
#include "controller/backoff.h"
#include "controller/timers.h"

#define N 24

/* --- timers --- */

static struct mono naive_first(const struct mono at[N])
{
	struct mono first = { 0 };
	for (size_t i = 0; i < N; i++)
		if (at[i].us && (first.us == 0 || at[i].us < first.us))
			first = at[i];
	return first;
}

/* Of equal deadlines the lowest number. */
static size_t naive_take(struct mono at[N], struct mono now)
{
	struct mono first = naive_first(at);
	if (first.us == 0 || first.us > now.us)
		return SIZE_MAX;
	for (size_t i = 0; i < N; i++) {
		if (at[i].us != first.us)
			continue;
		at[i].us = 0;
		return i;
	}
	return SIZE_MAX;
}

static void check_case(uint64_t seed)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct mono at[N] = { 0 };
	struct timers t;
	uint64_t rng = seed;

	timers_init(&t, N, a);
	for (unsigned step = 0; step < 200; step++) {
		size_t i = rand_next(&rng) % N;
		struct mono when = { (int64_t)(rand_next(&rng) % 40) };
		if (rand_next(&rng) % 4) {
			at[i] = when;
			timers_set(&t, i, when);
		} else if (timers_take(&t, when) != naive_take(at, when)) {
			fail_msg("seed=%llu: another one was due", (unsigned long long)seed);
		}
		if (timers_first(&t).us != naive_first(at).us)
			fail_msg("seed=%llu: another deadline is next", (unsigned long long)seed);
	}
}

static void test_against_list(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2000; seed++)
		check_case(seed);
}

static void test_none(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct timers t;

	timers_init(&t, 0, a);
	assert_int_equal(timers_first(&t).us, 0);
	assert_int_equal(timers_take(&t, (struct mono){ INT64_MAX }), SIZE_MAX);
	timers_init(&t, 1, a);
	timers_set(&t, 0, (struct mono){ 0 }); /* unsetting what was not set */
	timers_set(&t, 0, (struct mono){ 5 });
	timers_set(&t, 0, (struct mono){ 7 }); /* replaces */
	assert_int_equal(timers_take(&t, (struct mono){ 6 }), SIZE_MAX);
	assert_int_equal(timers_take(&t, (struct mono){ 7 }), 0);
	assert_int_equal(timers_first(&t).us, 0);
}

/* --- back-off --- */

static void test_backoff(void **state)
{
	(void)state;
	static const struct {
		uint32_t fails;
		int64_t first_us;
		int64_t us; /* without jitter */
	} cases[] = {
		{ 0, 0, CLOCK_SEC }, /* nobody asks that; it is the shortest */
		{ 1, 0, CLOCK_SEC },
		{ 2, 0, 2 * CLOCK_SEC },
		{ 3, 0, 4 * CLOCK_SEC },
		{ 6, 0, 32 * CLOCK_SEC },
		{ 7, 0, 60 * CLOCK_SEC },
		{ 8, 0, 60 * CLOCK_SEC },
		{ 64, 0, 60 * CLOCK_SEC },
		{ UINT32_MAX, 0, 60 * CLOCK_SEC },
		{ 1, 5 * CLOCK_SEC, 5 * CLOCK_SEC },
		{ 3, 5 * CLOCK_SEC, 20 * CLOCK_SEC },
		{ 1, 3600 * CLOCK_SEC, 60 * CLOCK_SEC },
		{ 1, 1, 1 },
		{ 1, -1, CLOCK_SEC },
		{ 9, INT64_MAX, 60 * CLOCK_SEC },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t least = INT64_MAX;
		int64_t most = 0;
		uint64_t rng = 1;
		for (unsigned k = 0; k < 1000; k++) {
			int64_t us = backoff_length(cases[i].fails, cases[i].first_us, &rng);
			least = us < least ? us : least;
			most = us > most ? us : most;
		}
		assert_true(least >= cases[i].us);
		assert_true(most <= cases[i].us + cases[i].us / 4);
		/* The jitter uses its range: those that failed together do not come together. */
		if (cases[i].us > 1000)
			assert_true(most - least > cases[i].us / 5);
	}
}

static void test_backoff_is_its_seed(void **state)
{
	(void)state;
	uint64_t a = 7, b = 7;
	for (uint32_t fails = 1; fails < 20; fails++)
		assert_int_equal(backoff_length(fails, 0, &a), backoff_length(fails, 0, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_list),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_backoff_is_its_seed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
