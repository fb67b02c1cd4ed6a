/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the steps, and nothing else: each is a module of its own. */
#include "specs/parse.h"

#include "base/arena.h"
#include "base/json.h"
#include "specs/node_json.h"
#include "specs/normalize.h"
#include "specs/reader.h"
#include "specs/schema_service.h"
#include "specs/validate.h"
#include "specs/yaml.h"

static int first_error(const struct findings *f, struct error *err)
{
	size_t i = 0;
	while (i < f->n && f->items[i].severity != SEVERITY_ERROR)
		i++;
	if (i == f->n)
		return 0;
	const struct finding *it = &f->items[i];
	const char *more = f->n_errors > 1 ? " (the first of several)" : "";
	int r = error_set(err, ERR_INVALID, 0, "%s:%u:%u: %s%s%s [%s]%s", f->file, it->mark.line,
			  it->mark.column, it->path, *it->path ? ": " : "", it->message,
			  findings_code_text(it->code), more);
	if (it->hint)
		error_hint(err, "%s", it->hint);
	return r;
}

/* A document that begins with a brace is JSON, where `{"pin": "x"}` is how `!pin x` is spelled. */
static void mark_json(struct node *n)
{
	n->is_json = true;
	for (size_t i = 0; i < n->n; i++)
		mark_json(
			(struct node *)(n->kind == NODE_LIST ? n->items[i] : n->entries[i].value));
}

static bool is_json(const char *bytes, size_t n)
{
	size_t i = 0;
	while (i < n && (bytes[i] == ' ' || bytes[i] == '\n' || bytes[i] == '\r'))
		i++;
	return i < n && bytes[i] == '{';
}

int parse_deployment(const char *bytes, size_t n, struct arena *arena, struct findings *findings,
		     struct deployment **ret, struct error *err)
{
	struct deployment *d = arena_alloc(arena, sizeof(*d));
	findings->bytes = bytes;
	findings->n_bytes = n;
	struct node *root = yaml_read(bytes, n, arena, findings);
	if (root) {
		if (is_json(bytes, n))
			mark_json(root);
		reader_read(&schema_deployment, root, arena, findings, d);
		normalize_deployment(d, root, findings);
		validate_deployment(d, root, findings);
	}
	findings_sort(findings);
	int r = first_error(findings, err);
	if (r < 0)
		return r;
	*ret = d;
	return 0;
}

int parse_service_json(const char *name, struct json_object *json, struct arena *arena,
		       struct service **ret, struct error *err)
{
	struct service *s = arena_alloc(arena, sizeof(*s));
	struct findings findings;
	findings_init(&findings, arena, name);
	reader_read(&schema_service, node_json_read(arena, json), arena, &findings, s);
	s->name = arena_strdup(arena, name);
	normalize_service(s, NULL, NULL, &findings);
	int r = first_error(&findings, err);
	if (r < 0)
		return error_wrap(err, r, "service");
	*ret = s;
	return 0;
}
