/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of service and slot. A service's row is only there to hold its slots together. */
#include "store/slot_store.h"

#include <assert.h>

#include "store/queries.h"
#include "store/stmt.h"

static int make_service(struct store *s, const char *deployment, const char *service,
			struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_SERVICE_INSERT);

	stmt_bind_text(st, "service", service);
	stmt_bind_text(st, "deployment", deployment);
	return stmt_run(st, err);
}

int slot_store_save(struct store *s, const struct slot *slot, struct error *err)
{
	int r = make_service(s, slot->deployment, slot->service, err);
	bool waits = slot->retry_at.us != 0;

	if (r < 0)
		return r;
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_SLOT_SAVE);
	stmt_bind_text(st, "service", slot->service);
	stmt_bind_i64(st, "number", slot->number);
	stmt_bind_i64(st, "generation", (int64_t)slot->generation);
	stmt_bind_bool(st, "held", slot->held);
	stmt_bind_i64(st, "restarts", slot->restarts);
	stmt_bind_i64(st, "fails", slot->fails);
	stmt_bind_text(st, "retry_boot_id", waits ? (slot->boot_id ? slot->boot_id : "") : NULL);
	stmt_bind_opt(st, "retry_boot_us", waits, slot->retry_at.us);
	stmt_bind_opt(st, "retry_wall_us", waits, slot->retry_wall.us);
	stmt_bind_opt(st, "retry_len_us", waits, slot->retry_length_us);
	/* An HCS exit code is an unsigned 32-bit number in an int. */
	stmt_bind_opt(st, "exit_code", slot->has_exit_code, (int64_t)(uint32_t)slot->exit_code);
	stmt_bind_text(st, "done_hash", slot->done_hash);
	stmt_bind_text(st, "fault", slot->fault ? error_name(slot->fault) : NULL);
	stmt_bind_text(st, "reason", slot->reason);
	stmt_bind_text(st, "hint", slot->hint);
	stmt_bind_i64(st, "restart_upto", (int64_t)slot->restart_upto);
	stmt_bind_i64(st, "healed", slot->healed);
	stmt_bind_i64(st, "fights", slot->fights);
	stmt_bind_i64(st, "fight_since_us", slot->fight_since.us);
	stmt_bind_text(st, "deployment", slot->deployment);
	return stmt_run_one(st, slot->deployment, err);
}

static void read_row(struct stmt *st, struct arena *a, struct slot *ret)
{
	const char *fault;

	ret->deployment = stmt_text(st, "deployment", a);
	ret->service = stmt_text(st, "service", a);
	ret->number = (uint32_t)stmt_i64(st, "number");
	ret->generation = (uint64_t)stmt_i64(st, "generation");
	ret->held = stmt_bool(st, "held");
	ret->restarts = (uint32_t)stmt_i64(st, "restarts");
	ret->fails = (uint32_t)stmt_i64(st, "fails");
	ret->boot_id = stmt_text(st, "retry_boot_id", a);
	ret->retry_at.us = stmt_i64(st, "retry_boot_us");
	ret->retry_wall.us = stmt_i64(st, "retry_wall_us");
	ret->retry_length_us = stmt_i64(st, "retry_len_us");
	ret->has_exit_code = !stmt_is_null(st, "exit_code");
	ret->exit_code = (int)(uint32_t)stmt_i64(st, "exit_code");
	ret->done_hash = stmt_text(st, "done_hash", a);
	fault = stmt_text(st, "fault", a);
	ret->fault = fault ? error_from_name(fault) : ERR_OK;
	ret->reason = stmt_text(st, "reason", a);
	ret->hint = stmt_text(st, "hint", a);
	ret->restart_upto = (uint64_t)stmt_i64(st, "restart_upto");
	ret->healed = (uint32_t)stmt_i64(st, "healed");
	ret->fights = (uint32_t)stmt_i64(st, "fights");
	ret->fight_since.us = stmt_i64(st, "fight_since_us");
}

int slot_store_list(struct store *s, const char *deployment, struct arena *a, struct slot_rows *ret,
		    struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, deployment ? Q_SLOT_LIST : Q_SLOT_LIST_ALL);
	struct slot_rows rows = { 0 };
	int r;

	if (deployment)
		stmt_bind_text(st, "deployment", deployment);
	while ((r = stmt_step(st, err)) == STMT_ROW) {
		rows.items = arena_grow(a, rows.items, rows.n, sizeof(*rows.items));
		read_row(st, a, &rows.items[rows.n++]);
	}
	if (r == 0)
		*ret = rows;
	return r;
}

int slot_store_next_generation(struct store *s, const struct slot *slot, uint64_t seen,
			       uint64_t *ret, struct error *err)
{
	int r = make_service(s, slot->deployment, slot->service, err);

	if (r < 0)
		return r;
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_SLOT_NEXT_GENERATION);
	stmt_bind_text(st, "service", slot->service);
	stmt_bind_i64(st, "number", slot->number);
	stmt_bind_i64(st, "seen", (int64_t)seen);
	stmt_bind_text(st, "deployment", slot->deployment);
	r = stmt_step(st, err);
	if (r < 0)
		return r;
	if (r != STMT_ROW)
		return error_set(err, ERR_NOT_FOUND, 0, "deployment %s is not in the store",
				 slot->deployment);
	*ret = (uint64_t)stmt_i64(st, "generation");
	return 0;
}

int slot_store_raise(struct store *s, const struct instance *i, struct error *err)
{
	int r = make_service(s, i->deployment, i->service, err);

	if (r < 0)
		return r;
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_SLOT_RAISE);
	stmt_bind_text(st, "service", i->service);
	stmt_bind_i64(st, "number", i->slot);
	stmt_bind_i64(st, "generation", (int64_t)i->generation);
	stmt_bind_text(st, "deployment", i->deployment);
	return stmt_run_one(st, i->deployment, err);
}

int slot_store_forget_done(struct store *s, const char *deployment, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_SLOT_FORGET_DONE);

	stmt_bind_text(st, "deployment", deployment);
	return stmt_run(st, err);
}
