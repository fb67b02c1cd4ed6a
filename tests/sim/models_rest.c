/* SPDX-License-Identifier: Apache-2.0 */
/* The world when all is at rest: what the oracle's list, the models and the store say of it. */
#include <string.h>

#include "store/instance_store.h"
#include "store/intent_store.h"
#include "tests/sim/models.h"

/* --- as it was wished for --- */

struct slot_sum {
	size_t n;                           /* that are there */
	const struct models_instance *last; /* of those */
	bool is_over;                       /* one ended, and does not start again */
};

/* Would it stay so? By the policy of the file. */
static bool has_ended(const struct models_instance *mi, const struct wish_service *ws)
{
	if (mi->state != INSTANCE_EXITED || !models_law_same(mi, ws, false))
		return false;
	return ws->is_job ||
	       (ws->config.policy == RESTART_ON_FAILURE && mi->is_known && mi->code == 0);
}

static struct slot_sum sum_of(const struct models *m, unsigned deployment, unsigned service,
			      uint32_t slot)
{
	const struct wish_service *ws = &models_law_now(m, deployment)->services[service];
	struct slot_sum sum = { 0 };

	for (size_t i = 0; i < m->law.n_made; i++) {
		const struct models_instance *mi = &m->law.made[i];

		if (mi->deployment != deployment || mi->service != service || mi->slot != slot)
			continue;
		sum.is_over = sum.is_over || has_ended(mi, ws);
		if (mi->is_gone)
			continue;
		sum.n++;
		sum.last = mi;
	}
	return sum;
}

static bool is_slot_right(const struct models *m, unsigned deployment, unsigned service,
			  uint32_t slot)
{
	const struct wish_service *ws = &models_law_now(m, deployment)->services[service];
	const struct slot_sum sum = sum_of(m, deployment, service, slot);

	if (!ws->is_there || slot >= ws->replicas)
		return sum.n == 0;
	if (sum.n == 1 && sum.last->state == INSTANCE_RUNNING)
		return models_law_same(sum.last, ws, true);
	return sum.is_over && (sum.n == 0 || (sum.n == 1 && has_ended(sum.last, ws)));
}

bool models_rest_is_right(const struct models *m)
{
	for (unsigned d = 0; d < MODELS_DEPLOYMENTS; d++)
		for (unsigned s = 0; s < MODELS_SERVICES; s++)
			for (uint32_t i = 0; i < WISH_REPLICAS; i++)
				if (!is_slot_right(m, d, s, i))
					return false;
	return true;
}

/* --- as the models show it --- */

static size_t count_there(const struct models *m, unsigned runtime)
{
	size_t n = 0;

	for (size_t i = 0; i < m->law.n_made; i++)
		n += m->law.made[i].runtime == runtime && !m->law.made[i].is_gone;
	return n;
}

static void check_model(struct models *m, unsigned i)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct error err = ERROR_INIT;
	struct observed seen = { 0 };
	size_t n_strangers = 0;

	m->is_real = m->hcs && i == 1;
	models_must(m, runtime_list(m->life->model[i], a, &seen, &err), &err);
	m->is_real = false;
	for (size_t k = 0; k < seen.n; k++) {
		const struct models_instance *mi = models_law_find(m, seen.instances[k].id);

		n_strangers += !mi;
		if (mi && (mi->is_gone || mi->state != seen.instances[k].state))
			models_die(m, "a model that shows something else than happened");
	}
	/* HCS shows nobody else's; models_hcs.c asks its host. */
	if (n_strangers != (m->hcs && i == 1 ? 0 : MODELS_STRANGERS))
		models_die(m, "what is somebody else's is not there any more");
	if (seen.n != n_strangers + count_there(m, i))
		models_die(m, "a model that lacks something");
}

void models_rest_check(struct models *m)
{
	for (unsigned i = 0; i < MODELS_RUNTIMES; i++)
		check_model(m, i);
}

/* --- as the store has it --- */

void models_rest_store(struct models *m)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct store *store = m->life->node.session->store;
	struct error err = ERROR_INIT;
	struct instance_rows rows = { 0 };
	struct intent_rows open = { 0 };
	size_t n = 0;

	models_must(m, instance_store_list(store, NULL, a, &rows, &err), &err);
	models_must(m, intent_store_list(store, a, &open, &err), &err);
	if (open.n)
		models_die(m, "an intent that stays open");
	for (unsigned i = 0; i < MODELS_RUNTIMES; i++)
		n += count_there(m, i);
	for (size_t i = 0; i < rows.n; i++) {
		const struct models_instance *mi = models_law_find(m, rows.items[i].id);

		if (!mi || mi->is_gone || strcmp(mi->address, rows.items[i].address) != 0)
			models_die(m, "a row of what is not there");
	}
	if (rows.n != n)
		models_die(m, "what is there has no row");
}
