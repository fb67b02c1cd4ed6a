/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Limit: how much a change that nobody typed may remove. Counted in services that have
 * instances; scale-down and replacement do not count. Reads the store inside the caller's
 * transaction.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"

struct deployment;
struct store;

#define SOURCE_LIMIT_LEAST 2  /* services that may always go */
#define SOURCE_LIMIT_SHARE 20 /* per cent of the node's */

struct source_limit {
	struct store *store;
	struct arena *arena;
	unsigned n_services; /* of the node */
	unsigned n_removed;  /* by what was added up so far */
	const char **parts;  /* a line for each change that removes something */
	size_t n_parts;
};

/** source_limit_start() - nothing added up yet */
int source_limit_start(struct store *s, struct arena *a, struct source_limit *ret,
		       struct error *err);

/** source_limit_file() - add what @d, the file with that digest, removes of its deployment */
int source_limit_file(struct source_limit *l, const struct deployment *d, const char *digest,
		      unsigned *ret, struct error *err);

/** source_limit_gone() - add a deployment that goes as a whole */
int source_limit_gone(struct source_limit *l, const char *deployment, unsigned *ret,
		      struct error *err);

/** source_limit_is_over() - more than max(2, 20 %) */
bool source_limit_is_over(const struct source_limit *l);

/** source_limit_plan() - 12 hex digits that name exactly these changes, in the arena */
const char *source_limit_plan(const struct source_limit *l);
