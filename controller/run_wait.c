/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client is told waits here until its stream has room: a document may be far larger than
 * what a stream keeps for a slow reader.
 */
#include "controller/run_wait.h"

#include <string.h>

#include "controller/news.h"
#include "controller/outcome.h"
#include "controller/plan_render.h"

enum {
	PIECE = 64 << 10,       /* of an event's data */
	MAX_QUEUED = 256 << 20, /* bytes a client has not been sent: two documents */
	MAX_PLAN = 64 << 20,    /* a plan for LIMIT_SLOTS slots */
};

struct piece {
	struct piece *next;
	const char *event;
	size_t n;
	char data[]; /* with a NUL */
};

struct wait {
	struct wait *next;
	struct run *run;
	struct api_request *rq;
	struct arena *arena;
	const char *verb;
	struct wait_for *names;
	size_t n_names;
	struct mono deadline; /* 0: none */
	struct news *news;
	struct json_object *plans;
	struct piece *first, **last;
	size_t queued;
	bool is_over; /* "done" is queued: nothing follows */
};

static bool is_of(void *arg, const char *deployment)
{
	const struct wait *w = arg;

	for (size_t i = 0; i < w->n_names; i++)
		if (strcmp(w->names[i].deployment, deployment) == 0)
			return true;
	return false;
}

static bool is_meant(void *arg, const char *deployment, const struct reconcile_view *v)
{
	const struct wait *w = arg;

	for (size_t i = 0; i < w->n_names; i++)
		if (strcmp(w->names[i].deployment, deployment) == 0)
			return scope_has(w->names[i].scope, v->service, v->number);
	return false;
}

/* --- sending --- */

static void queue(struct wait *w, const char *event, const char *data, size_t n)
{
	struct piece *p = xcalloc(1, sizeof(*p) + n + 1);

	p->event = event;
	p->n = n;
	memcpy(p->data, data, n);
	*w->last = p;
	w->last = &p->next;
	w->queued += n;
}

static void send(struct wait *w, const char *event, struct json_object *take)
{
	const char *text = json_object_to_json_string_ext(take, JSON_C_TO_STRING_NOSLASHESCAPE);
	size_t n = strlen(text);

	if (!w->is_over && w->queued + n <= MAX_QUEUED) {
		for (; n > PIECE; text += PIECE, n -= PIECE)
			queue(w, "part", text, PIECE);
		queue(w, event, text, n);
	}
	json_object_put(take);
}

/* False when nobody reads any more. */
static bool pump(struct wait *w)
{
	while (w->first && api_stream_room(w->rq) > 2 * w->first->n + PIECE) {
		struct piece *p = w->first;

		if (api_stream_event(w->rq, 0, p->event, p->data) != 0)
			return false;
		w->first = p->next;
		if (!w->first)
			w->last = &w->first;
		w->queued -= p->n;
		free(p);
	}
	return !api_is_gone(w->rq);
}

/* --- what is told --- */

static void on_news(void *arg, const struct news_item *n)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "deployment", n->deployment);
	json_put_str(o, "service", n->service);
	json_put_i64(o, "replica", n->number);
	json_put_str(o, "state", reconcile_state_to_string(n->state));
	json_put_str(o, "text", n->cause);
	send(arg, "state", o);
}

static struct json_object *note_json(const char *deployment, const struct reconcile_note *n)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "deployment", deployment);
	json_put_str(o, "service", n->service);
	if (n->service)
		json_put_i64(o, "replica", n->slot);
	json_put_bool(o, "problem", n->is_problem);
	json_put_str(o, "what", n->what);
	json_put_str(o, "text", n->text);
	json_put_str(o, "hint", n->hint);
	return o;
}

void wait_note(struct run *r, const char *deployment, const struct reconcile_note *n)
{
	for (struct wait *w = r->waits; w; w = w->next)
		if (is_of(w, deployment))
			send(w, "note", note_json(deployment, n));
}

void wait_warning(struct run *r, const char *deployment, const char *text)
{
	for (struct wait *w = r->waits; w; w = w->next) {
		struct json_object *o;

		if (!is_of(w, deployment))
			continue;
		o = json_object_new_object();
		json_put_str(o, "text", text);
		send(w, "warning", o);
	}
}

static void tell_plan(struct wait *w, const struct plan *p)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_PLAN), json CLEAN(buf) = BUF_INIT(MAX_PLAN);
	struct json_object *o = json_object_new_object(), *plan = NULL;

	plan_render_text(p, &text);
	plan_render_json(p, &json);
	json_put_str(o, "text", text.data);
	if (json_parse(json.data, json.n, &plan, NULL) == 0) {
		json_object_array_add(w->plans, json_object_get(plan));
		json_put_obj(o, "plan", plan);
	}
	send(w, "plan", o);
}

void wait_planned(struct run *r, const struct plan *p)
{
	for (struct wait *w = r->waits; w; w = w->next)
		if (is_of(w, p->deployment))
			tell_plan(w, p);
}

/* --- beginning and end --- */

/* A scope as long-lived as the wait; NULL: the whole deployment is meant. */
static const struct scope *copy_scope(const struct scope *from, struct arena *a)
{
	struct scope_item *items;
	struct scope *to;

	if (!from)
		return NULL;
	to = arena_alloc(a, sizeof(*to));
	items = arena_array(a, from->n, sizeof(*items));
	for (size_t i = 0; i < from->n; i++) {
		items[i] = from->items[i];
		items[i].service = arena_strdup(a, items[i].service);
	}
	*to = (struct scope){ items, from->n };
	return to;
}

int wait_may_begin(const struct request *q, struct error *err)
{
	int r = run_need_driver(q, err);

	return r < 0 ? r : api_stream_may(q->rq, err);
}

void wait_new(struct run *r, struct api_request *rq, const char *verb, const struct wait_for *names,
	      size_t n, int64_t timeout_us)
{
	struct wait *w;

	if (api_stream_begin(rq, API_STREAM_EVENTS) == API_STREAM_REFUSED)
		return;
	w = xcalloc(1, sizeof(*w));
	w->run = r;
	w->rq = rq;
	w->arena = arena_new();
	w->verb = arena_strdup(w->arena, verb);
	w->names = arena_array(w->arena, n, sizeof(*w->names));
	w->n_names = n;
	for (size_t i = 0; i < n; i++)
		w->names[i] = (struct wait_for){ arena_strdup(w->arena, names[i].deployment),
						 copy_scope(names[i].scope, w->arena) };
	if (timeout_us)
		w->deadline = mono_add(r->now, timeout_us);
	w->news = news_new(&(struct news_options){
		.tell = on_news, .is_of = is_of, .is_meant = is_meant, .arg = w });
	w->plans = json_object_new_array();
	w->last = &w->first;
	w->next = r->waits;
	r->waits = w;
}

static void wait_free(struct wait *w)
{
	while (w->first) {
		struct piece *p = w->first;

		w->first = p->next;
		free(p);
	}
	news_free(w->news);
	json_object_put(w->plans);
	arena_free(w->arena);
	free(w);
}

static bool is_settled(const struct wait *w, enum driver_end *ret)
{
	*ret = DRIVER_CONVERGED;
	for (size_t i = 0; i < w->n_names; i++) {
		enum driver_end one;

		if (!driver_is_settled(w->run->driver, w->names[i].deployment, w->names[i].scope,
				       &one))
			return false;
		if (one == DRIVER_STUCK)
			*ret = DRIVER_STUCK;
	}
	return true;
}

static void finish(struct wait *w, enum driver_end end)
{
	const struct outcome o = { .verb = w->verb,
				   .end = end,
				   .driver = w->run->driver,
				   .is_of = is_of,
				   .is_meant = is_meant,
				   .arg = w,
				   .plans = w->plans,
				   .must_accept = w->run->session->must_accept };

	(void)news_look(w->news, w->run->driver, true);
	send(w, "done", outcome_document(&o));
	w->is_over = true;
}

static void look_at(struct wait *w)
{
	enum driver_end end;

	if (w->is_over || !w->run->driver)
		return;
	if (is_settled(w, &end))
		finish(w, end);
	else if (w->deadline.us && mono_cmp(w->run->now, w->deadline) >= 0)
		finish(w, DRIVER_TIMED_OUT);
	else
		(void)news_look(w->news, w->run->driver, false);
}

void wait_turn(struct run *r)
{
	struct wait **at = &r->waits;

	while (*at) {
		struct wait *w = *at;
		bool is_read;

		look_at(w);
		is_read = pump(w);
		if (is_read && !(w->is_over && !w->first)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		api_stream_end(w->rq);
		wait_free(w);
	}
}

struct mono wait_wake(const struct run *r)
{
	struct mono wake = { 0 };

	for (const struct wait *w = r->waits; w; w = w->next)
		if (!w->is_over && w->deadline.us && (!wake.us || mono_cmp(w->deadline, wake) < 0))
			wake = w->deadline;
	return wake;
}

void wait_end_all(struct run *r, const char *why)
{
	while (r->waits) {
		struct wait *w = r->waits;

		r->waits = w->next;
		(void)pump(w);
		if (w->is_over && !w->first)
			api_stream_end(w->rq);
		else
			api_stream_break(w->rq, why);
		wait_free(w);
	}
}
