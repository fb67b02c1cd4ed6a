/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings file through the reader of deployment files. One table says which keys
 * there are and where their values go; the values' meaning is checked in config.c.
 */
#include "controller/config_file.h"

#include "base/limits.h"
#include "controller/cli/input.h"
#include "specs/findings.h"
#include "specs/scalar.h"
#include "specs/yaml.h"

enum { MAX_FINDINGS_TEXT = 64 << 10 };

/* Keys with a text as value; "runtime.oci.path" is a key in maps in maps. */
static const struct {
	const char *path;
	size_t offset;
} texts[] = {
	{ "owner", offsetof(struct config_file, owner) },
	{ "state_dir", offsetof(struct config_file, state_dir) },
	{ "run_dir", offsetof(struct config_file, run_dir) },
	{ "claims_dir", offsetof(struct config_file, claims_dir) },
	{ "runtimes.primary", offsetof(struct config_file, primary) },
	{ "runtimes.delegate", offsetof(struct config_file, delegate) },
	{ "runtime.oci.path", offsetof(struct config_file, oci_path) },
	{ "runtime.shim_unit", offsetof(struct config_file, shim_unit) },
	{ "hcs.library", offsetof(struct config_file, hcs_library) },
	{ "orphan_grace", offsetof(struct config_file, orphan_grace) },
	{ "log_level", offsetof(struct config_file, log_level) },
};
#define N_TEXTS (sizeof(texts) / sizeof(texts[0]))

struct reader {
	struct arena *arena;
	struct config_file *file;
	struct findings *findings;
};

static void complain(struct reader *r, enum finding_code code, const struct node *at,
		     const char *path, const char *message)
{
	findings_add(r->findings, code, at->mark, path, NULL, message);
}

static const char *join(struct reader *r, const char *prefix, const char *key)
{
	return *prefix ? arena_printf(r->arena, "%s.%s", prefix, key) : key;
}

/* A scalar that is no null, as its text; NULL after a finding. */
static const char *text_of(struct reader *r, const struct node *n, const char *path)
{
	if (n->kind == NODE_SCALAR && !scalar_is_null(n))
		return n->text;
	complain(r, FINDING_TYPE, n, path, "expected a text");
	return NULL;
}

static const char *key_text(struct reader *r, const struct node *key)
{
	if (key->kind == NODE_SCALAR)
		return key->text;
	complain(r, FINDING_KEY, key, "", "a key is a list or a map");
	return NULL;
}

static bool is_map(struct reader *r, const struct node *n, const char *path)
{
	if (n->kind == NODE_MAP)
		return true;
	complain(r, FINDING_TYPE, n, path, "expected a map");
	return false;
}

static void read_slices(struct reader *r, const struct node *n)
{
	struct config_file *f = r->file;

	/* One network for the node, whose runtimes share it. */
	if (n->kind == NODE_SCALAR) {
		f->node_slice = text_of(r, n, "slices");
		return;
	}
	if (!is_map(r, n, "slices"))
		return;
	for (size_t i = 0; i < n->n; i++) {
		const char *key = key_text(r, n->entries[i].key);
		const char *cidr =
			key ? text_of(r, n->entries[i].value, join(r, "slices", key)) : NULL;

		if (!cidr)
			continue;
		f->slices = arena_grow(r->arena, f->slices, f->n_slices, sizeof(*f->slices));
		f->slices[f->n_slices++] = (struct config_pair){ key, cidr };
	}
}

static void read_watch_key(struct reader *r, const struct node_entry *e, struct source_path *w)
{
	const char *key = key_text(r, e->key);

	if (!key)
		return;
	if (strcmp(key, "path") == 0)
		w->path = text_of(r, e->value, "watch.path");
	else if (strcmp(key, "prune") != 0)
		complain(r, FINDING_UNKNOWN_FIELD, e->key, key, "there is no such setting");
	else if (e->value->kind != NODE_SCALAR || !scalar_bool(e->value->text, &w->prune))
		complain(r, FINDING_TYPE, e->value, "watch.prune", "expected true or false");
}

static void read_watch(struct reader *r, const struct node *n)
{
	struct config_file *f = r->file;

	if (n->kind != NODE_LIST) {
		complain(r, FINDING_TYPE, n, "watch", "expected a list");
		return;
	}
	for (size_t i = 0; i < n->n; i++) {
		struct source_path w = { 0 };

		if (!is_map(r, n->items[i], "watch"))
			continue;
		for (size_t j = 0; j < n->items[i]->n; j++)
			read_watch_key(r, &n->items[i]->entries[j], &w);
		if (!w.path) {
			complain(r, FINDING_MISSING_FIELD, n->items[i], "watch",
				 "an entry of watch needs a path");
			continue;
		}
		f->watch = arena_grow(r->arena, f->watch, f->n_watch, sizeof(*f->watch));
		f->watch[f->n_watch++] = w;
	}
}

static void unknown_key(struct reader *r, const struct node *key, const char *path)
{
	const char *names[N_TEXTS + 2] = { [N_TEXTS] = "slices", [N_TEXTS + 1] = "watch" };
	const char *near, *hint = NULL;

	for (size_t i = 0; i < N_TEXTS; i++)
		names[i] = texts[i].path;
	near = findings_nearest(path, names, N_TEXTS + 2);
	if (near)
		hint = arena_printf(r->arena, "did you mean '%s'?", near);
	findings_add(r->findings, FINDING_UNKNOWN_FIELD, key->mark, path, hint,
		     "there is no such setting");
}

/* Is @path the map around a known key? */
static bool leads_on(const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < N_TEXTS; i++)
		if (strncmp(texts[i].path, path, n) == 0 && texts[i].path[n] == '.')
			return true;
	return false;
}

static bool read_text(struct reader *r, const struct node *value, const char *path)
{
	for (size_t i = 0; i < N_TEXTS; i++)
		if (strcmp(texts[i].path, path) == 0) {
			const char *text = text_of(r, value, path);

			memcpy((char *)r->file + texts[i].offset, &text, sizeof(text));
			return true;
		}
	return false;
}

static void read_map(struct reader *r, const struct node *map, const char *prefix)
{
	if (!is_map(r, map, prefix))
		return;
	for (size_t i = 0; i < map->n; i++) {
		const struct node_entry *e = &map->entries[i];
		const char *key = key_text(r, e->key);
		const char *path = key ? join(r, prefix, key) : NULL;

		if (!key)
			continue;
		if (node_get(map, key) != e->value)
			complain(r, FINDING_FIELD_TWICE, e->key, path, "the key is written twice");
		else if (strcmp(path, "slices") == 0)
			read_slices(r, e->value);
		else if (strcmp(path, "watch") == 0)
			read_watch(r, e->value);
		else if (leads_on(path))
			read_map(r, e->value, path);
		else if (!read_text(r, e->value, path))
			unknown_key(r, e->key, path);
	}
}

static bool is_empty(const struct findings *f)
{
	return f->n == 1 && f->items[0].code == FINDING_EMPTY;
}

int config_file_read(const char *path, struct arena *arena, struct config_file *ret,
		     const char **ret_findings, struct error *err)
{
	struct buf bytes CLEAN(buf) = BUF_INIT(LIMIT_CONFIG_BYTES + 1);
	struct buf text CLEAN(buf) = BUF_INIT(MAX_FINDINGS_TEXT);
	struct findings findings;
	struct reader r = { arena, ret, &findings };
	struct node *root;
	int e = input_read(path, &bytes, err);

	*ret = (struct config_file){ 0 };
	if (e == 0 && bytes.n > LIMIT_CONFIG_BYTES)
		e = error_set(err, ERR_LIMIT, 0, "%s is larger than %d bytes", path,
			      LIMIT_CONFIG_BYTES);
	if (e < 0)
		return error_wrap(err, e, "settings");
	findings_init(&findings, arena, path);
	findings.bytes = bytes.data;
	findings.n_bytes = bytes.n;
	root = yaml_read(bytes.data, bytes.n, arena, &findings);
	/* A file of comments sets nothing. */
	if (root && !(root->kind == NODE_SCALAR && scalar_is_null(root)))
		read_map(&r, root, "");
	if (findings.n_errors == 0 || is_empty(&findings))
		return 0;
	findings_sort(&findings);
	findings_print(&findings, &text);
	*ret_findings = arena_strdup(arena, text.data);
	error_set(err, ERR_INVALID, 0, "settings %s: %s: %s", path, findings.items[0].path,
		  findings.items[0].message);
	error_hint(err, "mend %s, or name another file with --config", path);
	return -ERR_INVALID;
}
