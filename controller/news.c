/* SPDX-License-Identifier: Apache-2.0 */
/* Two lists in the core's order: the look before, and this one. */
#include "controller/news.h"

#include <string.h>

#define LOOK_SHARE 20 /* a look costs a walk over all slots: it gets that part of the time */

/* A slot as a look saw it. */
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

struct news {
	struct news_options o;
	struct mono next; /* not before; 0: no look yet */
	struct seen_list last, now;
	size_t counts[RECONCILE_N_STATES];
};

struct news *news_new(const struct news_options *o)
{
	struct news *n = xcalloc(1, sizeof(*n));

	n->o = *o;
	n->last.arena = arena_new();
	n->now.arena = arena_new();
	return n;
}

void news_free(struct news *n)
{
	if (!n)
		return;
	arena_free(n->last.arena);
	arena_free(n->now.arena);
	free(n);
}

const size_t *news_counts(const struct news *n)
{
	return n->counts;
}

/* Where a slot is at rest, or why it is not: what the notes do not say. */
static bool is_news(enum reconcile_state s)
{
	return s == RECONCILE_STATE_RUNNING || s == RECONCILE_STATE_DONE ||
	       s == RECONCILE_STATE_HELD || s == RECONCILE_STATE_GONE ||
	       s == RECONCILE_STATE_WAITING;
}

static int compare(const struct seen *a, const struct seen *b)
{
	int order = strcmp(a->service, b->service);

	return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* The state of the same slot in the last look, whose deployment's part begins at *at. */
static bool was(const struct news *n, const struct seen *s, size_t *at, enum reconcile_state *ret)
{
	const struct seen_list *last = &n->last;

	while (*at < last->n && strcmp(last->items[*at].deployment, s->deployment) == 0 &&
	       compare(&last->items[*at], s) < 0)
		(*at)++;
	if (*at == last->n || strcmp(last->items[*at].deployment, s->deployment) != 0 ||
	    compare(&last->items[*at], s) != 0)
		return false;
	*ret = last->items[*at].state;
	return true;
}

static void look_at_slot(struct news *n, const char *name, const struct reconcile_view *v,
			 size_t *at)
{
	struct seen_list *now = &n->now;
	enum reconcile_state before;
	struct seen *s;

	now->items = arena_grow(now->arena, now->items, now->n, sizeof(*now->items));
	s = &now->items[now->n++];
	*s = (struct seen){ name, arena_strdup(now->arena, v->service), v->number, v->state };
	n->counts[v->state]++;
	if (was(n, s, at, &before) && before == v->state)
		return;
	if (n->next.us && is_news(v->state))
		n->o.tell(n->o.arg,
			  &(struct news_item){ name, v->service, v->number, v->state, v->cause });
}

/* The slots of one deployment: both lists are sorted. */
static void look_at(struct news *n, const char *name, const struct reconciler *r)
{
	size_t at = 0;

	while (at < n->last.n && strcmp(n->last.items[at].deployment, name) != 0)
		at++;
	name = arena_strdup(n->now.arena, name);
	for (size_t i = 0; i < reconcile_count(r); i++) {
		struct reconcile_view v;

		reconcile_view(r, i, &v);
		if (!v.is_other && (!n->o.is_meant || n->o.is_meant(n->o.arg, name, &v)))
			look_at_slot(n, name, &v, &at);
	}
}

static void look(struct news *n, const struct driver *d)
{
	struct seen_list swap = n->last;

	arena_reset(n->now.arena);
	n->now.items = NULL;
	n->now.n = 0;
	memset(n->counts, 0, sizeof(n->counts));
	for (size_t i = 0; i < driver_count(d); i++)
		if (!n->o.is_of || n->o.is_of(n->o.arg, driver_deployment(d, i)))
			look_at(n, driver_deployment(d, i), driver_reconciler(d, i));
	n->last = n->now;
	n->now = swap;
}

bool news_look(struct news *n, const struct driver *d, bool is_last)
{
	struct mono begin = clock_mono(), end;

	if (!is_last && begin.us < n->next.us)
		return false;
	look(n, d);
	end = clock_mono();
	n->next = mono_add(end, LOOK_SHARE * (end.us - begin.us));
	return true;
}
