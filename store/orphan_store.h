/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Orphans: owned things on a runtime that no row of an instance explains (specs/leftover.h). */
#include "base/error.h"
#include "specs/leftover.h"

struct store;

struct orphan_rows {
	struct orphan *items; /* sorted by (runtime, id) */
	size_t n;
};

/** orphan_store_save() - insert or replace by runtime and id */
int orphan_store_save(struct store *s, const struct orphan *o, struct error *err);

/** orphan_store_delete() - it is provably gone; a row that is gone is success */
int orphan_store_delete(struct store *s, const char *runtime, const char *id, struct error *err);

/** orphan_store_list() - all of the node */
int orphan_store_list(struct store *s, struct arena *a, struct orphan_rows *ret, struct error *err);

/** orphan_store_restoring() - those of a runtime whose layer is wanted back */
int orphan_store_restoring(struct store *s, const char *runtime, struct arena *a,
			   struct orphan_rows *ret, struct error *err);

enum { ORPHAN_ABSENT = 1 };

/** orphan_store_find() - ORPHAN_ABSENT (> 0) when there is no row of it */
int orphan_store_find(struct store *s, const char *runtime, const char *id, struct arena *a,
		      struct orphan *ret, struct error *err);
