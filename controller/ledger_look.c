/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look becomes rows. The store is compared with the world here and nowhere else; whoever
 * reads a row afterwards may believe it as far as the look went.
 */
#include <string.h>
#include <uthash.h>

#include "controller/ledger.h"
#include "specs/hash.h"
#include "store/deployment_store.h"
#include "store/event_store.h"
#include "store/instance_store.h"
#include "store/intent_store.h"
#include "store/node_store.h"
#include "store/orphan_store.h"

struct touched_id {
	UT_hash_handle hh;
	char id[];
};

struct ledger_touched {
	struct touched_id *ids;
};

struct ledger_touched *ledger_touched_new(void)
{
	return xcalloc(1, sizeof(struct ledger_touched));
}

void ledger_touched_clear(struct ledger_touched *t)
{
	struct touched_id *i, *next;

	HASH_ITER (hh, t->ids, i, next) {
		HASH_DEL(t->ids, i);
		free(i);
	}
}

void ledger_touched_free(struct ledger_touched *t)
{
	if (!t)
		return;
	ledger_touched_clear(t);
	free(t);
}

static bool was_touched(const struct ledger_touched *t, const char *id)
{
	struct touched_id *found;

	HASH_FIND_STR(t->ids, id, found);
	return found != NULL;
}

void ledger_touch(struct ledger_touched *t, const char *id)
{
	size_t n = strlen(id) + 1;
	struct touched_id *i;

	if (was_touched(t, id))
		return;
	i = xcalloc(1, sizeof(*i) + n);
	memcpy(i->id, id, n);
	HASH_ADD_STR(t->ids, id, i);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Is what was seen already what the row says? Then nothing is written. */
static bool same(const struct instance *row, const struct instance *seen)
{
	return row->state == seen->state && row->pid == seen->pid &&
	       row->start_time == seen->start_time && row->has_exit_code == seen->has_exit_code &&
	       row->exit_code == seen->exit_code && same_text(row->boot_id, seen->boot_id) &&
	       same_text(row->config_hash, seen->config_hash) &&
	       same_text(row->digest, seen->digest) && same_text(row->program, seen->program);
}

/* The row knows things no runtime shows; what the runtime shows is newer. */
static struct instance merge(const struct instance *row, const struct instance *seen,
			     struct arena *a)
{
	struct instance m = *seen;

	/* The runtime knows the hash of the create; a change in place is only in the row. */
	if (row->config_hash)
		m.config_hash = m.state == INSTANCE_EXITED ? hash_trust(row->config_hash, a)
							   : row->config_hash;
	if (!m.image)
		m.image = row->image;
	if (!m.digest)
		m.digest = row->digest;
	if (!m.address)
		m.address = row->address;
	if (m.created.us == 0)
		m.created = row->created;
	if (m.started.us == 0)
		m.started = row->started;
	if (m.finished.us == 0)
		m.finished = row->finished;
	/* A code that was seen once is not lost because the runtime has forgotten it. */
	if (m.state == INSTANCE_EXITED && !m.has_exit_code && row->has_exit_code) {
		m.has_exit_code = true;
		m.exit_code = row->exit_code;
	}
	return m;
}

struct by_id {
	UT_hash_handle hh;
	const struct instance *row;
};

struct look {
	const struct ledger *ledger;
	struct instance_rows rows;
	struct by_id *index; /* of rows; in the arena, but for uthash's table */
	const struct ledger_touched *touched;
	struct ledger_touched *seen; /* ids that a look showed */
	struct intent_rows open;     /* what an earlier session began and nobody finished */
	struct observed known;       /* what comes out */
};

static void index_rows(struct look *l)
{
	struct by_id *nodes = arena_array(l->ledger->arena, l->rows.n, sizeof(*nodes));

	for (size_t i = 0; i < l->rows.n; i++) {
		nodes[i].row = &l->rows.items[i];
		HASH_ADD_KEYPTR(hh, l->index, nodes[i].row->id, strlen(nodes[i].row->id),
				&nodes[i]);
	}
}

static const struct instance *find_row(const struct look *l, const char *id)
{
	struct by_id *found;

	HASH_FIND_STR(l->index, id, found);
	return found ? found->row : NULL;
}

static void know(struct look *l, const struct instance *i)
{
	struct observed *o = &l->known;

	o->instances = arena_grow(l->ledger->arena, o->instances, o->n, sizeof(*o->instances));
	o->instances[o->n++] = *i;
}

static int note_adopted(struct look *l, const struct instance *i, struct error *err)
{
	const struct event_row row = {
		.last = l->ledger->now,
		.level = EVENT_INFO,
		.kind = "adopted",
		.deployment = i->deployment,
		.service = i->service,
		.slot = i->slot,
		.runtime_id = i->id,
		.message = "found on the runtime without a row, and adopted",
	};

	return event_store_append(l->ledger->store, &row, err);
}

/* DEPLOYMENT_ABSENT, unless the store was lost: then what runs is all that is known of it. */
static int find_deployment(struct look *l, const char *name, struct error *err)
{
	const struct ledger *ledger = l->ledger;
	struct deployment_row row;
	int r = deployment_store_find(ledger->store, name, ledger->arena, &row, err);

	if (r == DEPLOYMENT_ABSENT && ledger->adopts_all)
		r = deployment_store_ensure(ledger->store, name, ledger->now, err);
	return r;
}

static int has_intent(struct look *l, const char *id, struct error *err)
{
	struct intent_rows open;
	int r = intent_store_list(l->ledger->store, l->ledger->arena, &open, err);

	for (size_t i = 0; r == 0 && i < open.n; i++)
		if (open.items[i].session == l->ledger->session && open.items[i].runtime_id &&
		    strcmp(open.items[i].runtime_id, id) == 0)
			return 1;
	return r;
}

/* > 0: a sweep of this process is about to take it away, or has begun to. One that was cut off in
 * an earlier one says nothing any more. */
static int is_going(struct look *l, const struct instance *seen, struct error *err)
{
	struct orphan orphan;
	int r = orphan_store_find(l->ledger->store, seen->runtime, seen->id, l->ledger->arena,
				  &orphan, err);

	if (r != 0 || orphan.state != ORPHAN_GOING)
		return r < 0 ? r : 0;
	return has_intent(l, seen->id, err);
}

/* An instance of a deployment that the store never heard of is an orphan: seen, not adopted. */
static int adopt(struct look *l, const struct instance *seen, struct error *err)
{
	int r = find_deployment(l, seen->deployment, err);

	if (r)
		return r < 0 ? r : 0;
	r = instance_store_save(l->ledger->store, seen, l->ledger->now, err);
	return r < 0 ? r : note_adopted(l, seen, err);
}

/* Under a sweep's hands it is no more than in the way, until the sweep is over. */
static int take_stranger(struct look *l, const struct instance *seen, struct error *err)
{
	struct instance going = *seen;
	int r = is_going(l, seen, err);

	if (r < 0)
		return r;
	going.state = INSTANCE_UNKNOWN;
	know(l, r ? &going : seen);
	return r ? 0 : adopt(l, seen, err);
}

static const struct instance *find_known(const struct look *l, const char *id)
{
	for (size_t i = 0; i < l->known.n; i++)
		if (strcmp(l->known.instances[i].id, id) == 0)
			return &l->known.instances[i];
	return NULL;
}

/* The row says for ever who made it; without one it is who was looked at first. Another one with
 * the same id is nobody's: it is left alone, and the view is no proof of anything. */
static bool is_twin(struct look *l, const struct instance *row, const struct instance *seen)
{
	const struct instance *first = row;

	if (!row && was_touched(l->seen, seen->id))
		first = find_known(l, seen->id);
	if (first && strcmp(first->runtime, seen->runtime) != 0) {
		struct arena *a = l->ledger->arena;

		observed_note_silent(&l->known, NULL, observe_twice(first, seen->runtime, a), a);
		return true;
	}
	ledger_touch(l->seen, seen->id);
	return false;
}

static int take_seen(struct look *l, const struct instance *seen, struct error *err)
{
	const struct instance *row = find_row(l, seen->id);
	struct instance merged;
	int r = 0;

	if (is_twin(l, row, seen))
		return 0;

	/* Its row is newer than the look, or it was removed since: then there is no row. */
	if (was_touched(l->touched, seen->id)) {
		if (row)
			know(l, row);
		return 0;
	}
	if (!row)
		return take_stranger(l, seen, err);
	if (seen->state == INSTANCE_UNKNOWN) {
		know(l, seen);
		return 0;
	}
	merged = merge(row, seen, l->ledger->arena);
	know(l, &merged);
	if (!same(row, &merged))
		r = instance_store_save(l->ledger->store, &merged, l->ledger->now, err);
	return r;
}

static int drop_absent(struct look *l, const char *id, struct error *err)
{
	const struct instance *row = find_row(l, id);

	if (was_touched(l->touched, id))
		return 0;
	if (row)
		observe_add_lost(&l->known, row, &l->open, l->ledger->boot_id, l->ledger->arena);
	return instance_store_delete(l->ledger->store, id, err);
}

/* Rows that came after the look began: made by a step meanwhile, so the look could not show them.
 */
static void add_newer_rows(struct look *l)
{
	for (size_t i = 0; i < l->rows.n; i++) {
		const struct instance *row = &l->rows.items[i];

		if (was_touched(l->touched, row->id) && !was_touched(l->seen, row->id))
			know(l, row);
	}
}

static int take_looks(struct look *l, const struct observation *looks, size_t n, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; r == 0 && k < looks[i].seen.n; k++)
			r = take_seen(l, &looks[i].seen.instances[k], err);
		for (size_t k = 0; r == 0 && k < looks[i].n_absent; k++)
			r = drop_absent(l, looks[i].absent[k], err);
		if (looks[i].seen.partial)
			observe_note_partial(&looks[i], l->ledger->arena, &l->known);
	}
	return r;
}

static int note_seen(const struct ledger *l, const struct observation *looks, size_t n,
		     struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!looks[i].seen.partial)
			r = node_store_save_boot(l->store, looks[i].runtime->name, l->boot_id,
						 l->now, err);
	return r;
}

int ledger_look(const struct ledger *ledger, const struct observation *looks, size_t n,
		const struct ledger_touched *touched, struct observed *ret, struct error *err)
{
	struct ledger_touched *seen CLEAN(ledger_touched) = ledger_touched_new();
	struct look l = { .ledger = ledger, .touched = touched, .seen = seen };
	struct observation strays;
	int r = instance_store_list(ledger->store, NULL, ledger->arena, &l.rows, err);

	if (r == 0)
		r = intent_store_list(ledger->store, ledger->arena, &l.open, err);
	if (r < 0)
		return r;
	index_rows(&l);
	r = take_looks(&l, looks, n, err);
	if (r == 0)
		r = note_seen(ledger, looks, n, err);
	observe_strays(looks, n, l.rows.items, l.rows.n, ledger->arena, &strays);
	r = r < 0 ? r : take_looks(&l, &strays, 1, err);
	add_newer_rows(&l);
	HASH_CLEAR(hh, l.index);
	if (r < 0)
		return r;
	observed_sort(&l.known);
	*ret = l.known;
	return 0;
}

static bool look_failed(const struct observation *looks, size_t n, const char *runtime)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(looks[i].runtime->name, runtime) == 0)
			return looks[i].seen.partial;
	return true; /* nobody looked there */
}

static int note_settled(const struct ledger *l, const struct intent_row *i, struct error *err)
{
	const struct event_row row = {
		.last = l->now,
		.level = EVENT_INFO,
		.kind = "recovered",
		.deployment = i->deployment,
		.service = i->service,
		.slot = i->slot,
		.runtime_id = i->runtime_id,
		.message = arena_printf(l->arena,
					"a %s was under way when the last run ended; looked again",
					step_kind_to_string(i->step)),
	};

	return event_store_append(l->store, &row, err);
}

int ledger_settle(const struct ledger *l, const struct observation *looks, size_t n,
		  struct error *err)
{
	struct intent_rows open;
	int r = intent_store_list(l->store, l->arena, &open, err);

	for (size_t i = 0; r == 0 && i < open.n; i++) {
		const struct intent_row *intent = &open.items[i];

		if (intent->session == l->session || look_failed(looks, n, intent->runtime))
			continue;
		r = note_settled(l, intent, err);
		if (r == 0)
			r = intent_store_close(l->store, intent->id, err);
	}
	return r;
}
