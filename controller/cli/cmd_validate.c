/* SPDX-License-Identifier: Apache-2.0 */
/* validate: all that is wrong with deployment files. Resolves no reference, opens no store. */
#include "base/limits.h"
#include "controller/cli/command.h"
#include "controller/cli/input.h"
#include "controller/cli/output.h"
#include "specs/parse.h"

enum { MAX_FINDINGS_TEXT = 1 << 20 }; /* of one file: 200 findings of a few lines */

struct counts {
	size_t files, invalid, errors, warnings;
};

struct checker {
	struct cli *cli;
	bool is_strict, is_json;
	struct counts counts;
	struct json_object *files; /* of the document */
};

static struct json_object *file_json(const char *path, bool is_valid, const char *deployment,
				     size_t n_errors, size_t n_warnings)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "file", input_name(path));
	json_put_bool(o, "valid", is_valid);
	json_put_str(o, "deployment", deployment);
	json_put_i64(o, "errors", (int64_t)n_errors);
	json_put_i64(o, "warnings", (int64_t)n_warnings);
	return o;
}

static void report(struct checker *c, const char *path, const struct findings *f,
		   const struct deployment *d)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_FINDINGS_TEXT);
	bool is_valid = d && f->n_errors == 0;

	c->counts.files++;
	c->counts.invalid += !is_valid;
	c->counts.errors += f->n_errors;
	c->counts.warnings += f->n_warnings;
	if (c->is_json) {
		struct json_object *o =
			file_json(path, is_valid, d ? d->name : NULL, f->n_errors, f->n_warnings);

		json_put_obj(o, "findings", findings_to_json(f));
		json_object_array_add(c->files, o);
		return;
	}
	findings_print(f, &text);
	output_raw(c->cli->out, text.data);
	if (is_valid)
		output_printf(c->cli->out, "%s: valid (deployment %s, %zu service%s)\n",
			      input_name(path), d->name, d->services.n,
			      d->services.n == 1 ? "" : "s");
}

/* A file that cannot be read is a mistake like any other; the next one is looked at. */
static void report_unreadable(struct checker *c, const char *path, const struct error *e)
{
	c->counts.files++;
	c->counts.invalid++;
	c->counts.errors++;
	if (c->is_json) {
		struct json_object *o = file_json(path, false, NULL, 1, 0);

		json_put_str(o, "message", e->msg);
		json_put_obj(o, "findings", json_object_new_array());
		json_object_array_add(c->files, o);
		return;
	}
	output_error(c->cli->out, e);
}

static void check_file(struct checker *c, const char *path)
{
	struct arena *arena CLEAN(arena) = arena_new();
	struct buf bytes CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES + 1);
	struct deployment *d = NULL;
	struct findings findings;
	struct error e = ERROR_INIT;

	if (input_read(path, &bytes, &e) < 0) {
		report_unreadable(c, path, &e);
		return;
	}
	findings_init(&findings, arena, input_name(path));
	if (parse_deployment(bytes.data, bytes.n, arena, &findings, &d, &e) < 0) {
		d = NULL;
		if (findings.n_errors == 0) { /* never without a word */
			report_unreadable(c, path, &e);
			return;
		}
	}
	if (c->is_strict)
		findings_strict(&findings);
	report(c, path, &findings, d);
}

static void print_document(const struct checker *c)
{
	struct json_object *doc = output_schema("validate");

	json_put_bool(doc, "valid", c->counts.invalid == 0);
	json_put_i64(doc, "errors", (int64_t)c->counts.errors);
	json_put_i64(doc, "warnings", (int64_t)c->counts.warnings);
	json_put_obj(doc, "files", c->files);
	output_json(c->cli->out, doc);
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct checker c = {
		.cli = cli,
		.is_strict = command_has(args, "strict"),
		.is_json = command_is_json(args),
	};

	(void)err; /* what is wrong is a result here */
	if (c.is_json)
		c.files = json_object_new_array();
	for (size_t i = 0; i < args->n_words; i++)
		check_file(&c, args->words[i]);
	if (c.is_json)
		print_document(&c);
	else if (c.counts.files > 1 || c.counts.invalid > 0)
		output_note(cli->out, "%zu of %zu file%s valid; %zu error%s, %zu warning%s",
			    c.counts.files - c.counts.invalid, c.counts.files,
			    c.counts.files == 1 ? "" : "s", c.counts.errors,
			    c.counts.errors == 1 ? "" : "s", c.counts.warnings,
			    c.counts.warnings == 1 ? "" : "s");
	return c.counts.invalid == 0 ? EXIT_DONE : EXIT_FAILED;
}

static const struct command_option options[] = {
	{ .name = "strict", .help = "warnings are errors" },
	{ NULL },
};

const struct command cmd_validate = {
	.name = "validate",
	.summary = "say all that is wrong with deployment files",
	.arguments = "FILE...",
	.about = "Reads deployment files (- for standard input) and reports every mistake with its "
		 "place, and what cannot be honoured as a warning. Looks at nothing but the files: "
		 "references like $E:NAME and $S:name are not resolved.",
	.groups = COMMAND_OUTPUT,
	.min_words = 1,
	.max_words = COMMAND_ANY_WORDS,
	.complete = "file",
	.options = options,
	.examples =
		(const struct command_example[]){
			{ "tallyman validate --strict shop.yaml", "in a commit hook" },
			{ "tallyman validate -o json shop.yaml blog.yaml",
			  "findings for an editor" },
			{ NULL },
		},
	.run = run,
};
