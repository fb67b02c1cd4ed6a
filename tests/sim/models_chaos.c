/* SPDX-License-Identifier: Apache-2.0 */
/* What people and machines do between two events: the table of all that can happen. */
#include "backends/runtime_memory.h"
#include "tests/sim/models.h"

/* Something of ours that is there; NULL. */
static struct models_instance *pick(struct models *m)
{
	size_t there[MODELS_MADE];
	unsigned n = 0;

	for (size_t i = 0; i < m->law.n_made; i++)
		if (!m->law.made[i].is_gone)
			there[n++] = i;
	return n ? &m->law.made[there[models_below(m, n)]] : NULL;
}

/* The same, where one can meddle with it. */
static struct models_instance *pick_memory(struct models *m)
{
	struct models_instance *mi = pick(m);

	return m->hcs && mi && mi->runtime == 1 ? NULL : mi;
}

static struct runtime *model_of(const struct models *m, const struct models_instance *mi)
{
	return m->life->model[mi->runtime];
}

static void change_wish(struct models *m)
{
	unsigned d = models_below(m, MODELS_DEPLOYMENTS);
	struct wish w = *models_law_now(m, d);

	models_wish_random(&w, &m->rng);
	models_node_wish(m, d, &w);
	if (models_chance(m,
			  30)) /* acknowledged, and nothing done yet: the moment that hurts most */
		models_node_crash(m, false);
}

static void change_weather(struct models *m)
{
	static const unsigned percents[] = { 0, 20, 20, 100 };
	static const unsigned fogs[] = { 0, 10, 10, 60 };

	m->percent = percents[models_below(m, 4)];
	m->fog = fogs[models_below(m, 4)];
	models_trace(m, "# weather: %u %%, fog: %u %%", m->percent, m->fog);
	models_node_arm(m);
}

static void end_one(struct models *m)
{
	static const int codes[] = { 0, 1, 137 };
	const struct models_instance *mi = pick(m);

	if (mi && mi->state == INSTANCE_RUNNING)
		models_runtime_end(m, mi, codes[models_below(m, 3)]);
}

/* With all its traces, and nobody is told. */
static void remove_by_hand(struct models *m)
{
	struct models_instance *mi = pick_memory(m);
	struct error err = ERROR_INIT;

	if (!mi)
		return;
	models_trace(m, "# %s is removed by hand", mi->id);
	models_must(m, runtime_memory_vanish(model_of(m, mi), mi->id, &err), &err);
	mi->is_gone = true;
}

static void pause_by_hand(struct models *m)
{
	struct models_instance *mi = pick_memory(m);
	struct error err = ERROR_INIT;

	if (!mi || mi->state != INSTANCE_RUNNING)
		return;
	models_trace(m, "# %s is paused by hand", mi->id);
	models_must(m, runtime_memory_pause(model_of(m, mi), mi->id, &err), &err);
	mi->state = INSTANCE_PAUSED;
}

static void break_one(struct models *m)
{
	struct models_instance *mi = pick_memory(m);
	struct error err = ERROR_INIT;

	if (!mi || mi->state != INSTANCE_CREATED)
		return;
	models_trace(m, "# %s is half of what it was", mi->id);
	models_must(m, runtime_memory_break(model_of(m, mi), mi->id, &err), &err);
	mi->state = INSTANCE_BROKEN;
}

static void crash(struct models *m)
{
	models_node_crash(m, false);
}

static void crash_at_write(struct models *m)
{
	m->crash_due = models_chance(m, 70) ? MODELS_CRASH_AFTER_WRITE : MODELS_CRASH_BEFORE_WRITE;
}

/* By an hour at most; or as far as a battery that is empty, or a typing error, takes it. */
static void set_clock(struct models *m)
{
	const int64_t year = INT64_C(365) * 24 * 3600 * CLOCK_SEC;
	const int64_t far[] = { CLOCK_SEC, m->wall_us + 20 * year };
	unsigned which = models_below(m, 6);

	models_trace(m, "# the wall clock is set");
	if (which < 2)
		m->wall_us = far[which];
	else
		m->wall_us += ((int64_t)models_below(m, 7200) - 3600) * CLOCK_SEC;
}

static void reboot(struct models *m)
{
	models_node_crash(m, true);
}

static void ask(struct models *m)
{
	models_node_ask(m, models_below(m, MODELS_DEPLOYMENTS));
}

static const struct {
	unsigned per_mille;
	void (*happen)(struct models *m);
} happenings[] = {
	{ 25, change_wish },   { 20, change_weather }, { 30, end_one }, { 15, remove_by_hand },
	{ 15, pause_by_hand }, { 15, break_one },      { 20, crash },   { 20, crash_at_write },
	{ 3, reboot },         { 3, set_clock },       { 8, ask },
};

void models_chaos(struct models *m)
{
	for (size_t i = 0; i < sizeof(happenings) / sizeof(happenings[0]); i++)
		if (models_below(m, 1000 * m->pace) < happenings[i].per_mille)
			happenings[i].happen(m);
}
