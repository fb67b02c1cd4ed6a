/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The laws of steps. They are about what is: a controller that was told wrong has still done
 * wrong, unless what it was told was true when it decided.
 */
#include "tests/sim/models_law.h"

#include <signal.h>
#include <string.h>

#include "specs/runtime_id.h"
#include "specs/slice.h"
#include "tests/sim/models.h"

/* --- wishes --- */

void models_law_wish(struct models *m, unsigned deployment, const struct wish *w)
{
	struct models_law *law = &m->law;
	unsigned n = law->n_wishes[deployment]++;

	if (n == MODELS_WISHES)
		models_die(m, "more wishes than the oracle has room for");
	law->wishes[deployment][n] = (struct models_wish){ ++law->n_all, *w };
}

const struct wish *models_law_now(const struct models *m, unsigned deployment)
{
	return &m->law.wishes[deployment][m->law.n_wishes[deployment] - 1].wish;
}

/* Those of a slot from a number on: the wish that held then, and all that came later. */
struct window {
	const struct models *m;
	unsigned deployment, service;
	uint32_t slot;
	unsigned next;
	const struct wish_service *is; /* as wished for; NULL: the slot is not wanted */
};

static struct window window_of(const struct models *m, unsigned since,
			       const struct models_instance *mi)
{
	struct window w = { m, mi->deployment, mi->service, mi->slot, 0, NULL };
	const struct models_wish *all = m->law.wishes[mi->deployment];

	while (w.next + 1 < m->law.n_wishes[mi->deployment] && all[w.next + 1].number <= since)
		w.next++;
	return w;
}

static bool next_wish(struct window *w)
{
	const struct wish_service *ws;

	if (w->next >= w->m->law.n_wishes[w->deployment])
		return false;
	ws = &w->m->law.wishes[w->deployment][w->next++].wish.services[w->service];
	w->is = ws->is_there && w->slot < ws->replicas ? ws : NULL;
	return true;
}

bool models_law_same(const struct models_instance *mi, const struct wish_service *ws, bool is_exact)
{
	return mi->config.variant == ws->config.variant && mi->image == ws->image &&
	       mi->runtime == ws->runtime &&
	       (mi->config.limits == ws->config.limits || (!is_exact && mi->runtime == 0));
}

/* --- what was made --- */

struct models_instance *models_law_find(struct models *m, const char *id)
{
	for (size_t i = 0; i < m->law.n_made; i++)
		if (strcmp(m->law.made[i].id, id) == 0)
			return &m->law.made[i];
	return NULL;
}

bool models_law_lives(const struct models_instance *mi)
{
	return !mi->is_gone && (mi->state == INSTANCE_CREATED || mi->state == INSTANCE_RUNNING ||
				mi->state == INSTANCE_PAUSED);
}

static bool is_same_slot(const struct models_instance *a, const struct models_instance *b)
{
	return a->deployment == b->deployment && a->service == b->service && a->slot == b->slot;
}

/* Others of its slot that live; @ret_stray: one of them is nobody's fault. */
static unsigned count_others(const struct models *m, const struct models_instance *mi,
			     bool *ret_stray)
{
	unsigned n = 0;

	*ret_stray = mi->is_stray;
	for (size_t i = 0; i < m->law.n_made; i++) {
		const struct models_instance *other = &m->law.made[i];

		if (!is_same_slot(other, mi) || strcmp(other->id, mi->id) == 0 ||
		    !models_law_lives(other))
			continue;
		n++;
		*ret_stray = *ret_stray || other->is_stray;
	}
	return n;
}

/* One beside the old one, where the file says so. */
static void check_alone(struct models *m, const struct models_instance *mi)
{
	struct window w = window_of(m, models_pool_since(m), mi);
	bool is_stray, may_double = false;
	unsigned n = count_others(m, mi, &is_stray);

	while (next_wish(&w))
		may_double = may_double || (w.is && w.is->starts_first);
	if (n > may_double && !is_stray)
		models_die(m, "two live for one slot");
}

static bool was_asked_for(const struct models *m, const char *id)
{
	for (size_t i = 0; i < m->law.n_asked; i++)
		if (strcmp(m->law.asked[i], id) == 0)
			return true;
	return false;
}

/* NULL: a create that came to nothing, after which nobody knows, so it is taken away. */
static struct models_instance *ours(struct models *m, enum step_kind kind, const char *id)
{
	struct models_instance *mi = models_law_find(m, id);

	m->n_steps++;
	if (m->law.is_settled)
		models_die(m, "has more to do when everything was right");
	if (!mi && (kind != STEP_REMOVE || !was_asked_for(m, id)))
		models_die(m, "touches what it never made");
	return mi;
}

/* --- make --- */

static void read_spec(struct models *m, unsigned runtime, const struct instance_spec *spec,
		      struct models_instance *ret)
{
	struct runtime_id id;

	*ret = (struct models_instance){ .runtime = runtime, .state = INSTANCE_CREATED };
	if (!runtime_id_parse(spec->id, &id) || !models_wish_read(spec, ret) ||
	    strcmp(id.deployment, spec->deployment) != 0 ||
	    strcmp(id.service, spec->service_name) != 0)
		models_die(m, "makes what nobody ever wished for");
	snprintf(ret->id, sizeof(ret->id), "%s", spec->id);
	ret->slot = id.slot;
	ret->generation = id.generation;
	snprintf(ret->address, sizeof(ret->address), "%s", spec->address ? spec->address : "");
	ret->is_stray = models_pool_life(m)->is_dead;
}

static void check_wanted(struct models *m, const struct models_instance *mi)
{
	struct window w = window_of(m, models_pool_since(m), mi);

	while (next_wish(&w))
		if (w.is && models_law_same(mi, w.is, true))
			return;
	models_die(m, "makes something else than is wanted");
}

/* Of its runtime's network, and of no other one that is there: a slot's next one may have its own
 * again only when the one before is gone. */
static void check_address(struct models *m, const struct models_instance *mi,
			  const struct instance_spec *spec)
{
	struct slice slice;
	uint32_t address;

	if (!spec->slice || slice_parse(spec->slice, &slice, NULL) < 0 ||
	    !slice_address_parse(mi->address, &address) || !slice_holds(&slice, address))
		models_die(m, "makes one without an address of its network");
	for (size_t i = 0; i < m->law.n_made; i++) {
		const struct models_instance *other = &m->law.made[i];

		if (other->is_gone || strcmp(other->address, mi->address) != 0)
			continue;
		if (!other->is_stray && !mi->is_stray)
			models_die(m, "uses an address twice");
	}
}

void models_law_create(struct models *m, unsigned runtime, const struct instance_spec *spec)
{
	struct models_instance mi;

	if (m->law.is_settled)
		models_die(m, "makes something when everything was right");
	m->n_steps++;
	read_spec(m, runtime, spec, &mi);
	if (models_law_find(m, mi.id))
		models_die(m, "uses an id twice");
	check_wanted(m, &mi);
	check_alone(m, &mi);
	check_address(m, &mi, spec);
}

void models_law_created(struct models *m, unsigned runtime, const struct instance_spec *spec)
{
	if (m->law.n_made == MODELS_MADE)
		models_die(m, "more is made than the oracle has room for");
	read_spec(m, runtime, spec, &m->law.made[m->law.n_made++]);
	models_trace(m, "  + %s", spec->id);
}

void models_law_stage(struct models *m, unsigned runtime, const char *digest)
{
	(void)runtime, (void)digest;
	if (m->law.is_settled)
		models_die(m, "stages an image when everything was right");
}

/* --- change --- */

void models_law_update(struct models *m, const struct instance_spec *spec)
{
	struct models_instance *mi = ours(m, STEP_UPDATE, spec->id);
	struct models_instance now;

	read_spec(m, mi->runtime, spec, &now);
	check_wanted(m, &now);
	if (now.config.variant != mi->config.variant || now.image != mi->image)
		models_die(m, "changes in place what cannot be changed");
}

void models_law_updated(struct models *m, const struct instance_spec *spec)
{
	struct models_instance *mi = models_law_find(m, spec->id);
	struct models_instance now;

	read_spec(m, mi->runtime, spec, &now);
	mi->config.limits = now.config.limits;
	if (mi->state == INSTANCE_PAUSED)
		mi->state = INSTANCE_RUNNING;
	models_trace(m, "  ~ %s", mi->id);
}

/* --- end --- */

void models_law_asked(struct models *m, enum step_kind kind, const char *id, int sig)
{
	struct models_instance *mi = models_law_find(m, id);

	if (kind == STEP_CREATE && m->law.n_asked < MODELS_MADE)
		snprintf(m->law.asked[m->law.n_asked++], MODELS_ID, "%s", id);
	if (!mi)
		return;
	if (kind == STEP_UPDATE)
		mi->is_doubtful = true;
	if (kind != STEP_SIGNAL)
		return;
	if (sig != SIGKILL) {
		mi->term_us = models_pool_submitted(m);
		mi->term_life = m->n_crashes + 1;
	}
}

void models_law_answered(struct models *m, const char *id)
{
	models_law_find(m, id)->is_answered = true;
}

/* Another one of the slot runs, and is as good. */
static bool has_better(const struct models *m, const struct models_instance *mi)
{
	for (size_t i = 0; i < m->law.n_made; i++) {
		const struct models_instance *other = &m->law.made[i];

		if (other != mi && is_same_slot(other, mi) && !other->is_gone &&
		    other->state == INSTANCE_RUNNING && !other->is_touched)
			return true;
	}
	return false;
}

/* It runs as all that were wished for want it, and nothing else of the slot does. */
static void check_spared(struct models *m, const struct models_instance *mi)
{
	struct window w = window_of(m, models_pool_since(m), mi);

	if (mi->state != INSTANCE_RUNNING || mi->is_touched || mi->is_doubtful)
		return;
	while (next_wish(&w))
		if (!w.is || !models_law_same(mi, w.is, false))
			return;
	if (!has_better(m, mi))
		models_die(m, "stops one that is healthy and wanted");
}

/* The least grace of all wishes since it was asked to end. */
static int64_t grace_of(struct models *m, const struct models_instance *mi)
{
	int64_t least = 10 * CLOCK_SEC; /* of what no file knows */

	for (unsigned i = 0; i < m->law.n_wishes[mi->deployment]; i++) {
		const struct wish_service *ws =
			&m->law.wishes[mi->deployment][i].wish.services[mi->service];

		if (ws->is_there && ws->grace_us < least)
			least = ws->grace_us;
	}
	return least;
}

static void check_kill(struct models *m, const struct models_instance *mi)
{
	int64_t grace = grace_of(m, mi);

	if (mi->state == INSTANCE_CREATED || !models_law_lives(mi) || grace == 0 || mi->is_late)
		return;
	if (!mi->term_life)
		models_die(m, "kills without asking");
	if (mi->term_life == m->n_crashes + 1 && models_pool_submitted(m) < mi->term_us + grace)
		models_die(m, "kills before the grace is over");
}

static void check_start(struct models *m, const struct models_instance *mi)
{
	struct window w = window_of(m, models_pool_since(m), mi);
	bool is_wanted = false;

	while (next_wish(&w))
		is_wanted = is_wanted || (w.is && models_law_same(mi, w.is, true));
	if (!is_wanted && mi->state == INSTANCE_CREATED)
		models_die(m, "starts what nobody wants");
	check_alone(m, mi);
}

/* One whose making is in doubt is asked for whatever it is: its runtime says no if it lives. */
static void check_remove(struct models *m, const struct models_instance *mi)
{
	bool is_doubtful = mi->state == INSTANCE_CREATED && !mi->is_answered;

	if (models_law_lives(mi) && !is_doubtful)
		models_die(m, "removes what lives");
}

void models_law_step(struct models *m, enum step_kind kind, const char *id, int sig)
{
	struct models_instance *mi = ours(m, kind, id);

	if (!mi)
		return;
	switch (kind) {
	case STEP_START:
		check_start(m, mi);
		break;
	case STEP_SIGNAL:
		check_spared(m, mi);
		if (sig == SIGKILL)
			check_kill(m, mi);
		mi->is_touched = true;
		models_trace(m, "  ! %s %d", id, sig);
		break;
	case STEP_REMOVE:
		check_remove(m, mi);
		break;
	case STEP_STAGE:
	case STEP_CREATE:
	case STEP_UPDATE:
	case STEP_N_KINDS:
		break;
	}
}

void models_law_stepped(struct models *m, enum step_kind kind, const char *id)
{
	struct models_instance *mi = models_law_find(m, id);

	if (kind == STEP_START) {
		mi->is_late = models_pool_life(m)->is_dead;
		if (mi->state == INSTANCE_CREATED)
			mi->state = INSTANCE_RUNNING;
	}
	if (kind == STEP_SIGNAL && mi->state == INSTANCE_PAUSED)
		mi->state = INSTANCE_RUNNING;
	if (kind == STEP_REMOVE)
		mi->is_gone = true;
	if (kind != STEP_SIGNAL)
		models_trace(m, "  %s %s", kind == STEP_START ? ">" : "-", id);
}

void models_law_exited(struct models *m, const char *id, bool has_code, int code)
{
	struct models_instance *mi = models_law_find(m, id);

	if (!mi)
		models_die(m, "the end of something that was never made");
	mi->state = INSTANCE_EXITED;
	mi->is_known = has_code;
	mi->code = code;
	models_trace(m, "  . %s %d", id, code);
}

void models_law_rebooted(struct models *m)
{
	for (size_t i = 0; i < m->law.n_made; i++)
		if (models_law_lives(&m->law.made[i]))
			m->law.made[i].state = INSTANCE_EXITED;
}
