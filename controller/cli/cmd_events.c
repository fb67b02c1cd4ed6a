/* SPDX-License-Identifier: Apache-2.0 */
/* events: what happened on the node, from the store's ring. */
#include <poll.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/number.h"
#include "controller/cli/command.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/cli/table.h"
#include "controller/event_json.h"
#include "controller/target.h"
#include "controller/text.h"
#include "specs/runtime_id.h"
#include "store/event_store.h"
#include "store/store.h"

enum {
	LOOK_MS = 500, /* how often new events are looked for */
	DEFAULT_EVENTS = 50,
	ALL_EVENTS = -1,
	MAX_TEXT = 16 << 20,
};

struct view {
	struct cli *cli;
	struct arena *arena;  /* of one look */
	struct store **store; /* the caller's; *store NULL: there is none */
	struct target target;
	bool has_target, is_json, is_following;
	int64_t after; /* the newest that was seen */
};

static bool is_wanted(const struct view *v, const struct event_row *e)
{
	if (!v->has_target || !v->target.has_slot)
		return true;
	return e->slot < 0 || e->slot == v->target.slot;
}

/* "shop/web-rep-0", "shop", or NULL for the node. */
static const char *subject(struct arena *a, const struct event_row *e)
{
	if (!e->deployment || !e->service)
		return e->deployment;
	if (e->slot < 0)
		return arena_printf(a, "%s/%s", e->deployment, e->service);
	return arena_printf(a, "%s/%s", e->deployment,
			    runtime_id_slot_name(a, e->service, (uint32_t)e->slot));
}

static struct json_object *to_json(const struct view *v, const struct event_row *e)
{
	struct json_object *o = v->is_following ? output_schema("event") : json_object_new_object();

	event_json(o, e);
	return o;
}

static const char *count_text(struct arena *a, int64_t count)
{
	return count > 1 ? arena_printf(a, " (%jd times)", (intmax_t)count) : "";
}

static void print_table(struct view *v, const struct event_rows *rows)
{
	static const char *const headers[] = { "TIME", "LEVEL", "WHAT", "WHERE", "MESSAGE" };
	struct buf text CLEAN(buf) = BUF_INIT(MAX_TEXT);
	struct table *t = table_new(v->arena, headers, 5);

	for (size_t i = 0; i < rows->n; i++) {
		const struct event_row *e = &rows->items[i];

		table_row(t, (const char *const[]){
				     text_time_short(v->arena, e->last),
				     event_store_level_to_string(e->level),
				     e->kind,
				     subject(v->arena, e),
				     arena_printf(v->arena, "%s%s", e->message,
						  count_text(v->arena, e->count)),
			     });
	}
	table_print(t, &text);
	output_bytes(v->cli->out, text.data, text.n);
}

static void print_stream(struct view *v, const struct event_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct event_row *e = &rows->items[i];
		const char *where = subject(v->arena, e);

		if (v->is_json)
			output_json_line(v->cli->out, to_json(v, e));
		else
			output_printf(v->cli->out, "%s %s %s %s: %s%s\n",
				      text_time_short(v->arena, e->last),
				      event_store_level_to_string(e->level), e->kind,
				      where ? where : "node", e->message,
				      count_text(v->arena, e->count));
	}
}

static void print_document(struct view *v, const struct event_rows *rows)
{
	struct json_object *doc = output_schema("events");
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < rows->n; i++)
		json_object_array_add(list, to_json(v, &rows->items[i]));
	json_put_obj(doc, "events", list);
	output_json(v->cli->out, doc);
}

/* Those of the target that came after the ones seen before, oldest first. */
static int look(struct view *v, struct event_rows *ret, struct error *err)
{
	const struct event_filter filter = {
		.deployment = v->has_target ? v->target.deployment : NULL,
		.service = v->has_target ? v->target.service : NULL,
		.after = v->after,
	};
	size_t n = 0;
	int r;

	*ret = (struct event_rows){ 0 };
	arena_reset(v->arena);
	r = *v->store ? store_renew(v->store, clock_wall(), err) : 0;
	if (r >= 0 && *v->store)
		r = event_store_list(*v->store, &filter, v->arena, ret, err);
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		if (ret->items[i].seq > v->after)
			v->after = ret->items[i].seq;
		if (is_wanted(v, &ret->items[i]))
			ret->items[n++] = ret->items[i];
	}
	ret->n = n;
	return r;
}

static void keep_newest(struct event_rows *rows, int64_t limit)
{
	if (limit == ALL_EVENTS || rows->n <= (size_t)limit)
		return;
	rows->items += rows->n - (size_t)limit;
	rows->n = (size_t)limit;
}

static bool is_closed(struct view *v)
{
	struct pollfd p = { .fd = output_fd(v->cli->out) };

	return poll(&p, 1, LOOK_MS) > 0 && (p.revents & (POLLERR | POLLNVAL));
}

static int follow(struct view *v, int64_t limit, struct error *err)
{
	struct event_rows rows;
	int r = look(v, &rows, err);

	if (r == 0)
		keep_newest(&rows, limit);
	while (r == 0) {
		print_stream(v, &rows);
		r = output_flush(v->cli->out, err);
		if (r != 0 || is_closed(v))
			break;
		r = look(v, &rows, err);
	}
	return r < 0 ? r : EXIT_DONE;
}

static int show(struct view *v, int64_t limit, struct error *err)
{
	struct event_rows rows;
	int r;

	if (v->is_following)
		return follow(v, limit, err);
	r = look(v, &rows, err);
	if (r < 0)
		return r;
	keep_newest(&rows, limit);
	if (v->is_json)
		print_document(v, &rows);
	else
		print_table(v, &rows);
	return EXIT_DONE;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct arena *arena CLEAN(arena) = arena_new();
	struct store *store CLEAN(store) = NULL;
	struct view v = { .cli = cli, .arena = arena };
	const char *tail = command_value(args, "tail");
	uint64_t number = DEFAULT_EVENTS;
	int64_t limit;
	int r = 0;

	if (tail && strcmp(tail, "all") != 0 && !number_u64(tail, LIMIT_EVENTS, &number))
		return command_usage(cli, args, "--tail '%s' is neither a number up to %d nor all",
				     tail, LIMIT_EVENTS);
	limit = tail && strcmp(tail, "all") == 0 ? ALL_EVENTS : (int64_t)number;
	v.is_json = command_is_json(args);
	v.is_following = command_has(args, "follow");
	v.has_target = args->n_words > 0;
	if (v.has_target)
		r = target_parse(args->words[0], cli->arena, &v.target, err);
	if (r == 0)
		r = open_store(cli, args, &store, err);
	if (r == 0 && v.has_target)
		r = target_check(&v.target, store, cli->arena, err);
	if (r < 0)
		return r;
	v.store = &store;
	return show(&v, limit, err);
}

static const struct command_option options[] = {
	{ .name = "follow", .letter = 'f', .help = "go on with what happens from now on" },
	{ .name = "tail", .letter = 'n', .arg = "N", .help = "the newest N, or all [50]" },
	{ NULL },
};

const struct command cmd_events = {
	.name = "events",
	.summary = "show what happened",
	.arguments = "[DEPLOYMENT[/SERVICE[-rep-N]]]",
	.about =
		"Prints what happened on the node or to a part of it, oldest first: what was asked "
		"for, what was done, what failed and why. The newest 10000 events are kept; one "
		"that repeats is counted.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.max_words = 1,
	.complete = "target",
	.options = options,
	.examples =
		(const struct command_example[]){
			{ "tallyman events shop --tail 20", "the newest of one deployment" },
			{ NULL },
		},
	.run = run,
};
