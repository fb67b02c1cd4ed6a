/* SPDX-License-Identifier: Apache-2.0 */
/* What people type to name something, and whether the store has heard of it. */
#include "controller/target.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "controller/expand.h"
#include "specs/findings.h"
#include "specs/parse.h"
#include "specs/runtime_id.h"
#include "store/deployment_store.h"
#include "store/slot_store.h"

#define SLOT_MARK "-rep-"

/* The last "-rep-<number>" of @text; NULL when it does not end so. */
static const char *find_slot(const char *text, uint32_t *ret)
{
	const char *mark = NULL;
	uint64_t n;

	for (const char *p = text; (p = strstr(p, SLOT_MARK)); p++)
		mark = p;
	if (!mark || mark == text || !number_u64(mark + strlen(SLOT_MARK), UINT32_MAX, &n))
		return NULL;
	*ret = (uint32_t)n;
	return mark;
}

static int malformed(const char *text, struct error *err)
{
	(void)error_set(err, ERR_INVALID, 0, "'%s' names nothing that can be here", text);
	error_hint(err, "a name is DEPLOYMENT, DEPLOYMENT/SERVICE or DEPLOYMENT/SERVICE-rep-N");
	return -ERR_INVALID;
}

int target_parse(const char *text, struct arena *arena, struct target *ret, struct error *err)
{
	const char *slash = strchr(text, '/');
	const char *mark;
	struct target t = { .deployment = text };

	if (slash) {
		t.deployment = arena_strndup(arena, text, (size_t)(slash - text));
		t.service = arena_strdup(arena, slash + 1);
		mark = find_slot(t.service, &t.slot);
		if (mark) {
			t.has_slot = true;
			t.service = arena_strndup(arena, t.service, (size_t)(mark - t.service));
		}
	}
	if (!runtime_id_is_deployment(t.deployment) ||
	    (t.service && !runtime_id_is_service(t.service)))
		return malformed(text, err);
	*ret = t;
	return 0;
}

bool target_matches(const struct target *t, const char *deployment, const char *service,
		    uint32_t slot)
{
	return strcasecmp(t->deployment, deployment) == 0 &&
	       (!t->service || strcmp(t->service, service) == 0) &&
	       (!t->has_slot || t->slot == slot);
}

static int unknown_deployment(const struct target *t, struct store *store, struct arena *arena,
			      struct error *err)
{
	struct deployment_rows rows = { 0 };
	const char **names;
	const char *near;

	if (store && deployment_store_list(store, arena, &rows, NULL) < 0)
		rows.n = 0; /* then without a suggestion */
	names = arena_array(arena, rows.n + 1, sizeof(*names));
	for (size_t i = 0; i < rows.n; i++)
		names[i] = rows.items[i].name;
	near = findings_nearest(t->deployment, names, rows.n);
	(void)error_set(err, ERR_NOT_FOUND, 0, "no deployment '%s' was ever seen on this node",
			t->deployment);
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	error_hint(err, "'tallyman status' shows what there is");
	return -ERR_NOT_FOUND;
}

/* The slots a name can mean: those the store has rows of, and those the current file asks for and
 * that never came to be (for a peer, not supported, blocked). */
struct known {
	struct slot_rows rows;
	struct expand_groups groups;
};

static int read_known(const struct target *t, struct store *store, struct arena *arena,
		      struct known *ret, struct error *err)
{
	struct findings findings;
	struct deployment *d = NULL;
	struct revision_row row;
	int r = slot_store_list(store, t->deployment, arena, &ret->rows, err);

	if (r == 0)
		r = deployment_store_revision(store, t->deployment, 0, arena, &row, err);
	if (r)
		return r < 0 ? r : 0;
	findings_init(&findings, arena, row.source);
	/* It was accepted once; if it is not readable any more, the rows must do. */
	if (parse_deployment(row.bytes, row.n_bytes, arena, &findings, &d, NULL) == 0)
		expand_groups(d, arena, &ret->groups);
	return 0;
}

static bool is_known(const struct target *t, const struct known *k)
{
	int64_t count = 0;
	bool is_there = false;

	for (size_t i = 0; i < k->rows.n; i++)
		if (target_matches(t, k->rows.items[i].deployment, k->rows.items[i].service,
				   k->rows.items[i].number))
			return true;
	for (size_t i = 0; i < k->groups.n; i++) {
		const struct expand_group *g = &k->groups.items[i];

		if (strcmp(g->service->name, t->service) != 0)
			continue;
		is_there = true;
		count += g->count > 0 ? g->count : 0;
	}
	return is_there && (!t->has_slot || t->slot < count);
}

static void add_name(struct arena *a, const char ***names, size_t *n, const char *name)
{
	if (*n && strcmp((*names)[*n - 1], name) == 0)
		return;
	*names = arena_grow(a, *names, *n, sizeof(**names));
	(*names)[(*n)++] = name;
}

static int unknown_slot(const struct target *t, const struct known *k, struct arena *arena,
			struct error *err)
{
	const char **names = NULL;
	const char *slot =
		t->has_slot ? runtime_id_slot_name(arena, t->service, t->slot) : t->service;
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < k->rows.n; i++) {
		const struct slot *s = &k->rows.items[i];

		add_name(arena, &names, &n,
			 t->has_slot ? runtime_id_slot_name(arena, s->service, s->number)
				     : s->service);
	}
	for (size_t i = 0; !t->has_slot && i < k->groups.n; i++)
		add_name(arena, &names, &n, k->groups.items[i].service->name);
	near = findings_nearest(slot, names, n);
	(void)error_set(err, ERR_NOT_FOUND, 0, "deployment '%s' has no '%s'", t->deployment, slot);
	if (near)
		error_hint(err, "did you mean '%s/%s'?", t->deployment, near);
	error_hint(err, "'tallyman status %s' shows what there is", t->deployment);
	return -ERR_NOT_FOUND;
}

int target_check(struct target *t, struct store *store, struct arena *arena, struct error *err)
{
	struct deployment_row row;
	struct known known = { 0 };
	int r = DEPLOYMENT_ABSENT;

	if (store)
		r = deployment_store_find(store, t->deployment, arena, &row, err);
	if (r < 0)
		return r;
	if (r == DEPLOYMENT_ABSENT)
		return unknown_deployment(t, store, arena, err);
	t->deployment = row.name;
	if (!t->service)
		return 0;
	r = read_known(t, store, arena, &known, err);
	if (r < 0)
		return r;
	return is_known(t, &known) ? 0 : unknown_slot(t, &known, arena, err);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int target_services(struct store *store, const char *deployment, struct arena *arena,
		    struct target_names *ret, struct error *err)
{
	const struct target t = { .deployment = deployment };
	struct target_names all = { 0 };
	struct known known = { 0 };
	size_t n = 0;
	int r = read_known(&t, store, arena, &known, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < known.rows.n; i++)
		add_name(arena, &all.items, &all.n, known.rows.items[i].service);
	for (size_t i = 0; i < known.groups.n; i++)
		add_name(arena, &all.items, &all.n, known.groups.items[i].service->name);
	if (all.n)
		qsort(all.items, all.n, sizeof(*all.items), compare_names);
	for (size_t i = 0; i < all.n; i++)
		if (n == 0 || strcmp(all.items[n - 1], all.items[i]) != 0)
			all.items[n++] = all.items[i];
	*ret = (struct target_names){ all.items, n };
	return 0;
}
