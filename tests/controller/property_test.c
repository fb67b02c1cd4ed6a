/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Laws over thousands of random cases: a plan that is carried out gives the desired state, a
 * second plan is empty, equal inputs give equal bytes, the order holds; and the loop comes to the
 * same end as the plan. What shall be is worked out here anew, without asking diff.
 *
 *	property_test [SEED [N]]   replays
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/number.h"
#include "controller/plan_render.h"
#include "specs/hash.h"
#include "specs/runtime_id.h"
#include "tests/controller/core_case.h"
#include "tests/controller/core_play.h"

static uint64_t first_seed = 1;
static uint64_t n_seeds = 700;

/* Of the case under way, for the report of a failure. */
static struct core_case now;
static uint64_t seed;
static struct buf story = { .data = (char *)"", .max = 1 << 22 }; /* of the loop, when replayed */

static int report(void **state)
{
	(void)state;
	if (seed == 0)
		return 0;
	core_case_print(&now);
	fprintf(stderr, "%sseed=%llu\n", story.data, (unsigned long long)seed);
	seed = 0;
	return 0;
}

static void for_each(void (*check)(struct core_case *c))
{
	for (uint64_t i = 0; i < n_seeds; i++) {
		seed = first_seed + i;
		core_case_init(&now, seed);
		check(&now);
		core_case_done(&now);
	}
	seed = 0;
	buf_done(&story);
}

/* --- what shall be: an oracle of its own --- */

struct slot_now {
	const struct instance *items[8];
	size_t n;
	bool is_unknown; /* one of them cannot be seen */
};

static struct slot_now find_slot(const struct observed *o, const char *service, uint32_t number)
{
	struct slot_now s = { .n = 0 };

	for (size_t i = 0; i < o->n; i++) {
		const struct instance *is = &o->instances[i];
		if (is->slot != number || strcmp(is->service, service) != 0)
			continue;
		assert_true(s.n < 8);
		s.items[s.n++] = is;
		s.is_unknown = s.is_unknown || is->state == INSTANCE_UNKNOWN;
	}
	return s;
}

static bool is_untouched(const struct slot_now *before, const struct slot_now *after)
{
	if (before->n != after->n)
		return false;
	for (size_t i = 0; i < before->n; i++)
		if (before->items[i]->generation != after->items[i]->generation ||
		    before->items[i]->state != after->items[i]->state)
			return false;
	return true;
}

/* Nothing a container carries is different, and its image has not moved where that counts. */
static bool is_as_wished(const struct instance *is, const struct expand_group *g)
{
	enum pull_policy p = g->service->image.pull_policy;

	if (!is->config_hash || hash_compare(is->config_hash, g->config_hash).unknown ||
	    hash_worst_change(hash_compare(is->config_hash, g->config_hash).changed) !=
		    HASH_CHANGE_NONE)
		return false;
	return (p != PULL_ALWAYS && p != PULL_NEWER) || !is->digest ||
	       strcmp(is->digest, g->digest) == 0;
}

static bool has_done(const struct slot *rec, const struct expand_group *g)
{
	return rec->done_hash &&
	       hash_worst_change(hash_compare(rec->done_hash, g->config_hash).changed) ==
		       HASH_CHANGE_NONE;
}

static bool ends_for_good(const struct instance *is, const struct service *s)
{
	if (s->policy.restart == RESTART_ON_FAILURE)
		return is->has_exit_code && is->exit_code == 0;
	return s->policy.restart == RESTART_NO;
}

/* NULL: it is well; else what is wrong with a wanted slot after all was done for it. */
static const char *what_is_wrong(const struct slot *rec, const struct expand_group *g,
				 const struct slot_now *after)
{
	const struct instance *is = after->items[0];

	if (rec->held)
		return after->n ? "held, and not gone" : NULL;
	if (has_done(rec, g) && after->n == 0)
		return NULL;
	if (after->n != 1)
		return after->n ? "there more than once" : "not there";
	if (!is_as_wished(is, g))
		return "of another configuration";
	if (is->state == INSTANCE_RUNNING)
		return NULL;
	if (is->state == INSTANCE_EXITED && (ends_for_good(is, g->service) || has_done(rec, g)))
		return NULL;
	return "not running";
}

/* What back-off and failures hold back may be as it was. */
static bool may_wait(const struct core_case *c, const struct slot *rec)
{
	return rec->fault != ERR_OK || diff_retry_left(rec, &c->time) > 0;
}

/* Something that the service depends on, and be it through others, is not there. */
static bool lacks_something(struct core_case *c, size_t service, const struct observed *after)
{
	const struct desired_service *ds = &c->desired.services[service];

	for (size_t i = 0; i < ds->depends->n; i++) {
		const struct desired_service *on =
			ds->needs[i] == SIZE_MAX ? NULL : &c->desired.services[ds->needs[i]];
		for (size_t k = 0; on && k < on->n; k++) {
			const struct desired_slot *s = &c->desired.slots[on->first + k];
			struct slot_now is = find_slot(after, on->name, s->number);
			/* Held, it may run yet: its removal waits. Nobody is started on that. */
			if (core_world_record(&c->world, on->name, s->number)->held || is.n == 0 ||
			    is.items[0]->state != INSTANCE_RUNNING ||
			    s->group->route.kind != ROUTE_RUNTIME ||
			    !is_as_wished(is.items[0], s->group))
				return true;
		}
		if (on && lacks_something(c, ds->needs[i], after))
			return true;
	}
	return false;
}

static void check_wanted(struct core_case *c, const struct observed *before,
			 const struct observed *after, bool is_asked)
{
	for (size_t i = 0; i < c->desired.n; i++) {
		const struct desired_slot *s = &c->desired.slots[i];
		const struct slot *rec = core_world_record(&c->world, s->service, s->number);
		struct slot_now was = find_slot(before, s->service, s->number);
		struct slot_now is = find_slot(after, s->service, s->number);
		bool can_run = s->group->route.kind == ROUTE_RUNTIME || rec->held;
		const char *wrong = can_run ? what_is_wrong(rec, s->group, &is) : "left alone";

		if (was.is_unknown)
			wrong = "not to be seen";
		if (!wrong)
			continue;
		if (is_untouched(&was, &is) &&
		    (was.is_unknown || !can_run || lacks_something(c, s->service_index, after) ||
		     (!is_asked && may_wait(c, rec))))
			continue;
		fail_msg("%s-rep-%u: %s", s->service, s->number, wrong);
	}
}

static bool is_wanted(const struct desired *d, const struct instance *is)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->slots[i].number == is->slot && strcmp(d->slots[i].service, is->service) == 0)
			return true;
	return false;
}

static void check_unwanted(struct core_case *c, const struct observed *before,
			   const struct observed *after, bool is_asked)
{
	for (size_t i = 0; i < after->n; i++) {
		const struct instance *is = &after->instances[i];
		const struct slot *rec = core_world_record(&c->world, is->service, is->slot);
		struct slot_now was = find_slot(before, is->service, is->slot);

		if (is_wanted(&c->desired, is) || was.is_unknown || (!is_asked && may_wait(c, rec)))
			continue;
		fail_msg("%s is there and not wanted", is->id);
	}
}

/* --- carried out, a plan gives what is desired; a second one is empty --- */

static void check_plan(struct core_case *c, bool is_asked)
{
	const struct core_asker by = { c->time, is_asked };
	struct observed before = core_world_view(&c->world, c->arena);
	struct plan p = core_world_plan(&c->world, &c->desired, &by, c->arena);
	struct observed after;

	core_world_carry_out(&c->world, &p, &c->desired);
	after = core_world_view(&c->world, c->arena);
	check_wanted(c, &before, &after, is_asked);
	check_unwanted(c, &before, &after, is_asked);
	p = core_world_plan(&c->world, &c->desired, &by, c->arena);
	if (plan_pending(&p) || p.n_steps)
		fail_msg("a second plan %s %s", verdict_to_string(p.changes[0].verdict),
			 p.changes[0].name);
}

static void check_both_plans(struct core_case *c)
{
	check_plan(c, false);
	check_plan(c, true);
}

static void test_plan_gives_the_desired_state(void **state)
{
	(void)state;
	for_each(check_both_plans);
}

/* --- equal inputs, equal bytes --- */

static void render(struct core_case *c, struct arena *a, struct buf *text)
{
	const struct core_asker by = { c->time, false };
	struct plan p = core_world_plan(&c->world, &c->desired, &by, a);

	plan_render_text(&p, text);
	plan_render_json(&p, text);
	buf_puts(text, p.hash);
}

static void check_bytes(struct core_case *c)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct arena *b CLEAN(arena) = arena_new();
	struct buf one CLEAN(buf) = BUF_INIT(1 << 20);
	struct buf two CLEAN(buf) = BUF_INIT(1 << 20);

	render(c, a, &one);
	(void)arena_alloc(b, 12345); /* other addresses */
	render(c, b, &two);
	assert_string_equal(one.data, two.data);
	assert_false(one.overflow);
}

static void test_equal_bytes(void **state)
{
	(void)state;
	for_each(check_bytes);
}

/* --- order --- */

static bool uses(const struct desired *d, const char *user, const char *used)
{
	const struct desired_service *s = expand_find_service(d, user);

	for (size_t i = 0; s && i < s->depends->n; i++)
		if (strcmp(s->depends->items[i].service, used) == 0 ||
		    uses(d, s->depends->items[i].service, used))
			return true;
	return false;
}

static bool is_obsolete(const struct desired *d, const char *service)
{
	const struct desired_service *s = expand_find_service(d, service);
	return !s || !s->is_wanted;
}

static void check_pair(const struct desired *d, const struct plan_change *a,
		       const struct plan_change *b)
{
	bool is_removal = a->verdict == VERDICT_REMOVE;
	bool is_same = strcmp(a->service, b->service) == 0;

	if (!is_removal && b->verdict == VERDICT_REMOVE)
		fail_msg("%s comes before the removal of %s", a->name, b->name);
	if (!verdict_sign(a->verdict)[0] && verdict_sign(b->verdict)[0])
		fail_msg("%s, which is not done, comes before %s", a->name, b->name);
	if (is_removal != (b->verdict == VERDICT_REMOVE) ||
	    !verdict_sign(a->verdict)[0] != !verdict_sign(b->verdict)[0])
		return;
	if (is_removal && !is_obsolete(d, a->service) && is_obsolete(d, b->service))
		fail_msg("%s goes before %s, which nobody wants", a->name, b->name);
	if (is_same && is_removal != (a->slot > b->slot))
		fail_msg("%s comes before %s", a->name, b->name);
	if (!is_removal && uses(d, a->service, b->service))
		fail_msg("%s comes before %s, which it uses", a->name, b->name);
	if (is_removal && is_obsolete(d, a->service) == is_obsolete(d, b->service) &&
	    uses(d, b->service, a->service))
		fail_msg("%s goes before %s, which uses it", a->name, b->name);
}

/* Each generation is higher than all that anybody knows of the slot. */
static void check_generations(struct core_case *c, const struct plan *p,
			      const struct observed *seen)
{
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct step *s = &p->steps[i];
		struct slot_now there = find_slot(seen, s->service, s->slot);
		struct runtime_id id;

		if (s->kind != STEP_CREATE)
			continue;
		assert_true(runtime_id_parse(s->instance_id, &id));
		assert_true(id.generation >
			    core_world_record(&c->world, s->service, s->slot)->generation);
		for (size_t k = 0; k < there.n; k++)
			assert_true(id.generation > there.items[k]->generation);
	}
}

static void check_order(struct core_case *c)
{
	const struct core_asker by = { c->time, true };
	struct observed seen = core_world_view(&c->world, c->arena);
	struct plan p = core_world_plan(&c->world, &c->desired, &by, c->arena);
	size_t n_steps = 0;

	for (size_t i = 0; i < p.n; i++) {
		assert_int_equal(p.changes[i].first, n_steps);
		n_steps += p.changes[i].n;
		assert_false(verdict_is_right(p.changes[i].verdict));
		for (size_t k = i + 1; k < p.n; k++)
			check_pair(&c->desired, &p.changes[i], &p.changes[k]);
	}
	assert_int_equal(n_steps, p.n_steps);
	check_generations(c, &p, &seen);
}

static void test_order(void **state)
{
	(void)state;
	for_each(check_order);
}

/* --- the loop comes to the same end --- */

static uint64_t n_converged;

/* Its play has the case's world. Where something cannot run, the others are looked after by
 * reconcile_gate_test; what is not wanted goes in any case. */
static void check_loop(struct core_case *c)
{
	struct observed before = core_world_view(&c->world, c->arena);
	struct observed after;
	struct core_play p;

	core_play_init(&p);
	core_world_done(&p.world);
	p.world = c->world;
	buf_clear(&story);
	p.story = n_seeds == 1 ? &story : NULL;
	p.boot_us = c->time.boot.us - p.now.us;
	p.wall_us = c->time.wall.us - p.now.us;
	p.previous = c->before;
	(void)core_play_wish_deployment(&p, c->is_down ? NULL : c->now);
	(void)core_play_ask(&p);
	core_play_run(&p, 300 * CLOCK_SEC);
	c->world = p.world;
	c->desired = *p.desired;
	after = core_world_view(&c->world, c->arena);
	assert_true(p.up.overall != RECONCILE_BUSY);
	if (p.up.overall == RECONCILE_CONVERGED)
		check_wanted(c, &before, &after, true);
	n_converged += p.up.overall == RECONCILE_CONVERGED;
	if (p.up.overall != RECONCILE_PAUSING)
		check_unwanted(c, &before, &after, true);
	/* And stays there: another look finds nothing to do. */
	if (p.up.overall != RECONCILE_PAUSING) {
		(void)core_play_lose(&p);
		(void)core_play_look(&p);
		assert_int_equal(p.up.n_steps, 0);
	}
	c->world = p.world;
	core_world_init(&p.world);
	core_play_done(&p);
}

static void test_loop(void **state)
{
	(void)state;
	n_converged = 0;
	for_each(check_loop);
	assert_true(n_seeds < 100 || n_converged > n_seeds / 4);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_plan_gives_the_desired_state, report),
		cmocka_unit_test_teardown(test_equal_bytes, report),
		cmocka_unit_test_teardown(test_order, report),
		cmocka_unit_test_teardown(test_loop, report),
	};
	if (argc > 1 && !number_u64(argv[1], UINT64_MAX / 2, &first_seed))
		return 64;
	if (argc > 2 && !number_u64(argv[2], UINT32_MAX, &n_seeds))
		return 64;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
