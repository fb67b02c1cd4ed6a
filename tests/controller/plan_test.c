/* SPDX-License-Identifier: Apache-2.0 */
/* The whole plan: which steps a change means, in which order, and what is said about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "controller/plan.h"
#include "controller/plan_render.h"
#include "specs/runtime_id.h"
#include "tests/controller/core_wish.h"
#include "tests/controller/core_world.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

struct bench {
	struct arena *a;
	struct core_world world;
	const struct deployment *before;
	struct desired made_of; /* what is there was made of this */
	struct desired desired;
	struct core_asker by;
	struct plan plan;
};

static int setup(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	b->a = arena_new();
	core_world_init(&b->world);
	b->by.now = (struct diff_now){ { 1000 * CLOCK_SEC }, { 0 }, "boot-1" };
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	core_world_done(&b->world);
	arena_free(b->a);
	free(b);
	return 0;
}

/* What was in the file when the things were made that are there. */
static void was(struct bench *b, const char *services)
{
	struct core_wish w = { .current = core_wish_services(services, b->a) };
	b->before = w.current;
	b->made_of = core_wish_expand(&w, b->a);
}

/* The next word of `web-rep-0.1 web-rep-1.2`; NULL at the end. */
static const char *next_word(const char **text, struct arena *a)
{
	const char *word = *text + strspn(*text, " ");
	size_t n = strcspn(word, " ");
	*text = word + n;
	return n ? arena_strndup(a, word, n) : NULL;
}

static void there(struct bench *b, const char *names, enum instance_state state)
{
	const char *name;
	while ((name = next_word(&names, b->a))) {
		struct instance *is = core_world_put(&b->world, &b->made_of, name);
		is->state = state;
		is->pid = state == INSTANCE_EXITED || state == INSTANCE_BROKEN ? 0 : 7;
	}
}

static void plan(struct bench *b, const char *services)
{
	const struct core_wish w = {
		.current = services ? core_wish_services(services, b->a) : NULL,
		.previous = b->before,
	};
	b->desired = core_wish_expand(&w, b->a);
	b->plan = core_world_plan(&b->world, &b->desired, &b->by, b->a);
}

/* "stage app:1, create web-rep-0.1 …" of one change, or of all. */
static const char *steps_text(const struct plan *p, const struct plan_change *c, struct arena *a)
{
	size_t first = c ? c->first : 0;
	size_t n = c ? c->n : p->n_steps;
	const char *text = "";
	for (size_t i = first; i < first + n; i++) {
		const struct step *s = &p->steps[i];
		const char *what = s->instance_id ? strchr(s->instance_id, '.') + 1 : s->digest;
		text = arena_printf(a, "%s%s%s %s", text, i > first ? ", " : "",
				    step_kind_to_string(s->kind), what);
		if (s->kind == STEP_SIGNAL)
			text = arena_printf(a, "%s %d", text, s->signal);
	}
	return text;
}

static const char *changes_text(const struct plan *p, struct arena *a)
{
	const char *text = "";
	for (size_t i = 0; i < p->n; i++)
		text = arena_printf(a, "%s%s%s%s", text, i ? " " : "",
				    verdict_sign(p->changes[i].verdict), p->changes[i].name);
	return text;
}

/* --- the steps of one change --- */

#define ONE   "web: {image: {name: app:1}}"
#define OTHER "web: {image: {name: app:2}}"
#define FIRST "web: {image: {name: app:2}, tallyman: {update: {strategy: start-first}}}"
#define MORE  "web: {image: {name: app:1}, resources: {memory: 1Gi}}"
#define QUIT  "web: {image: {name: app:1}, stop_signal: SIGQUIT}"

static const struct {
	const char *was, *is; /* services; NULL: down */
	const char *there;
	enum instance_state state;
	const char *steps;
} changes[] = {
	{ ONE, ONE, "", 0, "stage app:1, create web-rep-0.1, start web-rep-0.1" },
	{ ONE, ONE, "web-rep-0.1", INSTANCE_RUNNING, "" },
	{ ONE, OTHER, "web-rep-0.1", INSTANCE_RUNNING,
	  "stage app:2, signal web-rep-0.1 15, remove web-rep-0.1, create web-rep-0.2, "
	  "start web-rep-0.2" },
	{ ONE, FIRST, "web-rep-0.1", INSTANCE_RUNNING,
	  "stage app:2, create web-rep-0.2, start web-rep-0.2, signal web-rep-0.1 15, "
	  "remove web-rep-0.1" },
	{ ONE, ONE, "web-rep-0.4", INSTANCE_EXITED,
	  "stage app:1, remove web-rep-0.4, create web-rep-0.5, start web-rep-0.5" },
	{ ONE, ONE, "web-rep-0.4", INSTANCE_BROKEN,
	  "stage app:1, remove web-rep-0.4, create web-rep-0.5, start web-rep-0.5" },
	{ ONE, ONE, "web-rep-0.1", INSTANCE_CREATED, "start web-rep-0.1" },
	{ ONE, ONE, "web-rep-0.1", INSTANCE_PAUSED, "update web-rep-0.1" },
	{ ONE, MORE, "web-rep-0.1", INSTANCE_RUNNING, "update web-rep-0.1" },
	{ ONE, "db: {image: {name: db:1}, scale: {mode: manual}}", "web-rep-0.1", INSTANCE_RUNNING,
	  "signal web-rep-0.1 15, remove web-rep-0.1" },
	/* One that has never run has nothing to say at its end. */
	{ ONE, NULL, "web-rep-0.1", INSTANCE_CREATED, "signal web-rep-0.1 9, remove web-rep-0.1" },
	{ ONE, NULL, "web-rep-0.1", INSTANCE_EXITED, "remove web-rep-0.1" },
	{ ONE, NULL, "web-rep-0.1", INSTANCE_PAUSED, "signal web-rep-0.1 15, remove web-rep-0.1" },
	/* The file that made it says how it stops; of what stays, the new one. */
	{ QUIT, NULL, "web-rep-0.1", INSTANCE_RUNNING, "signal web-rep-0.1 3, remove web-rep-0.1" },
	/* Two of a slot: the older goes, what is there serves. */
	{ ONE, ONE, "web-rep-0.1 web-rep-0.2", INSTANCE_RUNNING,
	  "signal web-rep-0.1 15, remove web-rep-0.1" },
	{ ONE, ONE, "web-rep-0.1 web-rep-0.2", INSTANCE_CREATED,
	  "start web-rep-0.2, signal web-rep-0.1 9, remove web-rep-0.1" },
	{ ONE, OTHER, "web-rep-0.1 web-rep-0.2", INSTANCE_RUNNING,
	  "stage app:2, signal web-rep-0.1 15, remove web-rep-0.1, signal web-rep-0.2 15, "
	  "remove web-rep-0.2, create web-rep-0.3, start web-rep-0.3" },
	{ ONE, ONE, "web-rep-0.1", INSTANCE_UNKNOWN, "" },
};

static void test_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(changes); i++) {
		void *own;
		setup(&own);
		struct bench *b = own;
		was(b, changes[i].was);
		there(b, changes[i].there, changes[i].state);
		plan(b, changes[i].is);
		assert_string_equal(steps_text(&b->plan, NULL, b->a), changes[i].steps);
		for (size_t k = 0; k < b->plan.n_steps; k++)
			assert_string_equal(b->plan.steps[k].cause, b->plan.changes[0].cause);
		teardown(&own);
	}
}

/* --- order --- */

#define N(name, n, more)                                                                           \
	name ": {image: {name: app:1}, scale: {mode: fixed, replicas: " #n "}" more "}\n"

static void test_order_up(void **state)
{
	struct bench *b = *state;
	was(b, "zz: {image: {name: app:1}}");
	there(b, "zz-rep-0.1", INSTANCE_RUNNING);
	/* a is last by rank, web before it, db and the windows one have no dependency. */
	plan(b, N("a", 1, ", depends: [{service: web}]") N("web", 2, ", depends: [{service: db}]")
			N("db", 2, "") "iis: {image: {name: app:1}, platform: {os: windows, arch: "
				       "amd64}}\n");
	assert_string_equal(
		changes_text(&b->plan, b->a),
		"-zz-rep-0 +db-rep-0 +db-rep-1 +web-rep-0 +web-rep-1 +a-rep-0 iis-rep-0");
}

static void test_order_down(void **state)
{
	struct bench *b = *state;
	/* Two services leave, one of them uses the other; two stay and shrink. */
	was(b, N("old", 2, ", depends: [{service: base}]") N("base", 1, "") N("web", 12, "")
		       N("db", 3, ""));
	there(b,
	      "base-rep-0.1 db-rep-0.1 db-rep-1.1 db-rep-2.1 old-rep-0.1 old-rep-1.1 "
	      "web-rep-0.1 web-rep-1.1 web-rep-2.1 web-rep-10.1 web-rep-11.1",
	      INSTANCE_RUNNING);
	plan(b, N("web", 2, ", depends: [{service: db}]") N("db", 1, ""));
	assert_string_equal(changes_text(&b->plan, b->a),
			    "-old-rep-1 -old-rep-0 -base-rep-0 "
			    "-web-rep-11 -web-rep-10 -web-rep-2 -db-rep-2 -db-rep-1");
	assert_string_equal(b->plan.changes[0].cause, "not in the file");
	assert_string_equal(b->plan.changes[3].cause, "scaled to 2");
	assert_string_equal(b->plan.changes[6].cause, "scaled to 1");
}

static void test_down(void **state)
{
	struct bench *b = *state;
	was(b, N("a", 2, ", depends: [{service: b}]") N("b", 1, ", depends: [{service: c}]")
		       N("c", 2, ""));
	there(b, "a-rep-0.1 a-rep-1.1 b-rep-0.1 c-rep-0.1 c-rep-1.1", INSTANCE_RUNNING);
	plan(b, NULL);
	assert_string_equal(changes_text(&b->plan, b->a),
			    "-a-rep-1 -a-rep-0 -b-rep-0 -c-rep-1 -c-rep-0");
	for (size_t i = 0; i < b->plan.n; i++)
		assert_string_equal(b->plan.changes[i].cause, "down");
}

/* --- images, runtimes, generations --- */

static void test_image_once(void **state)
{
	struct bench *b = *state;
	was(b, "web: {image: {name: app:0}}");
	plan(b, N("web", 2, "") "a: {image: {name: app:1}}\n"
				"h: {image: {name: app:1}, labels: {test.runtime: hcs}}\n");
	assert_string_equal(
		steps_text(&b->plan, NULL, b->a),
		"stage app:1, create a-rep-0.1, start a-rep-0.1, stage app:1, create h-rep-0.1, "
		"start h-rep-0.1, create web-rep-0.1, start web-rep-0.1, create web-rep-1.1, "
		"start web-rep-1.1");
	assert_string_equal(b->plan.steps[0].runtime, "youki");
	assert_string_equal(b->plan.steps[3].runtime, "hcs");
}

/* An instance is ended by the runtime that made it, its successor made by the one chosen now. */
static void test_dispatch(void **state)
{
	struct bench *b = *state;
	static const char *const runtimes[] = { "youki", "hcs", "hcs", "youki", "youki" };
	was(b, "web: {image: {name: app:1}, labels: {test.runtime: hcs}}");
	there(b, "web-rep-0.1", INSTANCE_RUNNING);
	plan(b, ONE);
	assert_int_equal(b->plan.n_steps, ARRAY_N(runtimes));
	for (size_t i = 0; i < b->plan.n_steps; i++)
		assert_string_equal(b->plan.steps[i].runtime, runtimes[i]);
}

static void test_generation(void **state)
{
	struct bench *b = *state;
	was(b, ONE);
	there(b, "web-rep-0.4", INSTANCE_EXITED);
	core_world_record(&b->world, "web", 0)->generation = 9;
	plan(b, ONE);
	assert_string_equal(b->plan.steps[2].instance_id, "shop.web-rep-0.10");
	core_world_record(&b->world, "web", 0)->generation = 2;
	plan(b, ONE);
	assert_string_equal(b->plan.steps[2].instance_id, "shop.web-rep-0.5");
}

/* --- sums --- */

static void test_sums(void **state)
{
	struct bench *b = *state;
	was(b, N("same", 1, "") N("gone", 2, "") N("other", 1, "") N("limit", 1, "")
		       N("fresh", 1, "") N("wait", 1, ""));
	there(b, "same-rep-0.1 gone-rep-0.1 gone-rep-1.1 other-rep-0.1 limit-rep-0.1 wait-rep-0.1",
	      INSTANCE_RUNNING);
	there(b, "fresh-rep-0.1", INSTANCE_CREATED);
	core_world_exit(&b->world, "shop.wait-rep-0.1", 1);
	struct slot *rec = core_world_record(&b->world, "wait", 0);
	rec->retry_at.us = b->by.now.boot.us + CLOCK_SEC;
	rec->retry_length_us = CLOCK_SEC;
	rec->boot_id = "boot-1";
	plan(b, N("same", 1, "") N("other", 1, ", env: {A: b}") N("limit", 1,
								  ", resources: {memory: 1Gi}")
			N("fresh", 1, "") N("wait", 1, "") N("new", 3, "") N("seen", 1, "")
				N("no", 2,
				  "") "iis: {image: {name: app:1}, platform: {os: windows, arch: "
				      "amd64}}\nbad: {image: {name: missing/a}}\n"
				      "c: {image: {name: a}, rtype: cron, schedule: '@daily'}\n");
	assert_int_equal(b->plan.n_create, 6);
	assert_int_equal(b->plan.n_start, 1);
	assert_int_equal(b->plan.n_update, 1);
	assert_int_equal(b->plan.n_replace, 1);
	assert_int_equal(b->plan.n_remove, 2);
	assert_int_equal(b->plan.n_peer, 1);
	assert_int_equal(b->plan.n_blocked, 2);
	assert_int_equal(b->plan.n_waiting, 1);
	assert_int_equal(plan_pending(&b->plan), 11);
	assert_int_equal(b->plan.n, 15);
	/* Each step belongs to one change, in their order. */
	size_t n = 0;
	for (size_t i = 0; i < b->plan.n; i++) {
		assert_int_equal(b->plan.changes[i].first, n);
		n += b->plan.changes[i].n;
		assert_int_equal(b->plan.changes[i].n > 0,
				 verdict_sign(b->plan.changes[i].verdict)[0] != 0);
	}
	assert_int_equal(n, b->plan.n_steps);
	b->by.is_asked = true;
	plan(b, N("wait", 1, ""));
	assert_int_equal(b->plan.n_waiting, 0);
	assert_int_equal(b->plan.n_replace, 1);
}

static int outcome(struct bench *b, const struct observed *seen)
{
	const struct plan_input in = { .desired = &b->desired, .observed = seen, .now = b->by.now };
	struct error err = ERROR_INIT;
	return plan_compute(&in, b->a, &b->plan, &err);
}

static void test_outcome(void **state)
{
	struct bench *b = *state;
	was(b, ONE);
	plan(b, ONE);
	assert_int_equal(outcome(b, NULL), 0);
	there(b, "web-rep-0.1", INSTANCE_RUNNING);
	struct observed seen = core_world_view(&b->world, b->a);
	assert_int_equal(outcome(b, &seen), PLAN_NOTHING);
	assert_int_equal(b->plan.n, 0);
	/* Shown, but no step: still nothing to do. */
	seen.instances[0].state = INSTANCE_UNKNOWN;
	assert_int_equal(outcome(b, &seen), PLAN_NOTHING);
	assert_int_equal(b->plan.n, 1);
	assert_int_equal(b->plan.n_waiting, 1);
}

static void test_limit(void **state)
{
	struct bench *b = *state;
	size_t n = LIMIT_SLOTS + 1;
	struct observed seen = { .instances = arena_array(b->a, n, sizeof(struct instance)),
				 .n = n };
	for (size_t i = 0; i < n; i++)
		seen.instances[i] = (struct instance){ .id = "shop.web-rep-0.1",
						       .deployment = "shop",
						       .service = "web",
						       .slot = (uint32_t)i,
						       .generation = 1,
						       .runtime = "youki",
						       .state = INSTANCE_EXITED };
	was(b, ONE);
	plan(b, NULL);
	assert_int_equal(outcome(b, &seen), -ERR_LIMIT);
	seen.n--;
	assert_int_equal(outcome(b, &seen), 0);
	assert_int_equal(b->plan.n_remove, LIMIT_SLOTS);
}

/* --- the hash: of what is going to be done, and why --- */

static void remember_hash(const struct bench *b, char to[17])
{
	memcpy(to, b->plan.hash, 17);
}

static void test_hash(void **state)
{
	struct bench *b = *state;
	char first[17], other[17];
	was(b, ONE);
	there(b, "web-rep-0.1", INSTANCE_RUNNING);
	plan(b, OTHER);
	remember_hash(b, first);
	assert_int_equal(strspn(first, "0123456789abcdef"), 16);
	b->by.now.boot.us += CLOCK_SEC;
	b->by.now.wall.us += CLOCK_SEC;
	plan(b, OTHER);
	assert_string_equal(b->plan.hash, first); /* time is no part of it */
	plan(b, "web: {image: {name: app:2}, env: {SECRET: x}}");
	remember_hash(b, other);
	assert_string_not_equal(other, first);
	/* The same sentence about another value is another plan. */
	plan(b, "web: {image: {name: app:2}, env: {SECRET: y}}");
	assert_string_equal(b->plan.changes[0].cause, "image differs: have app:1, want app:2");
	assert_string_not_equal(b->plan.hash, other);
	plan(b, ONE);
	assert_string_not_equal(b->plan.hash, first);
	core_world_get(&b->world, "web-rep-0.1")->generation = 3;
	core_world_get(&b->world, "web-rep-0.1")->id = "shop.web-rep-0.3";
	plan(b, OTHER);
	assert_string_not_equal(b->plan.hash, first); /* it replaces another instance */
}

/* --- what is shown and not touched --- */

static void test_others(void **state)
{
	struct bench *b = *state;
	struct instance other = { .id = "aaa.web-rep-0.1",
				  .deployment = "aaa",
				  .service = "web",
				  .generation = 1,
				  .runtime = "youki",
				  .state = INSTANCE_RUNNING };
	struct instance orphan = other;
	const struct instance *const orphans[] = { &orphan };
	struct buf text CLEAN(buf) = BUF_INIT(4096);
	struct observed seen = { .instances = &other, .n = 1 };
	struct plan_input in = { .observed = &seen, .orphans = orphans, .n_orphans = 1 };

	orphan.id = "lost.db-rep-1.4";
	was(b, ONE);
	plan(b, NULL);
	in.desired = &b->desired;
	assert_int_equal(plan_compute(&in, b->a, &b->plan, NULL), PLAN_NOTHING);
	assert_int_equal(b->plan.n, 0);
	plan_render_text(&b->plan, &text);
	assert_string_equal(text.data, "? orphan lost.db-rep-1.4: nothing recorded explains it\n"
				       "Plan: nothing to do\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test_setup_teardown(test_order_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order_down, setup, teardown),
		cmocka_unit_test_setup_teardown(test_down, setup, teardown),
		cmocka_unit_test_setup_teardown(test_image_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dispatch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_generation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sums, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outcome, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
