/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of source and approval; what they mean is the controller's matter. */
#include "store/source_store.h"

#include "store/queries.h"
#include "store/stmt.h"

static void read_row(struct stmt *st, struct arena *a, struct source_row *ret)
{
	*ret = (struct source_row){
		.path = stmt_text(st, "path", a),
		.watched = stmt_text(st, "watched", a),
		.deployment = stmt_text(st, "deployment", a),
		.digest = stmt_text(st, "digest", a),
		.problem = stmt_text(st, "problem", a),
		.waits = stmt_text(st, "waits", a),
		.gone = { stmt_i64(st, "gone_us") },
	};
}

int source_store_list(struct store *s, struct arena *a, struct source_rows *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_SOURCE_LIST);
	struct source_rows rows = { 0 };
	int r;

	while ((r = stmt_step(st, err)) == STMT_ROW) {
		rows.items = arena_grow(a, rows.items, rows.n, sizeof(*rows.items));
		read_row(st, a, &rows.items[rows.n++]);
	}
	if (r == 0)
		*ret = rows;
	return r;
}

int source_store_save(struct store *s, const struct source_row *row, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_SOURCE_SAVE);

	stmt_bind_text(st, "path", row->path);
	stmt_bind_text(st, "watched", row->watched);
	stmt_bind_text(st, "deployment", row->deployment);
	stmt_bind_text(st, "digest", row->digest);
	stmt_bind_text(st, "problem", row->problem);
	stmt_bind_text(st, "waits", row->waits);
	stmt_bind_opt(st, "gone_us", row->gone.us != 0, row->gone.us);
	return stmt_run(st, err);
}

int source_store_delete(struct store *s, const char *path, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_SOURCE_DELETE);

	stmt_bind_text(st, "path", path);
	return stmt_run(st, err);
}

int source_store_approve(struct store *s, const char *plan, struct wall now, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_APPROVAL_PUT);

	stmt_bind_text(st, "plan", plan);
	stmt_bind_i64(st, "approved_us", now.us);
	return stmt_run(st, err);
}

int source_store_approved(struct store *s, const char *plan, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_APPROVAL_FIND);
	int r;

	stmt_bind_text(st, "plan", plan);
	r = stmt_step(st, err);
	if (r < 0)
		return r;
	return stmt_bool(st, "approved") ? SOURCE_APPROVED : 0;
}

int source_store_forget_approvals(struct store *s, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_APPROVAL_CLEAR);

	return stmt_run(st, err);
}
