/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes are told as they come. That a slot has come to rest is no note of the core's: it is found
 * by comparing the slots with those of the look before, both in the core's order.
 */
#include "controller/cli/progress.h"

#include <string.h>

#include "base/clock.h"

enum { LINE_BYTES = 4096 };
#define LOOK_SHARE 20 /* a look costs a walk over all slots: it gets that part of the time */

#define MODES(X)                                                                                   \
	X(PLAIN, "plain")                                                                          \
	X(TTY, "tty")                                                                              \
	X(JSON, "json")                                                                            \
	X(QUIET, "quiet")

enum mode {
#define X(id, name) MODE_##id,
	MODES(X)
#undef X
		N_MODES,
};

static const char *const mode_names[] = {
#define X(id, name) name,
	MODES(X)
#undef X
};

/* A slot as the last look saw it. */
struct seen {
	const char *deployment, *service;
	uint32_t number;
	enum reconcile_state state;
};

struct seen_list {
	struct arena *arena;
	struct seen *items;
	size_t n;
};

struct progress {
	struct output *out;
	enum mode mode;
	struct mono next; /* not before; 0: no look yet */
	struct seen_list last, now;
	size_t counts[RECONCILE_N_STATES];
};

int progress_new(struct output *out, const char *word, struct progress **ret, struct error *err)
{
	enum mode mode = output_is_terminal(out) ? MODE_TTY : MODE_PLAIN;
	struct progress *p;

	if (word && strcmp(word, "auto") != 0) {
		for (mode = 0; mode < N_MODES && strcmp(mode_names[mode], word) != 0;)
			mode++;
		if (mode == N_MODES)
			return error_set(err, ERR_INVALID, 0,
					 "--progress is auto, tty, plain, json or quiet, not '%s'",
					 word);
	}
	p = xcalloc(1, sizeof(*p));
	p->out = out;
	p->mode = mode;
	p->last.arena = arena_new();
	p->now.arena = arena_new();
	*ret = p;
	return 0;
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	output_live(p->out, NULL);
	arena_free(p->last.arena);
	arena_free(p->now.arena);
	free(p);
}

/* --- telling --- */

static void put_line(struct progress *p, struct json_object *take)
{
	struct buf line CLEAN(buf) = BUF_INIT(LINE_BYTES * 4);

	buf_puts(&line, json_object_to_json_string_ext(take, JSON_C_TO_STRING_NOSLASHESCAPE));
	buf_putc(&line, '\n');
	output_raw(p->out, line.data);
	json_object_put(take);
}

static struct json_object *new_line(const char *what, const char *deployment)
{
	struct json_object *o = output_schema("progress");

	json_put_str(o, "what", what);
	json_put_str(o, "deployment", deployment);
	return o;
}

static void put_slot(struct json_object *o, const char *service, uint32_t number)
{
	json_put_str(o, "service", service);
	json_put_i64(o, "replica", number);
}

static void tell_json(struct progress *p, const char *deployment, const struct reconcile_note *n)
{
	struct json_object *o = new_line(n->what, deployment);

	if (n->service)
		put_slot(o, n->service, n->slot);
	json_put_bool(o, "problem", n->is_problem);
	json_put_str(o, "text", n->text);
	json_put_str(o, "hint", n->hint);
	put_line(p, o);
}

void progress_note(struct progress *p, const char *deployment, const struct reconcile_note *n)
{
	if (p->mode == MODE_JSON) {
		tell_json(p, deployment, n);
	} else if (n->is_problem) {
		output_warn(p->out, "%s: %s", deployment, n->text);
		if (n->hint)
			output_note(p->out, "hint: %s", n->hint);
	} else if (p->mode != MODE_QUIET) {
		output_note(p->out, "%s: %s", deployment, n->text);
	}
}

void progress_say(struct progress *p, const char *what, const char *text)
{
	struct json_object *o;

	if (p->mode != MODE_JSON) {
		output_note(p->out, "%s: %s", what, text);
		return;
	}
	o = new_line(what, NULL);
	json_put_str(o, "text", text);
	put_line(p, o);
}

/* --- looking --- */

/* Where a slot is at rest, or why it is not: what the notes do not say. */
static bool is_news(enum reconcile_state s)
{
	return s == RECONCILE_STATE_RUNNING || s == RECONCILE_STATE_DONE ||
	       s == RECONCILE_STATE_GONE || s == RECONCILE_STATE_WAITING;
}

static void tell_slot(struct progress *p, const struct seen *s, const char *cause)
{
	const char *state = reconcile_state_to_string(s->state);
	bool is_waiting = s->state == RECONCILE_STATE_WAITING;
	struct json_object *o;

	if (p->mode != MODE_JSON) {
		output_note(p->out, "%s: %s-rep-%u %s%s%s", s->deployment, s->service, s->number,
			    state, is_waiting ? ": " : "", is_waiting ? cause : "");
		return;
	}
	o = new_line("state", s->deployment);
	put_slot(o, s->service, s->number);
	json_put_str(o, "state", state);
	json_put_str(o, "text", cause);
	put_line(p, o);
}

static int compare(const struct seen *a, const struct seen *b)
{
	int order = strcmp(a->service, b->service);

	return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* The slots of one deployment: both lists are sorted, and the last one's part begins at *at. */
static void look_at(struct progress *p, const char *name, const struct reconciler *r, size_t *at)
{
	struct seen_list *now = &p->now;

	for (size_t i = 0; i < reconcile_count(r); i++) {
		struct reconcile_view v;
		struct seen *s;
		bool was_there = false, is_same = false;

		reconcile_view(r, i, &v);
		now->items = arena_grow(now->arena, now->items, now->n, sizeof(*now->items));
		s = &now->items[now->n++];
		*s = (struct seen){ name, arena_strdup(now->arena, v.service), v.number, v.state };
		p->counts[v.state]++;
		while (*at < p->last.n && strcmp(p->last.items[*at].deployment, name) == 0 &&
		       compare(&p->last.items[*at], s) < 0)
			(*at)++;
		if (*at < p->last.n && strcmp(p->last.items[*at].deployment, name) == 0)
			was_there = compare(&p->last.items[*at], s) == 0;
		if (was_there)
			is_same = p->last.items[*at].state == s->state;
		if (p->next.us && !is_same && is_news(s->state))
			tell_slot(p, s, v.cause);
	}
	while (*at < p->last.n && strcmp(p->last.items[*at].deployment, name) == 0)
		(*at)++;
}

/* "3 running, 1 working" */
static void show_counts(struct progress *p)
{
	struct buf line CLEAN(buf) = BUF_INIT(LINE_BYTES);

	if (p->mode != MODE_TTY)
		return;
	for (int s = 0; s < RECONCILE_N_STATES; s++)
		if (p->counts[s] && s != RECONCILE_STATE_GONE)
			buf_printf(&line, "%s%zu %s", line.n ? ", " : "", p->counts[s],
				   reconcile_state_to_string((enum reconcile_state)s));
	output_live(p->out, line.n ? line.data : NULL);
}

static void look(struct progress *p, const struct driver *d)
{
	struct seen_list swap = p->last;
	size_t at = 0;

	arena_reset(p->now.arena);
	p->now.items = NULL;
	p->now.n = 0;
	memset(p->counts, 0, sizeof(p->counts));
	for (size_t i = 0; i < driver_count(d); i++)
		look_at(p, driver_deployment(d, i), driver_reconciler(d, i), &at);
	p->last = p->now;
	p->now = swap;
}

void progress_look(struct progress *p, const struct driver *d, bool is_last)
{
	struct mono begin = clock_mono(), end;

	if (p->mode == MODE_QUIET || (!is_last && begin.us < p->next.us))
		return;
	look(p, d);
	end = clock_mono();
	p->next = mono_add(end, LOOK_SHARE * (end.us - begin.us));
	if (is_last)
		output_live(p->out, NULL);
	else
		show_counts(p);
}
