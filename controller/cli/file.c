/* SPDX-License-Identifier: Apache-2.0 */
/* Reads, parses, prints what is wrong. Judges nothing itself. */
#include "controller/cli/file.h"

#include "base/limits.h"
#include "controller/cli/input.h"
#include "controller/cli/output.h"
#include "controller/wanted.h"
#include "specs/parse.h"
#include "specs/runtime_id.h"

enum { MAX_FINDINGS_TEXT = 8 << 20 };

void file_done(struct file_spec *f)
{
	arena_free(f->arena);
	f->arena = NULL;
}

static const struct finding *first_error(const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->items[i].severity == SEVERITY_ERROR)
			return &f->items[i];
	return NULL;
}

/* The findings are printed already; for programs they are part of the document. */
static int refuse(struct cli *cli, const char *name, const struct findings *f, struct error *err)
{
	const struct finding *first = first_error(f);
	struct json_object *doc;

	(void)error_set(err, ERR_INVALID, 0, "%s has %zu error%s; nothing was done", name,
			f->n_errors, f->n_errors == 1 ? "" : "s");
	if (first)
		error_hint(err, "'tallyman explain %s' says what a code means",
			   findings_code_text(first->code));
	if (output_is_json(cli->out)) {
		doc = output_error_document(err);
		json_put_obj(doc, "findings", findings_to_json(f));
		output_json(cli->out, doc);
	}
	return -ERR_INVALID;
}

/* What is no file may be meant as the name of a deployment. */
static void hint_at_name(const char *name, struct error *err)
{
	if (runtime_id_is_deployment(name))
		error_hint(err,
			   "a deployment file is read here; 'tallyman drift %s' takes a name and "
			   "compares with what was applied last",
			   name);
}

int file_load(struct cli *cli, const char *name, bool is_strict, struct file_spec *ret,
	      struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES + 1);
	struct buf shown CLEAN(buf) = BUF_INIT(MAX_FINDINGS_TEXT);
	struct findings findings;
	struct error unused = ERROR_INIT;
	int r = input_read(name, &text, err);

	if (r == -ERR_NOT_FOUND)
		hint_at_name(name, err);
	if (r < 0)
		return r;
	*ret = (struct file_spec){ .arena = arena_new(), .name = input_name(name), .n = text.n };
	ret->bytes = arena_strndup(ret->arena, text.data, text.n);
	findings_init(&findings, ret->arena, input_name(name));
	r = parse_deployment(ret->bytes, ret->n, ret->arena, &findings, &ret->deployment, &unused);
	if (is_strict)
		findings_strict(&findings);
	findings_print(&findings, &shown);
	if (shown.n)
		output_raw(cli->out, shown.data);
	if (r == 0 && findings.n_errors == 0)
		return 0;
	r = refuse(cli, input_name(name), &findings, err);
	file_done(ret);
	return r;
}

int file_warn(struct cli *cli, const struct wanted *w, bool is_strict, struct error *err)
{
	for (size_t i = 0; i < w->n_warnings; i++)
		output_warn(cli->out, "%s", w->warnings[i]);
	if (!w->n_warnings || !is_strict)
		return 0;
	return error_set(err, ERR_INVALID, 0,
			 "%s: %zu warning%s, and --strict makes them errors; nothing was done",
			 w->deployment, w->n_warnings, w->n_warnings == 1 ? "" : "s");
}
