/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of deployment and revision. Knows nothing of what is in the bytes. */
#include "store/deployment_store.h"

#include <assert.h>
#include <string.h>

#include "base/digest.h"
#include "base/limits.h"
#include "store/queries.h"
#include "store/stmt.h"

static const char *const wish_names[] = {
	[DEPLOYMENT_PRESENT] = "present",
	[DEPLOYMENT_NOTHING] = "nothing",
};

static int64_t read_row(struct stmt *st, struct arena *a, struct deployment_row *ret)
{
	int64_t id = stmt_i64(st, "id");
	const char *wish;

	ret->name = stmt_text(st, "name", a);
	ret->revision = stmt_i64(st, "revision");
	wish = stmt_text(st, "wish", a);
	ret->wish = strcmp(wish, wish_names[DEPLOYMENT_NOTHING]) == 0 ? DEPLOYMENT_NOTHING
								      : DEPLOYMENT_PRESENT;
	ret->wish_by_person = stmt_bool(st, "wish_by_person");
	ret->wish_at.us = stmt_i64(st, "wish_us");
	ret->settings = stmt_text(st, "settings", a);
	return id;
}

/* DEPLOYMENT_ABSENT, or 0 with the row and its id. */
static int find(struct store *s, const char *name, struct arena *a, struct deployment_row *ret,
		int64_t *ret_id, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_DEPLOYMENT_FIND);
	int r;

	stmt_bind_text(st, "name", name);
	r = stmt_step(st, err);
	if (r != STMT_ROW)
		return r < 0 ? r : DEPLOYMENT_ABSENT;
	*ret_id = read_row(st, a, ret);
	return 0;
}

static int insert(struct store *s, const char *name, struct wall now, int64_t *ret_id,
		  struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_DEPLOYMENT_INSERT);
	int r;

	stmt_bind_text(st, "name", name);
	stmt_bind_i64(st, "now_us", now.us);
	r = stmt_step(st, err);
	if (r < 0)
		return r;
	assert(r == STMT_ROW);
	*ret_id = stmt_i64(st, "id");
	return 0;
}

/* The deployment's id, made when the name is new; another case of the name is an error. */
static int ensure(struct store *s, const char *name, struct wall now, int64_t *ret_id,
		  struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct deployment_row row;
	int r = find(s, name, a, &row, ret_id, err);

	if (r == DEPLOYMENT_ABSENT)
		return insert(s, name, now, ret_id, err);
	if (r == 0 && strcmp(row.name, name) != 0)
		return error_set(err, ERR_EXISTS, 0,
				 "deployment %s differs only in case from %s on this node", name,
				 row.name);
	return r;
}

int deployment_store_ensure(struct store *s, const char *name, struct wall now, struct error *err)
{
	int64_t id;

	return ensure(s, name, now, &id, err);
}

static void hash(const struct revision_row *rev, char hex[DIGEST_HEX_SIZE])
{
	uint8_t sum[DIGEST_BYTES];

	digest_sha256(rev->bytes, rev->n_bytes, sum);
	digest_hex(sum, hex);
}

/* DEPLOYMENT_UNCHANGED with the number when the current revision is the same. */
static int compare_current(struct store *s, int64_t id, const char *digest, const char *env,
			   int64_t *ret_number, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_REVISION_SAME);
	int r;

	stmt_bind_i64(st, "deployment", id);
	stmt_bind_text(st, "digest", digest);
	stmt_bind_text(st, "env", env);
	r = stmt_step(st, err);
	if (r != STMT_ROW)
		return r;
	*ret_number = stmt_i64(st, "number");
	return DEPLOYMENT_UNCHANGED;
}

static int insert_revision(struct store *s, int64_t id, const struct revision_row *rev,
			   const char *digest, int64_t *ret_number, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_REVISION_INSERT);
	int r;

	stmt_bind_i64(st, "deployment", id);
	stmt_bind_text(st, "digest", digest);
	stmt_bind_bytes(st, "bytes", rev->bytes, rev->n_bytes);
	stmt_bind_text(st, "env", rev->env);
	stmt_bind_text(st, "source", rev->source);
	stmt_bind_text(st, "author", rev->author);
	stmt_bind_i64(st, "created_us", rev->created.us);
	r = stmt_step(st, err);
	if (r < 0)
		return r;
	assert(r == STMT_ROW);
	*ret_number = stmt_i64(st, "number");
	return 0;
}

static int set_current(struct store *s, int64_t id, int64_t number, struct error *err)
{
	struct stmt *set CLEAN(stmt) = stmt_get(s, Q_DEPLOYMENT_SET_REVISION);
	struct stmt *prune CLEAN(stmt) = stmt_get(s, Q_REVISION_PRUNE);
	int r;

	stmt_bind_i64(set, "id", id);
	stmt_bind_i64(set, "revision", number);
	r = stmt_run(set, err);
	if (r < 0)
		return r;
	stmt_bind_i64(prune, "deployment", id);
	stmt_bind_i64(prune, "number", number);
	stmt_bind_i64(prune, "keep", DEPLOYMENT_REVISIONS_KEPT);
	return stmt_run(prune, err);
}

int deployment_store_put(struct store *s, const char *name, const struct revision_row *rev,
			 bool by_person, int64_t *ret_number, struct error *err)
{
	char digest[DIGEST_HEX_SIZE];
	bool is_same;
	int64_t id;
	int r;

	if (rev->n_bytes > LIMIT_SPEC_BYTES)
		return error_set(err, ERR_LIMIT, 0, "revision of %s is larger than %d bytes", name,
				 LIMIT_SPEC_BYTES);
	hash(rev, digest);
	r = ensure(s, name, rev->created, &id, err);
	if (r < 0)
		return r;
	r = compare_current(s, id, digest, rev->env, ret_number, err);
	is_same = r == DEPLOYMENT_UNCHANGED;
	if (r == 0)
		r = insert_revision(s, id, rev, digest, ret_number, err);
	if (r == 0)
		r = set_current(s, id, *ret_number, err);
	if (r >= 0)
		r = deployment_store_wish(s, name, DEPLOYMENT_PRESENT, by_person, rev->created,
					  err);
	return r == 0 && is_same ? DEPLOYMENT_UNCHANGED : r;
}

int deployment_store_find(struct store *s, const char *name, struct arena *a,
			  struct deployment_row *ret, struct error *err)
{
	int64_t id;

	return find(s, name, a, ret, &id, err);
}

int deployment_store_list(struct store *s, struct arena *a, struct deployment_rows *ret,
			  struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_DEPLOYMENT_LIST);
	struct deployment_rows rows = { 0 };
	int r;

	while ((r = stmt_step(st, err)) == STMT_ROW) {
		rows.items = arena_grow(a, rows.items, rows.n, sizeof(*rows.items));
		read_row(st, a, &rows.items[rows.n++]);
	}
	if (r == 0)
		*ret = rows;
	return r;
}

int deployment_store_revision(struct store *s, const char *name, int64_t number, struct arena *a,
			      struct revision_row *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_REVISION_FIND);
	int r;

	stmt_bind_text(st, "name", name);
	stmt_bind_i64(st, "number", number);
	r = stmt_step(st, err);
	if (r != STMT_ROW)
		return r < 0 ? r : DEPLOYMENT_ABSENT;
	ret->number = stmt_i64(st, "number");
	ret->digest = stmt_text(st, "digest", a);
	ret->bytes = stmt_bytes(st, "bytes", a, &ret->n_bytes);
	ret->env = stmt_text(st, "env", a);
	ret->source = stmt_text(st, "source", a);
	ret->author = stmt_text(st, "author", a);
	ret->created.us = stmt_i64(st, "created_us");
	return 0;
}

int deployment_store_history(struct store *s, const char *name, struct arena *a,
			     struct revision_rows *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_REVISION_HISTORY);
	struct revision_rows rows = { 0 };
	int r;

	stmt_bind_text(st, "name", name);
	while ((r = stmt_step(st, err)) == STMT_ROW) {
		struct revision_row *row;

		rows.items = arena_grow(a, rows.items, rows.n, sizeof(*rows.items));
		row = &rows.items[rows.n++];
		row->number = stmt_i64(st, "number");
		row->digest = stmt_text(st, "digest", a);
		row->source = stmt_text(st, "source", a);
		row->author = stmt_text(st, "author", a);
		row->created.us = stmt_i64(st, "created_us");
	}
	if (r == 0)
		*ret = rows;
	return r;
}

int deployment_store_wish(struct store *s, const char *name, enum deployment_wish wish,
			  bool by_person, struct wall now, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_DEPLOYMENT_SET_WISH);

	stmt_bind_text(st, "wish", wish_names[wish]);
	stmt_bind_bool(st, "by_person", by_person);
	stmt_bind_i64(st, "now_us", now.us);
	stmt_bind_text(st, "name", name);
	return stmt_run_one(st, name, err);
}

int deployment_store_settings(struct store *s, const char *name, const char *json,
			      struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_DEPLOYMENT_SET_SETTINGS);

	stmt_bind_text(st, "settings", json);
	stmt_bind_text(st, "name", name);
	return stmt_run_one(st, name, err);
}
