/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translates results into rows. Decides nothing about containers: what is to be
 * done next is the core's.
 */
#include "controller/ledger.h"

#include <string.h>
#include <strings.h>

#include "specs/hash.h"
#include "specs/runtime_id.h"
#include "store/deployment_store.h"
#include "store/event_store.h"
#include "store/instance_store.h"
#include "store/intent_store.h"
#include "store/orphan_store.h"
#include "store/slot_store.h"

/* A start, an exit and an update change a row that is there; one that is not is nobody's. */
static int change_row(const struct ledger *l, const char *id,
		      void (*change)(struct instance *i, const void *arg, struct arena *a),
		      const void *arg, struct error *err)
{
	struct instance row;
	int r = instance_store_find(l->store, id, l->arena, &row, err);

	if (r)
		return r < 0 ? r : 0;
	change(&row, arg, l->arena);
	return instance_store_save(l->store, &row, l->now, err);
}

/* About to be changed in place: should nobody hear what came of it, it is asked for again, whatever
 * is wanted by then. */
static int put_doubt(const struct ledger *l, struct work_step *w, struct error *err)
{
	struct instance row;
	int r = instance_store_find(l->store, w->step.instance_id, w->arena, &row, err);

	if (r)
		return r < 0 ? r : 0;
	w->before = row.config_hash;
	row.config_hash = hash_doubt(row.config_hash, w->step.spec->config_hash, l->arena);
	return instance_store_save(l->store, &row, l->now, err);
}

/* It was refused, and has changed nothing: what was in doubt before it still is. */
static void set_refused(struct instance *i, const void *arg, struct arena *a)
{
	(void)a;
	if (i->state != INSTANCE_EXITED)
		i->config_hash = arg;
}

/* Changed in place: what it is made of now is what was asked for. */
static void set_updated(struct instance *i, const void *arg, struct arena *a)
{
	const struct instance_spec *spec = arg;

	(void)a;
	if (i->state != INSTANCE_EXITED)
		i->state = INSTANCE_RUNNING;
	i->config_hash = spec->config_hash;
}

/* The exit may be known before the answer to the start is: then it stays an exit. */
static void set_running(struct instance *i, const void *arg, struct arena *a)
{
	(void)a;
	if (i->state == INSTANCE_EXITED)
		return;
	i->state = INSTANCE_RUNNING;
	if (i->started.us == 0)
		i->started = *(const struct wall *)arg;
}

/* What was in doubt about it does not matter any more. */
static void set_exited(struct instance *i, const void *arg, struct arena *a)
{
	const struct inbox_exit *e = arg;

	i->state = INSTANCE_EXITED;
	i->pid = 0;
	i->start_time = 0;
	i->has_exit_code = e->has_code;
	i->exit_code = e->code;
	i->finished = e->at;
	i->config_hash = hash_trust(i->config_hash, a);
}

static int record(const struct ledger *l, const struct work_step *w, struct error *err)
{
	const char *id = w->step.instance_id;
	int r;

	/* A failure proves nothing: the row stays as the intent left it, until a look. */
	if (w->step.kind == STEP_UPDATE && w->result == -ERR_UNSUPPORTED)
		return w->before ? change_row(l, id, set_refused, w->before, err) : 0;
	if (w->result < 0)
		return 0;
	switch (w->step.kind) {
	case STEP_CREATE:
		return instance_store_save(l->store, &w->after, l->now, err);
	case STEP_UPDATE:
		return change_row(l, id, set_updated, w->step.spec, err);
	case STEP_START:
		r = assign_layer_used(l->store, &w->step, l->arena, err);
		return r < 0 ? r : change_row(l, id, set_running, &l->now, err);
	case STEP_REMOVE:
		return instance_store_delete(l->store, id, err);
	case STEP_STAGE:
	case STEP_SIGNAL:
	case STEP_N_KINDS:
		break;
	}
	return 0;
}

int ledger_result(const struct ledger *l, const struct work_step *w, struct error *err)
{
	int r = record(l, w, err);

	return r < 0 ? r : intent_store_close(l->store, w->intent, err);
}

int ledger_exit(const struct ledger *l, const struct inbox_exit *e, struct error *err)
{
	return change_row(l, e->id, set_exited, e, err);
}

static int put_note(const struct ledger *l, const char *deployment, const struct reconcile_note *n,
		    struct error *err)
{
	const struct event_row row = {
		.first = l->now,
		.last = l->now,
		.level = n->is_problem ? EVENT_WARNING : EVENT_INFO,
		.kind = n->what,
		.deployment = deployment,
		.service = n->service,
		.slot = n->service ? (int64_t)n->slot : -1,
		.message = n->text,
	};

	return event_store_append(l->store, &row, err);
}

int ledger_update(const struct ledger *l, const char *deployment, const struct reconcile_update *up,
		  struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < up->n_slots; i++)
		r = slot_store_save(l->store, up->slots[i], err);
	for (size_t i = 0; r == 0 && i < up->n_notes; i++)
		r = put_note(l, deployment, &up->notes[i], err);
	return r;
}

/* Half made until the create says otherwise. */
static int put_unborn(const struct ledger *l, const struct step *st, struct error *err)
{
	const struct instance row = {
		.id = st->spec->id,
		.deployment = st->spec->deployment,
		.service = st->spec->service_name,
		.slot = st->spec->slot,
		.generation = st->spec->generation,
		.runtime = st->runtime,
		.state = INSTANCE_BROKEN,
		.config_hash = st->spec->config_hash,
		.image = st->spec->image,
		.digest = st->spec->digest,
		.address = st->spec->address,
		.created = l->now,
	};

	return instance_store_save(l->store, &row, l->now, err);
}

/* A refused one will not be: it gets no row. */
static int put_new(const struct ledger *l, struct work_step *w, struct error *err)
{
	int r = assign_address(l->store, &l->slices, w, l->arena, err);

	if (r == 0 && !w->is_refused)
		r = assign_layer(l->store, w, l->arena, err);
	return r < 0 || w->is_refused ? r : put_unborn(l, &w->step, err);
}

int ledger_intents(const struct ledger *l, struct work_step *const *jobs, size_t n,
		   struct error *err)
{
	struct intent_row *rows CLEAN(free) = xcalloc(n, sizeof(*rows));
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct step *st = &jobs[i]->step;

		rows[i] = (struct intent_row){
			.runtime_id = st->instance_id,
			.runtime = st->runtime,
			.deployment = st->deployment,
			.service = st->service,
			.slot = st->slot,
			.step = st->kind,
			.detail = "{}",
			.opened = l->now,
		};
		if (st->kind == STEP_CREATE)
			r = put_new(l, jobs[i], err);
		if (st->kind == STEP_UPDATE)
			r = put_doubt(l, jobs[i], err);
	}
	if (r == 0)
		r = intent_store_put(l->store, rows, n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		jobs[i]->intent = rows[i].id;
	return r;
}

int ledger_raise(const struct ledger *l, const char *deployment, struct error *err)
{
	struct orphan_rows rows;
	int r = orphan_store_list(l->store, l->arena, &rows, err);

	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct runtime_id id;

		if (!runtime_id_parse(rows.items[i].id, &id) ||
		    strcasecmp(id.deployment, deployment) != 0)
			continue;
		r = slot_store_raise(l->store,
				     &(struct instance){ .deployment = deployment,
							 .service = id.service,
							 .slot = id.slot,
							 .generation = id.generation },
				     err);
	}
	return r;
}
