/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The current revision, then the one before it: after an apply that was cut short the instances
 * may be of either. A revision is read only when some instance differs, so that a plan with
 * nothing to do reads none.
 */
#include "controller/before.h"

#include <string.h>

#include "controller/resolve.h"
#include "specs/findings.h"
#include "specs/parse.h"
#include "store/deployment_store.h"

enum { MAX_REVISIONS = 2 };

struct search {
	struct session *s;
	const char *deployment;
	const struct instance_rows *rows; /* of the deployment, so sorted by service */
	struct arena *a;
};

/* The first instance of @service, or where it would be. */
static size_t first_of(const struct instance_rows *rows, const char *service)
{
	size_t low = 0, high = rows->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(rows->items[mid].service, service) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Is there an instance of the service that was made of @hash (or, @equal false, of another)? */
static bool has_instance(const struct search *x, const char *service, const char *hash, bool equal)
{
	for (size_t i = first_of(x->rows, service); i < x->rows->n; i++) {
		const struct instance *is = &x->rows->items[i];

		if (strcmp(is->service, service) != 0)
			return false;
		if (is->config_hash && (strcmp(is->config_hash, hash) == 0) == equal)
			return true;
	}
	return false;
}

static bool is_open(const struct search *x, const struct expand_group *g)
{
	return g->config_hash && !g->before.service &&
	       has_instance(x, g->service->name, g->config_hash, false);
}

static bool is_any_open(const struct search *x, const struct expand_groups *groups)
{
	for (size_t i = 0; i < groups->n; i++)
		if (is_open(x, &groups->items[i]))
			return true;
	return false;
}

static bool is_same_group(const struct expand_group *a, const struct expand_group *b)
{
	if (strcmp(a->service->name, b->service->name) != 0)
		return false;
	return a->role && b->role ? strcmp(a->role, b->role) == 0 : a->role == b->role;
}

static const struct expand_group *find_group(const struct expand_groups *old,
					     const struct expand_group *g)
{
	for (size_t i = 0; i < old->n; i++)
		if (is_same_group(&old->items[i], g))
			return &old->items[i];
	return NULL;
}

static void compare(const struct search *x, const struct expand_groups *old,
		    struct json_object *env, struct expand_groups *groups)
{
	const struct resolve_input in = { .session = x->s, .env = env };

	for (size_t i = 0; i < groups->n; i++) {
		struct expand_group *g = &groups->items[i];
		const struct expand_group *was = is_open(x, g) ? find_group(old, g) : NULL;
		const char *hash = was ? resolve_hash(&in, was, x->a) : NULL;

		if (hash && has_instance(x, g->service->name, hash, true))
			g->before = (struct expand_before){ .service = was->service,
							    .config_hash = hash };
	}
}

static bool read_revision(const struct search *x, int64_t number, struct expand_groups *ret,
			  struct json_object **ret_env, int64_t *ret_number)
{
	struct deployment *d = NULL;
	struct findings findings;
	struct revision_row row;

	if (deployment_store_revision(x->s->store, x->deployment, number, x->a, &row, NULL) != 0)
		return false;
	findings_init(&findings, x->a, row.source);
	if (parse_deployment(row.bytes, row.n_bytes, x->a, &findings, &d, NULL) < 0 ||
	    json_parse(row.env, strlen(row.env), ret_env, NULL) < 0)
		return false;
	expand_groups(d, x->a, ret);
	*ret_number = row.number;
	return true;
}

void before_find(struct session *s, const char *deployment, const struct instance_rows *rows,
		 struct expand_groups *groups, struct arena *a)
{
	const struct search x = { s, deployment, rows, a };
	int64_t number = 0; /* the current one */

	for (int i = 0; i < MAX_REVISIONS && s->store && is_any_open(&x, groups); i++) {
		struct json_object *env CLEAN(json) = NULL;
		struct expand_groups old;

		if (!read_revision(&x, number, &old, &env, &number))
			return;
		compare(&x, &old, env, groups);
		if (--number < 1)
			return;
	}
}
