/* SPDX-License-Identifier: Apache-2.0 */
/* logs: what containers wrote. Reads files and the store; asks no runtime and no shim. */
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "controller/cli/command.h"
#include "controller/cli/open.h"
#include "controller/cli/output.h"
#include "controller/log_merge.h"
#include "controller/target.h"
#include "controller/text.h"
#include "specs/duration.h"
#include "specs/runtime_id.h"
#include "store/slot_store.h"
#include "store/store.h"

enum {
	LOOK_MS = 200,          /* how often a followed log is looked at: at once, for people */
	LOOKS_PER_LIST = 10,    /* new replicas are looked for every two seconds */
	MAX_DOCUMENT = 1000000, /* lines of one JSON document */
};

struct view {
	struct cli *cli;
	struct target target;
	struct store **store; /* the caller's */
	struct log_merge *merge;
	struct arena *arena; /* of one line or one listing */
	const char *stream;  /* NULL: all */
	int64_t tail;        /* -1: all */
	struct wall since;
	bool is_following, is_json, has_times, has_names;
	struct json_object *lines; /* of the document */
};

static int read_since(const char *text, struct wall now, struct wall *ret, struct error *err)
{
	struct duration d;
	const char *why;

	if (text_parse_time(text, strlen(text), ret))
		return 0;
	if (duration_parse(text, &d, &why)) {
		*ret = (struct wall){ now.us - duration_us(d) };
		return 0;
	}
	return error_set(
		err, ERR_INVALID, 0,
		"--since '%s' is neither a duration (10m) nor a time (2026-11-23T23:59:59Z)", text);
}

static int read_options(struct view *v, const struct command_args *args, struct error *err)
{
	const char *tail = command_value(args, "tail");
	const char *since = command_value(args, "since");
	uint64_t n = 0;

	v->is_following = command_has(args, "follow");
	v->is_json = command_is_json(args);
	v->has_times = command_has(args, "timestamps");
	v->has_names = !v->target.has_slot && !command_has(args, "no-prefix");
	v->stream = command_value(args, "stream");
	v->tail = -1;
	if (tail && strcmp(tail, "all") != 0) {
		if (!number_u64(tail, INT32_MAX, &n))
			return error_set(err, ERR_INVALID, 0,
					 "--tail '%s' is neither a number nor all", tail);
		v->tail = (int64_t)n;
	}
	if (v->stream && strcmp(v->stream, "stdout") != 0 && strcmp(v->stream, "stderr") != 0)
		return error_set(err, ERR_INVALID, 0, "--stream is stdout or stderr, not '%s'",
				 v->stream);
	return since ? read_since(since, clock_wall(), &v->since, err) : 0;
}

/* The slots that the target names, as the store knows them now. */
static int find_logs(struct view *v, int64_t tail, struct error *err)
{
	struct slot_rows rows;
	int r;

	arena_reset(v->arena);
	r = store_renew(v->store, clock_wall(), err);
	if (r >= 0)
		r = slot_store_list(*v->store, v->target.deployment, v->arena, &rows, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < rows.n; i++) {
		const struct slot *s = &rows.items[i];

		if (target_matches(&v->target, s->deployment, s->service, s->number))
			log_merge_add(v->merge,
				      &(struct log_source){
					      .deployment = s->deployment,
					      .service = s->service,
					      .slot = s->number,
					      .name = runtime_id_slot_name(v->arena, s->service,
									   s->number),
				      },
				      tail);
	}
	return 0;
}

static struct json_object *to_json(struct view *v, const struct log_source *s,
				   const struct log_line *line)
{
	struct json_object *o = v->is_following ? output_schema("log") : json_object_new_object();

	json_put_str(o, "deployment", s->deployment);
	json_put_str(o, "service", s->service);
	json_put_i64(o, "replica", s->slot);
	json_put_str(o, "time", text_time(v->arena, line->time));
	json_put_str(o, "stream", line->stream);
	json_put_str(o, "text", text_utf8(v->arena, line->text, line->n));
	return o;
}

static void print_text(struct view *v, const struct log_source *s, const struct log_line *line)
{
	struct output *out = v->cli->out;

	if (v->has_names)
		output_printf(out, "%-*s | ", log_merge_width(v->merge), s->name);
	if (v->has_times && line->time.us)
		output_printf(out, "%s ", text_time(v->arena, line->time));
	output_bytes(out, line->text, line->n);
	output_puts(out, "\n");
}

static int print_line(struct view *v, const struct log_source *s, const struct log_line *line,
		      struct error *err)
{
	if (line->time.us < v->since.us || (v->stream && strcmp(v->stream, line->stream) != 0))
		return 0;
	arena_reset(v->arena);
	if (!v->is_json) {
		print_text(v, s, line);
		return 0;
	}
	if (v->is_following) {
		output_json_line(v->cli->out, to_json(v, s, line));
		return 0;
	}
	if (json_object_array_length(v->lines) >= MAX_DOCUMENT) {
		(void)error_set(err, ERR_LIMIT, 0, "more than %d lines in one document",
				MAX_DOCUMENT);
		error_hint(err, "choose some of them with --tail or --since");
		return -ERR_LIMIT;
	}
	json_object_array_add(v->lines, to_json(v, s, line));
	return 0;
}

/* All lines that are there now; OUTPUT_CLOSED when nobody reads any more. */
static int print_lines(struct view *v, struct error *err)
{
	const struct log_source *source;
	struct log_line line;
	int r;

	for (;;) {
		r = log_merge_next(v->merge, !v->is_following, &source, &line, err);
		if (r != 0)
			break;
		r = print_line(v, source, &line, err);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : output_flush(v->cli->out, err);
}

static bool is_closed(struct view *v)
{
	struct pollfd p = { .fd = output_fd(v->cli->out) };

	return poll(&p, 1, LOOK_MS) > 0 && (p.revents & (POLLERR | POLLNVAL));
}

static int follow(struct view *v, struct error *err)
{
	int r;

	for (unsigned i = 1;; i++) {
		if (is_closed(v))
			return 0;
		/* What a new replica has said so far is new. */
		r = i % LOOKS_PER_LIST == 0 ? find_logs(v, -1, err) : 0;
		if (r == 0)
			r = print_lines(v, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
}

static int show(struct view *v, struct error *err)
{
	int r = find_logs(v, v->tail, err);

	if (r < 0)
		return r;
	if (v->is_json && !v->is_following)
		v->lines = json_object_new_array();
	r = print_lines(v, err);
	if (r == 0 && v->is_following)
		return follow(v, err);
	if (v->lines && r >= 0) {
		struct json_object *doc = output_schema("logs");

		json_put_obj(doc, "lines", v->lines);
		output_json(v->cli->out, doc);
	} else {
		json_object_put(v->lines);
	}
	return r < 0 ? r : EXIT_DONE;
}

static int run(struct cli *cli, const struct command_args *args, struct error *err)
{
	struct arena *arena CLEAN(arena) = arena_new();
	struct store *store CLEAN(store) = NULL;
	struct log_merge *merge CLEAN(log_merge) = NULL;
	struct view v = { .cli = cli, .arena = arena };
	struct session_options node;
	int r = target_parse(args->words[0], cli->arena, &v.target, err);

	if (r < 0)
		return r;
	r = read_options(&v, args, err);
	if (r < 0)
		return command_usage(cli, args, "%s", err->msg);
	r = open_options(cli, args, &node, err);
	if (r == 0)
		r = open_store(cli, args, &store, err);
	if (r == 0)
		r = target_check(&v.target, store, cli->arena, err);
	if (r < 0)
		return r;
	merge = log_merge_new(&node.layout);
	v.merge = merge;
	v.store = &store;
	return show(&v, err);
}

static const struct command_option options[] = {
	{ .name = "follow", .letter = 'f', .help = "go on with what is written from now on" },
	{ .name = "tail",
	  .letter = 'n',
	  .arg = "N",
	  .help = "the last N lines of each replica [all]" },
	{ .name = "since",
	  .arg = "WHEN",
	  .help = "not older: a duration (10m) or a time (RFC 3339)" },
	{ .name = "timestamps", .letter = 't', .help = "begin each line with its time" },
	{ .name = "stream", .arg = "NAME", .help = "only stdout or only stderr" },
	{ .name = "no-prefix", .help = "do not begin each line with its replica" },
	{ NULL },
};

const struct command cmd_logs = {
	.name = "logs",
	.summary = "show what containers wrote",
	.arguments = "DEPLOYMENT[/SERVICE[-rep-N]]",
	.about = "Prints the output of all replicas that the name means, in the order of time. A "
		 "replica's log goes on over its restarts and stays after down.\n\n"
		 "With --follow and -o json each line is a document of its own.",
	.groups = COMMAND_NODE | COMMAND_OUTPUT | COMMAND_RUNTIME,
	.min_words = 1,
	.max_words = 1,
	.complete = "target",
	.options = options,
	.examples =
		(const struct command_example[]){
			{ "tallyman logs shop/web --follow --tail 10",
			  "the end of it, and what comes" },
			{ "tallyman logs shop/web-rep-0 --since 5m",
			  "one replica, the last five minutes" },
			{ NULL },
		},
	.run = run,
};
