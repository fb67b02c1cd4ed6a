/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is a struct: as fast as memory, and as forgetful as a connection that was cut. */
#include <string.h>

#include "tests/sim/sim.h"

struct kept_slot {
	struct slot slot;
	char boot_id[16], done_hash[160], reason[160], hint[160];
	bool is_used;
};

struct content {
	struct kept_slot slots[SIM_SLOTS];
	struct world rows; /* of instances */
};

struct disk {
	struct content now;
	struct content
		before; /* what is found when the turn is not committed; kept when it matters */
	bool has_before;
};

static void disk_open(struct sim *s)
{
	if (!s->disk_data)
		s->disk_data = xcalloc(1, sizeof(struct disk));
}

static void disk_close(struct sim *s, bool is_crash)
{
	struct disk *d = s->disk_data;
	if (!is_crash) {
		free(d);
		s->disk_data = NULL;
		return;
	}
	if (d->has_before)
		d->now = d->before;
	d->has_before = false;
}

static void disk_wish(struct sim *s)
{
	(void)s; /* s->wish is the disk's */
}

static void disk_begin(struct sim *s)
{
	struct disk *d = s->disk_data;
	d->has_before = s->crash_due == SIM_CRASH_BEFORE_WRITE;
	if (d->has_before)
		d->before = d->now;
}

static void disk_commit(struct sim *s)
{
	struct disk *d = s->disk_data;
	d->has_before = false;
}

static void disk_report(struct sim *s, const struct world_op *op, int code,
			const struct world_instance *wi)
{
	struct disk *d = s->disk_data;
	if (code >= 0 && wi && !world_put(&d->now.rows, wi))
		sim_die(s, "too many rows");
	if (code >= 0 && op->kind == STEP_REMOVE)
		world_drop(&d->now.rows, op->what.id);
}

static void disk_exited(struct sim *s, const struct world_instance *wi, int code)
{
	struct disk *d = s->disk_data;
	struct world_instance *row = world_find(&d->now.rows, wi->id);
	if (!row)
		return;
	row->state = INSTANCE_EXITED;
	row->has_exit_code = true;
	row->exit_code = code;
}

/* Where runtime 1 does not answer its rows stand for what it has. */
static void disk_take(struct sim *s)
{
	const struct disk *d = s->disk_data;
	struct world *w = &s->snapshot;
	if (!s->snapshot_partial)
		return;
	for (size_t i = w->n; i-- > 0;)
		if (w->items[i].runtime == 1)
			w->items[i] = w->items[--w->n];
	for (size_t i = 0; i < d->now.rows.n; i++) {
		struct world_instance row = d->now.rows.items[i];
		row.state = INSTANCE_UNKNOWN;
		if (row.runtime == 1)
			(void)world_put(w, &row);
	}
}

/* A look is the truth about the rows, but for what was touched since it was asked for. */
static void correct_rows(struct sim *s, size_t slot)
{
	struct disk *d = s->disk_data;
	struct world *rows = &d->now.rows;
	if (s->told[slot].is_in_flight || s->told[slot].touched >= s->look)
		return;
	for (size_t i = rows->n; i-- > 0;)
		if (world_slot(&rows->items[i]) == slot &&
		    !world_find(&s->snapshot, rows->items[i].id))
			world_drop(rows, rows->items[i].id);
	for (size_t i = 0; i < s->snapshot.n; i++)
		if (world_slot(&s->snapshot.items[i]) == slot &&
		    !world_put(rows, &s->snapshot.items[i]))
			sim_die(s, "too many rows");
}

static bool disk_look(struct sim *s, struct observed *ret)
{
	if (s->snapshot_fails)
		return false;
	for (size_t i = 0; i < SIM_SLOTS; i++)
		correct_rows(s, i);
	world_view(&s->snapshot, s->event, ret);
	if (s->snapshot_partial)
		observed_note_silent(ret, wish_runtime(1), "no answer", s->event);
	return true;
}

static void keep_text(char *to, size_t size, const char *from, const char **ret)
{
	if (from != to) /* what was loaded may be saved again */
		snprintf(to, size, "%s", from ? from : "");
	*ret = from ? to : NULL;
}

static void keep(struct kept_slot *to, const struct slot *from)
{
	to->is_used = true;
	to->slot = *from;
	keep_text(to->boot_id, sizeof(to->boot_id), from->boot_id, &to->slot.boot_id);
	keep_text(to->done_hash, sizeof(to->done_hash), from->done_hash, &to->slot.done_hash);
	keep_text(to->reason, sizeof(to->reason), from->reason, &to->slot.reason);
	keep_text(to->hint, sizeof(to->hint), from->hint, &to->slot.hint);
}

static void disk_save(struct sim *s, const struct reconcile_update *up)
{
	struct disk *d = s->disk_data;
	for (size_t i = 0; i < up->n_slots; i++) {
		int slot = sim_slot_index(up->slots[i]->service, up->slots[i]->number);
		if (slot < 0)
			sim_die(s, "saves a slot that does not exist");
		keep(&d->now.slots[slot], up->slots[i]);
	}
}

static void disk_intents(struct sim *s, const struct reconcile_update *up)
{
	struct disk *d = s->disk_data;
	for (size_t i = 0; i < up->n_steps; i++) {
		struct world_op op = sim_op(s, &up->steps[i]);
		const struct kept_slot *k = &d->now.slots[world_slot(&op.what)];
		if (op.kind != STEP_CREATE)
			continue;
		if (!k->is_used || k->slot.generation < op.what.generation)
			sim_die(s, "begins what is not on disk");
		op.what.state = INSTANCE_UNKNOWN;
		if (!world_put(&d->now.rows, &op.what))
			sim_die(s, "too many rows");
	}
}

static size_t disk_load(struct sim *s, struct slot *ret)
{
	const struct disk *d = s->disk_data;
	size_t n = 0;
	for (unsigned i = 0; i < SIM_SLOTS; i++) {
		const struct kept_slot *k = &d->now.slots[i];
		struct slot *to = &ret[n];
		if (!k->is_used)
			continue;
		*to = k->slot;
		to->deployment = WISH_DEPLOYMENT;
		to->service = wish_service(i / WISH_REPLICAS);
		to->boot_id = k->slot.boot_id ? k->boot_id : NULL;
		to->done_hash = k->slot.done_hash ? k->done_hash : NULL;
		to->reason = k->slot.reason ? k->reason : NULL;
		to->hint = k->slot.hint ? k->hint : NULL;
		n++;
	}
	return n;
}

const struct sim_disk_ops sim_disk_struct = {
	.name = "struct",
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
