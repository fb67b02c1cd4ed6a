/* SPDX-License-Identifier: Apache-2.0 */
/* history: the revisions of a deployment, and one of them byte for byte. */
#include "base/number.h"
#include "controller/cli/command.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/cli/table.h"
#include "controller/target.h"
#include "controller/text.h"
#include "store/deployment_store.h"
#include "store/store.h"

enum { MAX_TEXT = 1 << 20 };

static const char *note(const struct deployment_row *d, const struct revision_row *r)
{
	if (r->number != d->revision)
		return NULL;
	return d->wish == DEPLOYMENT_NOTHING ? "current, taken down" : "current";
}

static void print(struct cli *cli, const struct deployment_row *d, const struct revision_rows *rows)
{
	static const char *const headers[] = { "REVISION", "TIME",   "DIGEST",
					       "AUTHOR",   "SOURCE", "NOTE" };
	struct buf text CLEAN(buf) = BUF_INIT(MAX_TEXT);
	struct table *t = table_new(cli->arena, headers, 6);

	for (size_t i = 0; i < rows->n; i++) {
		const struct revision_row *r = &rows->items[i];

		table_row(t, (const char *const[]){
				     arena_printf(cli->arena, "%jd", (intmax_t)r->number),
				     text_time_short(cli->arena, r->created),
				     text_digest(cli->arena, r->digest),
				     r->author,
				     r->source,
				     note(d, r),
			     });
	}
	table_print(t, &text);
	output_bytes(cli->out, text.data, text.n);
}

static void print_json(struct cli *cli, const struct deployment_row *d,
		       const struct revision_rows *rows)
{
	struct json_object *doc = output_schema("history");
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < rows->n; i++) {
		const struct revision_row *r = &rows->items[i];
		struct json_object *o = json_object_new_object();

		json_put_i64(o, "revision", r->number);
		json_put_str(o, "time", text_time(cli->arena, r->created));
		json_put_str(o, "digest", r->digest);
		json_put_str(o, "author", r->author);
		json_put_str(o, "source", r->source);
		json_put_bool(o, "current", r->number == d->revision);
		json_object_array_add(list, o);
	}
	json_put_str(doc, "deployment", d->name);
	json_put_str(doc, "wish", d->wish == DEPLOYMENT_NOTHING ? "nothing" : "present");
	json_put_obj(doc, "revisions", list);
	output_json(cli->out, doc);
}

/* The file as it was accepted. */
static int print_revision(struct cli *cli, struct store *store, const char *name, int64_t number,
			  struct error *err)
{
	struct revision_row row;
	int r = deployment_store_revision(store, name, number, cli->arena, &row, err);

	if (r == DEPLOYMENT_ABSENT) {
		(void)error_set(err, ERR_NOT_FOUND, 0, "deployment '%s' has no revision %jd", name,
				(intmax_t)number);
		error_hint(err, "'tallyman history %s' lists them", name);
		return -ERR_NOT_FOUND;
	}
	if (r < 0)
		return r;
	if (output_is_json(cli->out)) {
		struct json_object *doc = output_schema("revision");

		json_put_str(doc, "deployment", name);
		json_put_i64(doc, "revision", row.number);
		json_put_str(doc, "digest", row.digest);
		json_put_str(doc, "text", text_utf8(cli->arena, row.bytes, row.n_bytes));
		output_json(cli->out, doc);
	} else {
		output_bytes(cli->out, row.bytes, row.n_bytes);
	}
	return EXIT_DONE;
}

static int show(struct cli *cli, struct store *store, const char *name, struct error *err)
{
	struct deployment_row d;
	struct revision_rows rows;
	int r = deployment_store_find(store, name, cli->arena, &d, err);

	if (r == 0)
		r = deployment_store_history(store, name, cli->arena, &rows, err);
	if (r < 0)
		return r;
	if (output_is_json(cli->out))
		print_json(cli, &d, &rows);
	else
		print(cli, &d, &rows);
	return EXIT_DONE;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct store *store CLEAN(store) = NULL;
	const char *revision = command_value(args, "show");
	struct target target;
	uint64_t number = 0;
	int r = target_parse(args->words[0], cli->arena, &target, err);

	if (r < 0)
		return r;
	if (target.service)
		return command_usage(cli, args, "a revision belongs to a whole deployment: '%s'",
				     target.deployment);
	if (revision && (!number_u64(revision, INT64_MAX, &number) || number == 0))
		return command_usage(cli, args, "--show '%s' is no revision's number", revision);
	r = open_store(cli, args, &store, err);
	if (r == 0)
		r = target_check(&target, store, cli->arena, err);
	if (r < 0)
		return r;
	if (revision)
		return print_revision(cli, store, target.deployment, (int64_t)number, err);
	return show(cli, store, target.deployment, err);
}

static const struct command_option options[] = {
	{ .name = "show", .arg = "N", .help = "print the file of revision N as it was accepted" },
	{ NULL },
};

const struct command cmd_history = {
	.name = "history",
	.summary = "show the revisions of a deployment",
	.arguments = "DEPLOYMENT",
	.about = "Lists the files that were applied, newest first, each with its time, author and "
		 "source.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.min_words = 1,
	.max_words = 1,
	.complete = "target",
	.options = options,
	.examples =
		(const struct command_example[]){
			{ "tallyman history shop", "all of them" },
			{ "tallyman history shop --show 3 > shop-3.yaml", "one of them" },
			{ NULL },
		},
	.run = run,
};
