/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * View: what is and what would be done, without doing anything. Looks at the runtimes itself,
 * in the caller's thread, and asks the same core that acts: status and plan can say nothing else
 * than what apply would do. Keeps no row, makes nothing, starts a shim only where there may be
 * something to see.
 */
#include "controller/observe.h"
#include "controller/plan.h"
#include "controller/reconcile.h"
#include "controller/wanted.h"

/* One deployment. */
struct view_part {
	const char *name;
	struct wanted *wanted;
	struct reconciler *r; /* fed, never acting: for reconcile_view() */
	struct plan plan;     /* lives in the view's arena */
};

struct view {
	struct arena *arena;
	struct observed observed; /* of the whole node */
	struct wall looked;       /* when */
	struct view_part *parts;  /* sorted by name */
	size_t n;
};

/** view_done() - release all of it; an empty one is fine */
void view_done(struct view *v);
static inline void clean_view(struct view *v)
{
	view_done(v);
}

struct instance_rows;

/** view_observe() - one look at each runtime of the node, compared with @rows; @ret has room for
 * all */
int view_observe(struct session *s, const struct instance_rows *rows, struct arena *a,
		 struct observation *ret, struct error *err);

/** view_look() - look at all runtimes; parts are added afterwards. Where a call is at work on an
 *  instance, a few times more, so that what a killed command left under way is seen as it ends */
int view_look(struct session *s, struct view *ret, struct error *err);

/** view_add() - compare one deployment; @take is the view's, also on failure */
int view_add(struct session *s, struct view *v, struct wanted *take, struct error *err);

/** view_add_all() - all deployments of the store that are wanted or have something left */
int view_add_all(struct session *s, struct view *v, struct error *err);
