/* SPDX-License-Identifier: Apache-2.0 */
/* Names to scopes. Touches nothing. */
#include "controller/asked.h"

#include <string.h>

#include "controller/target.h"

static struct manual *find(struct asked *all, const char *deployment)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->items[i].deployment, deployment) == 0)
			return &all->items[i];
	return NULL;
}

static void add(struct arena *a, struct asked *all, const struct target *t,
		const struct manual *like)
{
	struct manual *m = find(all, t->deployment);
	struct scope_item *items;

	if (!m) {
		all->items = arena_grow(a, all->items, all->n, sizeof(*all->items));
		m = &all->items[all->n++];
		*m = (struct manual){ .action = like->action,
				      .deployment = t->deployment,
				      .from = like->from };
	}
	items = arena_array(a, m->scope.n + 1, sizeof(*items));
	if (m->scope.n)
		memcpy(items, m->scope.items, m->scope.n * sizeof(*items));
	items[m->scope.n++] = (struct scope_item){ t->service, t->has_slot, t->slot };
	m->scope.items = items;
}

int asked_read(struct store *s, const struct asked_words *words, const struct manual *like,
	       struct arena *a, struct asked *ret, struct error *err)
{
	int r = 0;

	*ret = (struct asked){ 0 };
	for (size_t i = 0; r == 0 && i < words->n; i++) {
		struct target t;

		r = target_parse(words->items[i], a, &t, err);
		if (r == 0)
			r = target_check(&t, s, a, err);
		if (r == 0)
			add(a, ret, &t, like);
	}
	return r;
}
