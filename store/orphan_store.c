/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of orphan. What becomes of them is the controller's matter. */
#include "store/orphan_store.h"

#include "store/queries.h"
#include "store/stmt.h"

int orphan_store_save(struct store *s, const struct orphan *o, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_ORPHAN_SAVE);

	stmt_bind_text(st, "runtime", o->runtime);
	stmt_bind_text(st, "runtime_id", o->id);
	stmt_bind_text(st, "kinds", leftover_words(o->kinds, a));
	stmt_bind_i64(st, "sightings", o->sightings);
	stmt_bind_i64(st, "first_us", o->first.us);
	stmt_bind_i64(st, "last_us", o->last.us);
	stmt_bind_text(st, "state", orphan_state_to_string(o->state));
	stmt_bind_i64(st, "since_us", o->since.us);
	stmt_bind_i64(st, "tries", o->tries);
	stmt_bind_opt(st, "retry_us", o->retry.us != 0, o->retry.us);
	stmt_bind_text(st, "reason", o->reason);
	return stmt_run(st, err);
}

int orphan_store_delete(struct store *s, const char *runtime, const char *id, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_ORPHAN_DELETE);

	stmt_bind_text(st, "runtime", runtime);
	stmt_bind_text(st, "runtime_id", id);
	return stmt_run(st, err);
}

/* Returns false when the state is a word this program does not know. */
static bool read_row(struct stmt *st, struct arena *a, struct orphan *ret)
{
	const char *state;

	ret->runtime = stmt_text(st, "runtime", a);
	ret->id = stmt_text(st, "runtime_id", a);
	ret->kinds = leftover_kinds(stmt_text(st, "kinds", a));
	ret->sightings = stmt_i64(st, "sightings");
	ret->first.us = stmt_i64(st, "first_us");
	ret->last.us = stmt_i64(st, "last_us");
	state = stmt_text(st, "state", a);
	ret->since.us = stmt_i64(st, "since_us");
	ret->tries = stmt_i64(st, "tries");
	ret->retry.us = stmt_i64(st, "retry_us");
	ret->reason = stmt_text(st, "reason", a);
	return orphan_state_from_string(state, &ret->state);
}

static int read_checked(struct stmt *st, struct arena *a, struct orphan *ret, struct error *err)
{
	if (read_row(st, a, ret))
		return 0;
	return error_set(err, ERR_CORRUPT, 0, "orphan %s has an unknown state", ret->id);
}

static int read_all(struct stmt *st, struct arena *a, struct orphan_rows *ret, struct error *err)
{
	struct orphan_rows rows = { 0 };
	int r;

	while ((r = stmt_step(st, err)) == STMT_ROW) {
		rows.items = arena_grow(a, rows.items, rows.n, sizeof(*rows.items));
		r = read_checked(st, a, &rows.items[rows.n++], err);
		if (r < 0)
			return r;
	}
	if (r == 0)
		*ret = rows;
	return r;
}

int orphan_store_list(struct store *s, struct arena *a, struct orphan_rows *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_ORPHAN_LIST);

	return read_all(st, a, ret, err);
}

int orphan_store_restoring(struct store *s, const char *runtime, struct arena *a,
			   struct orphan_rows *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_ORPHAN_RESTORING);

	stmt_bind_text(st, "runtime", runtime);
	return read_all(st, a, ret, err);
}

int orphan_store_find(struct store *s, const char *runtime, const char *id, struct arena *a,
		      struct orphan *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_ORPHAN_FIND);
	int r;

	stmt_bind_text(st, "runtime", runtime);
	stmt_bind_text(st, "runtime_id", id);
	r = stmt_step(st, err);
	if (r == STMT_ROW)
		return read_checked(st, a, ret, err);
	return r < 0 ? r : ORPHAN_ABSENT;
}
