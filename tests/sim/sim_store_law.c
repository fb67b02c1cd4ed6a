/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be in the store, and when. Told by the world, by the oracle's book and by what the
 * sim_store itself has begun; never by asking the ledger.
 */
#include <string.h>

#include "store/deployment_store.h"
#include "store/instance_store.h"
#include "store/intent_store.h"
#include "tests/sim/sim_disk_store.h"

void sim_store_text(const struct wish *w, struct buf *ret)
{
	for (unsigned i = 0; i < WISH_SERVICES; i++) {
		const struct wish_service *ws = &w->services[i];
		buf_printf(ret, "%d %u %s %u %x %d %u\n", ws->is_there, ws->replicas,
			   wish_hash(&ws->config), ws->image, ws->uses, ws->route, ws->runtime);
	}
}

void sim_store_law_wish(struct sim *s)
{
	struct disk *d = disk_of(s);
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	struct error err = ERROR_INIT;
	struct revision_row rev;
	int r = deployment_store_revision(d->store, WISH_DEPLOYMENT, 0, d->turn, &rev, &err);

	sim_store_must(s, r, &err);
	sim_store_text(&s->wish, &text);
	if (s->n_wishes && (r == DEPLOYMENT_ABSENT || rev.n_bytes != text.n ||
			    memcmp(rev.bytes, text.data, text.n) != 0))
		sim_die(s, "a wish that was acknowledged and is lost");
}

/* --- rows --- */

static struct instance_rows rows_in(struct sim *s, struct store *store)
{
	struct error err = ERROR_INIT;
	struct instance_rows rows;

	sim_store_must(s, instance_store_list(store, NULL, disk_of(s)->turn, &rows, &err), &err);
	return rows;
}

static const struct instance *find_row(const struct instance_rows *rows, const char *id)
{
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->items[i].id, id) == 0)
			return &rows->items[i];
	return NULL;
}

static bool has_row(const struct instance_rows *rows, const char *id)
{
	return find_row(rows, id) != NULL;
}

static bool is_same_row(const struct instance *a, const struct instance *b)
{
	return (!a && !b) || (a && b && a->state == b->state);
}

/* After an answer to a change in place: is the row sure of limits that do not hold? */
static void check_sure(struct sim *s, const struct instance *row)
{
	const struct world_instance *wi = row ? world_find(&s->world, row->id) : NULL;
	struct world_instance read;

	if (wi && world_lives(wi) && row->state != INSTANCE_EXITED && world_read(row, &read) &&
	    read.config.limits < WISH_LIMITS / 2 && read.config.limits != wi->config.limits)
		sim_die(s, "a row is sure of limits that do not hold");
}

/* The row of an instance goes when its removal is confirmed, and by no other answer. */
void sim_store_law_report(struct sim *s, const struct world_op *op, int code)
{
	struct disk *d = disk_of(s);
	struct instance_rows before = rows_in(s, d->reader);
	struct instance_rows now = rows_in(s, d->store);
	bool is_gone = op->kind == STEP_REMOVE && code >= 0;

	if (op->kind == STEP_UPDATE)
		check_sure(s, find_row(&now, op->what.id));
	if (is_gone && has_row(&now, op->what.id))
		sim_die(s, "a row stays, and its instance is known to be gone");
	if (!is_gone && has_row(&before, op->what.id) && !has_row(&now, op->what.id))
		sim_die(s, "a row goes, and its instance is not known to be gone");
}

/* Nobody tells of an end twice, and a runtime may forget its code. */
void sim_store_law_exited(struct sim *s, const char *id, int code)
{
	struct instance_rows now = rows_in(s, disk_of(s)->store);
	const struct instance *row = find_row(&now, id);

	if (row && (row->state != INSTANCE_EXITED || !row->has_exit_code || row->exit_code != code))
		sim_die(s, "an end that was told is not in its row");
}

/* --- intents --- */

static struct intent_rows intents_in(struct sim *s, struct store *store)
{
	struct error err = ERROR_INIT;
	struct intent_rows open;

	sim_store_must(s, intent_store_list(store, disk_of(s)->turn, &open, &err), &err);
	return open;
}

static bool has_intent(const struct intent_rows *open, const struct disk *d,
		       const struct work_step *w)
{
	for (size_t i = 0; i < open->n; i++) {
		const struct intent_row *row = &open->items[i];
		if (row->id != w->intent)
			continue;
		return row->session == d->session && row->step == w->step.kind &&
		       row->slot == w->step.slot && strcmp(row->service, w->step.service) == 0;
	}
	return false;
}

/* What an earlier life left open is closed by the first look at its runtime, and by no other. */
void sim_store_law_settled(struct sim *s)
{
	struct disk *d = disk_of(s);
	struct intent_rows before = intents_in(s, d->reader);
	struct intent_rows open = intents_in(s, d->store);
	size_t n = 0;

	for (size_t i = 0; i < before.n; i++) {
		const struct intent_row *row = &before.items[i];
		int rt = wish_runtime_index(row->runtime);
		if (row->session != d->session && rt >= 0 && d->runtimes[rt].is_away)
			n++;
	}
	for (size_t i = 0; i < open.n; i++) {
		const struct intent_row *row = &open.items[i];
		int rt = wish_runtime_index(row->runtime);
		if (row->session == d->session)
			continue;
		if (rt < 0 || !d->runtimes[rt].is_away)
			sim_die(s, "an intent of an earlier life that nobody settles");
		n--;
	}
	if (n)
		sim_die(s, "an intent is settled where nobody could look");
}

/* Until an update has answered nobody knows which limits hold, and the row says so. */
static void check_doubt(struct sim *s, const struct work_step *w, const struct instance *row)
{
	struct wish_config want;
	struct world_instance read;

	if (!row || row->state == INSTANCE_EXITED)
		return;
	if (wish_hash_parse(w->step.spec->config_hash, &want) && world_read(row, &read) &&
	    read.config.limits < WISH_LIMITS / 2 && read.config.limits != want.limits)
		sim_die(s, "a change in place begins, and its row does not say so");
}

/* With other eyes: those of somebody who opens the file now. */
void sim_store_law_commit(struct sim *s)
{
	struct disk *d = disk_of(s);
	struct intent_rows open = intents_in(s, d->reader);
	struct instance_rows rows = rows_in(s, d->reader);
	size_t n = 0;

	for (size_t i = 0; i < d->pending.n; i++) {
		const struct work_step *w = d->pending.items[i];
		if (!has_intent(&open, d, w))
			sim_die(s, "a step begins without its intent on disk");
		if (w->step.kind == STEP_CREATE && !has_row(&rows, w->step.instance_id))
			sim_die(s, "a create begins without the row of its instance on disk");
		if (w->step.kind == STEP_UPDATE)
			check_doubt(s, w, find_row(&rows, w->step.instance_id));
	}
	for (size_t i = 0; i < d->flying.n; i++)
		if (!has_intent(&open, d, d->flying.items[i]))
			sim_die(s, "an intent is closed before its step has answered");
	for (size_t i = 0; i < open.n; i++)
		n += open.items[i].session == d->session;
	if (n != d->pending.n + d->flying.n)
		sim_die(s, "an intent is open, and its step has answered");
}

/* --- looks --- */

static bool was_touched(const struct disk *d, const char *id)
{
	for (size_t i = 0; i < d->n_oracle; i++)
		if (strcmp(d->oracle[i], id) == 0)
			return true;
	return false;
}

static const struct instance *find_seen(const struct observed *seen, const char *id)
{
	for (size_t i = 0; i < seen->n; i++)
		if (strcmp(seen->instances[i].id, id) == 0)
			return &seen->instances[i];
	return NULL;
}

/* What the runtimes have is seen, though a listing may lack it; but for one whose row says that
 * another runtime made it: that is nobody's. */
static void check_present(struct sim *s, const struct observed *seen,
			  const struct instance_rows *before)
{
	const struct disk *d = disk_of(s);
	for (size_t i = 0; i < s->snapshot.n; i++) {
		const struct world_instance *wi = &s->snapshot.items[i];
		const struct instance *is = find_seen(seen, wi->id);
		const struct instance *row = find_row(before, wi->id);
		if (d->runtimes[wi->runtime].is_away || was_touched(d, wi->id) ||
		    (row && wish_runtime_index(row->runtime) != (int)wi->runtime))
			continue;
		if (!is || is->state != wi->state || is->generation != wi->generation)
			sim_die(s, "a look misses what the runtime has");
	}
}

/* One whose runtime answered goes when that says twice that it is not there, else it stays. */
static void check_answered(struct sim *s, const struct instance *row, const struct instance *now)
{
	const struct world_instance *wi = world_find(&s->snapshot, row->id);
	bool is_there = wi && wish_runtime_index(row->runtime) == (int)wi->runtime;

	if (is_there && !now)
		sim_die(s, "a look drops the row of what is there");
	if (!is_there && now)
		sim_die(s, "a look keeps the row of what is gone");
}

/* Of one whose runtime did not answer nothing new is known. */
static void check_away(struct sim *s, const struct instance *row, const struct instance *now,
		       const struct instance *is)
{
	if (!is_same_row(row, now))
		sim_die(s, "a look changes a row where nobody could look");
	if (!is || is->state != INSTANCE_UNKNOWN)
		sim_die(s, "a look knows what nobody could tell");
}

/* Of one that was touched since the look began the row knows more than the look. */
static void check_touched(struct sim *s, const struct instance *row, const struct instance *now,
			  const struct instance *is)
{
	if (!is_same_row(row, now) || !is_same_row(row, is))
		sim_die(s, "an old look is believed more than what came after it");
}

/* Who did not answer is named, and nobody else: by that a slot is held up or goes on. */
static void check_silent(struct sim *s, const struct observed *seen)
{
	const struct disk *d = disk_of(s);

	for (int i = 0; i < WISH_RUNTIMES; i++) {
		bool is_named = false;

		for (size_t k = 0; seen->partial && k < seen->n_silent; k++)
			is_named = is_named ||
				   (seen->silent[k] && wish_runtime_index(seen->silent[k]) == i);
		if (d->runtimes[i].is_away && !is_named)
			sim_die(s, "a look does not tell who did not answer");
		if (is_named && !d->runtimes[i].is_away)
			sim_die(s, "a look takes one that answered for silent");
	}
}

void sim_store_law_look(struct sim *s, const struct observed *seen)
{
	struct disk *d = disk_of(s);
	struct instance_rows before = rows_in(s, d->reader);
	struct instance_rows now = rows_in(s, d->store);

	check_silent(s, seen);
	check_present(s, seen, &before);
	for (size_t i = 0; i < before.n; i++) {
		const struct instance *row = &before.items[i];
		int rt = wish_runtime_index(row->runtime);
		if (was_touched(d, row->id))
			continue;
		if (d->runtimes[rt].is_away)
			check_away(s, row, find_row(&now, row->id), find_seen(seen, row->id));
		else
			check_answered(s, row, find_row(&now, row->id));
	}
	for (size_t i = 0; i < d->n_oracle; i++)
		check_touched(s, find_row(&before, d->oracle[i]), find_row(&now, d->oracle[i]),
			      find_seen(seen, d->oracle[i]));
}

/* --- at rest --- */

/* What it is made of now, or in doubt: a change in place whose answer was lost is asked for again,
 * unless the slot cannot come to be. Of one that has ended it is nobody's business any more. */
static bool is_known(const struct world_instance *read, const struct world_instance *wi)
{
	bool is_doubted = read->config.limits >= WISH_LIMITS / 2;
	return !world_lives(wi) || is_doubted || wish_same(&read->config, &wi->config);
}

static void check_row(struct sim *s, const struct instance *row)
{
	struct world_instance read;
	const struct world_instance *wi = world_find(&s->world, row->id);

	if (!wi)
		sim_die(s, "a row of an instance that is not there");
	if (!world_read(row, &read) || read.runtime != wi->runtime || read.state != wi->state ||
	    read.generation != wi->generation)
		sim_die(s, "a row that is not as its instance is");
	if (!is_known(&read, wi))
		sim_die(s, "a row whose instance was changed in place since");
}

void sim_store_law_rest(struct sim *s)
{
	struct disk *d = disk_of(s);
	struct instance_rows rows = rows_in(s, d->reader);

	if (intents_in(s, d->reader).n)
		sim_die(s, "an intent is open, and nothing is under way");
	if (rows.n != s->world.n)
		sim_die(s, "more or fewer rows than instances");
	for (size_t i = 0; i < rows.n; i++)
		check_row(s, &rows.items[i]);
}
