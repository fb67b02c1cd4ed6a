/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots that wait for others: for images, for what they depend on, for who uses them, for their
 * turn in an update, for a worker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/controller/core_play.h"
#include "tests/controller/core_wish.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

static int setup(void **state)
{
	struct core_play *p = xcalloc(1, sizeof(*p));
	core_play_init(p);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	core_play_done(*state);
	free(*state);
	return 0;
}

/* Wished, made and running. */
static void run(struct core_play *p, const char *services)
{
	(void)core_play_wish(p, services);
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

#define expect(call, text) assert_string_equal(call, text)

#define N(name, n, more)                                                                           \
	name ": {image: {name: app:1}, scale: {mode: fixed, replicas: " #n "}" more "}\n"

/* --- images before stops (T50) --- */

static void test_stage_before_stop(void **state)
{
	struct core_play *p = *state;
	run(p, "a: {image: {name: app:1}}\nb: {image: {name: app:1}}\nc: {image: {name: app:1}}\n"
	       "h: {image: {name: app:1}, labels: {test.runtime: hcs}}");
	/* a needs another image, b another value, c goes, h is made by another runtime. */
	(void)core_play_wish(p,
			     "a: {image: {name: app:2}}\n"
			     "b: {image: {name: app:1}, env: {A: b}}\n"
			     "h: {image: {name: app:1}, env: {A: b}, labels: {test.runtime: hcs}}");
	expect(core_play_look(p), "stage app:2, stage app:1, stage app:1");
	/* One of the two images of youki is there: still nothing is stopped on it. */
	expect(core_play_answer(p, "stage app:1"), "");
	assert_string_equal(p->flights[0].run.step.runtime, "youki");
	assert_string_equal(p->flights[1].run.step.runtime, "hcs");
	expect(core_play_answer(p, "stage app:1"), "signal 15 h-rep-0.1");
	expect(core_play_answer(p, "stage app:2"),
	       "signal 15 a-rep-0.1, signal 15 c-rep-0.1, signal 15 b-rep-0.1");
}

/* The registry is down: what runs stays, and what needs no image is done. */
static void test_stage_fails(void **state)
{
	struct core_play *p = *state;
	run(p, "a: {image: {name: app:1}}\nb: {image: {name: app:1}}");
	(void)core_play_wish(p, "a: {image: {name: app:2}}");
	expect(core_play_look(p), "stage app:2");
	expect(core_play_fail(p, "stage app:2", ERR_UNAVAILABLE, false), "signal 15 b-rep-0.1");
	(void)core_play_answer(p, "signal 15 b-rep-0.1");
	(void)core_play_exit(p, "b-rep-0.1", 0);
	expect(core_play_slot(p, "a-rep-0"),
	       "waiting: waits before the next try: it does not work");
	core_play_pass(p, 1200 * CLOCK_MS);
	assert_int_equal(core_world_get(&p->world, "a-rep-0.1")->state, INSTANCE_RUNNING);
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_string_equal(core_world_get(&p->world, "a-rep-0.2")->image, "app:2");
}

/* One stage for all who need the image; when it fails it has failed for all of them. */
static void test_one_stage_for_all(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, N("web", 3, ""));
	expect(core_play_look(p), "stage app:1");
	expect(core_play_fail(p, "stage app:1", ERR_NOT_FOUND, false), "look");
	expect(core_play_look(p), "");
	for (unsigned i = 0; i < 3; i++)
		expect(core_play_slot(p, arena_printf(p->arena, "web-rep-%u", i)),
		       "blocked: it does not work");
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	/* Somebody imports it and asks. */
	(void)core_play_ask(p);
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

/* --- depends --- */

static const struct {
	const char *depend; /* what web says of db */
	const char *db;     /* fields of db beside its image */
	const char *waits;  /* web while db is not there */
} up[] = {
	{ "{service: db}", "", "waiting: waits for db" },
	{ "{service: db, condition: started}", "", "waiting: waits for db" },
	{ "{service: db, condition: ready, timeout: null}", "", "waiting: waits for db" },
};

static void check_depends(struct core_play *p, size_t i)
{
	(void)core_play_wish(p, arena_printf(p->arena,
					     "web: {image: {name: app:1}, depends: [%s]}\n"
					     "db: {image: {name: db:1}%s}",
					     up[i].depend, up[i].db));
	/* Images are had meanwhile. */
	expect(core_play_look(p), "stage db:1, stage app:1");
	expect(core_play_answer(p, "stage app:1"), "");
	expect(core_play_slot(p, "web-rep-0"), up[i].waits);
	assert_int_equal(p->up.overall, RECONCILE_BUSY);
	expect(core_play_answer(p, "stage db:1"), "create db-rep-0.1");
	expect(core_play_answer(p, "create db-rep-0.1"), "start db-rep-0.1");
	expect(core_play_answer(p, "start db-rep-0.1"), "create web-rep-0.1");
	/* It needs it for its own start, not for ever. */
	expect(core_play_answer(p, "create web-rep-0.1"), "start web-rep-0.1");
	(void)core_play_answer(p, "start web-rep-0.1");
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	(void)core_play_exit(p, "db-rep-0.1", 1);
	expect(core_play_slot(p, "web-rep-0"), "running: running");
}

static void test_depends(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(up); i++) {
		struct core_play p;
		core_play_init(&p);
		check_depends(&p, i);
		core_play_done(&p);
	}
}

/* All replicas count, and a replica that is on its way to a new configuration does not. */
static void test_depends_on_all(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(
		p, N("db", 2, "") "web: {image: {name: app:1}, depends: [{service: db}]}");
	(void)core_play_look(p);
	expect(core_play_answer(p, "stage app:1"), "create db-rep-0.1, create db-rep-1.1");
	(void)core_play_answer(p, "create db-rep-0.1");
	expect(core_play_answer(p, "start db-rep-0.1"), "");
	(void)core_play_answer(p, "create db-rep-1.1");
	expect(core_play_answer(p, "start db-rep-1.1"), "create web-rep-0.1");
}

static void test_depends_on_none(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(
		p, N("db", 0, "") "web: {image: {name: app:1}, depends: [{service: db}]}");
	(void)core_play_look(p);
	expect(core_play_answer(p, "stage app:1"), "create web-rep-0.1");
}

/* A job is started while it runs, and ready once it has ended well. */
static void test_depends_on_job(void **state)
{
	static const char text[] =
		"mig: {image: {name: mig:1}, rtype: job}\n"
		"eager: {image: {name: app:1}, depends: [{service: mig, condition: started}]}\n"
		"web: {image: {name: app:1}, depends: [{service: mig, condition: ready}]}\n"
		"well: {image: {name: app:1}, depends: [{service: mig, condition: healthy}]}";
	struct core_play *p = *state;
	(void)core_play_wish(p, text);
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage app:1");
	(void)core_play_answer(p, "stage mig:1");
	(void)core_play_answer(p, "create mig-rep-0.1");
	expect(core_play_answer(p, "start mig-rep-0.1"), "create eager-rep-0.1");
	expect(core_play_exit(p, "mig-rep-0.1", 0), "create web-rep-0.1, create well-rep-0.1");
}

static void test_depends_on_failed_job(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p,
			     "mig: {image: {name: mig:1}, rtype: job, labels: {test.ends: '2 1'}}\n"
			     "web: {image: {name: app:1}, depends: [{service: mig}]}");
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	expect(core_play_slot(p, "mig-rep-0"), "done: ended with 1");
	expect(core_play_slot(p, "web-rep-0"), "blocked: depends on mig, which is not healthy");
	/* No waiting until the timeout: waiting cannot change it. */
	assert_true(p->now.us < (1000 + 10) * CLOCK_SEC);
}

/* What is behind the timeout: hold back, go on with a word, go on without. */
static const struct {
	const char *depend;
	const char *web; /* its state 30 s later */
	bool is_told;    /* a problem is noted */
	bool is_waiting; /* also after that */
} timeouts[] = {
	{ "{service: db, timeout: 20s, on_timeout: fail}",
	  "blocked: depends on db, which is not healthy", true, false },
	{ "{service: db, timeout: 20s, on_timeout: warn}", "running: running", true, false },
	{ "{service: db, timeout: 20s, on_timeout: continue}", "running: running", false, false },
	{ "{service: db, timeout: null}", "waiting: waits for db", false, true },
	{ "{service: db, timeout: 60s}", "waiting: waits for db", false, true },
};

static void check_timeout(struct core_play *p, size_t i)
{
	struct buf story CLEAN(buf) = BUF_INIT(1 << 16);
	const char *told;
	p->story = &story;
	p->faults[0] = (struct core_fault){ "create db", ERR_IO, false, 1000 };
	(void)core_play_wish(p, arena_printf(p->arena,
					     "web: {image: {name: app:1}, depends: [%s]}\n"
					     "db: {image: {name: db:1}}",
					     timeouts[i].depend));
	core_play_pass(p, 15 * CLOCK_SEC);
	expect(core_play_slot(p, "web-rep-0"), "waiting: waits for db");
	core_play_pass(p, 15 * CLOCK_SEC);
	if (strcmp(core_play_slot(p, "web-rep-0"), timeouts[i].web) != 0)
		fail_msg("%s: %s", timeouts[i].depend, core_play_slot(p, "web-rep-0"));
	told = strstr(story.data, "web: db was not healthy in time");
	assert_int_equal(told != NULL, timeouts[i].is_told);
	/* Once. */
	assert_true(!told || !strstr(told + 1, "web: db was not healthy in time"));
	/* db comes at last: then everything does. */
	p->faults[0].times = 0;
	core_play_pass(p, 120 * CLOCK_SEC);
	expect(core_play_slot(p, "db-rep-0"), "running: running");
	if (timeouts[i].is_waiting)
		expect(core_play_slot(p, "web-rep-0"), "running: running");
	p->story = NULL;
}

static void test_depends_timeout(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(timeouts); i++) {
		struct core_play p;
		core_play_init(&p);
		check_timeout(&p, i);
		core_play_done(&p);
	}
}

/* What never comes is not waited for, unless the file says that it may be done without. */
static const struct {
	const char *db;
	const char *depend;
	const char *web;
} hopeless[] = {
	{ "platform: {os: windows, arch: amd64}", "{service: db}",
	  "blocked: depends on db, which is not healthy" },
	{ "rtype: cron, schedule: '@daily'", "{service: db, condition: started}",
	  "blocked: depends on db, which is not started" },
	{ "platform: {os: windows, arch: amd64}", "{service: db, timeout: null}",
	  "blocked: depends on db, which is not healthy" },
	{ "platform: {os: windows, arch: amd64}", "{service: db, on_timeout: warn}",
	  "waiting: waits for db" },
	{ "depends: [{service: far}]}\nfar: {image: {name: db:1}, rtype: cron, schedule: '@daily'",
	  "{service: db}", "blocked: depends on db, which is not healthy" },
};

/* A plan says so before anything is begun. */
static void expect_planned(struct core_play *p, const char *web)
{
	const struct core_asker by = { core_play_diff_now(p), true };
	struct plan plan = core_world_plan(&p->world, p->desired, &by, p->arena);

	for (size_t i = 0; i < plan.n; i++) {
		const struct plan_change *c = &plan.changes[i];
		bool is_blocked = c->verdict == VERDICT_BLOCKED && c->n == 0;
		if (strcmp(c->service, "web") != 0)
			continue;
		assert_int_equal(is_blocked, strncmp(web, "blocked: ", 9) == 0);
		if (is_blocked)
			expect(c->cause, web + strlen("blocked: "));
		return;
	}
	fail_msg("nothing is planned for web");
}

static void test_depends_on_hopeless(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(hopeless); i++) {
		struct core_play p;
		core_play_init(&p);
		(void)core_play_wish(&p, arena_printf(p.arena,
						      "web: {image: {name: app:1}, depends: [%s]}\n"
						      "db: {image: {name: db:1}, %s}",
						      hopeless[i].depend, hopeless[i].db));
		expect_planned(&p, hopeless[i].web);
		core_play_run(&p, 10 * CLOCK_SEC);
		expect(core_play_slot(&p, "web-rep-0"), hopeless[i].web);
		core_play_done(&p);
	}
}

/* A dependency held by hand is not there. */
static void test_depends_on_held(void **state)
{
	static const char text[] = "web: {image: {name: app:1}, depends: [{service: db}]}\n"
				   "db: {image: {name: db:1}}";
	struct core_play *p = *state;
	core_world_record(&p->world, "db", 0)->held = true;
	(void)core_play_wish(p, text);
	expect_planned(p, "blocked: depends on db, which is not healthy: it was stopped by hand");
	core_play_run(p, 10 * CLOCK_SEC);
	expect(core_play_slot(p, "web-rep-0"),
	       "blocked: depends on db, which is not healthy: it was stopped by hand");
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	core_world_record(&p->world, "db", 0)->held = false;
	run(p, text);
}

static void test_depends_on_nobody(void **state)
{
	struct core_play *p = *state;
	const struct deployment *d =
		core_wish_services("web: {image: {name: app:1}, depends: [{service: db}]}\n"
				   "db: {image: {name: db:1}, scale: {mode: fixed, replicas: 0}}",
				   p->arena);
	d->services.items[1].depends.items[0].service = "nobody"; /* no file can say that */
	(void)core_play_wish_deployment(p, d);
	(void)core_play_look(p);
	expect(core_play_answer(p, "stage app:1"), "create web-rep-0.1");
}

/* What was made before a crash is not started before its time, what is replaced neither. */
static void test_depends_before_start(void **state)
{
	static const char text[] =
		"web: {image: {name: app:1}, depends: [{service: db}]}\n"
		"old: {image: {name: app:1}, env: {A: b}, depends: [{service: db}]}\n"
		"db: {image: {name: db:1}}";
	struct core_play *p = *state;
	run(p, text);
	core_world_get(&p->world, "web-rep-0.1")->state = INSTANCE_CREATED;
	core_world_exit(&p->world, "shop.old-rep-0.1", 1);
	core_world_drop(&p->world, "shop.db-rep-0.1");
	(void)core_play_restart(p);
	(void)core_play_ask(p);
	expect(core_play_look(p), "stage db:1, stage app:1");
	expect(core_play_answer(p, "stage app:1"), "");
	expect(core_play_slot(p, "web-rep-0"), "waiting: waits for db");
	expect(core_play_slot(p, "old-rep-0"), "waiting: waits for db");
	(void)core_play_answer(p, "stage db:1");
	(void)core_play_answer(p, "create db-rep-0.2");
	expect(core_play_answer(p, "start db-rep-0.2"), "remove old-rep-0.1, start web-rep-0.1");
}

/* One of two has failed for good: whatever the other one does, nobody need wait for it. */
static void test_depends_on_half_a_job(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, "mig: {image: {name: m:1}, rtype: job, "
				"scale: {mode: fixed, replicas: 2}}\n"
				"web: {image: {name: m:1}, depends: [{service: mig}]}");
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage m:1");
	(void)core_play_answer(p, "create mig-rep-0.1");
	(void)core_play_answer(p, "start mig-rep-0.1");
	expect(core_play_slot(p, "web-rep-0"), "waiting: waits for mig");
	(void)core_play_exit(p, "mig-rep-0.1", 1);
	expect(core_play_slot(p, "web-rep-0"), "blocked: depends on mig, which is not healthy");
}

/* Asked again, it waits again. */
static void test_depends_asked_again(void **state)
{
	struct core_play *p = *state;
	p->faults[0] = (struct core_fault){ "create db", ERR_IO, false, 1000 };
	(void)core_play_wish(p,
			     "web: {image: {name: app:1}, depends: [{service: db, timeout: 20s}]}\n"
			     "db: {image: {name: db:1}}");
	core_play_pass(p, 30 * CLOCK_SEC);
	expect(core_play_slot(p, "web-rep-0"), "blocked: depends on db, which is not healthy");
	(void)core_play_ask(p);
	core_play_pass(p, 10 * CLOCK_SEC);
	expect(core_play_slot(p, "web-rep-0"), "waiting: waits for db");
	core_play_pass(p, 15 * CLOCK_SEC);
	expect(core_play_slot(p, "web-rep-0"), "blocked: depends on db, which is not healthy");
}

static void test_chain(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, "c: {image: {name: app:1}, depends: [{service: b}]}\n"
				"b: {image: {name: app:1}, depends: [{service: a}]}\n"
				"a: {image: {name: app:1}}");
	(void)core_play_look(p);
	expect(core_play_answer(p, "stage app:1"), "create a-rep-0.1");
	(void)core_play_answer(p, "create a-rep-0.1");
	expect(core_play_answer(p, "start a-rep-0.1"), "create b-rep-0.1");
	(void)core_play_answer(p, "create b-rep-0.1");
	expect(core_play_answer(p, "start b-rep-0.1"), "create c-rep-0.1");
}

/* --- the way down: who uses it goes first; grace periods of one level run side by side --- */

static void test_order_down(void **state)
{
	struct core_play *p = *state;
	run(p, N("db", 2, "") N("web", 2, ", depends: [{service: db}]"));
	(void)core_play_wish(p, NULL);
	expect(core_play_look(p), "signal 15 web-rep-1.1, signal 15 web-rep-0.1");
	expect(core_play_slot(p, "db-rep-0"), "waiting: waits until web is gone");
	(void)core_play_answer(p, "signal 15 web-rep-0.1");
	(void)core_play_answer(p, "signal 15 web-rep-1.1");
	(void)core_play_exit(p, "web-rep-0.1", 0);
	expect(core_play_answer(p, "remove web-rep-0.1"), "");
	(void)core_play_exit(p, "web-rep-1.1", 0);
	expect(core_play_answer(p, "remove web-rep-1.1"),
	       "signal 15 db-rep-0.1, signal 15 db-rep-1.1");
}

static void test_down_takes_one_grace(void **state)
{
	struct core_play *p = *state;
	struct mono begin;
	p->n_workers = 30;
	run(p, N("web", 30, ", labels: {test.deaf: 'yes'}"));
	begin = p->now;
	(void)core_play_wish(p, NULL);
	core_play_run(p, 300 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
	assert_in_range(p->now.us - begin.us, 10 * CLOCK_SEC, 11 * CLOCK_SEC);
}

static void test_scale_down_order(void **state)
{
	struct core_play *p = *state;
	run(p, N("web", 5, "") N("old", 2, ""));
	p->n_workers = 1;
	(void)core_play_wish(p, N("web", 2, ""));
	/* With one worker the order is to be seen: highest numbers first. */
	expect(core_play_look(p), "signal 15 web-rep-4.1");
	expect(core_play_answer(p, "signal 15 web-rep-4.1"), "signal 15 web-rep-3.1");
	expect(core_play_answer(p, "signal 15 web-rep-3.1"), "signal 15 web-rep-2.1");
	expect(core_play_answer(p, "signal 15 web-rep-2.1"), "signal 15 old-rep-1.1");
	expect(core_play_answer(p, "signal 15 old-rep-1.1"), "signal 15 old-rep-0.1");
}

/* --- so many of a service at a time --- */

static const char *signals(const struct core_play *p)
{
	const char *text = "";
	for (size_t i = 0; i < p->n_flights; i++)
		if (strncmp(p->flights[i].text, "signal", 6) == 0)
			text = arena_printf(p->arena, "%s%s ", text, p->flights[i].text);
	return text;
}

static void test_max_parallel(void **state)
{
	struct core_play *p = *state;
	run(p, N("web", 5, ", tallyman: {update: {max_parallel: 2}}"));
	(void)core_play_wish(p,
			     N("web", 5, ", env: {A: b}, tallyman: {update: {max_parallel: 2}}"));
	(void)core_play_look(p);
	(void)core_play_answer(p, "stage app:1");
	expect(signals(p), "signal 15 web-rep-0.1 signal 15 web-rep-1.1 ");
	(void)core_play_answer(p, "signal 15 web-rep-0.1");
	expect(core_play_exit(p, "web-rep-0.1", 0), "remove web-rep-0.1");
	(void)core_play_answer(p, "remove web-rep-0.1");
	expect(core_play_answer(p, "create web-rep-0.2"), "start web-rep-0.2");
	/* Its turn is over when it runs. */
	expect(core_play_answer(p, "start web-rep-0.2"), "signal 15 web-rep-2.1");
	core_play_run(p, 60 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_CONVERGED);
}

/* One at a time is what nobody has to ask for; what is down already is not counted twice. */
static void test_one_at_a_time(void **state)
{
	struct core_play *p = *state;
	run(p, N("web", 3, ""));
	core_world_exit(&p->world, "shop.web-rep-1.1", 1);
	(void)core_play_wish(p, N("web", 3, ", env: {A: b}"));
	(void)core_play_look(p);
	/* web-rep-1 does not run: it is the one whose turn it is. */
	expect(core_play_answer(p, "stage app:1"), "remove web-rep-1.1");
	(void)core_play_answer(p, "remove web-rep-1.1");
	(void)core_play_answer(p, "create web-rep-1.2");
	expect(core_play_answer(p, "start web-rep-1.2"), "signal 15 web-rep-0.1");
}

/* An update that fails stops: the others keep what they have. */
static void test_update_stops(void **state)
{
	struct core_play *p = *state;
	run(p, N("web", 3, ""));
	p->faults[0] = (struct core_fault){ "create web-rep-0.2", ERR_INVALID, false, 1000 };
	(void)core_play_wish(p, N("web", 3, ", command: {args: [nonsense]}"));
	core_play_run(p, 600 * CLOCK_SEC);
	assert_int_equal(p->up.overall, RECONCILE_STUCK);
	expect(core_play_slot(p, "web-rep-0"), "blocked: it does not work");
	expect(core_play_slot(p, "web-rep-1"),
	       "blocked: the update stops here: others of the service failed with it");
	assert_int_equal(core_world_get(&p->world, "web-rep-1.1")->state, INSTANCE_RUNNING);
	assert_int_equal(core_world_get(&p->world, "web-rep-2.1")->state, INSTANCE_RUNNING);
	/* A file that is right goes through. */
	run(p, N("web", 3, ", command: {args: [sense]}"));
}

/* Starting from nothing is no update: all at once. */
static void test_parallel_is_for_updates(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, N("web", 4, ""));
	(void)core_play_look(p);
	expect(core_play_answer(p, "stage app:1"),
	       "create web-rep-0.1, create web-rep-1.1, create web-rep-2.1, create web-rep-3.1");
}

/* --- workers --- */

static void test_capacity(void **state)
{
	struct core_play *p = *state;
	p->n_workers = 2;
	(void)core_play_wish(p, N("web", 4, ""));
	(void)core_play_look(p);
	expect(core_play_answer(p, "stage app:1"), "create web-rep-0.1, create web-rep-1.1");
	expect(core_play_capacity(p, 3), "create web-rep-2.1");
	expect(core_play_capacity(p, 3), "");
	/* What is under way goes on before another one begins. */
	expect(core_play_answer(p, "create web-rep-1.1"), "start web-rep-1.1");
	expect(core_play_answer(p, "start web-rep-1.1"), "create web-rep-3.1");
	expect(core_play_capacity(p, 0), "");
	expect(core_play_answer(p, "create web-rep-0.1"), "");
	assert_int_equal(p->up.overall, RECONCILE_BUSY);
	/* Of those who wait the first is the next. */
	expect(core_play_answer(p, "create web-rep-2.1"), "");
	expect(core_play_capacity(p, 2), "start web-rep-0.1");
	expect(core_play_capacity(p, 3), "start web-rep-2.1");
}

/* A runtime that takes nothing holds up nobody on another one (T54). */
static void test_other_runtime_goes_on(void **state)
{
	struct core_play *p = *state;
	(void)core_play_wish(p, "a: {image: {name: app:1}}\n"
				"h: {image: {name: app:2}, labels: {test.runtime: hcs}}");
	expect(core_play_look(p), "stage app:1, stage app:2");
	expect(core_play_answer(p, "stage app:2"), "create h-rep-0.1");
	(void)core_play_answer(p, "create h-rep-0.1");
	(void)core_play_answer(p, "start h-rep-0.1");
	expect(core_play_slot(p, "h-rep-0"), "running: running");
	expect(core_play_slot(p, "a-rep-0"), "working: not there");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_stage_before_stop),
		T(test_stage_fails),
		T(test_one_stage_for_all),
		cmocka_unit_test(test_depends),
		T(test_depends_on_all),
		T(test_depends_on_none),
		T(test_depends_on_job),
		T(test_depends_on_failed_job),
		cmocka_unit_test(test_depends_timeout),
		cmocka_unit_test(test_depends_on_hopeless),
		T(test_depends_on_held),
		T(test_depends_on_nobody),
		T(test_depends_before_start),
		T(test_depends_on_half_a_job),
		T(test_depends_asked_again),
		T(test_chain),
		T(test_order_down),
		T(test_down_takes_one_grace),
		T(test_scale_down_order),
		T(test_max_parallel),
		T(test_one_at_a_time),
		T(test_update_stops),
		T(test_parallel_is_for_updates),
		T(test_capacity),
		T(test_other_runtime_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
