/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap with a back index. Equal deadlines leave by number: same input, same order. */
#include "controller/timers.h"

#include <stdbool.h>
#include <stdint.h>

void timers_init(struct timers *t, size_t n_max, struct arena *a)
{
	*t = (struct timers){
		.heap = arena_array(a, n_max, sizeof(*t->heap)),
		.place = arena_array(a, n_max, sizeof(*t->place)),
		.at = arena_array(a, n_max, sizeof(*t->at)),
	};
	for (size_t i = 0; i < n_max; i++)
		t->place[i] = SIZE_MAX;
}

static bool is_before(const struct timers *t, size_t a, size_t b)
{
	int order = mono_cmp(t->at[a], t->at[b]);
	return order ? order < 0 : a < b;
}

static void put(struct timers *t, size_t place, size_t i)
{
	t->heap[place] = i;
	t->place[i] = place;
}

static void sift_up(struct timers *t, size_t place)
{
	size_t i = t->heap[place];
	while (place > 0 && is_before(t, i, t->heap[(place - 1) / 2])) {
		put(t, place, t->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put(t, place, i);
}

static void sift_down(struct timers *t, size_t place)
{
	size_t i = t->heap[place];
	for (;;) {
		size_t child = 2 * place + 1;
		if (child >= t->n)
			break;
		if (child + 1 < t->n && is_before(t, t->heap[child + 1], t->heap[child]))
			child++;
		if (!is_before(t, t->heap[child], i))
			break;
		put(t, place, t->heap[child]);
		place = child;
	}
	put(t, place, i);
}

static void unset(struct timers *t, size_t i)
{
	size_t place = t->place[i];
	if (place == SIZE_MAX)
		return;
	t->place[i] = SIZE_MAX;
	size_t last = t->heap[--t->n];
	if (last == i)
		return;
	put(t, place, last);
	sift_up(t, place);
	sift_down(t, t->place[last]);
}

void timers_set(struct timers *t, size_t i, struct mono at)
{
	unset(t, i);
	if (at.us == 0)
		return;
	t->at[i] = at;
	put(t, t->n++, i);
	sift_up(t, t->n - 1);
}

struct mono timers_first(const struct timers *t)
{
	return t->n ? t->at[t->heap[0]] : (struct mono){ 0 };
}

size_t timers_take(struct timers *t, struct mono now)
{
	if (t->n == 0 || mono_cmp(t->at[t->heap[0]], now) > 0)
		return SIZE_MAX;
	size_t i = t->heap[0];
	unset(t, i);
	return i;
}
