/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds after every event, whatever the story: reconcile.h promises it. Keeps its own
 * books and asks the reconciler for nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "specs/runtime_id.h"
#include "tests/controller/core_play.h"

struct core_law {
	const char *service;
	uint32_t slot;
	bool is_flying;
	bool must_look;      /* its last step failed … */
	unsigned look_after; /* … and only a look after this one tells what came of it */
};

static struct core_law *find(struct core_play *p, const struct step *s)
{
	for (size_t i = 0; i < p->n_laws; i++)
		if (p->laws[i].slot == s->slot && strcmp(p->laws[i].service, s->service) == 0)
			return &p->laws[i];
	p->laws = arena_grow(p->arena, p->laws, p->n_laws, sizeof(*p->laws));
	p->laws[p->n_laws] =
		(struct core_law){ .service = arena_strdup(p->arena, s->service), .slot = s->slot };
	return &p->laws[p->n_laws++];
}

/* PERSIST comes before RUN: a generation is on disk before anything has its name. */
static void check_generation(struct core_play *p, const struct step *s)
{
	struct runtime_id id;

	assert_true(runtime_id_parse(s->instance_id, &id));
	assert_int_equal(id.generation, s->spec->generation);
	assert_true(core_world_record(&p->world, s->service, s->slot)->generation >= id.generation);
}

static void check_step(struct core_play *p, const struct reconcile_run *run)
{
	const struct step *s = &run->step;
	struct core_law *law = find(p, s);

	assert_true(run->ticket > p->last_ticket);
	p->last_ticket = run->ticket;
	if (law->is_flying)
		fail_msg("%s-rep-%u: two steps at once", s->service, s->slot);
	if (law->must_look)
		fail_msg("%s-rep-%u: a step after a failure and before a look", s->service,
			 s->slot);
	law->is_flying = true;
	assert_non_null(s->runtime);
	assert_non_null(s->cause);
	assert_string_equal(s->deployment, p->desired->deployment);
	assert_int_equal(s->spec != NULL, s->kind == STEP_CREATE || s->kind == STEP_UPDATE);
	assert_int_equal(s->instance_id == NULL, s->kind == STEP_STAGE);
	if (s->kind == STEP_CREATE)
		check_generation(p, s);
}

static void check_room(struct core_play *p)
{
	/* Steps already taken by the play are in flights: those of this update are among them. */
	for (size_t i = 0; i < p->n_flights; i++) {
		size_t n = 0;
		for (size_t j = 0; j < p->n_flights; j++)
			n += strcmp(p->flights[i].run.step.runtime,
				    p->flights[j].run.step.runtime) == 0;
		assert_true(n <= p->n_workers || p->up.n_steps == 0);
	}
}

static size_t count_worked_on(const struct core_play *p)
{
	size_t n = 0;

	for (size_t i = 0; i < reconcile_count(p->r); i++) {
		struct reconcile_view v;
		reconcile_view(p->r, i, &v);
		n += !v.is_other;
	}
	return n;
}

void core_laws_check(struct core_play *p)
{
	const struct reconcile_update *up = &p->up;
	size_t n = 0;

	for (size_t i = 0; i < up->n_steps; i++)
		check_step(p, &up->steps[i]);
	check_room(p);
	for (size_t i = 0; i < RECONCILE_N_STATES; i++)
		n += up->counts[i];
	assert_int_equal(n, count_worked_on(p));
	assert_int_equal((up->flags & RECONCILE_PERSIST) != 0, up->n_slots > 0);
	assert_int_equal((up->flags & RECONCILE_RUN) != 0, up->n_steps > 0);
	/* A wake that is over already would be a loop without a pause. */
	assert_true(up->wake.us == 0 || mono_cmp(up->wake, p->now) > 0);
	/* Nobody is left waiting for what will never come. */
	if (up->overall == RECONCILE_BUSY)
		assert_true(p->n_flights > 0 || p->is_looking || up->wake.us || p->n_workers == 0 ||
			    !p->desired);
}

void core_laws_answered(struct core_play *p, const struct step *s, bool has_failed)
{
	struct core_law *law = find(p, s);

	law->is_flying = false;
	if (!has_failed)
		return;
	law->must_look = true;
	law->look_after = p->n_looks;
}

void core_laws_looked(struct core_play *p, unsigned n)
{
	for (size_t i = 0; i < p->n_laws; i++)
		if (n > p->laws[i].look_after)
			p->laws[i].must_look = false;
}

void core_laws_forget(struct core_play *p)
{
	p->n_laws = 0;
	p->laws = NULL;
	p->last_ticket = 0;
}
