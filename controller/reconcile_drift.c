/* SPDX-License-Identifier: Apache-2.0 */
/* Two counters of the record: one for ever, one for a window that begins with its first count. */
#include "controller/reconcile_drift.h"

#include "controller/reconcile_done.h"

/* A wall clock that was set back ends the window: a new count begins, and no more. */
static bool is_in_window(const struct slot *rec, struct wall now)
{
	int64_t age = now.us - rec->fight_since.us;
	return rec->fights > 0 && age >= 0 && age <= DRIFT_FIGHT_WINDOW_US;
}

static void note(struct reconciler *r, const struct rslot *s, const char *what, const char *text)
{
	struct reconcile_note n = { .service = s->service,
				    .slot = s->number,
				    .is_problem = true,
				    .what = what,
				    .text = text };
	reconcile_table_note(r, &n);
}

void reconcile_drift_healed(struct reconciler *r, struct rslot *s)
{
	struct slot *rec = &s->record;

	if (!is_in_window(rec, r->ev->wall)) {
		rec->fights = 0;
		rec->fight_since = r->ev->wall;
	}
	rec->fights++;
	if (rec->healed < UINT32_MAX)
		rec->healed++;
	reconcile_done_save(r, s);
	note(r, s, "healed",
	     arena_printf(r->out, "somebody changed %s-rep-%u, and it was set back: %s", s->service,
			  s->number, s->doing_drift));
	s->doing_drift = NULL;
	s->is_taken = false;
}

bool reconcile_drift_is_fight(struct reconciler *r, struct rslot *s)
{
	struct slot *rec = &s->record;

	if (!s->diff.drift ||
	    (s->diff.verdict != VERDICT_CREATE && s->diff.verdict != VERDICT_UPDATE) ||
	    rec->fights < DRIFT_FIGHT_MAX || !is_in_window(rec, r->ev->wall))
		return false;
	rec->fault = ERR_LIMIT;
	rec->hint = "start, restart or apply tries again, once that is settled";
	rec->reason = arena_printf(r->pass,
				   "somebody else changes it, too: %s, again, after it was set "
				   "back %u times in %d minutes",
				   s->diff.drift, rec->fights,
				   (int)(DRIFT_FIGHT_WINDOW_US / (60 * CLOCK_SEC)));
	reconcile_done_save(r, s);
	note(r, s, "fight",
	     arena_printf(r->out, "%s-rep-%u: %s", s->service, s->number, rec->reason));
	return true;
}
