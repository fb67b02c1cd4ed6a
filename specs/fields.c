/* SPDX-License-Identifier: Apache-2.0 */
/* Looking rows up, and comparing a service with them. The rows are in fields_table.c. */
#include "specs/fields.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "specs/fields_table.h"
#include "specs/leaves.h"
#include "specs/schema.h"

#define SERVICE_PREFIX "services.*."

const char *fields_runtime_name(enum fields_runtime runtime)
{
#define NAME(id, name) name,
	static const char *const names[] = { FIELDS_RUNTIMES(NAME) };
#undef NAME
	assert(runtime < FIELDS_N_RUNTIMES);
	return names[runtime];
}

enum fields_runtime fields_runtime_find(const char *name)
{
	int i = 0;
	while (i < FIELDS_N_RUNTIMES &&
	       strcmp(fields_runtime_name((enum fields_runtime)i), name) != 0)
		i++;
	return (enum fields_runtime)i;
}

const char *fields_support_name(enum fields_support support)
{
	static const char *const names[] = { "honoured", "emulated", "ignored", "impossible" };
	return names[support];
}

static struct fields_answer answer(const struct fields_row *row, enum fields_runtime runtime)
{
	if (*row->path == '/' || row->on_model) /* the file's top: nobody's container */
		return row->on_linux;
	switch (runtime) {
	case FIELDS_YOUKI:
	case FIELDS_WSL2:
		return row->on_linux;
	case FIELDS_HCS:
		return row->on_windows;
	case FIELDS_MEMORY:
	case FIELDS_N_RUNTIMES:
		break;
	}
	return (struct fields_answer){ FIELDS_EMULATED, "the model makes no containers" };
}

/* Bytes of @path that @row covers; 0: it is another field's. */
static size_t covers(const struct fields_row *row, const char *path)
{
	size_t n = strlen(row->path);
	if (strncmp(row->path, path, n) != 0)
		return 0;
	return !path[n] || path[n] == '.' || path[n] == '[' ? n : 0;
}

/* What is known of a leaf beyond its path; NULL: nothing. */
struct facts {
	const char *value;
	const char *type;
	const struct leaves *leaves; /* all, and the path of this one */
	const char *path;
};

/* `@name` beside the leaf `a[0].b` is `a[0].@name`; NULL: not written. */
static const struct leaf *find_sibling(const struct leaves *leaves, const char *path,
				       const char *name, struct arena *arena)
{
	const char *dot = strrchr(path, '.');
	if (!dot)
		return NULL;
	return leaves_find(leaves, arena_printf(arena, "%.*s.%s", (int)(dot - path), path, name));
}

static bool is_without(const struct fields_row *row, const struct facts *facts)
{
	struct arena *arena CLEAN(arena) = arena_new();
	return facts->leaves && !find_sibling(facts->leaves, facts->path, row->without, arena);
}

static bool fits(const struct fields_row *row, const char *path, size_t n,
		 const struct facts *facts)
{
	if (row->value && (path[n] == '.' || !facts->value ||
			   strncmp(facts->value, row->value, strlen(row->value)) != 0))
		return false;
	if (row->without && !is_without(row, facts))
		return false;
	return !row->type || (facts->type && strcmp(facts->type, row->type) == 0);
}

/* The longest row for @path; of equal ones the first that fits. */
static const struct fields_row *find_row(const char *path, const struct facts *facts)
{
	const struct fields_row *best = NULL;
	size_t n_best = 0;
	for (size_t i = 0; i < fields_table_n; i++) {
		const struct fields_row *row = &fields_table[i];
		size_t n = covers(row, path);
		if (n > n_best && fits(row, path, n, facts)) {
			best = row;
			n_best = n;
		}
	}
	return best;
}

/*
 * The path of a leaf or of a user as rows have it: `[0]` and `[*]` become `[]`,
 * the keys of maps stay (no row reaches below one). Top-level paths get a '/'.
 */
static const char *row_path(const char *path, struct arena *arena)
{
	char *out = arena_alloc(arena, strlen(path) + 2);
	size_t n = 0;
	for (const char *s = path; *s; s++) {
		out[n++] = *s;
		if (*s != '[')
			continue;
		while (s[1] && s[1] != ']')
			s++;
	}
	return out;
}

/* `services.web.env` is `env`, `api.bind` is `/api.bind`. */
static const char *user_path(const char *path, struct arena *arena)
{
	static const char services[] = "services.";
	const char *inner = NULL;
	if (strncmp(path, services, strlen(services)) == 0)
		inner = strchr(path + strlen(services), '.');
	if (inner)
		return row_path(inner + 1, arena);
	return row_path(arena_printf(arena, "/%s", path), arena);
}

int fields_lookup(const char *path, enum fields_runtime runtime, struct fields_answer *ret)
{
	struct arena *arena CLEAN(arena) = arena_new();
	const struct facts nothing = { .value = NULL };
	if (!schema_find(path, NULL))
		return FIELDS_UNKNOWN;
	const struct fields_row *row = find_row(user_path(path, arena), &nothing);
	assert(row); /* a test walks the schema */
	*ret = answer(row, runtime);
	return 0;
}

const char *fields_notes(const char *path, enum fields_runtime runtime, size_t i,
			 struct arena *arena)
{
	const char *at = user_path(path, arena);
	for (size_t k = 0; k < fields_table_n; k++) {
		const struct fields_row *row = &fields_table[k];
		if ((!row->value && !row->type && !row->without) || strcmp(row->path, at) != 0 ||
		    i-- > 0)
			continue;
		struct fields_answer a = answer(row, runtime);
		size_t n = row->value ? strlen(row->value) : 0;
		bool is_prefix = n && row->value[n - 1] == ':'; /* bridge:NAME */
		const char *where = row->value ? row->value
				    : row->without
					    ? arena_printf(arena, "without %s", row->without)
					    : arena_printf(arena, "beside type %s", row->type);
		return arena_printf(arena, "%s%s: %s%s%s", where, is_prefix ? "*" : "",
				    fields_support_name(a.support), a.why ? ", " : "",
				    a.why ? a.why : "");
	}
	return NULL;
}

struct warn {
	const char *prefix; /* "services.web." */
	enum fields_runtime runtime;
	struct arena *arena;
	struct fields_warnings *ret;
	bool *said; /* by row */
};

static void say(struct warn *w, const struct fields_row *row, const char *path, const char *value)
{
	struct fields_answer a = answer(row, w->runtime);
	if (a.support < FIELDS_IGNORED || w->said[row - fields_table])
		return;
	w->said[row - fields_table] = true;
	bool shows_value = row->value || row->at_default;
	bool is_top = *row->path == '/'; /* holds on every runtime */
	w->ret->items = arena_grow(w->arena, w->ret->items, w->ret->n, sizeof(*w->ret->items));
	enum finding_code code =
		a.support == FIELDS_IGNORED ? FINDING_RUNTIME_IGNORES : FINDING_RUNTIME_CANNOT;
	w->ret->items[w->ret->n++] = arena_printf(
		w->arena, "%s%s%s%.60s: %s%s%s: %s [%s]", w->prefix, path, shows_value ? " " : "",
		shows_value ? value : "", fields_support_name(a.support), is_top ? "" : " on ",
		is_top ? "" : fields_runtime_name(w->runtime), a.why, findings_code_text(code));
}

/* Of `storage[1].size`: the value of `storage[1].type`, whose default is its first word. */
static const char *sibling_type(const struct leaves *leaves, const struct leaf *leaf,
				struct arena *arena)
{
	const struct leaf *type = find_sibling(leaves, leaf->path, "type", arena);
	return type ? type->value : NULL;
}

/* The path a warning shows: the row's part of the leaf's, so `endpoints` and not one of its ports.
 */
static const char *shown_path(const struct fields_row *row, const char *path, struct arena *arena)
{
	size_t n = 0;
	const char *want = row->path;
	for (; *want; want++, n++) {
		if (*want != '[')
			continue;
		while (path[n] && path[n] != ']')
			n++;
		want++;
	}
	return arena_strndup(arena, path, n);
}

static bool is_written(const struct leaves *leaves, const char *path)
{
	return leaves_find(leaves, path) != NULL;
}

void fields_warn(const struct service *s, const char *runtime, struct arena *arena,
		 struct fields_warnings *ret)
{
	struct warn w = { arena_printf(arena, "services.%s.", s->name),
			  fields_runtime_find(runtime), arena, ret,
			  arena_alloc(arena, fields_table_n) };
	struct leaves leaves = leaves_collect(s, LEAVES_SET, arena);
	for (size_t i = 0; i < leaves.n && w.runtime != FIELDS_N_RUNTIMES; i++) {
		const struct leaf *leaf = &leaves.items[i];
		struct facts facts = { leaf->value, sibling_type(&leaves, leaf, arena), &leaves,
				       leaf->path };
		const struct fields_row *row = find_row(row_path(leaf->path, arena), &facts);
		assert(row);
		say(&w, row, shown_path(row, leaf->path, arena), leaf->value);
	}
	for (size_t i = 0; i < fields_table_n && w.runtime != FIELDS_N_RUNTIMES; i++) {
		const struct fields_row *row = &fields_table[i];
		if (row->at_default && !is_written(&leaves, row->path))
			say(&w, row, row->path, row->at_default);
	}
}

void fields_warn_deployment(const struct deployment *d, struct arena *arena,
			    struct fields_warnings *ret)
{
	struct warn w = { "", FIELDS_YOUKI, arena, ret, arena_alloc(arena, fields_table_n) };
	struct leaves leaves = leaves_collect_top(d, arena);
	for (size_t i = 0; i < leaves.n; i++) {
		const struct facts facts = { .value = leaves.items[i].value };
		const char *path = arena_printf(arena, "/%s", leaves.items[i].path);
		const struct fields_row *row = find_row(row_path(path, arena), &facts);
		assert(row);
		say(&w, row, row->path + 1, leaves.items[i].value);
	}
}
