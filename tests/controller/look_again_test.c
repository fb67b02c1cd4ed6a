/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look that leaves an instance unknown is not the last one: what a dead command's call still
 * works on is known a moment later. Before, the loop slept until the next regular look.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controller/reconcile.h"
#include "specs/parse.h"

static const char file[] =
	"version: v1\n"
	"deployment: shop\n"
	"services:\n"
	"  web: { image: { name: local/a:1 }, scale: { mode: fixed, replicas: 1 } }\n";

enum { RESYNC_S = 30 };

struct fixture {
	struct arena *arena;
	struct desired desired;
	struct instance instance;
	struct reconciler *r;
	struct mono now;
	struct reconcile_update up;
};

static void make_desired(struct fixture *f)
{
	struct expand_input in = { .deployment = "shop" };
	struct findings findings;
	struct deployment *d;

	findings_init(&findings, f->arena, "shop.yaml");
	assert_int_equal(parse_deployment(file, sizeof(file) - 1, f->arena, &findings, &d, NULL),
			 0);
	expand_groups(d, f->arena, &in.groups);
	in.current = d;
	in.groups.items[0].route = (struct route){ .kind = ROUTE_RUNTIME, .runtime = "youki" };
	in.groups.items[0].config_hash = "h1:a";
	in.groups.items[0].digest = "sha256:a";
	assert_int_equal(expand_slots(&in, f->arena, &f->desired, NULL), 0);
}

static void feed(struct fixture *f, struct reconcile_event ev)
{
	static const struct reconcile_capacity room = { "youki", 8 };

	ev.now = f->now;
	ev.boot = (struct boot){ f->now.us };
	ev.wall = (struct wall){ f->now.us };
	ev.capacity = &room;
	ev.n_capacity = 1;
	reconcile_step(f->r, &ev, &f->up);
}

static void show(struct fixture *f, enum instance_state state)
{
	const struct observed look = { .instances = &f->instance, .n = 1 };

	f->instance.state = state;
	feed(f, (struct reconcile_event){ .type = RECONCILE_OBSERVED, .observed = &look });
}

static int set_up(void **state)
{
	const struct reconcile_options o = { .seed = 7, .resync_us = RESYNC_S * CLOCK_SEC };
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = arena_new();
	f->now.us = 1000 * CLOCK_SEC;
	f->instance = (struct instance){ .id = "shop.web-rep-0.1",
					 .deployment = "shop",
					 .service = "web",
					 .generation = 1,
					 .runtime = "youki",
					 .config_hash = "h1:a",
					 .digest = "sha256:a" };
	make_desired(f);
	f->r = reconcile_new(&o);
	feed(f, (struct reconcile_event){ .type = RECONCILE_DESIRED, .desired = &f->desired });
	assert_true(f->up.flags & RECONCILE_OBSERVE);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	reconcile_free(f->r);
	arena_free(f->arena);
	free(f);
	return 0;
}

/* Until the look that is due: it is asked for then, and not before. */
static int64_t wait_for_look(struct fixture *f)
{
	int64_t us = f->up.wake.us - f->now.us;

	assert_false(f->up.flags & RECONCILE_OBSERVE);
	assert_true(f->up.wake.us > f->now.us);
	f->now = f->up.wake;
	feed(f, (struct reconcile_event){ .type = RECONCILE_TIMER });
	assert_true(f->up.flags & RECONCILE_OBSERVE);
	return us;
}

static void test_an_unknown_instance_is_looked_at_soon(void **state)
{
	struct fixture *f = *state;

	show(f, INSTANCE_UNKNOWN);
	assert_int_equal(f->up.n_steps, 0);
	assert_int_equal(f->up.overall, RECONCILE_PAUSING);
	assert_true(wait_for_look(f) < CLOCK_SEC);
	show(f, INSTANCE_RUNNING);
	assert_int_equal(f->up.overall, RECONCILE_CONVERGED);
	assert_int_equal(wait_for_look(f), RESYNC_S * CLOCK_SEC);
}

static void test_looks_become_rarer_while_it_stays_unknown(void **state)
{
	struct fixture *f = *state;
	int64_t last = 0, sum = 0;
	int n = 0;

	for (; sum < 60 * CLOCK_SEC; n++) {
		show(f, INSTANCE_UNKNOWN);
		last = wait_for_look(f);
		sum += last;
	}
	assert_true(n <= 12);
	assert_true(last > 10 * CLOCK_SEC);
	/* One clear look, and the next trouble is new. */
	show(f, INSTANCE_RUNNING);
	(void)wait_for_look(f);
	show(f, INSTANCE_UNKNOWN);
	assert_true(wait_for_look(f) < CLOCK_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_an_unknown_instance_is_looked_at_soon, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_looks_become_rarer_while_it_stays_unknown,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
