/* SPDX-License-Identifier: Apache-2.0 */
/* Puts together parse, resolve and expand. Writes nothing. */
#include "controller/wanted.h"

#include <string.h>

#include "controller/before.h"
#include "controller/resolve.h"
#include "specs/fields.h"
#include "specs/findings.h"
#include "specs/parse.h"
#include "store/deployment_store.h"
#include "store/instance_store.h"
#include "store/slot_store.h"

enum { MAX_ENV_BYTES = 1 << 20 }; /* canonical JSON of all `$E:` values */

void wanted_free(struct wanted *w)
{
	if (!w)
		return;
	arena_free(w->arena);
	free(w);
}

static struct wanted *wanted_new(struct arena *take, const char *name)
{
	struct wanted *w = xcalloc(1, sizeof(*w));

	w->arena = take;
	w->deployment = arena_strdup(take, name);
	return w;
}

static int load_slots(struct session *s, struct wanted *w, struct error *err)
{
	struct slot_rows rows = { 0 };
	int r = s->store ? slot_store_list(s->store, w->deployment, w->arena, &rows, err) : 0;

	w->slots = rows.items;
	w->n_slots = rows.n;
	return r;
}

/* A revision's bytes were accepted once, so findings are a defect of the store or of this program.
 */
static int parse_revision(const struct revision_row *row, struct arena *a, struct deployment **ret,
			  struct error *err)
{
	struct findings findings;
	int r;

	findings_init(&findings, a, row->source);
	r = parse_deployment(row->bytes, row->n_bytes, a, &findings, ret, err);
	if (r < 0)
		return error_set(err, ERR_CORRUPT, 0, "revision %lld does not parse any more: %s",
				 (long long)row->number, err ? err->cause : "");
	return 0;
}

/* The revision that made what is there now: says how its services stop and in which order. */
static int load_previous(struct session *s, struct wanted *w, const struct deployment **ret,
			 struct error *err)
{
	struct deployment *d = NULL;
	struct revision_row row;
	struct error unused = ERROR_INIT;
	int r;

	*ret = NULL;
	if (!s->store)
		return 0;
	r = deployment_store_revision(s->store, w->deployment, 0, w->arena, &row, err);
	if (r)
		return r < 0 ? r : 0;
	/* Without it removals only lose their order and their grace. */
	if (parse_revision(&row, w->arena, &d, &unused) == 0)
		*ret = d;
	return 0;
}

static int expand(struct session *s, struct wanted *w, struct expand_input *in, struct error *err)
{
	struct instance_rows rows = { 0 };
	struct observed *there = arena_alloc(w->arena, sizeof(*there));
	int r = 0;

	if (s->store)
		r = instance_store_list(s->store, w->deployment, w->arena, &rows, err);
	if (r < 0)
		return r;
	*there = (struct observed){ .instances = rows.items, .n = rows.n };
	before_find(s, w->deployment, &rows, &in->groups, w->arena);
	in->deployment = w->deployment;
	in->current = w->current;
	in->observed = there;
	r = load_slots(s, w, err);
	in->slots = w->slots;
	in->n_slots = w->n_slots;
	return r < 0 ? r : expand_slots(in, w->arena, &w->desired, err);
}

static bool is_told(const struct wanted *w, size_t from, const char *text)
{
	for (size_t i = from; i < w->n_warnings; i++)
		if (strcmp(w->warnings[i], text) == 0)
			return true;
	return false;
}

/* @from: where those of the same service begin; its groups have most of them in common. */
static void add_warnings(struct wanted *w, size_t from, const struct fields_warnings *found)
{
	for (size_t k = 0; k < found->n; k++) {
		if (is_told(w, from, found->items[k]))
			continue;
		w->warnings =
			arena_grow(w->arena, w->warnings, w->n_warnings, sizeof(*w->warnings));
		w->warnings[w->n_warnings++] = found->items[k];
	}
}

/* What the file asks for and the chosen runtime does not do: told, never silently dropped. */
static void warn(struct wanted *w, const struct expand_groups *groups)
{
	struct fields_warnings top = { 0 };
	size_t from = 0;

	fields_warn_deployment(w->current, w->arena, &top);
	add_warnings(w, 0, &top);
	for (size_t i = 0; i < groups->n; i++) {
		const struct expand_group *g = &groups->items[i];
		const char *runtime = g->route.kind == ROUTE_RUNTIME ? g->route.runtime : NULL;
		struct fields_warnings found = { 0 };

		if (!runtime)
			continue;
		if (i == 0 || strcmp(groups->items[i - 1].service->name, g->service->name) != 0)
			from = w->n_warnings;
		fields_warn(g->service, runtime, w->arena, &found);
		add_warnings(w, from, &found);
	}
}

static int fill(struct session *s, struct wanted *w, struct json_object *env, struct error *err)
{
	const struct resolve_input in = { .session = s, .env = env };
	struct expand_input x = { 0 };
	int r;

	expand_groups(w->current, w->arena, &x.groups);
	r = resolve_groups(&in, &x.groups, w->arena, err);
	if (r == 0)
		r = load_previous(s, w, &x.previous, err);
	if (r == 0)
		r = expand(s, w, &x, err);
	if (r == 0)
		warn(w, &x.groups);
	return r < 0 ? error_wrap(err, r, "%s", w->deployment) : 0;
}

int wanted_from_deployment(struct session *s, const struct wanted_file *file, struct wanted **ret,
			   const char **ret_env, struct error *err)
{
	struct wanted *w CLEAN(wanted) = wanted_new(file->take, file->deployment->name);
	struct json_object *env CLEAN(json) = NULL;
	struct buf text CLEAN(buf) = BUF_INIT(MAX_ENV_BYTES);
	int r;

	w->current = file->deployment;
	r = resolve_read_env(&(struct resolve_env){ s->opt.env, file->env }, w->current, w->arena,
			     &env, err);
	if (r == 0)
		r = fill(s, w, env, err);
	if (r < 0)
		return r;
	json_canonical(env, &text);
	if (text.overflow)
		return error_set(err, ERR_LIMIT, 0, "the values of $E: are larger than %d bytes",
				 MAX_ENV_BYTES);
	*ret_env = arena_strdup(w->arena, text.data);
	*ret = TAKE(w);
	return 0;
}

static int nothing_wanted(struct session *s, struct wanted *w, const char *why, struct error *err)
{
	struct expand_input x = { .empty_reason = why };
	int r = load_previous(s, w, &x.previous, err);

	return r < 0 ? r : expand(s, w, &x, err);
}

/* A rebuilt store knows it from what runs: whoever acted on that would end it. */
static int no_revision(const struct wanted *w, struct error *err)
{
	(void)error_set(err, ERR_NOT_FOUND, 0,
			"the file of %s is not in the store, which knows only its instances",
			w->deployment);
	error_hint(err, "apply its file, or 'tallyman down %s'", w->deployment);
	return -ERR_NOT_FOUND;
}

static int revision_wanted(struct session *s, struct wanted *w, struct error *err)
{
	struct json_object *env CLEAN(json) = NULL;
	struct deployment *d;
	struct revision_row row;
	int r = deployment_store_revision(s->store, w->deployment, 0, w->arena, &row, err);

	if (r)
		return r < 0 ? r : no_revision(w, err);
	r = parse_revision(&row, w->arena, &d, err);
	if (r == 0)
		r = json_parse(row.env, strlen(row.env), &env, err);
	if (r < 0)
		return error_wrap(err, r, "%s", w->deployment);
	w->current = d;
	return fill(s, w, env, err);
}

int wanted_from_store(struct session *s, const char *name, struct wanted **ret, struct error *err)
{
	struct wanted *w CLEAN(wanted) = wanted_new(arena_new(), name);
	struct deployment_row row;
	int r;

	if (!s->store)
		return WANTED_ABSENT;
	r = deployment_store_find(s->store, name, w->arena, &row, err);
	if (r)
		return r < 0 ? r : WANTED_ABSENT;
	w->deployment = row.name;
	if (row.wish == DEPLOYMENT_NOTHING)
		r = nothing_wanted(s, w, "down", err);
	else
		r = revision_wanted(s, w, err);
	if (r < 0)
		return r;
	*ret = TAKE(w);
	return 0;
}

int wanted_to_show(struct session *s, const struct deployment_row *row, struct wanted **ret,
		   struct error *err)
{
	struct wanted *w CLEAN(wanted) = NULL;
	int r;

	if (row->revision || row->wish == DEPLOYMENT_NOTHING)
		return wanted_from_store(s, row->name, ret, err);
	w = wanted_new(arena_new(), row->name);
	r = nothing_wanted(s, w, "its file is not in the store", err);
	if (r < 0)
		return r;
	*ret = TAKE(w);
	return 0;
}
