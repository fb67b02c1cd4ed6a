/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the names and prints how it ended; what is done is manual.c's and the core's matter. */
#include "controller/cli/by_hand.h"

#include <string.h>

#include "controller/cli/converge.h"
#include "controller/cli/output.h"
#include "controller/cli/target.h"

/* What is meant of each deployment, in the order in which they were first named. */
struct asked {
	struct manual *items;
	size_t n;
};

static struct manual *find(struct asked *all, const char *deployment)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->items[i].deployment, deployment) == 0)
			return &all->items[i];
	return NULL;
}

static void add(struct arena *a, struct asked *all, const struct target *t,
		enum manual_action action)
{
	struct manual *m = find(all, t->deployment);
	struct scope_item *items;

	if (!m) {
		all->items = arena_grow(a, all->items, all->n, sizeof(*all->items));
		m = &all->items[all->n++];
		*m = (struct manual){ .action = action,
				      .deployment = t->deployment,
				      .from = { NULL, "command line", .by_person = true } };
	}
	items = arena_array(a, m->scope.n + 1, sizeof(*items));
	if (m->scope.n)
		memcpy(items, m->scope.items, m->scope.n * sizeof(*items));
	items[m->scope.n++] = (struct scope_item){ t->service, t->has_slot, t->slot };
	m->scope.items = items;
}

/* All of them are known before the first is touched. */
static int read_names(struct converge *c, enum manual_action action, struct asked *ret,
		      struct error *err)
{
	struct arena *a = c->cli->arena;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->args->n_words; i++) {
		struct target t;

		r = target_parse(c->args->words[i], a, &t, err);
		if (r == 0)
			r = target_check(&t, c->session->store, a, err);
		if (r == 0)
			add(a, ret, &t, action);
	}
	return r;
}

static int ask(struct converge *c, const struct manual *m, struct error *err)
{
	int r = manual_ask(c->session, c->driver, m, err);

	if (r == MANUAL_NOTHING)
		output_note(c->cli->out, "%s: nothing of that is wanted, so nothing is stopped",
			    m->deployment);
	return r < 0 ? r : 0;
}

int by_hand(struct cli *cli, const struct command_args *args, enum manual_action action,
	    struct error *err)
{
	struct converge c CLEAN(converge) = { 0 };
	struct asked asked = { 0 };
	int r = converge_options(cli, args, &c);

	if (r)
		return r;
	r = converge_open(&c, err);
	if (r == 0)
		r = read_names(&c, action, &asked, err);
	for (size_t i = 0; r == 0 && i < asked.n; i++)
		r = ask(&c, &asked.items[i], err);
	return r < 0 ? r : converge_run(&c, manual_action_to_string(action), err);
}
