/* SPDX-License-Identifier: Apache-2.0 */
/* Events to clients: those there are, and with `follow` those that come, as the store has them. */
#include "base/limits.h"
#include "base/number.h"
#include "controller/document.h"
#include "controller/event_json.h"
#include "controller/run_inside.h"

/* A client that follows. */
struct follower {
	struct follower *next;
	struct api_request *rq;
	int64_t after;          /* the newest it was sent */
	const char *deployment; /* NULL: all; lives in the arena */
	struct arena *arena;
};

static struct json_object *list_json(const struct event_rows *rows)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < rows->n; i++) {
		struct json_object *o = json_object_new_object();

		event_json(o, &rows->items[i]);
		json_object_array_add(list, o);
	}
	return list;
}

/* A number this store has not come to is another store's, of the time before it was made anew: all
 * events are new to that client. */
static int check_last(const struct request *q, uint64_t *number, struct error *err)
{
	const struct event_filter from = { .after = (int64_t)*number - 1, .limit = 1 };
	struct event_rows rows;
	int r;

	if (*number == 0)
		return 0;
	r = event_store_list(q->run->session->store, &from, q->arena, &rows, err);
	if (r == 0 && rows.n == 0)
		*number = 0;
	return r;
}

static int read_after(const struct request *q, int64_t *ret, struct error *err)
{
	const char *last = q->rq->last_event_id;
	uint64_t number = 0;
	int r = api_route_u64(q->match, "after", INT64_MAX, &number, err);

	/* A stream that broke goes on behind what it has. */
	if (r >= 0 && last && !number_u64(last, INT64_MAX, &number))
		r = error_set(err, ERR_INVALID, 0, "Last-Event-ID '%.32s' is no number", last);
	if (r >= 0 && last)
		r = check_last(q, &number, err);
	*ret = (int64_t)number;
	return r < 0 ? r : 0;
}

static int follow(struct request *q, const struct event_filter *filter)
{
	struct follower *f;

	if (api_stream_begin(q->rq, API_STREAM_EVENTS) == API_STREAM_REFUSED)
		return 0;
	f = xcalloc(1, sizeof(*f));
	f->rq = q->rq;
	f->after = filter->after;
	f->arena = arena_new();
	if (filter->deployment)
		f->deployment = arena_strdup(f->arena, filter->deployment);
	f->next = q->run->followers;
	q->run->followers = f;
	return 0;
}

int run_events(struct request *q, struct error *err)
{
	static const char *const names[] = { "after", "deployment", "follow", "limit", NULL };
	struct event_filter filter = { .deployment = api_route_query(q->match, "deployment") };
	struct event_rows rows;
	struct json_object *doc;
	uint64_t limit = 0;
	bool is_following;
	int r = api_route_check(q->match, names, err);

	if (r == 0)
		r = api_route_flag(q->match, "follow", &is_following, err);
	if (r == 0)
		r = read_after(q, &filter.after, err);
	if (r == 0)
		r = api_route_u64(q->match, "limit", LIMIT_EVENTS, &limit, err);
	filter.limit = (int64_t)limit;
	if (r >= 0 && is_following)
		return follow(q, &filter);
	if (r >= 0)
		r = event_store_list(q->run->session->store, &filter, q->arena, &rows, err);
	if (r < 0)
		return r;
	doc = document_new("events");
	json_put_obj(doc, "events", list_json(&rows));
	api_reply_json(q->rq, 200, doc);
	json_object_put(doc);
	return 0;
}

/* --- followers --- */

/* False: nobody reads any more. */
static bool send_row(struct follower *f, const struct event_row *e)
{
	struct json_object *o CLEAN(json) = document_new("event");
	const char *text;

	event_json(o, e);
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE);
	return api_stream_event(f->rq, (uint64_t)e->seq, "event", text) == 0;
}

static int by_seq(const void *a, const void *b)
{
	const struct event_row *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* What does not fit now comes when the client has read: the store keeps it meanwhile. */
static bool send_new(struct run *r, struct follower *f)
{
	enum { ROOM = 16 << 10 }; /* for one event with a long message */
	struct arena *a CLEAN(arena) = arena_new();
	const struct event_filter filter = { .deployment = f->deployment, .after = f->after };
	struct event_rows rows;
	struct error err = ERROR_INIT;

	if (event_store_list(r->session->store, &filter, a, &rows, &err) < 0)
		return true;
	/* A list is in the order of time; what was sent must be all up to a number. */
	if (rows.n)
		qsort(rows.items, rows.n, sizeof(*rows.items), by_seq);
	for (size_t i = 0; i < rows.n && api_stream_room(f->rq) > ROOM; i++) {
		if (!send_row(f, &rows.items[i]))
			return false;
		f->after = rows.items[i].seq;
	}
	return !api_is_gone(f->rq);
}

static void drop(struct follower **at)
{
	struct follower *f = *at;

	*at = f->next;
	api_stream_end(f->rq);
	arena_free(f->arena);
	free(f);
}

void run_events_turn(struct run *r)
{
	struct follower **at = &r->followers;

	while (*at) {
		if (send_new(r, *at))
			at = &(*at)->next;
		else
			drop(at);
	}
}

void run_events_end(struct run *r)
{
	while (r->followers)
		drop(&r->followers);
}
