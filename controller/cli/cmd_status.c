/* SPDX-License-Identifier: Apache-2.0 */
/* status: every slot as it is now. Looks at the runtimes; takes no lock, changes nothing. */
#include "controller/cli/command.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/cli/table.h"
#include "controller/slot_json.h"
#include "controller/source_json.h"
#include "controller/target.h"
#include "controller/text.h"
#include "controller/view.h"
#include "store/node_store.h"

enum { MAX_TABLE = 64 << 20 };

static const char *const headers[] = { "DEPLOYMENT", "SLOT",  "STATE",    "HEALTH", "GENERATION",
				       "PID",        "IMAGE", "RESTARTS", "REASON" };
enum { N_COLUMNS = sizeof(headers) / sizeof(headers[0]) };

struct status {
	struct cli *cli;
	struct target *targets;
	size_t n_targets;
	struct table *table;
	size_t n_rows;
	struct json_object *instances;
	struct json_object *unanswered; /* runtimes, and when they were last seen whole */
	struct json_object *sources;    /* watched files */
};

static bool is_asked(const struct status *st, const char *deployment,
		     const struct reconcile_view *v)
{
	for (size_t i = 0; i < st->n_targets; i++)
		if (target_matches(&st->targets[i], deployment, v->service, v->number))
			return true;
	return st->n_targets == 0;
}

/* A job that failed is done as well: it was not to be run again. */
static bool has_failed(const struct reconcile_view *v)
{
	const struct slot *rec = v->record;

	return v->state == RECONCILE_STATE_DONE && !(rec->has_exit_code && rec->exit_code == 0);
}

/* Why it is not as it shall be; of one that waits also until when. */
static const char *reason(struct arena *a, const struct reconcile_view *v)
{
	enum { TIME_OF_DAY = sizeof("2026-11-23") };
	struct wall at = v->record->retry_wall;

	if (verdict_is_right(v->verdict))
		return has_failed(v) ? v->cause : NULL;
	if (v->verdict != VERDICT_WAIT || !at.us)
		return v->cause;
	return arena_printf(a, "%s; next try at %s UTC", v->cause,
			    text_time_short(a, at) + TIME_OF_DAY);
}

static void add_row(struct status *st, const char *deployment, const struct reconcile_view *v)
{
	struct arena *a = st->cli->arena;
	const struct instance *i = v->instance;
	const char *cells[N_COLUMNS] = {
		deployment,
		arena_printf(a, "%s-rep-%u", v->service, v->number),
		slot_json_state(v),
		"unknown",
		i ? arena_printf(a, "%ju", (uintmax_t)i->generation) : NULL,
		i && i->pid ? arena_printf(a, "%d", i->pid) : NULL,
		i ? i->image : NULL,
		arena_printf(a, "%u", v->record->restarts),
		reason(a, v),
	};

	table_row(st->table, cells);
	st->n_rows++;
}

static void add_part(struct status *st, const struct view_part *part)
{
	for (size_t i = 0; i < reconcile_count(part->r); i++) {
		struct reconcile_view v;

		reconcile_view(part->r, i, &v);
		if (v.state == RECONCILE_STATE_GONE || !is_asked(st, part->name, &v))
			continue;
		json_object_array_add(st->instances, slot_json(part->name, &v));
		add_row(st, part->name, &v);
	}
}

static bool is_told(const struct status *st, const char *runtime)
{
	for (size_t i = 0; i < json_object_array_length(st->unanswered); i++) {
		const char *name = NULL;

		(void)json_get_str(json_object_array_get_idx(st->unanswered, i), "runtime", &name,
				   NULL);
		if (name && strcmp(name, runtime) == 0)
			return true;
	}
	return false;
}

static int tell_unanswered(struct status *st, struct session *s, const char *runtime,
			   struct error *err)
{
	struct arena *a = st->cli->arena;
	struct json_object *o;
	struct wall seen = { 0 };
	const char *boot;
	int r = s->store ? node_store_boot(s->store, runtime, a, &boot, &seen, err) : 0;

	if (r < 0)
		return r;
	o = json_object_new_object();
	json_put_str(o, "runtime", runtime);
	json_put_str(o, "last_looked", text_time(a, seen));
	json_object_array_add(st->unanswered, o);
	if (seen.us)
		output_warn(st->cli->out,
			    "runtime %s was last seen whole at %s UTC; its rows are "
			    "from then",
			    runtime, text_time_short(a, seen));
	return 0;
}

/* What could not be seen, and how old is what is shown of it. */
static int find_unanswered(struct status *st, struct session *s, const struct view *view,
			   struct error *err)
{
	const struct observed *o = &view->observed;
	int r = 0;

	if (o->partial)
		output_warn(st->cli->out, "not everything could be seen: %s", o->missing);
	for (size_t i = 0; r == 0 && o->partial && i < o->n; i++)
		if (o->instances[i].state == INSTANCE_UNKNOWN &&
		    !is_told(st, o->instances[i].runtime))
			r = tell_unanswered(st, s, o->instances[i].runtime, err);
	return r;
}

static void tell_source(struct status *st, const struct source_row *row)
{
	json_object_array_add(st->sources, source_json(row));
	if (row->problem)
		output_warn(st->cli->out, "source %s: %s", row->path, row->problem);
	else if (row->gone.us)
		output_warn(st->cli->out, "%s is not in the source: %s is gone since %s UTC",
			    row->deployment, row->path, text_time_short(st->cli->arena, row->gone));
}

/* What watched files say of the node, and why some do not count. */
static int find_sources(struct status *st, struct session *s, struct error *err)
{
	struct source_rows rows = { 0 };
	int r = s->store ? source_store_list(s->store, st->cli->arena, &rows, err) : 0;

	for (size_t i = 0; r == 0 && i < rows.n; i++)
		tell_source(st, &rows.items[i]);
	return r;
}

static void print(struct status *st, const struct view *view)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_TABLE);
	struct json_object *doc = output_schema("status");
	char looked[CLOCK_RFC3339_SIZE];

	json_put_str(doc, "looked", clock_rfc3339(view->looked, looked));
	json_put_bool(doc, "partial", view->observed.partial);
	json_put_obj(doc, "unanswered", st->unanswered);
	json_put_obj(doc, "sources", st->sources);
	json_put_obj(doc, "instances", st->instances);
	if (output_is_json(st->cli->out)) {
		output_json(st->cli->out, doc);
		return;
	}
	/* A table of nothing is a result for programs; people want to know that it is meant. */
	if (st->n_rows == 0)
		output_note(st->cli->out, "nothing is up here%s",
			    st->n_targets ? " of that name" : "; 'tallyman apply FILE' changes it");
	table_print(st->table, &text);
	output_bytes(st->cli->out, text.data, text.n);
	json_object_put(doc);
}

static int read_targets(struct status *st, const struct command_args *args, struct session *s,
			struct error *err)
{
	int r = 0;

	st->targets = arena_array(st->cli->arena, args->n_words, sizeof(*st->targets));
	st->n_targets = args->n_words;
	for (size_t i = 0; r == 0 && i < args->n_words; i++) {
		r = target_parse(args->words[i], st->cli->arena, &st->targets[i], err);
		if (r == 0)
			r = target_check(&st->targets[i], s->store, st->cli->arena, err);
	}
	return r;
}

static int show(struct status *st, struct session *s, struct error *err)
{
	struct view view CLEAN(view) = { 0 };
	int r = view_look(s, &view, err);

	r = r < 0 ? r : view_add_all(s, &view, err);
	if (r < 0)
		return r;
	open_tell(st->cli, s);
	st->table = table_new(st->cli->arena, headers, N_COLUMNS);
	st->unanswered = json_object_new_array();
	st->sources = json_object_new_array();
	r = find_unanswered(st, s, &view, err);
	r = r < 0 ? r : find_sources(st, s, err);
	if (r < 0) {
		json_object_put(st->unanswered);
		json_object_put(st->sources);
		return r;
	}
	st->instances = json_object_new_array();
	for (size_t i = 0; i < view.n; i++)
		add_part(st, &view.parts[i]);
	print(st, &view);
	return view.observed.partial ? EXIT_PARTLY : EXIT_DONE;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct status st = { .cli = cli };
	struct session *s CLEAN(session) = NULL;
	struct session_options options;
	int r = open_options(cli, args, &options, err);

	r = r < 0 ? r : session_open(&options, SESSION_READ, NULL, &s, err);
	r = r < 0 ? r : read_targets(&st, args, s, err);
	return r < 0 ? r : show(&st, s, err);
}

const struct command cmd_status = {
	.name = "status",
	.summary = "show every slot as it is now",
	.arguments = "[DEPLOYMENT[/SERVICE[-rep-N]]]...",
	.about = "Looks at the runtimes each time. Where one cannot answer, its rows say unknown.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.min_words = 0,
	.max_words = COMMAND_ANY_WORDS,
	.complete = "target",
	.examples =
		(const struct command_example[]){
			{ "tallyman status shop", "the slots of one deployment" }, { 0 } },
	.exits = (const int[]){ EXIT_PARTLY, 0 },
	.run = run,
};
