/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weather: what becomes of a step or a look. Three kinds of fault: it fails before it takes
 * effect, it takes effect and then reports failure, it never answers (and may take effect late,
 * even after that was reported).
 */
#include <string.h>

#include "base/rand.h"
#include "tests/sim/sim.h"

#define DEADLINE_US (30 * CLOCK_SEC)

static int64_t up_to(struct sim *s, int64_t us)
{
	return 1000 + (int64_t)(rand_next(&s->rng) % (uint64_t)us);
}

/* --- steps --- */

struct fate {
	bool has_effect, is_broken;
	int code;
	int64_t effect_us, report_us; /* from now */
};

/* Some failures are answers for good. */
static void refuse(struct sim *s, const struct world_op *op, struct fate *f)
{
	f->code = op->kind == STEP_UPDATE ? -ERR_UNSUPPORTED : -ERR_INVALID;
	f->has_effect = f->is_broken = op->kind == STEP_CREATE && sim_chance(s, 50);
}

static void spoil(struct sim *s, const struct world_op *op, struct fate *f)
{
	s->n_faults++;
	switch (sim_below(s, 8)) {
	case 0: /* never answers */
		f->code = -ERR_TIMEOUT;
		f->has_effect = sim_chance(s, 50);
		f->report_us = DEADLINE_US;
		f->effect_us = up_to(s, DEADLINE_US + 15 * CLOCK_SEC);
		break;
	case 1:
		if (op->kind == STEP_UPDATE || s->weather.has_lasting) {
			refuse(s, op, f);
			break;
		}
		/* fall through */
	case 2:
	case 3:
	case 4: /* takes effect, and fails all the same */
		f->code = -ERR_IO;
		f->is_broken = op->kind == STEP_CREATE && sim_chance(s, 20);
		break;
	default:
		f->code = -ERR_UNAVAILABLE;
		f->has_effect = false;
		break;
	}
}

void sim_carry_out(struct sim *s, const struct world_op *op)
{
	struct fate f = { .has_effect = true };
	struct sim_event *e;

	f.effect_us = up_to(s, CLOCK_SEC);
	f.report_us = f.effect_us + up_to(s, CLOCK_SEC);
	if (sim_chance(s, s->weather.percent))
		spoil(s, op, &f);
	if (f.has_effect) {
		e = sim_push(s, SIM_EFFECT, f.effect_us);
		e->op = *op;
		e->is_awaited = f.code == 0;
		e->is_broken = f.is_broken;
	}
	e = sim_push(s, SIM_REPORT, f.report_us);
	e->op = *op;
	e->code = f.code;
}

/* Whether a process minds its stop signal is its own nature. */
static bool is_deaf(const struct world_instance *wi)
{
	return (wi->generation * 7 + wi->slot) % 4 == 0;
}

static void send_exit(struct sim *s, const struct world_op *op)
{
	struct sim_event *e;
	int64_t us = 1000;
	if (op->signal != 9 && is_deaf(&op->what))
		return;
	if (op->signal != 9)
		us = up_to(s, 3 * CLOCK_SEC);
	else if (sim_chance(s, 10)) /* it sits in the kernel */
		us = up_to(s, 40 * CLOCK_SEC);
	e = sim_push(s, SIM_EXIT, us);
	e->op = *op;
	e->code = 128 + op->signal;
}

/* A job's process ends by itself, and mostly well; that of a sick service badly, in bad weather. */
static void send_end(struct sim *s, const struct world_op *op)
{
	const struct wish_service *ws = sim_service(s, op->what.service);
	bool is_sick = ws && ws->is_sick && !s->is_calm;
	struct sim_event *e;
	if (!ws || (!ws->is_job && !is_sick))
		return;
	e = sim_push(s, SIM_EXIT, up_to(s, (is_sick ? 3 : 12) * CLOCK_SEC));
	e->op = *op;
	e->code = is_sick || sim_chance(s, 40);
}

bool sim_end_job(struct sim *s)
{
	for (size_t i = 0; i < s->world.n; i++) {
		const struct world_instance *wi = &s->world.items[i];
		const struct wish_service *ws = sim_service(s, wi->service);
		struct sim_event *e;
		if (!ws || !ws->is_job || wi->state != INSTANCE_RUNNING)
			continue;
		e = sim_push(s, SIM_EXIT, CLOCK_SEC);
		e->op.what = *wi;
		return true;
	}
	return false;
}

void sim_effect(struct sim *s, const struct sim_event *e)
{
	int code = world_apply(&s->world, &e->op, sim_wall(s));
	if (code == 0 && e->op.kind == STEP_SIGNAL)
		send_exit(s, &e->op);
	if (code == 0 && e->op.kind == STEP_START)
		send_end(s, &e->op);
	if (code == 0 && e->is_broken)
		world_find(&s->world, e->op.what.id)->state = INSTANCE_BROKEN;
	for (size_t i = 0; i < s->n_events && e->is_awaited; i++)
		if (s->events[i].type == SIM_REPORT && s->events[i].op.ticket == e->op.ticket)
			s->events[i].code = code;
}

/* --- looks --- */

void sim_take(struct sim *s)
{
	world_copy(&s->snapshot, &s->world);
	s->snapshot_fails = sim_chance(s, s->weather.percent / 2);
	s->snapshot_partial = !s->snapshot_fails && sim_chance(s, s->weather.fog);
	s->disk->take(s);
	(void)sim_push(s, SIM_LOOK, up_to(s, CLOCK_SEC));
}
