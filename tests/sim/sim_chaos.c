/* SPDX-License-Identifier: Apache-2.0 */
/* What people and machines do between two events: the table of all that can happen. */
#include "tests/sim/sim.h"

static struct world_instance *pick(struct sim *s)
{
	return s->world.n ? &s->world.items[sim_below(s, (unsigned)s->world.n)] : NULL;
}

static void change_wish(struct sim *s)
{
	struct wish w = s->wish;
	wish_random(&w, &s->rng);
	sim_submit(s, &w);
	if (sim_chance(s, 30)) /* acknowledged, and nothing done yet: the moment that hurts most */
		sim_crash(s, false);
}

static bool has_leftover(const struct sim *s, size_t slot)
{
	const struct told_slot *t = &s->told[slot];
	for (size_t i = 0; i < t->n; i++)
		if (t->items[i].is_signaled && t->items[i].is.state == INSTANCE_EXITED)
			return true;
	return false;
}

/* Between the end of an instance and its removal somebody wants something else of its service. */
static void change_mind(struct sim *s)
{
	struct wish w = s->wish;
	for (size_t i = 0; i < SIM_SLOTS; i++) {
		struct wish_service *ws = &w.services[i / WISH_REPLICAS];
		if (!sim_wanted(s, i) || !has_leftover(s, i))
			continue;
		ws->config.variant = (ws->config.variant + 1) % WISH_VARIANTS;
		ws->starts_first = false;
		ws->replicas = WISH_REPLICAS;
		sim_submit(s, &w);
		return;
	}
}

static void change_weather(struct sim *s)
{
	static const unsigned percents[] = { 0, 20, 20, 100 };
	static const unsigned fogs[] = { 0, 10, 10, 60 };
	s->weather.percent = percents[sim_below(s, 4)];
	s->weather.fog = fogs[sim_below(s, 4)];
	sim_trace(s, "# weather: %u %%, fog: %u %%", s->weather.percent, s->weather.fog);
}

static void die_somewhere(struct sim *s)
{
	static const int codes[] = { 0, 1, 137 };
	const struct world_instance *wi = pick(s);
	struct sim_event *e;
	if (!wi || !world_lives(wi))
		return;
	e = sim_push(s, SIM_EXIT, 0);
	e->op.what = *wi;
	e->code = codes[sim_below(s, 3)];
}

/* Its process ends by that, and that is heard of; that nothing is left is not. */
static void remove_by_hand(struct sim *s)
{
	const struct world_instance *wi = pick(s);
	if (!wi)
		return;
	sim_trace(s, "# %s is removed by hand", wi->id);
	if (world_lives(wi)) {
		struct sim_event *e = sim_push(s, SIM_EXITED, 1000);
		e->op.what = *wi;
		e->code = 137;
	}
	world_drop(&s->world, wi->id);
}

static void pause_by_hand(struct sim *s)
{
	struct world_instance *wi = pick(s);
	if (!wi || wi->state != INSTANCE_RUNNING)
		return;
	sim_trace(s, "# %s is paused by hand", wi->id);
	wi->state = INSTANCE_PAUSED;
}

/* A state directory from a backup: an instance with a number nobody has given yet. */
static void appear(struct sim *s)
{
	const struct world_instance *wi = pick(s);
	struct world_instance new;
	if (!wi || s->world.n > WORLD_MAX / 2)
		return;
	new = *wi;
	new.generation += 3 + sim_below(s, 5);
	new.config.variant = sim_below(s, WISH_VARIANTS);
	new.made = new.config;
	if (sim_chance(s, 30)) { /* one that never ran */
		new.state = INSTANCE_EXITED;
		new.has_exit_code = true;
		new.exit_code = 137;
		new.started_us = 0;
	}
	snprintf(new.id, sizeof(new.id), "%s.%s-rep-%u.%llu", WISH_DEPLOYMENT,
		 wish_service(new.service), new.slot, (unsigned long long)new.generation);
	if (world_find(&s->world, new.id))
		return;
	sim_trace(s, "# %s comes from nowhere", new.id);
	(void)world_put(&s->world, &new);
}

static void by_hand(struct sim *s)
{
	static const enum reconcile_event_type types[] = { RECONCILE_HOLD, RECONCILE_RELEASE,
							   RECONCILE_RELEASE, RECONCILE_RESTART,
							   RECONCILE_RESTART };
	enum reconcile_event_type type = types[sim_below(s, 5)];
	if (sim_chance(s, 30)) /* of all there is */
		sim_by_hand(s, 0, SIM_SLOTS, type);
	else
		sim_by_hand(s, sim_below(s, SIM_SLOTS), 1, type);
}

/* A service that one needs which is just being changed; WISH_SERVICES: there is none. */
static unsigned pick_needed(struct sim *s)
{
	unsigned i = sim_below(s, WISH_SERVICES);
	const struct wish_service *ws = &s->wish.services[i];
	bool is_busy = false;
	for (unsigned k = 0; ws->is_there && k < ws->replicas; k++)
		is_busy = is_busy || s->told[i * WISH_REPLICAS + k].is_in_flight;
	for (unsigned j = 0; is_busy && j < i; j++)
		if (ws->uses & 1U << j)
			return j;
	return WISH_SERVICES;
}

static void hold_needed(struct sim *s)
{
	unsigned j = pick_needed(s);
	if (j < WISH_SERVICES)
		sim_by_hand(s, j * WISH_REPLICAS, 1, RECONCILE_HOLD);
}

/* A job, that others are glad has begun, comes to nothing. */
static void fail_needed(struct sim *s)
{
	unsigned j = pick_needed(s);
	for (size_t i = 0; j < WISH_SERVICES && i < s->world.n; i++) {
		const struct world_instance *wi = &s->world.items[i];
		struct sim_event *e;
		if (wi->service != j || wi->state != INSTANCE_RUNNING ||
		    !s->wish.services[j].is_job)
			continue;
		e = sim_push(s, SIM_EXIT, 1000);
		e->op.what = *wi;
		e->code = 1;
		return;
	}
}

/* And something ends while the next life looks about for the first time. */
static void crash(struct sim *s)
{
	const struct world_instance *wi = pick(s);
	sim_crash(s, false);
	if (wi && world_lives(wi)) {
		struct sim_event *e = sim_push(s, SIM_EXIT, sim_below(s, 2 * CLOCK_SEC));
		e->op.what = *wi;
		e->code = 1;
	}
}

static void crash_at_write(struct sim *s)
{
	s->crash_due = sim_chance(s, 70) ? SIM_CRASH_AFTER_WRITE : SIM_CRASH_BEFORE_WRITE;
}

/* By an hour at most; or as far as a battery that is empty, or a typing error, takes it. */
static void set_clock(struct sim *s)
{
	const int64_t year = INT64_C(365) * 24 * 3600 * CLOCK_SEC;
	s->has_jumped = true;
	switch (sim_below(s, 6)) {
	case 0:
		s->wall_us = CLOCK_SEC;
		break;
	case 1:
		s->wall_us += 20 * year;
		break;
	default:
		s->wall_us += ((int64_t)sim_below(s, 7200) - 3600) * CLOCK_SEC;
		break;
	}
	sim_trace(s, "# the wall clock is set");
}

/* Some machines come up with a clock of their own. */
static void reboot(struct sim *s)
{
	if (sim_chance(s, 50))
		set_clock(s);
	sim_crash(s, true);
}

/* Records as they are after years of trouble. */
static void grow_old(struct sim *s)
{
	static const uint32_t fails[] = { 70, UINT32_MAX - 1, UINT32_MAX };
	struct slot slots[SIM_SLOTS];
	size_t n = s->disk->load(s, slots);
	sim_trace(s, "# years go by");
	for (size_t i = 0; i < n; i++) {
		struct told_slot *t = &s->told[sim_slot_index(slots[i].service, slots[i].number)];
		if (t->fails == 0)
			continue;
		slots[i].fails = t->fails = fails[sim_below(s, 3)];
		sim_edit(s, &slots[i]);
	}
	sim_crash(s, false);
}

/* Ends of what is not ours, told to everybody. */
static void hear_of_others(struct sim *s)
{
	static const char *const ids[] = { "other.s0-rep-0.1", "no runtime id", "sim.s9-rep-0.1",
					   "sim.s0-rep-99.1", "sim.s0-rep-0.99999" };
	struct reconcile_event ev = { .type = RECONCILE_EXITED,
				      .instance_id = ids[sim_below(s, 5)] };
	sim_tell(s, &ev);
}

static void lose_news(struct sim *s)
{
	struct reconcile_event ev = { .type = RECONCILE_LOST };
	sim_trace(s, "# exits may have been missed");
	sim_tell(s, &ev);
}

static void take_room(struct sim *s)
{
	for (unsigned i = 0; i < WISH_RUNTIMES; i++)
		s->n_others[i] = sim_below(s, SIM_WORKERS + 1);
	(void)sim_push(s, SIM_ROOM, 1 + (int64_t)sim_below(s, 5 * CLOCK_SEC));
}

static const struct {
	unsigned per_mille;
	void (*happen)(struct sim *s);
} happenings[] = {
	{ 25, change_wish },    { 20, change_weather }, { 40, die_somewhere },
	{ 20, remove_by_hand }, { 15, pause_by_hand },  { 15, appear },
	{ 20, hold_needed },    { 60, change_mind },    { 30, by_hand },
	{ 20, crash },          { 20, crash_at_write }, { 3, reboot },
	{ 10, hear_of_others }, { 10, lose_news },      { 3, grow_old },
	{ 20, take_room },      { 3, set_clock },       { 8, sim_ask },
};

void sim_meddle(struct sim *s)
{
	if (sim_chance(s, 5))
		hold_needed(s);
	if (sim_chance(s, 20))
		fail_needed(s);
	if (sim_chance(s, 10))
		change_mind(s);
}

void sim_chaos(struct sim *s)
{
	for (size_t i = 0; i < sizeof(happenings) / sizeof(happenings[0]); i++)
		if (sim_below(s, 1000 * s->pace) < happenings[i].per_mille)
			happenings[i].happen(s);
}
