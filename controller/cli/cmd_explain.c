/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: the fields of the deployment format and what each runtime does with them, and the
 * codes of what can be wrong. All from the tables in specs/; nothing of a node is looked at.
 */
#include "controller/cli/command.h"
#include "controller/cli/explain_code.h"
#include "controller/cli/explain_field.h"
#include "controller/cli/output.h"
#include "controller/cli/table.h"
#include "specs/findings.h"
#include "specs/schema.h"

enum { MAX_TEXT = 4 << 20, MAX_PATHS = 4096 };

#define SERVICE "services.*."

struct walk {
	struct cli *cli;
	const char *under; /* fields at or below this path; NULL: all */
	struct table *table;
	struct json_object *list;
	const char *paths[MAX_PATHS]; /* each once, for suggestions */
	size_t n_paths;
	size_t n_below; /* below the path, without it */
};

static bool is_known(const struct walk *w, const char *path)
{
	for (size_t i = 0; i < w->n_paths; i++)
		if (strcmp(w->paths[i], path) == 0)
			return true;
	return false;
}

static void note_field(void *ctx, const char *path, const struct schema_field *f,
		       const struct schema_type *in)
{
	struct walk *w = ctx;
	const char *own, *rest;

	(void)in;
	/* Variants of a type may have fields of one name. */
	if (w->n_paths == MAX_PATHS || is_known(w, path))
		return;
	own = arena_strdup(w->cli->arena, path);
	w->paths[w->n_paths++] = own;
	rest = w->under ? explain_field_match(path, w->under) : path;
	if (!rest)
		return;
	w->n_below += *rest != '\0' && *rest != '[';
	if (w->list)
		json_object_array_add(w->list, explain_field_json(w->cli, own, f));
	else
		table_row(w->table, (const char *const[]){ own, f->doc });
}

/* The field that is meant, as a whole path: `ulimits` is `services.*.ulimits`. */
static const struct schema_field *find(struct cli *cli, const char **path)
{
	const struct schema_field *f = *path ? schema_find(*path, NULL) : NULL;
	const char *of_service;

	if (f || !*path)
		return f;
	of_service = arena_printf(cli->arena, "%s%s", SERVICE, *path);
	f = schema_find(of_service, NULL);
	if (f)
		*path = of_service;
	return f;
}

static int unknown(const struct walk *w, const char *path, struct error *err)
{
	const char *near = findings_nearest(path, w->paths, w->n_paths);

	if (!near)
		near = findings_nearest(arena_printf(w->cli->arena, "%s%s", SERVICE, path),
					w->paths, w->n_paths);
	(void)error_set(err, ERR_NOT_FOUND, 0, "the format has no field '%s'", path);
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	error_hint(err,
		   "'tallyman explain' lists all fields, 'tallyman explain --codes' all codes");
	return -ERR_NOT_FOUND;
}

static void print_json(struct cli *cli, struct walk *w, const char *path,
		       const struct schema_field *f)
{
	struct json_object *doc = output_schema("explain");

	json_put_obj(doc, "field", f ? explain_field_json(cli, path, f) : NULL);
	json_put_obj(doc, "fields", w->list);
	output_json(cli->out, doc);
}

static void print(struct cli *cli, struct walk *w, const char *path, const struct schema_field *f)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_TEXT);

	if (f)
		explain_field_print(cli, path, f);
	if (w->n_below == 0)
		return;
	output_puts(cli->out, f ? "\n" : "");
	table_print(w->table, &text);
	output_bytes(cli->out, text.data, text.n);
}

static int explain_path(struct cli *cli, const char *path, struct error *err)
{
	static const char *const headers[] = { "FIELD", "WHAT IT IS" };
	const struct schema_field *f = find(cli, &path);
	struct walk *w = arena_alloc(cli->arena, sizeof(*w));

	*w = (struct walk){ .cli = cli, .under = path };
	w->table = table_new(cli->arena, headers, 2);
	if (output_is_json(cli->out))
		w->list = json_object_new_array();
	schema_walk(note_field, w);
	if (path && !f) {
		json_object_put(w->list);
		return unknown(w, path, err);
	}
	if (w->list)
		print_json(cli, w, path, f);
	else
		print(cli, w, path, f);
	return EXIT_DONE;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	const char *word = args->words[0];

	if (command_has(args, "codes") && word)
		return command_usage(cli, args, "--codes lists all codes, and '%s' is one thing",
				     word);
	if (command_has(args, "codes")) {
		explain_code_all(cli);
		return EXIT_DONE;
	}
	if (word && explain_code_is(word))
		return explain_code(cli, word, err);
	return explain_path(cli, word, err);
}

static const struct command_option options[] = {
	{ .name = "codes", .help = "list the codes of what can be wrong with a file" },
	{ NULL },
};

const struct command cmd_explain = {
	.name = "explain",
	.summary = "say what a field of the file does, or a code means",
	.arguments = "[PATH|CODE]",
	.about = "Shows a field, what each runtime does with it (honoured, emulated, ignored, "
		 "impossible), what a change of it does, and the fields below it. A field of a "
		 "service may be named alone. Without a path all fields are listed.\n\n"
		 "A code like E0201, as validate prints it, is explained likewise.",
	.groups = COMMAND_OUTPUT,
	.max_words = 1,
	.complete = "field",
	.options = options,
	.examples =
		(const struct command_example[]){
			{ "tallyman explain services.*.ulimits", "one field" },
			{ "tallyman explain ulimits", "the same" },
			{ "tallyman explain services.web.storage[0]", "a list, and what is in it" },
			{ "tallyman explain E0201", "a code" },
			{ NULL },
		},
	.run = run,
};
