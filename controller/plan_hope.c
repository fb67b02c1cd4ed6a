/* SPDX-License-Identifier: Apache-2.0 */
/* Sums by service, as the gates of the loop keep them; here nothing ever changes for the better. */
#include "controller/plan_hope.h"

/* Of one service. */
struct sums {
	size_t n_wanted, n_started, n_ready, n_hopeless;
	bool is_held;  /* one of them: by hand */
	bool is_other; /* one of them: nobody works on it */
};

struct plan_hope {
	const struct desired *desired;
	struct sums *services; /* as desired->services */
	struct arena *arena;
};

struct plan_hope *plan_hope_new(const struct desired *d, struct arena *a)
{
	struct plan_hope *h = arena_alloc(a, sizeof(*h));

	*h = (struct plan_hope){ d, arena_array(a, d->n_services, sizeof(struct sums)), a };
	return h;
}

static bool is_hopeless(enum verdict v, bool is_meant)
{
	switch (v) {
	case VERDICT_HELD:
	case VERDICT_DONE: /* badly */
	case VERDICT_NEEDS_PEER:
	case VERDICT_UNSUPPORTED:
	case VERDICT_BLOCKED:
	case VERDICT_FAILED:
		return true;
	case VERDICT_UNKNOWN:
		return false;
	case VERDICT_NOTHING:
	case VERDICT_CREATE:
	case VERDICT_START:
	case VERDICT_UPDATE:
	case VERDICT_REPLACE:
	case VERDICT_REMOVE:
	case VERDICT_WAIT:
	case VERDICT_N:
		break;
	}
	return !is_meant;
}

void plan_hope_add(struct plan_hope *h, const struct match *m, const struct diff_slot *diff,
		   bool is_meant)
{
	bool is_ended = diff->verdict == VERDICT_DONE;
	bool is_started = is_ended ? diff->is_success : diff->is_up;
	bool is_held = m->record && m->record->held;
	struct sums *s;

	if (!m->want)
		return;
	s = &h->services[m->want->service_index];
	s->n_wanted++;
	s->n_started += is_started;
	s->n_ready += is_started && (is_ended || m->want->group->service->rtype != RTYPE_JOB);
	s->n_hopeless += !is_started && (is_held || is_hopeless(diff->verdict, is_meant));
	s->is_held |= is_held;
	s->is_other |= !is_meant;
}

static bool is_unmet(const struct sums *on, const struct depend *dep)
{
	size_t n = dep->condition == CONDITION_STARTED ? on->n_started : on->n_ready;

	return n < on->n_wanted && on->n_hopeless &&
	       (!dep->timeout.has || dep->on_timeout == ON_FAILURE_FAIL);
}

static bool waits_for_others(enum verdict v)
{
	return v == VERDICT_CREATE || v == VERDICT_REPLACE || v == VERDICT_START;
}

bool plan_hope_is_lost(struct plan_hope *h, const struct match *m, const struct diff_slot *diff,
		       struct plan_unmet *ret)
{
	const struct desired_service *ds;

	if (!m->want || !waits_for_others(diff->verdict))
		return false;
	ds = &h->desired->services[m->want->service_index];
	for (size_t i = 0; i < ds->depends->n; i++) {
		const struct depend *dep = &ds->depends->items[i];
		const struct sums *on;

		if (ds->needs[i] == SIZE_MAX)
			continue;
		on = &h->services[ds->needs[i]];
		if (!is_unmet(on, dep))
			continue;
		*ret = (struct plan_unmet){ match_unmet_cause(dep, on->is_held, h->arena), NULL };
		if (on->is_held || on->is_other)
			ret->hint = match_unmet_hint(h->desired, dep, h->arena);
		if (!diff->is_up)
			h->services[m->want->service_index].n_hopeless++;
		return true;
	}
	return false;
}
