/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs to clients: what containers wrote, a JSON object a line. Files are read by a worker for each
 * client, at the pace at which it takes them; the loop and the store have no part in it.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "controller/log_merge.h"
#include "controller/run_inside.h"
#include "controller/text.h"
#include "specs/runtime_id.h"
#include "store/store.h"

#define LOOK_US (200 * CLOCK_MS) /* how often a followed log is looked at */

enum {
	LOOKS_PER_LIST = 10,          /* new replicas are looked for every two seconds */
	ROOM = 6 * (16 << 10) + 1024, /* for one line, each byte of it escaped */
};

CLEAN_DEFINE(dir, DIR *, closedir)

struct reading {
	struct job job; /* first: the pool hands this back */
	struct api_request *rq;
	const volatile bool *stop;
	struct arena *arena; /* as long as the job */
	struct layout layout;
	struct target target;
	const char *stream; /* NULL: both */
	int64_t tail;       /* < 0: all */
	bool is_following;
	struct log_merge *merge;
};

/* --- which logs --- */

/* "web-rep-0.log" to its slot. */
static bool parse_name(struct arena *a, const char *name, struct log_source *ret)
{
	const char *dot = strrchr(name, '.'), *mark = NULL;
	uint64_t number;

	if (!dot || strcmp(dot, ".log") != 0)
		return false;
	for (const char *p = strstr(name, "-rep-"); p; p = strstr(p + 1, "-rep-"))
		mark = p;
	if (!mark ||
	    !number_u64(arena_strndup(a, mark + 5, (size_t)(dot - mark - 5)), UINT32_MAX, &number))
		return false;
	ret->service = arena_strndup(a, name, (size_t)(mark - name));
	ret->slot = (uint32_t)number;
	ret->name = arena_strndup(a, name, (size_t)(dot - name));
	return true;
}

static int add_logs(struct reading *l, int64_t tail, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *path =
		arena_printf(a, "%s/%s", layout_logs(&l->layout, a), l->target.deployment);
	DIR *dir CLEAN(dir) = opendir(path);
	struct dirent *e;

	if (!dir)
		return errno == ENOENT ? 0 : error_sys(err, errno, "open %s", path);
	while ((errno = 0, e = readdir(dir))) {
		struct log_source s = { .deployment = l->target.deployment };

		if (parse_name(a, e->d_name, &s) &&
		    target_matches(&l->target, s.deployment, s.service, s.slot))
			log_merge_add(l->merge, &s, tail);
	}
	/* A listing that broke off would look like logs that are not there. */
	return errno ? error_sys(err, errno, "read %s", path) : 0;
}

/* --- sending --- */

static bool is_over(const struct reading *l)
{
	return *l->stop || api_is_gone(l->rq);
}

/* False: nobody reads any more. */
static bool await_room(struct reading *l)
{
	while (api_stream_room(l->rq) < ROOM) {
		if (is_over(l))
			return false;
		clock_sleep(20 * CLOCK_MS);
	}
	return true;
}

static bool send_line(struct reading *l, const struct log_source *s, const struct log_line *line)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct json_object *o CLEAN(json) = json_object_new_object();
	const char *text;

	if (l->stream && strcmp(l->stream, line->stream) != 0)
		return true;
	json_put_str(o, "deployment", s->deployment);
	json_put_str(o, "service", s->service);
	json_put_i64(o, "replica", s->slot);
	json_put_time(o, "time", line->time);
	json_put_str(o, "stream", line->stream);
	json_put_str(o, "text", text_utf8(a, line->text, line->n));
	text = arena_printf(a, "%s\n",
			    json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
	return await_room(l) && api_stream_append(l->rq, text, strlen(text)) == 0;
}

/* What is there now. 0; RUN_GONE: nobody reads any more. */
enum { RUN_GONE = 1 };

static int send_lines(struct reading *l, struct error *err)
{
	const struct log_source *s;
	struct log_line line;
	int r;

	while ((r = log_merge_next(l->merge, !l->is_following, &s, &line, err)) == 0)
		if (is_over(l) || !send_line(l, s, &line))
			return RUN_GONE;
	return r < 0 ? r : 0;
}

static int send_all(struct reading *l, struct error *err)
{
	int r = add_logs(l, l->tail, err);

	if (r == 0)
		r = send_lines(l, err);
	for (unsigned i = 1; r == 0 && l->is_following && !is_over(l); i++) {
		clock_sleep(LOOK_US);
		/* What a new replica has said so far is new. */
		if (i % LOOKS_PER_LIST == 0)
			r = add_logs(l, -1, err);
		if (r == 0)
			r = send_lines(l, err);
	}
	return r;
}

static void run(struct job *j)
{
	struct reading *l = (struct reading *)j;
	struct error err = ERROR_INIT;
	int r;

	l->merge = log_merge_new(&l->layout);
	r = send_all(l, &err);
	log_merge_free(TAKE(l->merge));
	if (r < 0)
		log_error(LOG_WARN, &err, "step=logs");
	if (r < 0 || *l->stop)
		api_stream_break(l->rq, r < 0 ? "unreadable" : "shutdown");
	else
		api_stream_end(l->rq);
	l->rq = NULL;
}

/* One that was never begun has a client that waits. */
static void drop(struct job *j)
{
	struct reading *l = (struct reading *)j;

	if (l->rq)
		api_stream_break(l->rq, "shutdown");
	arena_free(l->arena);
	free(l);
}

/* --- the request --- */

static int read_options(struct request *q, struct reading *l, struct error *err)
{
	static const char *const names[] = { "follow", "stream", "tail", "target", NULL };
	const char *target = api_route_query(q->match, "target");
	const char *stream = api_route_query(q->match, "stream");
	uint64_t tail;
	int r = api_route_check(q->match, names, err);

	l->tail = -1;
	if (r == 0 && !target)
		r = error_set(err, ERR_INVALID, 0, "say whose with target=DEPLOYMENT[/SERVICE]");
	if (r == 0 && stream && strcmp(stream, "stdout") != 0 && strcmp(stream, "stderr") != 0)
		r = error_set(err, ERR_INVALID, 0, "stream is stdout or stderr, not '%s'", stream);
	if (r == 0)
		r = api_route_flag(q->match, "follow", &l->is_following, err);
	if (r == 0)
		r = api_route_u64(q->match, "tail", INT32_MAX, &tail, err);
	if (r == 0)
		l->tail = (int64_t)tail;
	if (r >= 0)
		r = target_parse(target, l->arena, &l->target, err);
	if (r == 0)
		r = target_check(&l->target, q->run->session->store, l->arena, err);
	if (stream)
		l->stream = arena_strdup(l->arena, stream);
	return r;
}

int run_logs(struct request *q, struct error *err)
{
	struct reading *l = xcalloc(1, sizeof(*l));
	int r;

	l->arena = arena_new();
	l->job = (struct job){ .run = run, .drop = drop };
	l->stop = &q->run->is_leaving;
	l->layout = q->run->session->opt.layout;
	r = read_options(q, l, err);
	if (r == 0 && !pool_room(q->run->clients))
		r = error_set(err, ERR_UNAVAILABLE, 0, "too many clients read logs already");
	if (r < 0 || api_stream_begin(q->rq, "application/x-ndjson") == API_STREAM_REFUSED) {
		drop(&l->job);
		return r < 0 ? r : 0;
	}
	l->rq = q->rq;
	(void)pool_submit(q->run->clients, &l->job); /* there is room, and only the loop submits */
	return 0;
}
