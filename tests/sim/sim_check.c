/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The laws of steps: what may be done, to what, and when, by what the controller has been told.
 * Each law dies with its own words.
 */
#include <string.h>

#include "tests/sim/sim.h"

#define SIGNAL_KILL 9

static size_t slot_of(const struct world_op *op)
{
	return world_slot(&op->what);
}

/* --- between slots --- */

static bool is_satisfied(const struct sim *s, unsigned service, bool started_is_enough)
{
	const struct wish_service *ws = &s->wish.services[service];
	for (unsigned i = 0; ws->is_there && i < ws->replicas; i++)
		if (!told_is_ready(s, service * WISH_REPLICAS + i, started_is_enough))
			return false;
	return true;
}

/* What a service depends on is there, or its patience may be over. */
static void check_depends(struct sim *s, const struct world_op *op)
{
	const struct wish_service *ws = &s->wish.services[op->what.service];
	int64_t waited = s->now_us - s->since_us;
	if (ws->patience == PATIENCE_WARN && waited >= WISH_PATIENCE_SEC * CLOCK_SEC)
		return;
	for (unsigned j = 0; j < WISH_SERVICES; j++)
		if (ws->uses & 1U << j && !is_satisfied(s, j, ws->needs_started))
			sim_die(s, "begins before what it depends on is there");
}

static bool is_leaving(const struct sim *s, unsigned service)
{
	for (unsigned i = 0; i < WISH_REPLICAS; i++) {
		size_t slot = service * WISH_REPLICAS + i;
		const struct told_slot *t = &s->told[slot];
		if ((!sim_wanted(s, slot) || t->is_held) && (t->n || t->is_in_flight))
			return true;
	}
	return false;
}

/* On the way down users go before what they use. */
static void check_order(struct sim *s, const struct world_op *op)
{
	if (!sim_service(s, op->what.service))
		return;
	for (unsigned i = 0; i < WISH_SERVICES; i++) {
		const struct wish_service *user = sim_service(s, i);
		if (user && user->uses & 1U << op->what.service && is_leaving(s, i))
			sim_die(s, "takes away what others still use");
	}
}

/* Between two configurations, or not up yet. */
static bool is_in_flux(const struct sim *s, size_t slot)
{
	const struct told_slot *t = &s->told[slot];
	struct told_sum sum = told_sum(s, t, slot);
	int code;
	if (!sim_wanted(s, slot) || sim_wanted(s, slot)->route != ROUTE_RUNTIME || t->is_held ||
	    sum.n_up || sum.n_thaw || sum.n_unknown || (t->is_hidden && !sum.n) ||
	    told_is_done(s, slot, &code))
		return false;
	return !sum.n_old || sum.is_touched || (t->is_in_flight && t->doing != STEP_STAGE);
}

static void check_parallel(struct sim *s, const struct world_op *op)
{
	unsigned n = 0;
	for (unsigned i = 0; i < WISH_REPLICAS; i++)
		n += i != op->what.slot && is_in_flux(s, op->what.service * WISH_REPLICAS + i);
	if (n >= s->wish.services[op->what.service].max_parallel)
		sim_die(s, "replaces too many of a service at a time");
}

static void check_image(struct sim *s, const struct wish_service *ws)
{
	if (!s->is_staged[ws->runtime][ws->image])
		sim_die(s, "makes or replaces an instance before its image is at hand");
}

/* --- each kind of step --- */

static void check_stage(struct sim *s, const struct world_op *op)
{
	const struct wish_service *ws = sim_wanted(s, slot_of(op));
	if (!ws || ws->route != ROUTE_RUNTIME || ws->runtime != op->what.runtime ||
	    ws->image != op->what.image)
		sim_die(s, "stages what nobody needs");
	if (told_sum(s, &s->told[slot_of(op)], slot_of(op)).n_up)
		sim_die(s, "stages an image for one that runs");
	if (s->n_staging[op->what.runtime][op->what.image])
		sim_die(s, "stages an image twice at a time");
	if (s->is_staged[op->what.runtime][op->what.image])
		sim_die(s, "stages an image that is at hand");
}

/* To make a slot's instance run: is it wanted, and may it be tried? */
static void check_making(struct sim *s, const struct world_op *op)
{
	const struct wish_service *ws = sim_wanted(s, slot_of(op));
	const struct told_slot *t = &s->told[slot_of(op)];
	int code;
	if (!ws)
		sim_die(s, "makes what nobody wants");
	if (t->is_held)
		sim_die(s, "starts what was stopped by hand");
	if (t->has_failed)
		sim_die(s, "tries again what cannot succeed");
	if (s->now_us < t->make_us)
		sim_die(s, "starts again too soon");
	if (told_is_done(s, slot_of(op), &code))
		sim_die(s, "runs again what has run to its end");
}

static void check_create(struct sim *s, const struct world_op *op, const struct step *step)
{
	const struct wish_service *ws = sim_wanted(s, slot_of(op));
	const struct told_slot *t = &s->told[slot_of(op)];
	struct told_sum sum = told_sum(s, t, slot_of(op));

	check_making(s, op);
	if (ws->route != ROUTE_RUNTIME || ws->runtime != op->what.runtime ||
	    ws->image != op->what.image || !step->spec ||
	    strcmp(step->spec->config_hash, wish_hash(&ws->config)) != 0)
		sim_die(s, "makes something else than is wanted");
	if (op->what.generation <= t->top_generation)
		sim_die(s, "uses a generation twice");
	check_image(s, ws);
	check_depends(s, op);
	if (sum.n && !(ws->starts_first && sum.n == 1 && sum.n_old == 1))
		sim_die(s, "makes a second instance of a slot");
	if (sum.n && !sum.is_touched)
		check_parallel(s, op);
	if (ws->is_job && t->has_done && wish_same(&t->done, &ws->config))
		sim_die(s, "runs a job again");
}

static void check_start(struct sim *s, const struct world_op *op)
{
	struct told_slot *t = &s->told[slot_of(op)];
	const struct wish_service *ws = sim_wanted(s, slot_of(op));
	const struct told_instance *ti = told_find(t, op->what.generation);

	check_making(s, op);
	if (ti->is.state != INSTANCE_CREATED || told_fit(s, &ti->is) != TOLD_FITS)
		sim_die(s, "starts something else than is wanted");
	if (t->n > 1 && !ws->starts_first)
		sim_die(s, "starts a second instance of a slot");
	check_depends(s, op);
}

static void check_change(struct sim *s, const struct world_op *op)
{
	struct told_slot *t = &s->told[slot_of(op)];
	const struct told_instance *ti = told_find(t, op->what.generation);

	if (!sim_wanted(s, slot_of(op)) || t->is_held)
		sim_die(s, "changes what nobody wants");
	if (t->has_failed)
		sim_die(s, "tries again what cannot succeed");
	if (t->no_update)
		sim_die(s, "asks for an update where that was refused");
	if (ti->is.state != INSTANCE_PAUSED &&
	    (ti->is.state != INSTANCE_RUNNING || told_fit(s, &ti->is) != TOLD_NEARLY))
		sim_die(s, "changes what is right");
	if (strcmp(wish_hash(&op->what.config), wish_hash(&sim_wanted(s, slot_of(op))->config)) !=
	    0)
		sim_die(s, "changes it into something else than is wanted");
}

/* One that is wanted and as it shall be goes only when there is a better one. */
static void check_spared(struct sim *s, const struct world_op *op, const struct told_instance *ti)
{
	struct told_sum sum = told_sum(s, &s->told[slot_of(op)], slot_of(op));
	enum told_fit fit = told_fit(s, &ti->is);

	if (ti->is.state == INSTANCE_RUNNING && fit != TOLD_DIFFERS && sum.n_up == 1)
		sim_die(s, "stops one that is healthy and wanted");
	if (ti->is.state == INSTANCE_RUNNING && fit == TOLD_FITS && sum.n_right == 1)
		sim_die(s, "stops the healthy one of two");
	if (ti->is.state == INSTANCE_RUNNING && ti->is.generation == sum.newest_up &&
	    sum.n_right == sum.n_up)
		sim_die(s, "stops the newest of several that are healthy");
}

/* The first stop of one that serves, while nothing else of the slot does. */
static void check_replacement(struct sim *s, const struct world_op *op,
			      const struct told_instance *ti)
{
	const struct wish_service *ws = sim_wanted(s, slot_of(op));
	struct told_sum sum = told_sum(s, &s->told[slot_of(op)], slot_of(op));

	int code;

	if (sum.n_up || sum.n_fresh || sum.n_thaw || s->told[slot_of(op)].is_held ||
	    told_is_done(s, slot_of(op), &code))
		return;
	if (ws->route != ROUTE_RUNTIME)
		sim_die(s, "stops what cannot be replaced here");
	check_image(s, ws);
	check_depends(s, op);
	if (ws->starts_first && sum.n_old == 1)
		sim_die(s, "stops the old one before the new one runs");
	if (!ws->starts_first && !ti->is_signaled && !sum.is_touched)
		check_parallel(s, op);
}

static void check_staging(struct sim *s, const struct world_op *op)
{
	for (unsigned i = 0; i < 2; i++)
		if (s->n_staging[op->what.runtime][i])
			sim_die(s, "stops something while an image is still on its way");
}

static void check_kill(struct sim *s, const struct told_instance *ti)
{
	const struct wish_service *ws = sim_service(s, ti->is.service);
	int64_t grace = ws ? ws->grace_us : 10 * CLOCK_SEC;
	if (ti->is.state == INSTANCE_CREATED || (grace == 0 && !ti->is_killed))
		return;
	if (!ti->is_signaled)
		sim_die(s, "kills without asking");
	if (s->now_us < ti->patience_us)
		sim_die(s, "kills before the grace is over");
}

static void check_signal(struct sim *s, const struct world_op *op)
{
	struct told_slot *t = &s->told[slot_of(op)];
	const struct wish_service *ws = sim_service(s, op->what.service);
	const struct told_instance *ti = told_find(t, op->what.generation);
	bool is_first = !ti->is_signaled && !ti->is_killed && ti->is.state != INSTANCE_CREATED;

	if (!world_lives(&ti->is))
		sim_die(s, "signals what has ended");
	if (op->signal == SIGNAL_KILL)
		check_kill(s, ti);
	else if (op->signal != (ws ? ws->stop_signal : 15))
		sim_die(s, "asks with another signal than was wished for");
	else if (ti->is_signaled && !ti->is_killed && s->now_us < ti->patience_us)
		sim_die(s, "asks twice");
	if (is_first)
		check_staging(s, op);
	if (!sim_wanted(s, slot_of(op)) || (t->is_held && is_first))
		check_order(s, op);
	if (!sim_wanted(s, slot_of(op)))
		return;
	if (!t->is_held)
		check_spared(s, op, ti);
	if (ti->is.state != INSTANCE_CREATED && told_fit(s, &ti->is) == TOLD_DIFFERS)
		check_replacement(s, op, ti);
}

static void check_remove(struct sim *s, const struct world_op *op)
{
	struct told_slot *t = &s->told[slot_of(op)];
	const struct wish_service *ws = sim_wanted(s, slot_of(op));
	const struct told_instance *ti = told_find(t, op->what.generation);
	struct told_sum sum;
	int code;

	if (world_lives(&ti->is))
		sim_die(s, "removes what may still run");
	if (ti->is.state == INSTANCE_BROKEN)
		return;
	if (!ws) {
		check_order(s, op);
		return;
	}
	if (ti->is_signaled || ti->is_killed)
		return;
	sum = told_sum(s, t, slot_of(op));
	if (t->is_held || told_fit(s, &ti->is) != TOLD_FITS || sum.n_up + sum.n_fresh + sum.n_thaw)
		return;
	if (told_is_done(s, slot_of(op), &code)) {
		if (ti->is.generation == sum.newest_ended)
			sim_die(s, "removes what is left of one that has done its work");
		return;
	}
	if (ws->max_attempts && t->fails > ws->max_attempts)
		sim_die(s, "starts again what has had all its attempts");
}

/* --- all of them --- */

static void check_when(struct sim *s, const struct world_op *op)
{
	const struct told_slot *t = &s->told[slot_of(op)];
	if (s->is_settled)
		sim_die(s, "has more to do when everything was right");
	if (t->is_in_flight)
		sim_die(s, "two steps of a slot at a time");
	if (s->n_in_flight[op->what.runtime] + s->n_others[op->what.runtime] >= SIM_WORKERS)
		sim_die(s, "more steps than the runtime takes");
	if (!s->has_look)
		sim_die(s, "acts before it has looked");
	if (t->must_look)
		sim_die(s, "acts after a failure before it has looked again");
	if (s->now_us < t->quiet_us)
		sim_die(s, "tries again too soon");
}

static void check_what(struct sim *s, const struct world_op *op)
{
	struct told_slot *t = &s->told[slot_of(op)];
	const struct told_instance *ti = told_find(t, op->what.generation);
	for (size_t i = 0; i < t->n; i++)
		if (t->items[i].is.state == INSTANCE_UNKNOWN)
			sim_die(s, "acts where nobody could look");
	if (t->is_hidden && t->n == 0 && t->top_generation && !t->has_done)
		sim_die(s, "makes anew what may be there");
	if (op->kind == STEP_STAGE || op->kind == STEP_CREATE)
		return;
	if (!ti)
		sim_die(s, "acts on what is not there");
	if (ti->is.runtime != op->what.runtime)
		sim_die(s, "asks another runtime than the one that made it");
}

void sim_check_step(struct sim *s, const struct world_op *op, const struct step *step)
{
	check_when(s, op);
	check_what(s, op);
	switch (op->kind) {
	case STEP_STAGE:
		check_making(s, op);
		check_stage(s, op);
		break;
	case STEP_CREATE:
		check_create(s, op, step);
		break;
	case STEP_START:
		check_start(s, op);
		break;
	case STEP_UPDATE:
		check_change(s, op);
		break;
	case STEP_SIGNAL:
		check_signal(s, op);
		break;
	case STEP_REMOVE:
		check_remove(s, op);
		break;
	case STEP_N_KINDS:
		break;
	}
}
