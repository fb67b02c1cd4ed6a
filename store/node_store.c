/* SPDX-License-Identifier: Apache-2.0 */
/* Loads and saves the node's row; decides nothing about claims or deletion. */
#include "store/node_store.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/rand.h"
#include "store/queries.h"
#include "store/stmt.h"

static const char *const accept_names[] = {
	[NODE_ACCEPTED] = NULL,
	[NODE_REBUILT] = "rebuilt",
	[NODE_RESTORED] = "restored",
};

/* A word we do not know can only come from later: it still means that nobody has accepted. */
static enum node_accept accept_from(const char *word)
{
	if (!word)
		return NODE_ACCEPTED;
	return strcmp(word, "restored") == 0 ? NODE_RESTORED : NODE_REBUILT;
}

int node_store_load(struct store *s, struct node_row *ret, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_NODE_LOAD);
	int r = stmt_step(st, err);

	if (r != STMT_ROW)
		return r < 0 ? r : NODE_ABSENT;
	snprintf(ret->node_id, sizeof(ret->node_id), "%s", stmt_text(st, "node_id", a));
	ret->epoch = stmt_i64(st, "epoch");
	ret->session = stmt_i64(st, "session");
	ret->created.us = stmt_i64(st, "created_us");
	ret->accept = accept_from(stmt_text(st, "accept", a));
	return 0;
}

int node_store_make(struct store *s, const struct node_row *row, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_NODE_INSERT);
	unsigned char bits[16];
	char id[NODE_ID_SIZE];

	rand_bytes(bits, sizeof(bits));
	for (size_t i = 0; i < sizeof(bits); i++)
		snprintf(id + 2 * i, 3, "%02x", bits[i]);
	stmt_bind_text(st, "node_id", id);
	stmt_bind_i64(st, "created_us", row->created.us);
	stmt_bind_text(st, "accept", accept_names[row->accept]);
	return stmt_run(st, err);
}

int node_store_save(struct store *s, const struct node_row *row, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_NODE_SAVE);

	stmt_bind_text(st, "node_id", row->node_id);
	stmt_bind_i64(st, "epoch", row->epoch);
	stmt_bind_i64(st, "session", row->session);
	stmt_bind_text(st, "accept", accept_names[row->accept]);
	return stmt_run_one(st, "node", err);
}

int node_store_accept(struct store *s, struct error *err)
{
	struct node_row row;
	int r = node_store_load(s, &row, err);

	assert(r != NODE_ABSENT);
	if (r < 0)
		return r;
	row.accept = NODE_ACCEPTED;
	return node_store_save(s, &row, err);
}

int node_store_boot(struct store *s, const char *runtime, struct arena *a, const char **ret_boot_id,
		    struct wall *ret_seen, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_BOOT_LOAD);
	int r;

	stmt_bind_text(st, "runtime", runtime);
	r = stmt_step(st, err);
	if (r != STMT_ROW)
		return r < 0 ? r : NODE_BOOT_UNKNOWN;
	*ret_boot_id = stmt_text(st, "boot_id", a);
	*ret_seen = (struct wall){ stmt_i64(st, "seen_us") };
	return 0;
}

int node_store_save_boot(struct store *s, const char *runtime, const char *boot_id, struct wall now,
			 struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_BOOT_SAVE);

	stmt_bind_text(st, "runtime", runtime);
	stmt_bind_text(st, "boot_id", boot_id);
	stmt_bind_i64(st, "seen_us", now.us);
	return stmt_run(st, err);
}
