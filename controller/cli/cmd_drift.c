/* SPDX-License-Identifier: Apache-2.0 */
/* drift: what on the node is not as the recorded revisions say. Looks, and changes nothing. */
#include <string.h>

#include "controller/cli/command.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/cli/table.h"
#include "controller/target.h"
#include "controller/view.h"
#include "specs/runtime_id.h"
#include "store/deployment_store.h"

enum { MAX_TABLE = 64 << 20 };

static const char *const headers[] = { "DEPLOYMENT", "SLOT", "DIFFERENCE", "ACTION" };
enum { N_COLUMNS = sizeof(headers) / sizeof(headers[0]) };

struct drift {
	struct cli *cli;
	struct target *targets;
	size_t n_targets;
	struct table *table;
	struct json_object *differences, *orphans;
	size_t n_slots;   /* compared */
	size_t n_unclear; /* of these: nobody can tell now */
};

static bool is_asked(const struct drift *d, const char *deployment, const char *service,
		     uint32_t slot)
{
	for (size_t i = 0; i < d->n_targets; i++)
		if (target_matches(&d->targets[i], deployment, service, slot))
			return true;
	return d->n_targets == 0;
}

static struct json_object *to_json(const char *deployment, const struct plan_change *c)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "deployment", deployment);
	json_put_str(o, "service", c->service);
	json_put_i64(o, "replica", c->slot);
	json_put_str(o, "slot", c->name);
	json_put_str(o, "id", c->id);
	json_put_str(o, "difference", c->cause);
	json_put_str(o, "fields", c->fields);
	json_put_bool(o, "by_somebody", c->drift != NULL);
	json_put_str(o, "action", verdict_to_string(c->verdict));
	return o;
}

static void add_change(struct drift *d, const char *deployment, const struct plan_change *c)
{
	struct arena *a = d->cli->arena;
	const char *cells[N_COLUMNS] = { deployment, c->name, c->cause,
					 verdict_to_string(c->verdict) };

	if (c->fields)
		cells[2] = arena_printf(a, "%s [%s]", c->cause, c->fields);
	table_row(d->table, cells);
	json_object_array_add(d->differences, to_json(deployment, c));
}

static void add_part(struct drift *d, const struct view_part *part)
{
	for (size_t i = 0; i < reconcile_count(part->r); i++) {
		struct reconcile_view v;

		reconcile_view(part->r, i, &v);
		d->n_slots += is_asked(d, part->name, v.service, v.number) &&
			      v.state != RECONCILE_STATE_GONE;
	}
	/* What cannot be done is not as it shall be either, but nobody has changed that. */
	for (size_t i = 0; i < part->plan.n; i++) {
		const struct plan_change *c = &part->plan.changes[i];

		if (!is_asked(d, part->name, c->service, c->slot))
			continue;
		if (c->n)
			add_change(d, part->name, c);
		if (c->verdict != VERDICT_UNKNOWN)
			continue;
		d->n_unclear++;
		output_warn(d->cli->out, "%s/%s cannot be judged now: %s", part->name, c->name,
			    c->cause);
	}
}

/* Of a deployment that the store never heard of: it carries our owner tag, and no row explains it.
 */
static void add_orphans(struct drift *d, const struct view *view,
			const struct deployment_rows *known)
{
	for (size_t i = 0; i < view->observed.n; i++) {
		const struct instance *is = &view->observed.instances[i];
		const char *cells[N_COLUMNS] = { is->deployment, NULL,
						 "nothing recorded explains it", "none" };
		size_t k = 0;

		while (k < known->n && strcmp(known->items[k].name, is->deployment) != 0)
			k++;
		if (k < known->n || !is_asked(d, is->deployment, is->service, is->slot))
			continue;
		cells[1] = runtime_id_slot_name(d->cli->arena, is->service, is->slot);
		table_row(d->table, cells);
		json_object_array_add(d->orphans, json_object_new_string(is->id));
	}
}

static void print_text(const struct drift *d, size_t n_differences, size_t n_orphans)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_TABLE);

	if (n_differences + n_orphans)
		table_print(d->table, &text);
	output_bytes(d->cli->out, text.data, text.n);
	if (n_differences + n_orphans == 0)
		output_printf(d->cli->out, "Drift: none; %zu slots are as recorded\n", d->n_slots);
	else
		output_printf(d->cli->out, "Drift: %zu of %zu slots differ, %zu unexplained\n",
			      n_differences, d->n_slots, n_orphans);
}

static int print(struct drift *d, const struct view *view)
{
	size_t n_differences = json_object_array_length(d->differences);
	size_t n_orphans = json_object_array_length(d->orphans);
	struct json_object *doc = output_schema("drift");
	char looked[CLOCK_RFC3339_SIZE];

	json_put_str(doc, "looked", clock_rfc3339(view->looked, looked));
	json_put_bool(doc, "partial", view->observed.partial);
	json_put_i64(doc, "slots", (int64_t)d->n_slots);
	json_put_i64(doc, "unclear", (int64_t)d->n_unclear);
	json_put_obj(doc, "differences", d->differences);
	json_put_obj(doc, "orphans", d->orphans);
	if (view->observed.partial)
		output_warn(d->cli->out, "not everything could be seen: %s",
			    view->observed.missing);
	if (output_is_json(d->cli->out)) {
		output_json(d->cli->out, doc);
	} else {
		print_text(d, n_differences, n_orphans);
		json_object_put(doc);
	}
	if (n_differences + n_orphans)
		return EXIT_PENDING;
	return view->observed.partial || d->n_unclear ? EXIT_PARTLY : EXIT_DONE;
}

static int compare(struct drift *d, struct session *s, struct error *err)
{
	struct view view CLEAN(view) = { 0 };
	struct deployment_rows known = { 0 };
	int r = view_look(s, &view, err);

	if (r == 0)
		r = view_add_all(s, &view, err);
	if (r == 0 && s->store)
		r = deployment_store_list(s->store, d->cli->arena, &known, err);
	if (r < 0)
		return r;
	open_tell(d->cli, s);
	d->table = table_new(d->cli->arena, headers, N_COLUMNS);
	d->differences = json_object_new_array();
	d->orphans = json_object_new_array();
	for (size_t i = 0; i < view.n; i++)
		add_part(d, &view.parts[i]);
	add_orphans(d, &view, &known);
	return print(d, &view);
}

static int read_targets(struct drift *d, const struct command_args *args, struct session *s,
			struct error *err)
{
	int r = 0;

	d->targets = arena_array(d->cli->arena, args->n_words, sizeof(*d->targets));
	d->n_targets = args->n_words;
	for (size_t i = 0; r == 0 && i < args->n_words; i++) {
		r = target_parse(args->words[i], d->cli->arena, &d->targets[i], err);
		if (r == 0)
			r = target_check(&d->targets[i], s->store, d->cli->arena, err);
	}
	return r;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct drift d = { .cli = cli };
	struct session *s CLEAN(session) = NULL;
	struct session_options options;
	int r = open_options(cli, args, &options, err);

	if (r == 0)
		r = session_open(&options, SESSION_READ, NULL, &s, err);
	if (r == 0)
		r = read_targets(&d, args, s, err);
	return r < 0 ? r : compare(&d, s, err);
}

const struct command cmd_drift = {
	.name = "drift",
	.summary = "show what on the node is not as it was applied",
	.arguments = "[DEPLOYMENT[/SERVICE[-rep-N]]]...",
	.about =
		"Compares what runs with the recorded revisions and prints each slot that differs: "
		"ended,\n"
		"taken away, paused or given other limits by somebody, of another configuration or "
		"image,\n"
		"and what carries this node's tag and nothing recorded explains. Changes nothing; "
		"apply sets\n"
		"it back, and so does the daemon by itself.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.min_words = 0,
	.max_words = COMMAND_ANY_WORDS,
	.complete = "target",
	.examples = (const struct command_example[]){ { "tallyman drift shop", "one deployment" },
						      { 0 } },
	.exits = (const int[]){ EXIT_PENDING, EXIT_PARTLY, 0 },
	.run = run,
};
