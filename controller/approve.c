/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the word and the event; the daemon's next look at its sources acts on it. */
#include "controller/approve.h"

#include <string.h>

#include "base/buf.h"
#include "store/event_store.h"
#include "store/source_store.h"
#include "store/store.h"

enum { MAX_LIST = 256 }; /* of hashes in a hint */

static int refuse(const struct source_rows *rows, const char *plan, struct error *err)
{
	struct buf others CLEAN(buf) = BUF_INIT(MAX_LIST);

	for (size_t i = 0; i < rows->n; i++)
		if (rows->items[i].waits &&
		    !(others.data && strstr(others.data, rows->items[i].waits)))
			buf_printf(&others, "%s%s", others.n ? ", " : "", rows->items[i].waits);
	(void)error_set(err, ERR_NOT_FOUND, 0, "no plan '%s' waits for approval", plan);
	error_hint(err, others.n ? "these do: %s" : "none does now%s",
		   others.n ? others.data : "; it was approved, or its source has changed since");
	return -ERR_NOT_FOUND;
}

/* The row that waits, for the event; NULL: none. */
static const struct source_row *find(const struct source_rows *rows, const char *plan)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->items[i].waits && strcmp(rows->items[i].waits, plan) == 0)
			return &rows->items[i];
	return NULL;
}

static int tell(struct store *s, const struct source_row *row, struct arena *a, struct error *err)
{
	const struct wall now = clock_wall();
	const struct event_row event = { .first = now,
					 .last = now,
					 .level = EVENT_INFO,
					 .kind = "approve",
					 .deployment = row->deployment,
					 .slot = -1,
					 .message = arena_printf(a, "approved: %s", row->problem),
					 .by_person = true };

	return event_store_append(s, &event, err);
}

int approve_plan(struct store *s, const char *plan, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct store_txn *txn CLEAN(store_txn) = NULL;
	const struct source_row *row;
	struct source_rows rows;
	int r = store_begin(s, ERROR_HERE, &txn, err);

	if (r == 0)
		r = source_store_list(s, a, &rows, err);
	if (r < 0)
		return r;
	row = find(&rows, plan);
	if (!row)
		return refuse(&rows, plan, err);
	r = source_store_approve(s, plan, clock_wall(), err);
	if (r == 0)
		r = tell(s, row, a, err);
	return r < 0 ? r : store_commit(&txn, err);
}
