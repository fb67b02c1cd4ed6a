/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plan and the loop cost, counted: comparisons, decisions, bytes. Twice the slots cost
 * about twice as much, up to 100 000; no answer to one step costs all who wait.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "controller/match.h"
#include "controller/plan.h"
#include "controller/reconcile.h"
#include "specs/runtime_id.h"
#include "tests/controller/core_wish.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

/* A doubling may cost this much more, in percent; n log n is about 210 here. */
#define GROWTH   220
#define REPLICAS 250
#define BYTES    1500 /* of a plan, for each slot: two steps and four texts */
#define RUNTIME  "youki"

static void check_growth(const char *what, size_t before, size_t after)
{
	if (100 * after > GROWTH * before)
		fail_msg("%s: %zu for n, %zu for 2 n", what, before, after);
}

/* --- a deployment of any size, and what is there of it --- */

static const struct deployment *many(size_t n_slots, const char *more, struct arena *a)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);

	for (size_t i = 0; i < n_slots / REPLICAS; i++)
		buf_printf(&text,
			   "s%05zu: {image: {name: app:1}, scale: {mode: fixed, replicas: %d}%s}\n",
			   i, REPLICAS, more);
	assert_false(text.overflow);
	return core_wish_services(text.data, a);
}

static struct observed all_there(const struct desired *d, enum instance_state state,
				 struct arena *a)
{
	struct observed o = { .instances = arena_array(a, d->n, sizeof(*o.instances)), .n = d->n };

	for (size_t i = 0; i < d->n; i++) {
		const struct desired_slot *s = &d->slots[i];
		o.instances[i] = (struct instance){
			.id = runtime_id_format(a, "shop", s->service, s->number, 1),
			.deployment = "shop",
			.service = s->service,
			.slot = s->number,
			.generation = 1,
			.runtime = RUNTIME,
			.state = state,
			.pid = 7,
			.config_hash = s->group->config_hash,
		};
	}
	return o;
}

struct cost {
	size_t n_compared, n_steps, bytes;
};

/* --- the plan --- */

enum scene { NOTHING_TO_DO, FIRST_APPLY, ALL_REPLACED, DOWN, N_SCENES };
static const char *const scene_names[] = { "nothing to do", "a first apply", "all replaced",
					   "down" };

static struct cost plan_cost(enum scene scene, size_t n)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct arena *out CLEAN(arena) = arena_new();
	struct core_wish w = { .current = many(n, "", a) };
	struct desired was = core_wish_expand(&w, a);
	struct desired is = was;
	struct observed seen = { 0 };
	struct plan_input in = { .desired = &is, .observed = &seen };
	struct plan p;

	if (scene != FIRST_APPLY)
		seen = all_there(&was, INSTANCE_RUNNING, a);
	if (scene == ALL_REPLACED || scene == DOWN) {
		struct core_wish then = { .previous = w.current };
		then.current = scene == DOWN ? NULL : many(n, ", env: {A: b}", a);
		is = core_wish_expand(&then, a);
	}
	assert_true(plan_compute(&in, out, &p, NULL) >= 0);
	assert_int_equal(plan_pending(&p), scene == NOTHING_TO_DO ? 0 : n);
	return (struct cost){ p.n_compared, p.n_steps, arena_used(out) };
}

static void test_plan(void **state)
{
	(void)state;
	for (int scene = 0; scene < N_SCENES; scene++) {
		struct cost before = plan_cost((enum scene)scene, 12500);
		for (size_t n = 25000; n <= 100000; n *= 2) {
			struct cost now = plan_cost((enum scene)scene, n);
			check_growth(scene_names[scene], before.n_compared, now.n_compared);
			check_growth(scene_names[scene], before.bytes, now.bytes);
			assert_true(now.n_compared <= 4 * n);
			assert_true(now.bytes <= BYTES * n);
			before = now;
		}
	}
}

/* Other deployments on the node cost a search, not a pass. */
static void test_neighbours(void **state)
{
	(void)state;
	struct arena *a CLEAN(arena) = arena_new();
	struct core_wish w = { .current = many(1000, "", a) };
	struct desired d = core_wish_expand(&w, a);
	struct observed ours = all_there(&d, INSTANCE_RUNNING, a);
	struct observed node = { .instances = arena_array(a, 100000, sizeof(struct instance)) };
	struct match_input in = { .desired = &d, .observed = &ours };
	struct matches alone, among;

	for (size_t i = 0; i < 50000; i++)
		node.instances[node.n++] = (struct instance){ .deployment = "aaa" };
	for (size_t i = 0; i < ours.n; i++)
		node.instances[node.n++] = ours.instances[i];
	while (node.n < 100000)
		node.instances[node.n++] = (struct instance){ .deployment = "zzz" };
	match_compute(&in, a, &alone);
	in.observed = &node;
	match_compute(&in, a, &among);
	assert_int_equal(among.n, alone.n);
	assert_int_equal(among.n_compared, alone.n_compared);
}

static size_t expand_bytes(size_t n)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct arena *out CLEAN(arena) = arena_new();
	struct core_wish w = { .current = many(n, "", a) };
	struct expand_input in = { .deployment = "shop", .current = w.current };
	struct desired d;

	expand_groups(w.current, out, &in.groups);
	core_wish_resolve(&in.groups, a);
	assert_int_equal(expand_slots(&in, out, &d, NULL), 0);
	assert_int_equal(d.n, n);
	return arena_used(out);
}

static void test_expand(void **state)
{
	(void)state;
	for (size_t n = 12500; n <= 50000; n *= 2)
		check_growth("expand", expand_bytes(n), expand_bytes(2 * n));
}

/* --- the loop: a driver that answers each step with success, in order --- */

struct loop {
	struct arena *a;
	struct reconciler *r;
	struct reconcile_capacity room;
	struct flight_now {
		uint64_t ticket;
		enum step_kind kind;
		struct instance made; /* CREATE */
	} * flights;                  /* a ring as large as there are workers */
	size_t first, n;
	size_t n_decided;   /* in all events */
	size_t n_expensive; /* answers that cost more than a hundred decisions */
	size_t n_answers;
	enum reconcile_overall overall;
	bool is_looking;
};

enum { WORKERS = 4, EXPENSIVE = 100, GONE = 3 };

static struct flight_now take_off(struct loop *l, const struct reconcile_run *run)
{
	const struct instance_spec *spec = run->step.spec;
	struct flight_now f = { .ticket = run->ticket, .kind = run->step.kind };

	if (f.kind == STEP_CREATE)
		f.made = (struct instance){ .id = arena_strdup(l->a, spec->id),
					    .deployment = spec->deployment,
					    .service = spec->service->name,
					    .slot = spec->slot,
					    .generation = spec->generation,
					    .runtime = RUNTIME,
					    .state = INSTANCE_CREATED,
					    .config_hash = spec->config_hash,
					    .image = spec->image,
					    .digest = spec->digest };
	return f;
}

static void feed(struct loop *l, struct reconcile_event *ev)
{
	struct reconcile_update up;

	l->room = (struct reconcile_capacity){ RUNTIME, (unsigned)(WORKERS - l->n) };
	ev->now.us = ev->boot.us = ev->wall.us = 1000 * CLOCK_SEC;
	ev->capacity = &l->room;
	ev->n_capacity = 1;
	reconcile_step(l->r, ev, &up);
	for (size_t i = 0; i < up.n_steps; i++)
		l->flights[(l->first + l->n++) % WORKERS] = take_off(l, &up.steps[i]);
	l->n_decided += up.n_decided;
	l->n_expensive += ev->type == RECONCILE_STEP_DONE && up.n_decided > EXPENSIVE;
	l->overall = up.overall;
	l->is_looking = l->is_looking || (up.flags & RECONCILE_OBSERVE);
}

static void answer_all(struct loop *l)
{
	while (l->n) {
		struct flight_now f = l->flights[l->first];
		struct reconcile_event ev = { .type = RECONCILE_STEP_DONE,
					      .done = { .ticket = f.ticket } };
		/* Its process was gone already: nobody has to wait for an exit. */
		ev.done.code = f.kind == STEP_SIGNAL ? GONE : 0;
		ev.done.instance = f.kind == STEP_CREATE ? &f.made : NULL;
		l->first = (l->first + 1) % WORKERS;
		l->n--;
		l->n_answers++;
		feed(l, &ev);
	}
}

static void begin(struct loop *l, struct arena *a)
{
	const struct reconcile_options o = { .seed = 1, .boot_id = "boot-1" };
	*l = (struct loop){ .a = a, .r = reconcile_new(&o) };
	l->flights = arena_array(a, WORKERS, sizeof(*l->flights));
}

static void wish(struct loop *l, const struct desired *d, const struct observed *seen)
{
	struct reconcile_event ev = { .type = RECONCILE_DESIRED, .desired = d };
	struct reconcile_event look = { .type = RECONCILE_OBSERVED, .observed = seen };

	feed(l, &ev);
	assert_true(l->is_looking);
	l->is_looking = false;
	feed(l, &look);
	answer_all(l);
	assert_int_equal(l->overall, RECONCILE_CONVERGED);
}

/* All shapes of a deployment in which slots wait for each other. */
static const struct {
	const char *name;
	const char *first;   /* of the first service */
	const char *other;   /* of service %zu; the one before it is %zu */
	const char *changed; /* added to all in a second file; NULL: it goes down instead */
	size_t n_replicas;
} shapes[] = {
	{ "one service comes and goes", "", NULL, NULL, 0 },
	{ "one at a time", "", NULL, ", env: {A: b}", 0 },
	{ "ten at a time", ", tallyman: {update: {max_parallel: 10}}", NULL, ", env: {A: b}", 0 },
	{ "start first", ", tallyman: {update: {strategy: start-first}}", NULL, ", env: {A: b}",
	  0 },
	{ "all depend on one", "", ", depends: [{service: s00000}]", NULL, 1 },
	{ "a chain", "", ", depends: [{service: s%05zu}]", NULL, 1 },
	{ "a chain of many", "", ", depends: [{service: s%05zu}]", ", env: {A: b}", 20 },
};

static const struct deployment *shape(size_t i, size_t n, const char *more, struct arena *a)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	size_t replicas = shapes[i].n_replicas ? shapes[i].n_replicas : n;

	for (size_t k = 0; k < n / replicas; k++) {
		buf_printf(&text,
			   "s%05zu: {image: {name: app:1}, scale: {mode: fixed, replicas: %zu}%s",
			   k, replicas, more);
		if (k == 0)
			buf_puts(&text, shapes[i].first);
		else if (strstr(shapes[i].other, "%05zu"))
			buf_printf(&text, ", depends: [{service: s%05zu}]", k - 1);
		else
			buf_puts(&text, shapes[i].other);
		buf_puts(&text, "}\n");
	}
	return core_wish_services(text.data, a);
}

static struct loop loop_cost(size_t i, size_t n)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct core_wish w = { .current = shape(i, n, "", a) };
	struct core_wish then = { .previous = w.current };
	struct desired one = core_wish_expand(&w, a);
	struct observed nothing = { 0 };
	struct observed there = all_there(&one, INSTANCE_RUNNING, a);
	struct desired two;
	struct loop l;

	begin(&l, a);
	wish(&l, &one, &nothing);
	if (shapes[i].changed)
		then.current = shape(i, n, shapes[i].changed, a);
	two = core_wish_expand(&then, a);
	wish(&l, &two, &there);
	reconcile_free(l.r);
	l.r = NULL;
	return l;
}

static void test_loop(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(shapes); i++) {
		struct loop before = loop_cost(i, 1000);
		for (size_t n = 2000; n <= 4000; n *= 2) {
			struct loop now = loop_cost(i, n);
			check_growth(shapes[i].name, before.n_decided, now.n_decided);
			check_growth(shapes[i].name, before.n_answers, now.n_answers);
			if (now.n_decided > 20 * n)
				fail_msg("%s: %zu decisions about %zu slots", shapes[i].name,
					 now.n_decided, n);
			/* Images staged, a dependency that is there, the last of a service gone. */
			if (now.n_expensive > 4)
				fail_msg("%s: %zu answers cost many decisions", shapes[i].name,
					 now.n_expensive);
			before = now;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
