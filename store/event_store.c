/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of event. A ring by number: AUTOINCREMENT gives numbers without gaps inside committed
 * transactions, so the oldest to keep is known without counting. */
#include "store/event_store.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "store/queries.h"
#include "store/stmt.h"

static const char *const level_names[] = {
	[EVENT_INFO] = "info",
	[EVENT_WARNING] = "warning",
	[EVENT_ERROR] = "error",
};

const char *event_store_level_to_string(enum event_level level)
{
	return level_names[level];
}

static void bind_row(struct stmt *st, const struct event_row *row)
{
	stmt_bind_i64(st, "at_us", row->last.us);
	stmt_bind_text(st, "level", level_names[row->level]);
	stmt_bind_text(st, "kind", row->kind);
	stmt_bind_text(st, "deployment", row->deployment);
	stmt_bind_text(st, "service", row->service);
	stmt_bind_opt(st, "number", row->slot >= 0, row->slot);
	stmt_bind_text(st, "runtime_id", row->runtime_id);
	stmt_bind_text(st, "message", row->message);
	stmt_bind_bool(st, "by_person", row->by_person);
}

enum { COUNTED = 1 };

static int count_repeat(struct store *s, const struct event_row *row, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_EVENT_REPEAT);
	int r;

	bind_row(st, row);
	stmt_bind_i64(st, "since_us", row->last.us - EVENT_REPEAT_US);
	r = stmt_run(st, err);
	return r == 0 && stmt_changes(st) ? COUNTED : r;
}

static int insert(struct store *s, const struct event_row *row, int64_t *ret_seq, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_EVENT_INSERT);
	int r;

	bind_row(st, row);
	r = stmt_step(st, err);
	if (r < 0)
		return r;
	assert(r == STMT_ROW);
	*ret_seq = stmt_i64(st, "seq");
	return 0;
}

int event_store_append(struct store *s, const struct event_row *row, struct error *err)
{
	int r = count_repeat(s, row, err);
	int64_t seq;

	if (r != 0)
		return r < 0 ? r : 0;
	r = insert(s, row, &seq, err);
	if (r < 0)
		return r;
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_EVENT_TRIM);
	stmt_bind_i64(st, "seq", seq);
	stmt_bind_i64(st, "keep", LIMIT_EVENTS);
	return stmt_run(st, err);
}

static enum event_level level_from(const char *name)
{
	if (strcmp(name, level_names[EVENT_WARNING]) == 0)
		return EVENT_WARNING;
	return strcmp(name, level_names[EVENT_ERROR]) == 0 ? EVENT_ERROR : EVENT_INFO;
}

static void read_row(struct stmt *st, struct arena *a, struct event_row *ret)
{
	ret->seq = stmt_i64(st, "seq");
	ret->first.us = stmt_i64(st, "first_us");
	ret->last.us = stmt_i64(st, "last_us");
	ret->count = stmt_i64(st, "count");
	ret->level = level_from(stmt_text(st, "level", a));
	ret->kind = stmt_text(st, "kind", a);
	ret->deployment = stmt_text(st, "deployment", a);
	ret->service = stmt_text(st, "service", a);
	ret->slot = stmt_is_null(st, "number") ? -1 : 0;
	ret->slot += stmt_i64(st, "number");
	ret->runtime_id = stmt_text(st, "runtime_id", a);
	ret->message = stmt_text(st, "message", a);
	ret->by_person = stmt_bool(st, "by_person");
}

int event_store_list(struct store *s, const struct event_filter *filter, struct arena *a,
		     struct event_rows *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_EVENT_LIST);
	struct event_rows rows = { 0 };
	int r;

	stmt_bind_i64(st, "after", filter->after);
	stmt_bind_text(st, "deployment", filter->deployment);
	stmt_bind_text(st, "service", filter->service);
	stmt_bind_i64(st, "limit", filter->limit > 0 ? filter->limit : LIMIT_EVENTS);
	while ((r = stmt_step(st, err)) == STMT_ROW) {
		rows.items = arena_grow(a, rows.items, rows.n, sizeof(*rows.items));
		read_row(st, a, &rows.items[rows.n++]);
	}
	if (r == 0)
		*ret = rows;
	return r;
}
