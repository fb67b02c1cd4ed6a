/* SPDX-License-Identifier: Apache-2.0 */
/* Random wishes, and the deployment each stands for. */
#include "tests/sim/sim_wish.h"

#include <assert.h>
#include <string.h>

#include "base/rand.h"

static bool chance(uint64_t *rng, unsigned percent)
{
	return rand_next(rng) % 100 < percent;
}

const char *wish_runtime(unsigned i)
{
	static const char *const names[] = { "aa", "bb" };
	return names[i];
}

int wish_service_index(const char *name)
{
	return name[0] == 's' && name[1] >= '0' && name[1] < '0' + WISH_SERVICES ? name[1] - '0'
										 : -1;
}

void wish_random(struct wish *w, uint64_t *rng)
{
	static const int64_t graces[] = { 0, 2 * CLOCK_SEC, 10 * CLOCK_SEC };
	static const enum restart_kind restarts[] = { RESTART_ALWAYS, RESTART_ALWAYS,
						      RESTART_UNLESS_STOPPED, RESTART_ON_FAILURE };
	*w = (struct wish){ 0 };
	if (chance(rng, 5))
		return;
	for (unsigned i = 0; i < WISH_SERVICES; i++) {
		struct wish_service *s = &w->services[i];
		s->is_there = chance(rng, 70);
		s->replicas = (unsigned)(rand_next(rng) % (WISH_REPLICAS + 1));
		s->variant = (unsigned)(rand_next(rng) % 3);
		s->is_job = chance(rng, 15);
		s->starts_first = chance(rng, 20);
		s->needs_peer = chance(rng, 3);
		s->max_parallel = 1 + (unsigned)(rand_next(rng) % 2);
		s->runtime = chance(rng, 30);
		s->grace_us = graces[rand_next(rng) % 3];
		s->restart = s->is_job ? RESTART_NO : restarts[rand_next(rng) % 4];
		s->has_patience = chance(rng, 30);
		for (unsigned j = 0; j < i; j++)
			if (w->services[j].is_there && chance(rng, 25))
				s->uses |= 1U << j;
	}
}

static void make_depends(const struct wish_service *ws, struct service *s, struct arena *a)
{
	s->depends.items = arena_array(a, WISH_SERVICES, sizeof(struct depend));
	for (unsigned j = 0; j < WISH_SERVICES; j++) {
		if (!(ws->uses & (1U << j)))
			continue;
		s->depends.items[s->depends.n++] = (struct depend){
			.service = arena_printf(a, "s%u", j),
			.condition = CONDITION_READY,
			.timeout = { .has = ws->has_patience, .value = { .sec = 20 } },
			.on_timeout = ON_FAILURE_WARN,
		};
	}
}

static struct deployment *make_deployment(const struct wish *w, struct arena *a)
{
	struct deployment *d = arena_alloc(a, sizeof(*d));
	d->name = WISH_DEPLOYMENT;
	d->services.items = arena_array(a, WISH_SERVICES, sizeof(struct service));
	for (unsigned i = 0; i < WISH_SERVICES; i++) {
		const struct wish_service *ws = &w->services[i];
		struct service *s = &d->services.items[d->services.n];
		if (!ws->is_there)
			continue;
		d->services.n++;
		s->name = arena_printf(a, "s%u", i);
		s->rtype = ws->is_job ? RTYPE_JOB : RTYPE_SERVICE;
		s->image.name = "local/app:1";
		s->image.pull_policy = PULL_IF_NOT_PRESENT;
		s->scale.mode = SCALE_FIXED;
		s->scale.replicas = ws->replicas;
		s->policy = (struct service_policy){
			.update_strategy =
				ws->starts_first ? UPDATE_START_FIRST : UPDATE_STOP_FIRST,
			.update_max_parallel = ws->max_parallel,
			.restart = ws->restart,
			.stop_grace_us = ws->grace_us,
		};
		make_depends(ws, s, a);
	}
	return d;
}

void wish_expand(const struct wish *w, const struct deployment *previous, struct arena *a,
		 struct desired *ret, const struct deployment **ret_deployment)
{
	struct deployment *d = make_deployment(w, a);
	struct expand_input in = { .deployment = WISH_DEPLOYMENT, .previous = previous };
	int r;

	expand_groups(d, a, &in.groups);
	for (size_t i = 0; i < in.groups.n; i++) {
		struct expand_group *g = &in.groups.items[i];
		const struct wish_service *ws = &w->services[wish_service_index(g->service->name)];
		g->config_hash = arena_printf(a, "h%u", ws->variant);
		g->digest = arena_printf(a, "sha256:%u", ws->variant);
		g->route = (struct route){ .kind = ROUTE_RUNTIME,
					   .runtime = wish_runtime(ws->runtime),
					   .can_update = ws->runtime == 0 };
		if (ws->needs_peer)
			g->route = (struct route){ .kind = ROUTE_NEEDS_PEER,
						   .os = "windows",
						   .reason = "no runtime for windows" };
	}
	in.current = d->services.n ? d : NULL;
	in.empty_reason = d->services.n ? NULL : "down";
	r = expand_slots(&in, a, ret, NULL);
	assert(r == 0);
	*ret_deployment = d;
}
