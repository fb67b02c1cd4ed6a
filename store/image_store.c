/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of resolved_image. Layers and configs lie in the image directory, not here. */
#include "store/image_store.h"

#include "store/queries.h"
#include "store/stmt.h"

int image_store_save(struct store *s, const struct image_row *row, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_IMAGE_SAVE);

	stmt_bind_text(st, "reference", row->reference);
	stmt_bind_text(st, "digest", row->digest);
	stmt_bind_text(st, "os", row->os);
	stmt_bind_text(st, "arch", row->arch);
	stmt_bind_text(st, "os_version", row->os_version);
	stmt_bind_i64(st, "resolved_us", row->resolved.us);
	return stmt_run(st, err);
}

static void read_row(struct stmt *st, struct arena *a, struct image_row *ret)
{
	ret->reference = stmt_text(st, "reference", a);
	ret->digest = stmt_text(st, "digest", a);
	ret->os = stmt_text(st, "os", a);
	ret->arch = stmt_text(st, "arch", a);
	ret->os_version = stmt_text(st, "os_version", a);
	ret->resolved.us = stmt_i64(st, "resolved_us");
}

static int find_one(struct stmt *st, struct arena *a, struct image_row *ret, struct error *err)
{
	int r = stmt_step(st, err);

	if (r != STMT_ROW)
		return r < 0 ? r : IMAGE_ABSENT;
	read_row(st, a, ret);
	return 0;
}

int image_store_find(struct store *s, const char *reference, struct arena *a, struct image_row *ret,
		     struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_IMAGE_FIND);

	stmt_bind_text(st, "reference", reference);
	return find_one(st, a, ret, err);
}

int image_store_find_digest(struct store *s, const char *digest, struct arena *a,
			    struct image_row *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_IMAGE_FIND_DIGEST);

	stmt_bind_text(st, "digest", digest);
	return find_one(st, a, ret, err);
}

int image_store_list(struct store *s, struct arena *a, struct image_rows *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_IMAGE_LIST);
	struct image_rows rows = { 0 };
	int r;

	while ((r = stmt_step(st, err)) == STMT_ROW) {
		rows.items = arena_grow(a, rows.items, rows.n, sizeof(*rows.items));
		read_row(st, a, &rows.items[rows.n++]);
	}
	if (r == 0)
		*ret = rows;
	return r;
}

int image_store_delete(struct store *s, const char *reference, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(s, Q_IMAGE_DELETE);

	stmt_bind_text(st, "reference", reference);
	return stmt_run(st, err);
}
