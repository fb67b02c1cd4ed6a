/* SPDX-License-Identifier: Apache-2.0 */
/* Counting only. The hash covers every change that removes something, and what it is based on. */
#include "controller/source_limit.h"

#include <string.h>

#include "specs/spec.h"
#include "store/deployment_store.h"
#include "store/instance_store.h"

enum { PLAN_DIGITS = 12 }; /* to be typed; two plans that wait at once will not meet */

/* Rows are sorted, so a service's stand together. */
static bool is_next_service(const struct instance_rows *rows, size_t i)
{
	return i == 0 || strcmp(rows->items[i - 1].service, rows->items[i].service) != 0 ||
	       strcmp(rows->items[i - 1].deployment, rows->items[i].deployment) != 0;
}

int source_limit_start(struct store *s, struct arena *a, struct source_limit *ret,
		       struct error *err)
{
	struct instance_rows rows;
	int r = instance_store_list(s, NULL, a, &rows, err);

	*ret = (struct source_limit){ .store = s, .arena = a };
	for (size_t i = 0; r == 0 && i < rows.n; i++)
		ret->n_services += is_next_service(&rows, i);
	return r;
}

static bool has_service(const struct deployment *d, const char *name)
{
	for (size_t i = 0; d && i < d->services.n; i++)
		if (strcmp(d->services.items[i].name, name) == 0)
			return true;
	return false;
}

static int add(struct source_limit *l, const char *deployment, const struct deployment *d,
	       const char *what, unsigned *ret, struct error *err)
{
	struct deployment_row row;
	struct instance_rows rows = { 0 };
	int r = deployment_store_find(l->store, deployment, l->arena, &row, err);

	*ret = 0;
	if (r == 0)
		r = instance_store_list(l->store, row.name, l->arena, &rows, err);
	if (r != 0)
		return r < 0 ? r : 0; /* never seen: nothing of it can go */
	for (size_t i = 0; i < rows.n; i++)
		*ret += is_next_service(&rows, i) && !has_service(d, rows.items[i].service);
	if (!*ret)
		return 0;
	l->n_removed += *ret;
	l->parts = arena_grow(l->arena, l->parts, l->n_parts, sizeof(*l->parts));
	l->parts[l->n_parts++] =
		arena_printf(l->arena, "%s %lld %s", row.name, (long long)row.revision, what);
	return 0;
}

int source_limit_file(struct source_limit *l, const struct deployment *d, const char *digest,
		      unsigned *ret, struct error *err)
{
	return add(l, d->name, d, digest, ret, err);
}

int source_limit_gone(struct source_limit *l, const char *deployment, unsigned *ret,
		      struct error *err)
{
	return add(l, deployment, NULL, "gone", ret, err);
}

bool source_limit_is_over(const struct source_limit *l)
{
	return l->n_removed > SOURCE_LIMIT_LEAST &&
	       l->n_removed * 100 > l->n_services * SOURCE_LIMIT_SHARE;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *source_limit_plan(const struct source_limit *l)
{
	struct digest *d CLEAN(digest) = digest_new();
	uint8_t sum[DIGEST_BYTES];
	char hex[DIGEST_HEX_SIZE];

	if (l->n_parts)
		qsort(l->parts, l->n_parts, sizeof(*l->parts), by_text);
	for (size_t i = 0; i < l->n_parts; i++)
		digest_add(d, l->parts[i], strlen(l->parts[i]) + 1);
	digest_final(d, sum);
	return arena_strndup(l->arena, digest_hex(sum, hex), PLAN_DIGITS);
}
