/* SPDX-License-Identifier: Apache-2.0 */
/* All that can be wrong is told before anything is written. Makes nothing itself. */
#include "controller/restore.h"

#include <string.h>
#include <strings.h>

#include "controller/wanted.h"
#include "specs/runtime_id.h"
#include "store/event_store.h"
#include "store/instance_store.h"
#include "store/orphan_store.h"
#include "store/store.h"

struct wish {
	struct session *s;
	struct arena *a;
	const char *id;
	struct runtime_id was; /* the slot it had */
	const char *slot;      /* for people: "shop/web-rep-0" */
	struct orphan orphan;
};

static int find_orphan(struct wish *w, struct error *err)
{
	struct orphan_rows rows;
	int r = orphan_store_list(w->s->store, w->a, &rows, err);

	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		if (strcmp(rows.items[i].id, w->id) != 0)
			continue;
		w->orphan = rows.items[i];
		if (w->orphan.state == ORPHAN_QUARANTINED || w->orphan.state == ORPHAN_RESTORING)
			return 0;
	}
	if (r < 0)
		return r;
	(void)error_set(err, ERR_NOT_FOUND, 0, "no layer of '%s' is in quarantine", w->id);
	error_hint(err, "'tallyman orphans ls' lists what there is");
	return -ERR_NOT_FOUND;
}

static const struct desired_slot *find_slot(const struct desired *d, const struct runtime_id *was)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->slots[i].service, was->service) == 0 &&
		    d->slots[i].number == was->slot)
			return &d->slots[i];
	return NULL;
}

static int no_slot(const struct wish *w, const char *why, struct error *err)
{
	(void)error_set(err, ERR_NOT_FOUND, 0, "there is no slot %s: %s", w->slot, why);
	error_hint(err, "apply a file that has it, then restore");
	return -ERR_NOT_FOUND;
}

static int check_slot(const struct wish *w, struct error *err)
{
	struct wanted *wanted CLEAN(wanted) = NULL;
	const struct desired_slot *slot;
	const char *runtime;
	int r = wanted_from_store(w->s, w->was.deployment, &wanted, err);

	if (r < 0)
		return r;
	if (r == WANTED_ABSENT)
		return no_slot(w, "its deployment is not known here", err);
	slot = find_slot(&wanted->desired, &w->was);
	if (!slot)
		return no_slot(w,
			       wanted->desired.empty_reason ? "its deployment was taken down"
							    : "the current revision lacks it",
			       err);
	runtime = slot->group->route.kind == ROUTE_RUNTIME ? slot->group->route.runtime : "nobody";
	if (strcmp(runtime, w->orphan.runtime) == 0)
		return 0;
	return error_set(err, ERR_CONFLICT, 0, "%s is made by %s now, and the layer is of %s",
			 w->slot, runtime, w->orphan.runtime);
}

static bool is_of_slot(const struct wish *w, const char *deployment, const char *service,
		       uint32_t number)
{
	return strcasecmp(deployment, w->was.deployment) == 0 &&
	       strcmp(service, w->was.service) == 0 && number == w->was.slot;
}

static int check_free(const struct wish *w, struct error *err)
{
	struct instance_rows rows;
	int r = instance_store_list(w->s->store, NULL, w->a, &rows, err);

	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		const struct instance *in = &rows.items[i];

		if (in->state == INSTANCE_EXITED ||
		    !is_of_slot(w, in->deployment, in->service, in->slot))
			continue;
		(void)error_set(err, ERR_CONFLICT, 0, "slot %s is not free: %s is there (%s)",
				w->slot, in->id, instance_state_to_string(in->state));
		error_hint(err, "'tallyman stop %s' frees it", w->slot);
		return -ERR_CONFLICT;
	}
	return r;
}

static int check_others(const struct wish *w, struct error *err)
{
	struct orphan_rows rows;
	int r = orphan_store_restoring(w->s->store, w->orphan.runtime, w->a, &rows, err);

	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct runtime_id other;

		if (strcmp(rows.items[i].id, w->id) == 0 ||
		    !runtime_id_parse(rows.items[i].id, &other) ||
		    !is_of_slot(w, other.deployment, other.service, other.slot))
			continue;
		return error_set(err, ERR_CONFLICT, 0, "slot %s waits for the layer of %s already",
				 w->slot, rows.items[i].id);
	}
	return r;
}

static int check(struct wish *w, struct error *err)
{
	int r;

	if (w->s->must_accept) {
		(void)error_set(err, ERR_CONFLICT, 0,
				"the store was rebuilt, put back or took the owner over");
		error_hint(err, "look at 'tallyman status', then 'tallyman recover --accept'");
		return -ERR_CONFLICT;
	}
	r = find_orphan(w, err);
	r = r < 0 ? r : check_slot(w, err);
	r = r < 0 ? r : check_free(w, err);
	return r < 0 ? r : check_others(w, err);
}

static int record(const struct wish *w, const struct accept_from *from, struct error *err)
{
	struct store_txn *txn CLEAN(store_txn) = NULL;
	const struct wall now = clock_wall();
	const struct event_row event = {
		.first = now,
		.last = now,
		.level = EVENT_INFO,
		.kind = "restore",
		.deployment = w->was.deployment,
		.service = w->was.service,
		.slot = w->was.slot,
		.runtime_id = w->id,
		.message =
			arena_printf(w->a, "the next instance begins with the layer of %s", w->id),
		.by_person = from->by_person,
	};
	struct orphan orphan = w->orphan;
	int r = store_begin(w->s->store, ERROR_HERE, &txn, err);

	orphan.state = ORPHAN_RESTORING;
	orphan.since = now;
	r = r < 0 ? r : orphan_store_save(w->s->store, &orphan, err);
	r = r < 0 ? r : event_store_append(w->s->store, &event, err);
	return r < 0 ? r : store_commit(&txn, err);
}

int restore_ask(struct session *s, const char *id, const struct accept_from *from, struct arena *a,
		struct manual *ret, struct error *err)
{
	struct wish *w = arena_alloc(a, sizeof(*w));
	struct scope_item *item = arena_alloc(a, sizeof(*item));
	int r = runtime_check_id(id, err);

	if (r < 0)
		return r;
	*w = (struct wish){ .s = s, .a = a, .id = id };
	(void)runtime_id_parse(id, &w->was); /* it just was one */
	w->slot = arena_printf(a, "%s/%s", w->was.deployment,
			       runtime_id_slot_name(a, w->was.service, w->was.slot));
	r = check(w, err);
	r = r < 0 ? r : record(w, from, err);
	if (r < 0)
		return r;
	*item = (struct scope_item){ w->was.service, true, w->was.slot };
	*ret = (struct manual){ .action = MANUAL_RESTART,
				.deployment = w->was.deployment,
				.scope = { item, 1 },
				.from = *from };
	return 0;
}
