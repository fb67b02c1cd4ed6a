/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of intent. Replaying them is the controller's work. */
#include "store/intent_store.h"

#include <assert.h>
#include <string.h>

#include "store/queries.h"
#include "store/stmt.h"

static int put_one(struct store *s, struct intent_row *row, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_INTENT_INSERT);
	int r;

	stmt_bind_text(st, "runtime_id", row->runtime_id);
	stmt_bind_text(st, "runtime", row->runtime);
	stmt_bind_text(st, "deployment", row->deployment);
	stmt_bind_text(st, "service", row->service);
	stmt_bind_i64(st, "number", row->slot);
	stmt_bind_text(st, "step", step_kind_to_string(row->step));
	stmt_bind_text(st, "detail", row->detail);
	stmt_bind_i64(st, "opened_us", row->opened.us);
	r = stmt_step(st, err);
	if (r < 0)
		return r;
	assert(r == STMT_ROW);
	row->id = stmt_i64(st, "id");
	return 0;
}

int intent_store_newest(struct store *s, int64_t *ret_id, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_INTENT_NEWEST);
	int r = stmt_step(st, err);

	if (r < 0)
		return r;
	assert(r == STMT_ROW); /* of an aggregate */
	*ret_id = stmt_i64(st, "id");
	return 0;
}

int intent_store_put(struct store *s, struct intent_row *items, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		int r = put_one(s, &items[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

int intent_store_close(struct store *s, int64_t id, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_INTENT_CLOSE);

	stmt_bind_i64(st, "id", id);
	return stmt_run(st, err);
}

static bool kind_from(const char *name, enum step_kind *ret)
{
	for (int i = 0; i < STEP_N_KINDS; i++) {
		if (strcmp(step_kind_to_string((enum step_kind)i), name) != 0)
			continue;
		*ret = (enum step_kind)i;
		return true;
	}
	return false;
}

static bool read_row(struct stmt *st, struct arena *a, struct intent_row *ret)
{
	const char *step;

	ret->id = stmt_i64(st, "id");
	ret->runtime_id = stmt_text(st, "runtime_id", a);
	ret->runtime = stmt_text(st, "runtime", a);
	ret->deployment = stmt_text(st, "deployment", a);
	ret->service = stmt_text(st, "service", a);
	ret->slot = (uint32_t)stmt_i64(st, "number");
	step = stmt_text(st, "step", a);
	ret->detail = stmt_text(st, "detail", a);
	ret->session = stmt_i64(st, "session");
	ret->opened.us = stmt_i64(st, "opened_us");
	return kind_from(step, &ret->step);
}

int intent_store_list(struct store *s, struct arena *a, struct intent_rows *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_INTENT_LIST);
	struct intent_rows rows = { 0 };
	int r;

	while ((r = stmt_step(st, err)) == STMT_ROW) {
		rows.items = arena_grow(a, rows.items, rows.n, sizeof(*rows.items));
		if (!read_row(st, a, &rows.items[rows.n]))
			return error_set(err, ERR_CORRUPT, 0, "intent %lld has an unknown step",
					 (long long)rows.items[rows.n].id);
		rows.n++;
	}
	if (r == 0)
		*ret = rows;
	return r;
}
