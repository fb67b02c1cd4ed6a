/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rollout that something happens to, at every instant of it: a newer file, the old one again,
 * a crash of the controller, a reboot, a process that dies, a clock that jumps. In the end the
 * world is as the last file says, and nothing is there twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/controller/core_play.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

#define MINUTES      (60 * CLOCK_SEC)
#define MANY_LOOKS   12
#define MOST_INSTANT 200

#define WEB(image, n, more)                                                                        \
	"web: {image: {name: " image "}, scale: {mode: fixed, replicas: " #n "}, "                 \
	"depends: [{service: db}]" more "}\n"
#define FIRST ", tallyman: {update: {strategy: start-first, max_parallel: 2}}"

static const struct rollout {
	const char *was, *is, *then;
} rollouts[] = {
	/* another image, a limit, more and fewer replicas, a service that goes, one that comes */
	{ WEB("app:1", 3, "") "db: {image: {name: db:1}}\nold: {image: {name: old:1}}\n",
	  WEB("app:2", 4, "") "db: {image: {name: db:1}, resources: {memory: 1Gi}}\n",
	  WEB("app:3", 2, "") "db: {image: {name: db:2}}\nnew: {image: {name: new:1}}\n" },
	{ WEB("app:1", 3, FIRST) "db: {image: {name: db:1}}\n",
	  WEB("app:2", 3, FIRST) "db: {image: {name: db:2}}\n",
	  WEB("app:1", 3, FIRST) "db: {image: {name: db:2}, env: {A: b}}\n" },
	/* from nothing, and to nothing but the dependency */
	{ "db: {image: {name: db:1}}\n", WEB("app:1", 2, "") "db: {image: {name: db:1}}\n",
	  "db: {image: {name: db:1}}\n" },
	/* to another runtime */
	{ "db: {image: {name: db:1}}\n", "db: {image: {name: db:1}, labels: {test.runtime: hcs}}\n",
	  "db: {image: {name: db:2}, labels: {test.runtime: hcs}}\n" },
};

/* What happens in the middle; then everything is left to itself. */
typedef void incident(struct core_play *p, const struct rollout *r);

/* False when the rollout was over before its instant @k. */
static bool happens_at(const struct rollout *r, unsigned k, incident *happens, const char *what)
{
	struct core_play p;
	bool is_over = false;

	core_play_init(&p);
	(void)core_play_wish(&p, r->was);
	core_play_run(&p, MINUTES);
	core_world_expect(&p.world, p.desired, "before");
	p.n_looks = 0;
	(void)core_play_wish(&p, r->is);
	for (unsigned i = 0; i < k && !is_over; i++)
		is_over = !core_play_next(&p, MINUTES);
	if (!is_over)
		happens(&p, r);
	core_play_run(&p, 10 * MINUTES);
	const char *when =
		arena_printf(p.arena, "%s at instant %u of %zu", what, k, (size_t)(r - rollouts));
	core_world_expect(&p.world, p.desired, when);
	if (p.up.overall != RECONCILE_CONVERGED)
		fail_msg("%s: it has not converged", when);
	if (p.n_looks > MANY_LOOKS)
		fail_msg("%s: %u looks", when, p.n_looks);
	core_play_done(&p);
	return !is_over;
}

static void at_every_instant(incident *happens, const char *what)
{
	for (size_t i = 0; i < ARRAY_N(rollouts); i++) {
		unsigned k = 0;
		while (happens_at(&rollouts[i], k, happens, what))
			k++;
		assert_in_range(k, 5, MOST_INSTANT);
	}
}

static void newer_file(struct core_play *p, const struct rollout *r)
{
	(void)core_play_wish(p, r->then);
}

static void test_newest_file_wins(void **state) /* T46 */
{
	(void)state;
	at_every_instant(newer_file, "a newer file");
}

static void old_file(struct core_play *p, const struct rollout *r)
{
	(void)core_play_wish(p, r->was);
}

static void test_there_and_back(void **state) /* T47 */
{
	(void)state;
	at_every_instant(old_file, "the old file");
}

static void crash(struct core_play *p, const struct rollout *r)
{
	(void)r;
	(void)core_play_restart(p);
}

static void test_crash(void **state) /* T12 */
{
	(void)state;
	at_every_instant(crash, "a crash");
}

static void crash_and_newer_file(struct core_play *p, const struct rollout *r)
{
	(void)core_play_restart(p);
	(void)core_play_wish(p, r->then);
}

static void test_crash_and_newer_file(void **state)
{
	(void)state;
	at_every_instant(crash_and_newer_file, "a crash and a newer file");
}

static void reboot(struct core_play *p, const struct rollout *r)
{
	(void)r;
	(void)core_play_reboot(p);
}

static void test_reboot(void **state) /* T41, T48 */
{
	(void)state;
	at_every_instant(reboot, "a reboot");
}

static void lowest_dies(struct core_play *p, const struct rollout *r)
{
	(void)r;
	for (size_t i = 0; i < p->world.n; i++) {
		if (p->world.items[i].state != INSTANCE_RUNNING)
			continue;
		(void)core_play_exit(p, strchr(p->world.items[i].id, '.') + 1, 1);
		return;
	}
}

static void test_death(void **state)
{
	(void)state;
	at_every_instant(lowest_dies, "a death");
}

/* Nobody is told: it is seen at the next look, which somebody asks for. */
static void somebody_removes(struct core_play *p, const struct rollout *r)
{
	(void)r;
	if (p->world.n)
		core_world_drop(&p->world, p->world.items[p->world.n - 1].id);
	(void)core_play_lose(p);
}

static void test_removal_behind_our_back(void **state)
{
	(void)state;
	at_every_instant(somebody_removes, "a removal by hand");
}

static void clock_back(struct core_play *p, const struct rollout *r)
{
	(void)r;
	p->wall_us -= INT64_C(50) * 365 * 24 * 3600 * CLOCK_SEC;
}

static void clock_ahead(struct core_play *p, const struct rollout *r)
{
	(void)r;
	p->wall_us += 24 * 3600 * CLOCK_SEC;
}

static void test_wall_clock(void **state) /* T16 */
{
	(void)state;
	at_every_instant(clock_back, "the clock goes back to the seventies");
	at_every_instant(clock_ahead, "the clock goes a day ahead");
}

static void everything_twice(struct core_play *p, const struct rollout *r)
{
	(void)r;
	(void)core_play_lose(p);
	(void)core_play_ask(p);
	(void)core_play_wait(p, 0);
	(void)core_play_lose(p);
}

static void test_events_too_many(void **state) /* T17 */
{
	(void)state;
	at_every_instant(everything_twice, "events nobody needs");
}

/* --- reboots, more closely --- */

/* The back-off outlives the boot: by the wall clock, and never beyond its own length. */
static void test_back_off_over_reboot(void **state)
{
	(void)state;
	static const struct {
		int64_t jump_us; /* of the wall clock, beside the minute the reboot takes */
		int64_t least_us, most_us;
	} cases[] = {
		{ 0, 0, 0 }, /* a minute is longer than the wait */
		{ -58 * CLOCK_SEC, 6 * CLOCK_SEC, 8 * CLOCK_SEC }, /* it took two seconds */
		{ -3600 * CLOCK_SEC, 8 * CLOCK_SEC, 10 * CLOCK_SEC },
	};
	for (size_t i = 0; i < ARRAY_N(cases); i++) {
		struct core_play p;
		core_play_init(&p);
		(void)core_play_wish(&p, "db: {image: {name: db:1}}");
		core_play_run(&p, MINUTES);
		core_world_record(&p.world, "db", 0)->fails = 4;
		(void)core_play_restart(&p);
		core_play_run(&p, MINUTES);
		(void)core_play_exit(&p, "db-rep-0.1", 1); /* 8 to 10 s */
		p.wall_us += cases[i].jump_us;
		(void)core_play_reboot(&p);
		(void)core_play_look(&p);
		int64_t wait = p.up.wake.us ? p.up.wake.us - p.now.us : 0;
		assert_in_range(wait, cases[i].least_us, cases[i].most_us);
		core_play_run(&p, MINUTES);
		core_world_expect(&p.world, p.desired, "after the reboot");
		core_play_done(&p);
	}
}

/* A job that was under way has ended with the boot: with which code nobody knows, and by its policy
 * it is not run again (T18). */
static void test_job_and_reboot(void **state)
{
	(void)state;
	struct core_play p;
	core_play_init(&p);
	(void)core_play_wish(&p, "mig: {image: {name: m:1}, rtype: job}");
	core_play_run(&p, MINUTES);
	(void)core_play_reboot(&p);
	core_play_run(&p, MINUTES);
	assert_string_equal(core_play_slot(&p, "mig-rep-0"), "done: ended, exit code unknown");
	assert_int_equal(core_world_record(&p.world, "mig", 0)->generation, 1);
	assert_false(core_world_record(&p.world, "mig", 0)->has_exit_code);
	core_play_done(&p);
}

/* A crash loop restarts as often as its back-off says, whatever the wall clock does meanwhile. */
static void test_crash_loop_and_wall_clock(void **state)
{
	(void)state;
	uint64_t generations[3];
	for (unsigned i = 0; i < 3; i++) {
		struct core_play p;
		core_play_init(&p);
		(void)core_play_wish(&p, "db: {image: {name: d:1}, labels: {test.ends: '1 1'}}");
		for (unsigned k = 0; k < 30; k++) {
			core_play_pass(&p, 10 * CLOCK_SEC);
			p.wall_us += i == 0 ? 0 : i == 1 ? -40 * CLOCK_SEC : -24 * 3600 * CLOCK_SEC;
		}
		generations[i] = core_world_record(&p.world, "db", 0)->generation;
		core_play_done(&p);
	}
	assert_in_range(generations[0], 8, 12); /* 1 2 4 8 16 32 60 60 60 s */
	assert_int_equal(generations[1], generations[0]);
	assert_int_equal(generations[2], generations[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_newest_file_wins),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_crash_and_newer_file),
		cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_removal_behind_our_back),
		cmocka_unit_test(test_wall_clock),
		cmocka_unit_test(test_events_too_many),
		cmocka_unit_test(test_back_off_over_reboot),
		cmocka_unit_test(test_job_and_reboot),
		cmocka_unit_test(test_crash_loop_and_wall_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
