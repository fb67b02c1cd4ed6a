/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that is the real store in a directory of its own, written by the real ledger. The driver's
 * turn is here as turn.c has it, without its threads and clocks. A crash cuts the connection in
 * the middle of whatever it does: what the files hold at that moment is copied, as after a loss of
 * power, and opened by the next life.
 */
#include "tests/sim/sim_disk_store.h"

#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "specs/layout.h"
#include "store/deployment_store.h"
#include "store/instance_store.h"
#include "store/slot_store.h"
#include "store/store.h"
#include "tests/sim/sim_place.h"

void sim_store_must(struct sim *s, int r, const struct error *err)
{
	if (r >= 0)
		return;
	sim_trace(s, "  %s", err->msg);
	sim_die(s, "a store that fails");
}

static struct ledger ledger_of(const struct sim *s)
{
	const struct disk *d = disk_of(s);
	return (struct ledger){ .store = d->store,
				.session = d->session,
				.boot_id = d->boot_id,
				.now = sim_wall(s),
				.arena = d->turn };
}

static void touch(struct sim *s, const char *id)
{
	struct disk *d = disk_of(s);
	if (!id)
		return;
	if (d->n_oracle == TOUCHED_MAX)
		sim_die(s, "more is touched during a look than there can be");
	snprintf(d->oracle[d->n_oracle++], sizeof(d->oracle[0]), "%s", id);
	ledger_touch(d->touched, id);
}

/* --- flights --- */

static void drop_flights(struct flights *f)
{
	for (size_t i = 0; i < f->n; i++)
		f->items[i]->job.drop(&f->items[i]->job);
	f->n = 0;
}

static void add_flight(struct sim *s, struct flights *f, struct work_step *w)
{
	if (f->n == SIM_SLOTS)
		sim_die(s, "more steps under way than there are slots");
	f->items[f->n++] = w;
}

static struct work_step *take_flight(struct flights *f, uint64_t ticket)
{
	for (size_t i = 0; i < f->n; i++) {
		struct work_step *w = f->items[i];
		if (w->ticket != ticket)
			continue;
		f->items[i] = f->items[--f->n];
		return w;
	}
	return NULL;
}

/* --- open and close --- */

static void begin_session(struct sim *s)
{
	struct disk *d = disk_of(s);
	struct error err = ERROR_INIT;
	struct node_row node;

	sim_store_must(s, store_begin(d->store, ERROR_HERE, &d->txn, &err), &err);
	if (node_store_load(d->store, &node, &err) != 0)
		sim_die(s, "a store that knows no node");
	d->session = ++node.session;
	snprintf(d->node_id, sizeof(d->node_id), "%s", node.node_id);
	sim_store_must(s, node_store_save(d->store, &node, &err), &err);
	sim_store_must(s, store_commit(&d->txn, &err), &err);
}

static void disk_open(struct sim *s)
{
	struct disk *d = disk_of(s);
	struct error err = ERROR_INIT;

	if (!d) {
		s->disk_data = d = xcalloc(1, sizeof(*d));
		sim_store_must(s, sim_place_make(d->dir, &err), &err);
		d->touched = ledger_touched_new();
		d->turn = arena_new();
		d->look = arena_new();
		s->world.is_ordered = true;
		for (unsigned i = 0; i < WISH_RUNTIMES; i++)
			shown_runtime_init(&d->runtimes[i], i, &s->snapshot);
	}
	struct store_options o = { .dir = d->dir, .mode = STORE_WRITE, .now = sim_wall(s) };
	sim_store_must(s, store_open(&o, &d->store, &err), &err);
	if (store_moved_to(d->store))
		sim_die(s, "a crash broke the store");
	o.mode = STORE_READ;
	sim_store_must(s, store_open(&o, &d->reader, &err), &err);
	snprintf(d->boot_id, sizeof(d->boot_id), "b%u", s->n_boots);
	begin_session(s);
	sim_store_law_wish(s);
}

static void close_files(struct disk *d)
{
	if (d->txn)
		store_rollback(d->txn);
	d->txn = NULL;
	store_close(d->reader);
	store_close(d->store);
	d->reader = d->store = NULL;
}

/* As the machine left it: the database and what is not yet in it. */
static void cut_off(struct sim *s)
{
	struct disk *d = disk_of(s);
	struct error err = ERROR_INIT;
	char next[SIM_PLACE_PATH];

	sim_store_must(s, sim_place_make(next, &err), &err);
	sim_store_must(s, sim_place_copy(d->dir, next, &err), &err);
	close_files(d);
	sim_store_must(s, fs_remove_tree(AT_FDCWD, d->dir, &err), &err);
	snprintf(d->dir, sizeof(d->dir), "%s", next);
}

/* --- the look --- */

static size_t rows_of(const struct instance_rows *all, const char *runtime, struct arena *a,
		      struct instance **ret)
{
	size_t n = 0;
	*ret = arena_array(a, all->n, sizeof(**ret));
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->items[i].runtime, runtime) == 0)
			(*ret)[n++] = all->items[i];
	return n;
}

/* A listing lacks one that is there: asked for by its name it is found. */
static void hide_one(struct sim *s, const struct instance_rows *rows)
{
	struct disk *d = disk_of(s);
	const char *id = NULL;
	if (rows->n && sim_chance(s, s->weather.fog))
		id = rows->items[sim_below(s, (unsigned)rows->n)].id;
	for (unsigned i = 0; i < WISH_RUNTIMES; i++)
		d->runtimes[i].lacks = id;
}

static void disk_take(struct sim *s)
{
	struct disk *d = disk_of(s);
	struct error err = ERROR_INIT;
	struct instance_rows all;

	arena_reset(d->look);
	sim_store_must(s, instance_store_list(d->store, NULL, d->look, &all, &err), &err);
	ledger_touched_clear(d->touched);
	d->n_oracle = 0;
	hide_one(s, &all);
	for (size_t i = 0; i < d->flying.n; i++)
		touch(s, d->flying.items[i]->step.instance_id);
	for (unsigned i = 0; i < WISH_RUNTIMES; i++) {
		struct runtime *rt = &d->runtimes[i].base;
		struct instance *rows;
		size_t n = rows_of(&all, rt->name, d->look, &rows);
		d->runtimes[i].is_away = s->snapshot_fails || (s->snapshot_partial && i == 1);
		observe_runtime(rt, rows, n, d->look, &d->looks[i]);
	}
}

static bool disk_look(struct sim *s, struct observed *ret)
{
	struct disk *d = disk_of(s);
	struct ledger l = ledger_of(s);
	struct error err = ERROR_INIT;
	sim_store_must(s, ledger_look(&l, d->looks, WISH_RUNTIMES, d->touched, ret, &err), &err);
	sim_store_must(s, ledger_settle(&l, d->looks, WISH_RUNTIMES, &err), &err);
	sim_store_law_settled(s);
	sim_store_law_look(s, ret);
	return true;
}

/* One more, of everything, when all is at rest. */
static void look_once_more(struct sim *s)
{
	struct disk *d = disk_of(s);
	struct error err = ERROR_INIT;
	struct observed seen;

	world_copy(&s->snapshot, &s->world);
	s->snapshot_fails = s->snapshot_partial = false;
	disk_take(s);
	arena_reset(d->turn);
	sim_store_must(s, store_begin(d->store, ERROR_HERE, &d->txn, &err), &err);
	(void)disk_look(s, &seen);
	sim_store_must(s, store_commit(&d->txn, &err), &err);
}

/* --- a turn --- */

static void disk_begin(struct sim *s)
{
	struct disk *d = disk_of(s);
	struct error err = ERROR_INIT;
	arena_reset(d->turn);
	sim_store_must(s, store_begin(d->store, ERROR_HERE, &d->txn, &err), &err);
}

static void disk_report(struct sim *s, const struct world_op *op, int code,
			const struct world_instance *wi)
{
	struct disk *d = disk_of(s);
	struct ledger l = ledger_of(s);
	struct work_step *w = take_flight(&d->flying, op->ticket);
	struct error err = ERROR_INIT;
	struct world_instance made = op->what;

	if (!w)
		sim_die(s, "an answer to a step that was never begun");
	w->result = code;
	if (code < 0)
		(void)error_set(&w->error, (enum error_code) - code, 0, "injected");
	made.state = INSTANCE_CREATED;
	w->has_after = op->kind == STEP_CREATE && code >= 0;
	if (w->has_after)
		world_show(wi ? wi : &made, &w->after);
	sim_store_must(s, ledger_result(&l, w, &err), &err);
	sim_store_law_report(s, op, code);
	touch(s, w->step.instance_id);
	w->job.drop(&w->job);
}

static void disk_exited(struct sim *s, const struct world_instance *wi, int code)
{
	struct ledger l = ledger_of(s);
	struct error err = ERROR_INIT;
	struct inbox_exit e = { .has_code = true, .code = code, .at = sim_wall(s) };

	snprintf(e.id, sizeof(e.id), "%s", wi->id);
	touch(s, e.id);
	sim_store_must(s, ledger_exit(&l, &e, &err), &err);
	sim_store_law_exited(s, e.id, code);
}

static void disk_save(struct sim *s, const struct reconcile_update *up)
{
	struct ledger l = ledger_of(s);
	struct error err = ERROR_INIT;
	sim_store_must(s, ledger_update(&l, WISH_DEPLOYMENT, up, &err), &err);
}

/* The driver's part of a spec, and copies of what does not live long enough. */
static const struct instance_spec *sign(const struct disk *d, const struct instance_spec *spec,
					struct arena *a)
{
	struct instance_spec *copy;
	if (!spec)
		return NULL;
	copy = arena_alloc(a, sizeof(*copy));
	*copy = *spec;
	copy->id = arena_strdup(a, spec->id);
	copy->deployment = arena_strdup(a, spec->deployment);
	copy->service_name = arena_strdup(a, spec->service_name);
	copy->config_hash = arena_strdup(a, spec->config_hash);
	copy->owner = "sim";
	copy->node_id = d->node_id;
	return copy;
}

static void disk_intents(struct sim *s, const struct reconcile_update *up)
{
	struct disk *d = disk_of(s);
	struct ledger l = ledger_of(s);
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < up->n_steps; i++) {
		const struct world_op op = sim_op(s, &up->steps[i]);
		struct runtime *rt = &d->runtimes[op.what.runtime].base;
		struct work_step *w =
			work_step_new(rt, &up->steps[i].step, (struct mono){ s->now_us });
		w->step.spec = sign(d, up->steps[i].step.spec, w->arena);
		w->ticket = op.ticket;
		add_flight(s, &d->pending, w);
	}
	sim_store_must(s, ledger_intents(&l, d->pending.items, d->pending.n, &err), &err);
}

static void disk_commit(struct sim *s)
{
	struct disk *d = disk_of(s);
	struct error err = ERROR_INIT;

	sim_store_must(s, store_commit(&d->txn, &err), &err);
	sim_store_law_commit(s);
	for (size_t i = 0; i < d->pending.n; i++) {
		struct work_step *w = d->pending.items[i];
		add_flight(s, &d->flying, w);
		touch(s, w->step.instance_id);
	}
	d->pending.n = 0;
}

static void disk_wish(struct sim *s)
{
	struct disk *d = disk_of(s);
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	struct revision_row rev = {
		.env = "{}", .source = "sim", .author = "sim", .created = sim_wall(s)
	};
	struct error err = ERROR_INIT;
	int64_t number;

	sim_store_text(&s->wish, &text);
	rev.bytes = text.data;
	rev.n_bytes = text.n;
	disk_begin(s);
	sim_store_must(s,
		       deployment_store_put(d->store, WISH_DEPLOYMENT, &rev, true, &number, &err),
		       &err);
	sim_store_must(s, store_commit(&d->txn, &err), &err);
}

static size_t disk_load(struct sim *s, struct slot *ret)
{
	struct disk *d = disk_of(s);
	struct error err = ERROR_INIT;
	struct slot_rows rows;
	sim_store_must(s, slot_store_list(d->store, WISH_DEPLOYMENT, s->event, &rows, &err), &err);
	if (rows.n > SIM_SLOTS)
		sim_die(s, "more slots on disk than there can be");
	for (size_t i = 0; i < rows.n; i++)
		ret[i] = rows.items[i];
	return rows.n;
}

static void disk_close(struct sim *s, bool is_crash)
{
	struct disk *d = disk_of(s);
	struct error err = ERROR_INIT;

	if (is_crash) {
		cut_off(s);
	} else {
		look_once_more(s);
		sim_store_law_rest(s);
	}
	drop_flights(&d->pending);
	drop_flights(&d->flying);
	if (is_crash)
		return;
	close_files(d);
	sim_store_must(s, fs_remove_tree(AT_FDCWD, d->dir, &err), &err);
	ledger_touched_free(d->touched);
	arena_free(d->turn);
	arena_free(d->look);
	free(d);
	s->disk_data = NULL;
}

const struct sim_disk_ops sim_disk_store = {
	.name = "store",
	.open = disk_open,
	.close = disk_close,
	.wish = disk_wish,
	.begin = disk_begin,
	.report = disk_report,
	.exited = disk_exited,
	.look = disk_look,
	.save = disk_save,
	.intents = disk_intents,
	.commit = disk_commit,
	.take = disk_take,
	.load = disk_load,
};
