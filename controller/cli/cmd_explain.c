/* SPDX-License-Identifier: Apache-2.0 */
/* explain: the fields of the deployment format and what each runtime does with them. */
#include "controller/cli/command.h"
#include "controller/cli/output.h"
#include "controller/cli/table.h"
#include "specs/fields.h"
#include "specs/findings.h"
#include "specs/schema.h"

enum { MAX_TEXT = 4 << 20, MAX_PATHS = 4096 };

struct walk {
	struct cli *cli;
	const char *under; /* paths with this prefix; NULL: all */
	struct table *table;
	struct json_object *list;
	const char *paths[MAX_PATHS]; /* each once, for suggestions */
	size_t n_paths;
	size_t n_shown;
};

static bool is_under(const char *path, const char *prefix)
{
	size_t n = prefix ? strlen(prefix) : 0;

	return n == 0 || (strncmp(path, prefix, n) == 0 && strchr(".[", path[n]));
}

static struct json_object *runtimes_json(struct cli *cli, const char *path)
{
	struct json_object *o = json_object_new_object();

	for (int i = 0; i < FIELDS_N_RUNTIMES; i++) {
		enum fields_runtime rt = (enum fields_runtime)i;
		struct json_object *one = json_object_new_object();
		struct json_object *notes = json_object_new_array();
		struct fields_answer answer = { 0 };
		const char *note;

		if (fields_lookup(path, rt, &answer) == FIELDS_UNKNOWN) {
			json_object_put(one);
			json_object_put(notes);
			continue;
		}
		for (size_t j = 0; (note = fields_notes(path, rt, j, cli->arena)); j++)
			json_object_array_add(notes, json_object_new_string(note));
		json_put_str(one, "support", fields_support_name(answer.support));
		json_put_str(one, "why", answer.why);
		json_put_obj(one, "notes", notes);
		json_put_obj(o, fields_runtime_name(rt), one);
	}
	return o;
}

static struct json_object *field_json(struct cli *cli, const char *path,
				      const struct schema_field *f)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "path", path);
	json_put_str(o, "alias", f->alias);
	json_put_bool(o, "required", f->is_required);
	json_put_str(o, "doc", f->doc);
	json_put_obj(o, "runtimes", runtimes_json(cli, path));
	return o;
}

static void note_field(void *ctx, const char *path, const struct schema_field *f,
		       const struct schema_type *in)
{
	struct walk *w = ctx;
	const char *own;

	(void)in;
	/* Variants of one name come one after the other. */
	if (w->n_paths == MAX_PATHS ||
	    (w->n_paths > 0 && strcmp(w->paths[w->n_paths - 1], path) == 0))
		return;
	own = arena_strdup(w->cli->arena, path);
	w->paths[w->n_paths++] = own;
	if (!is_under(path, w->under))
		return;
	w->n_shown++;
	if (w->list)
		json_object_array_add(w->list, field_json(w->cli, own, f));
	else
		table_row(w->table, (const char *const[]){ own, f->doc });
}

static void print_field(struct cli *cli, const char *path, const struct schema_field *f)
{
	output_printf(cli->out, "%s%s\n", path, f->is_required ? " (required)" : "");
	if (f->doc && *f->doc)
		output_printf(cli->out, "  %s\n", f->doc);
	if (f->alias)
		output_printf(cli->out, "  also spelled %s\n", f->alias);
	for (const char *const *word = f->words ? f->words->names : NULL; word && *word; word++)
		output_printf(cli->out, "%s%s", word == f->words->names ? "  one of: " : ", ",
			      *word);
	output_puts(cli->out, "\n");
	for (int i = 0; i < FIELDS_N_RUNTIMES; i++) {
		enum fields_runtime rt = (enum fields_runtime)i;
		struct fields_answer answer;
		const char *note;

		if (fields_lookup(path, rt, &answer) == FIELDS_UNKNOWN)
			continue;
		output_printf(cli->out, "  %-8s %s%s%s\n", fields_runtime_name(rt),
			      fields_support_name(answer.support), answer.why ? ": " : "",
			      answer.why ? answer.why : "");
		for (size_t j = 0; (note = fields_notes(path, rt, j, cli->arena)); j++)
			output_printf(cli->out, "           %s\n", note);
	}
}

static int unknown(const struct walk *w, const char *path, struct error *err)
{
	const char *near = findings_nearest(path, w->paths, w->n_paths);

	(void)error_set(err, ERR_NOT_FOUND, 0, "the format has no field '%s'", path);
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	error_hint(err, "'tallyman explain' lists all fields; they begin with services.*");
	return -ERR_NOT_FOUND;
}

static void print_json(struct cli *cli, struct walk *w, const char *path,
		       const struct schema_field *f)
{
	struct json_object *doc = output_schema("explain");

	json_put_obj(doc, "field", f ? field_json(cli, path, f) : NULL);
	json_put_obj(doc, "fields", w->list);
	output_json(cli->out, doc);
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	static const char *const headers[] = { "FIELD", "WHAT IT IS" };
	struct buf text CLEAN(buf) = BUF_INIT(MAX_TEXT);
	const char *path = args->words[0];
	const struct schema_field *f = path ? schema_find(path, NULL) : NULL;
	struct walk *w = arena_alloc(cli->arena, sizeof(*w));

	*w = (struct walk){ .cli = cli, .under = path };
	w->table = table_new(cli->arena, headers, 2);
	if (command_is_json(args))
		w->list = json_object_new_array();
	schema_walk(note_field, w);
	if (path && !f) {
		json_object_put(w->list);
		return unknown(w, path, err);
	}
	if (w->list) {
		print_json(cli, w, path, f);
		return EXIT_DONE;
	}
	if (f)
		print_field(cli, path, f);
	if (w->n_shown > 0) {
		output_puts(cli->out, f ? "\n" : "");
		table_print(w->table, &text);
		output_bytes(cli->out, text.data, text.n);
	}
	return EXIT_DONE;
}

const struct command cmd_explain = {
	.name = "explain",
	.summary = "say what a field of the file does, and where",
	.arguments = "[PATH]",
	.about = "Shows a field, what each runtime does with it (honoured, emulated, ignored, "
		 "impossible), and the fields below it. Without a path all fields are listed.",
	.groups = COMMAND_OUTPUT,
	.max_words = 1,
	.examples =
		(const struct command_example[]){
			{ "tallyman explain services.*.ulimits", "one field" },
			{ "tallyman explain services.*.storage[]", "a list, and what is in it" },
			{ NULL },
		},
	.run = run,
};
