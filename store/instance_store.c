/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of instance; the slot that they hang from is made on the way. */
#include "store/instance_store.h"

#include "store/queries.h"
#include "store/slot_store.h"
#include "store/stmt.h"

static void bind_row(struct stmt *st, const struct instance *i, struct wall now)
{
	stmt_bind_text(st, "runtime_id", i->id);
	stmt_bind_text(st, "service", i->service);
	stmt_bind_i64(st, "number", i->slot);
	stmt_bind_i64(st, "generation", (int64_t)i->generation);
	stmt_bind_text(st, "runtime", i->runtime);
	stmt_bind_text(st, "program", i->program);
	stmt_bind_text(st, "program_path", i->program_path);
	stmt_bind_text(st, "program_version", i->program_version);
	stmt_bind_text(st, "state", instance_state_to_string(i->state));
	stmt_bind_opt(st, "pid", i->pid > 0, i->pid);
	stmt_bind_opt(st, "start_time", i->start_time > 0, (int64_t)i->start_time);
	stmt_bind_text(st, "boot_id", i->boot_id);
	stmt_bind_text(st, "config_hash", i->config_hash);
	stmt_bind_text(st, "image", i->image);
	stmt_bind_text(st, "digest", i->digest);
	stmt_bind_text(st, "address", i->address);
	/* An HCS exit code is an unsigned 32-bit number in an int. */
	stmt_bind_opt(st, "exit_code", i->has_exit_code, (int64_t)(uint32_t)i->exit_code);
	stmt_bind_opt(st, "created_us", i->created.us != 0, i->created.us);
	stmt_bind_opt(st, "started_us", i->started.us != 0, i->started.us);
	stmt_bind_opt(st, "finished_us", i->finished.us != 0, i->finished.us);
	stmt_bind_i64(st, "now_us", now.us);
	stmt_bind_text(st, "deployment", i->deployment);
}

int instance_store_save(struct store *s, const struct instance *i, struct wall now,
			struct error *err)
{
	int r = slot_store_raise(s, i, err);

	if (r < 0)
		return r;
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_INSTANCE_SAVE);
	bind_row(st, i, now);
	r = stmt_run(st, err);
	if (r == 0 && stmt_changes(st) != 1)
		return error_set(err, ERR_CONFLICT, 0, "%s was made by another runtime than %s",
				 i->id, i->runtime);
	return r;
}

int instance_store_delete(struct store *s, const char *id, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_INSTANCE_DELETE);

	stmt_bind_text(st, "runtime_id", id);
	return stmt_run(st, err);
}

/* Returns false when the state is a word this program does not know. */
static bool read_row(struct stmt *st, struct arena *a, struct instance *ret, struct wall *ret_since)
{
	const char *state;

	ret->id = stmt_text(st, "runtime_id", a);
	ret->deployment = stmt_text(st, "deployment", a);
	ret->service = stmt_text(st, "service", a);
	ret->slot = (uint32_t)stmt_i64(st, "number");
	ret->generation = (uint64_t)stmt_i64(st, "generation");
	ret->runtime = stmt_text(st, "runtime", a);
	ret->program = stmt_text(st, "program", a);
	ret->program_path = stmt_text(st, "program_path", a);
	ret->program_version = stmt_text(st, "program_version", a);
	state = stmt_text(st, "state", a);
	ret->pid = (int32_t)stmt_i64(st, "pid");
	ret->start_time = (uint64_t)stmt_i64(st, "start_time");
	ret->boot_id = stmt_text(st, "boot_id", a);
	ret->config_hash = stmt_text(st, "config_hash", a);
	ret->image = stmt_text(st, "image", a);
	ret->digest = stmt_text(st, "digest", a);
	ret->address = stmt_text(st, "address", a);
	ret->has_exit_code = !stmt_is_null(st, "exit_code");
	ret->exit_code = (int)(uint32_t)stmt_i64(st, "exit_code");
	ret->created.us = stmt_i64(st, "created_us");
	ret->started.us = stmt_i64(st, "started_us");
	ret->finished.us = stmt_i64(st, "finished_us");
	ret_since->us = stmt_i64(st, "since_us");
	return instance_state_from_string(state, &ret->state);
}

static int bad_state(const struct instance *i, struct error *err)
{
	return error_set(err, ERR_CORRUPT, 0, "instance %s has an unknown state", i->id);
}

int instance_store_find(struct store *s, const char *id, struct arena *a, struct instance *ret,
			struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_INSTANCE_FIND);
	struct instance row = { 0 };
	struct wall since;
	int r;

	stmt_bind_text(st, "runtime_id", id);
	r = stmt_step(st, err);
	if (r != STMT_ROW)
		return r < 0 ? r : INSTANCE_ABSENT;
	if (!read_row(st, a, &row, &since))
		return bad_state(&row, err);
	*ret = row;
	return 0;
}

int instance_store_list(struct store *s, const char *deployment, struct arena *a,
			struct instance_rows *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) =
		stmt_get(s, deployment ? Q_INSTANCE_LIST : Q_INSTANCE_LIST_ALL);
	struct instance_rows rows = { 0 };
	int r;

	if (deployment)
		stmt_bind_text(st, "deployment", deployment);
	while ((r = stmt_step(st, err)) == STMT_ROW) {
		rows.items = arena_grow(a, rows.items, rows.n, sizeof(*rows.items));
		rows.since = arena_grow(a, rows.since, rows.n, sizeof(*rows.since));
		if (!read_row(st, a, &rows.items[rows.n], &rows.since[rows.n]))
			return bad_state(&rows.items[rows.n], err);
		rows.n++;
	}
	if (r == 0)
		*ret = rows;
	return r;
}
