/* SPDX-License-Identifier: Apache-2.0 */
/* Computes what the core will do, with the records as this turn has written them; decides nothing.
 */
#include "controller/turn_plan.h"

#include "store/instance_store.h"
#include "store/slot_store.h"

struct to_plan {
	const struct observed *seen;
	const struct scope *scope; /* NULL: all */
	bool is_asked;
};

static int tell_plan(struct driver *d, struct tracked *t, const struct to_plan *what,
		     struct error *err)
{
	struct wanted *w = t->wanted;
	struct plan_input in = { .desired = &w->desired,
				 .observed = what->seen,
				 .scope = what->scope,
				 .keeps_all = d->o.session->must_accept,
				 .is_asked = what->is_asked,
				 .now = { clock_boot(), d->ledger.now, d->o.session->boot_id } };
	struct slot_rows rows = { 0 }; /* with what was asked for by hand since */
	struct plan plan;
	int r;

	if (!d->o.planned)
		return 0;
	r = slot_store_list(d->o.session->store, t->name, d->arena, &rows, err);
	if (r < 0)
		return r;
	in.slots = rows.items;
	in.n_slots = rows.n;
	r = plan_compute(&in, d->arena, &plan, err);
	if (r < 0)
		return r;
	d->o.planned(d->o.arg, &plan);
	return 0;
}

int turn_plan_first(struct driver *d, struct tracked *t, const struct observed *part,
		    struct error *err)
{
	const struct to_plan what = { part, t->wanted->scope, t->wanted->is_asked };
	int r = t->is_planned ? 0 : tell_plan(d, t, &what, err);

	t->is_planned = t->is_planned || r == 0;
	return r;
}

int turn_plan_asked(struct driver *d, struct tracked *t, const struct manual *m, struct error *err)
{
	struct instance_rows rows = { 0 };
	struct observed seen = { 0 };
	int r;

	if (!t->is_planned)
		return 0;
	r = instance_store_list(d->o.session->store, t->name, d->arena, &rows, err);
	seen.instances = rows.items;
	seen.n = rows.n;
	return r < 0 ? r : tell_plan(d, t, &(struct to_plan){ &seen, &m->scope, true }, err);
}
