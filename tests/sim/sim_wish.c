/* SPDX-License-Identifier: Apache-2.0 */
/* Random wishes, and the deployment each stands for. */
#include "tests/sim/sim_wish.h"

#include <assert.h>
#include <string.h>

#include "base/rand.h"
#include "specs/hash.h"

static const char *const runtimes[WISH_RUNTIMES] = { "aa", "bb" };
static const char *const services[WISH_SERVICES] = { "s0", "s1", "s2", "s3", "s4", "s5" };
static const char *const digests[] = { "sha256:0", "sha256:1" };

/* --- numbers and texts --- */

static int index_of(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

const char *wish_runtime(unsigned i)
{
	return runtimes[i];
}

const char *wish_service(unsigned i)
{
	return services[i];
}

const char *wish_digest(unsigned image)
{
	return digests[image];
}

int wish_runtime_index(const char *name)
{
	return index_of(runtimes, WISH_RUNTIMES, name);
}

int wish_service_index(const char *name)
{
	return index_of(services, WISH_SERVICES, name);
}

int wish_digest_index(const char *digest)
{
	return index_of(digests, 2, digest);
}

static char hashes[WISH_CONFIGS][HASH_SIZE];

static unsigned config_index(const struct wish_config *c)
{
	return (c->variant * WISH_LIMITS + c->limits) * WISH_POLICIES + c->policy;
}

/* Groups in the order of the format: image, process, env, mounts, network, resources, … */
static void write_hash(const struct wish_config *c, char ret[HASH_SIZE])
{
	static const char *const limits[WISH_LIMITS] = { "0000000000000000", "0000000000000001",
							 "gggggggggggggggg", "gggggggggggggggh" };
	int n = snprintf(ret, HASH_SIZE, "%s%016x%016x%016x%016x%016x%s%016x%016x", HASH_PREFIX, 0U,
			 0U, c->variant, 0U, 0U, limits[c->limits], 0U, c->policy);
	assert(n == HASH_SIZE - 1);
}

const char *wish_hash(const struct wish_config *c)
{
	char *text = hashes[config_index(c)];
	if (!text[0])
		write_hash(c, text);
	return text;
}

bool wish_same(const struct wish_config *a, const struct wish_config *b)
{
	return a->variant == b->variant && a->limits == b->limits;
}

bool wish_hash_parse(const char *hash, struct wish_config *ret)
{
	for (unsigned i = 0; i < WISH_CONFIGS; i++) {
		struct wish_config c = { i / WISH_POLICIES / WISH_LIMITS,
					 i / WISH_POLICIES % WISH_LIMITS, i % WISH_POLICIES };
		if (strcmp(wish_hash(&c), hash) != 0)
			continue;
		*ret = c;
		return true;
	}
	return false;
}

/* --- random wishes --- */

static bool chance(uint64_t *rng, unsigned percent)
{
	return rand_next(rng) % 100 < percent;
}

static unsigned below(uint64_t *rng, unsigned n)
{
	return (unsigned)(rand_next(rng) % n);
}

static void random_policy(struct wish_service *s, uint64_t *rng)
{
	static const int64_t graces[] = { 0, 2 * CLOCK_SEC, 10 * CLOCK_SEC };
	static const int64_t delays[] = { 0, 0, 3 * CLOCK_SEC };
	static const int signals[] = { 15, 15, 2 };
	static const enum restart_kind restarts[] = { RESTART_ALWAYS, RESTART_ALWAYS,
						      RESTART_UNLESS_STOPPED, RESTART_ON_FAILURE };
	static const enum wish_patience patiences[] = { PATIENCE_ENDLESS, PATIENCE_ENDLESS,
							PATIENCE_WARN, PATIENCE_FAIL };
	s->starts_first = chance(rng, s->is_sick ? 60 : 30);
	s->max_parallel = 1 + below(rng, 2);
	s->grace_us = graces[below(rng, 3)];
	s->stop_signal = signals[below(rng, 3)];
	s->config.policy = s->is_job ? RESTART_NO : restarts[below(rng, 4)];
	s->delay_us = delays[below(rng, 3)];
	s->max_attempts = chance(rng, s->is_sick ? 60 : 20) ? 2 : 0;
	s->needs_started = chance(rng, 50);
	s->patience = patiences[below(rng, 4)];
}

static void random_service(struct wish *w, unsigned i, uint64_t *rng)
{
	static const enum route_kind elsewhere[] = { ROUTE_NEEDS_PEER, ROUTE_UNSUPPORTED,
						     ROUTE_BLOCKED };
	struct wish_service *s = &w->services[i];
	s->is_there = chance(rng, 70);
	s->replicas = below(rng, WISH_REPLICAS + 1);
	s->config.variant = below(rng, WISH_VARIANTS);
	s->config.limits = chance(rng, 30);
	s->image = below(rng, 2);
	s->follows_tag = chance(rng, 30);
	s->is_job = chance(rng, 20);
	s->route = chance(rng, 4) ? elsewhere[below(rng, 3)] : ROUTE_RUNTIME;
	s->runtime = chance(rng, 30);
	s->is_sick = chance(rng, 20);
	random_policy(s, rng);
	for (unsigned j = 0; j < i; j++)
		if (w->services[j].is_there && chance(rng, 35))
			s->uses |= 1U << j;
}

/* Mostly a small change of what is there; a whole new file now and then. */
void wish_random(struct wish *w, uint64_t *rng)
{
	struct wish before = *w;
	bool is_all_new = chance(rng, 30);
	*w = (struct wish){ 0 };
	if (chance(rng, 5))
		return;
	for (unsigned i = 0; i < WISH_SERVICES; i++) {
		random_service(w, i, rng);
		if (!is_all_new && before.services[i].is_there && chance(rng, 60)) {
			struct wish_service new = w->services[i];
			w->services[i] = before.services[i];
			w->services[i].uses = new.uses;
			if (chance(rng, 30))
				w->services[i].replicas = new.replicas;
		}
	}
}

/* --- the values of the code under test --- */

static void make_depends(const struct wish_service *ws, struct service *s, struct arena *a)
{
	s->depends.items = arena_array(a, WISH_SERVICES, sizeof(struct depend));
	for (unsigned j = 0; j < WISH_SERVICES; j++) {
		if (!(ws->uses & (1U << j)))
			continue;
		s->depends.items[s->depends.n++] = (struct depend){
			.service = services[j],
			.condition = ws->needs_started ? CONDITION_STARTED : CONDITION_READY,
			.timeout = { .has = ws->patience != PATIENCE_ENDLESS,
				     .value = { .sec = WISH_PATIENCE_SEC } },
			.on_timeout =
				ws->patience == PATIENCE_FAIL ? ON_FAILURE_FAIL : ON_FAILURE_WARN,
		};
	}
}

static void make_service(const struct wish_service *ws, const char *name, struct arena *a,
			 struct service *ret)
{
	ret->name = name;
	ret->rtype = ws->is_job ? RTYPE_JOB : RTYPE_SERVICE;
	ret->image.name = "local/app:1";
	ret->image.pull_policy = ws->follows_tag ? PULL_ALWAYS : PULL_IF_NOT_PRESENT;
	ret->scale.mode = SCALE_FIXED;
	ret->scale.replicas = ws->replicas;
	ret->stop_signal = ws->stop_signal == 15 ? NULL : "SIGINT";
	ret->policy = (struct service_policy){
		.update_strategy = ws->starts_first ? UPDATE_START_FIRST : UPDATE_STOP_FIRST,
		.update_max_parallel = ws->max_parallel,
		.restart = (enum restart_kind)ws->config.policy,
		.restart_max_attempts = ws->max_attempts,
		.restart_delay_us = ws->delay_us,
		.stop_grace_us = ws->grace_us,
	};
	make_depends(ws, ret, a);
}

static struct deployment *make_deployment(const struct wish *w, struct arena *a)
{
	struct deployment *d = arena_alloc(a, sizeof(*d));
	d->name = WISH_DEPLOYMENT;
	d->services.items = arena_array(a, WISH_SERVICES, sizeof(struct service));
	for (unsigned i = 0; i < WISH_SERVICES; i++)
		if (w->services[i].is_there)
			make_service(&w->services[i], services[i], a,
				     &d->services.items[d->services.n++]);
	return d;
}

static struct route make_route(const struct wish_service *ws)
{
	switch (ws->route) {
	case ROUTE_RUNTIME:
		break;
	case ROUTE_NEEDS_PEER:
		return (struct route){ .kind = ROUTE_NEEDS_PEER,
				       .os = "windows",
				       .reason = "no runtime for windows" };
	case ROUTE_UNSUPPORTED:
		return (struct route){ .kind = ROUTE_UNSUPPORTED, .reason = "not done here" };
	case ROUTE_BLOCKED:
		return (struct route){ .kind = ROUTE_BLOCKED,
				       .reason = "no such image",
				       .code = ERR_NOT_FOUND };
	}
	return (struct route){ .kind = ROUTE_RUNTIME,
			       .runtime = runtimes[ws->runtime],
			       .can_update = ws->runtime == 0 };
}

void wish_expand(const struct wish *w, const struct wish *before, struct arena *a,
		 struct desired *ret)
{
	const struct deployment *d = make_deployment(w, a);
	struct expand_input in = { .deployment = WISH_DEPLOYMENT,
				   .previous = make_deployment(before, a) };
	int r;

	expand_groups(d, a, &in.groups);
	for (size_t i = 0; i < in.groups.n; i++) {
		struct expand_group *g = &in.groups.items[i];
		const struct wish_service *ws = &w->services[wish_service_index(g->service->name)];
		g->config_hash = wish_hash(&ws->config);
		g->digest = digests[ws->image];
		g->route = make_route(ws);
	}
	in.current = d->services.n ? d : NULL;
	in.empty_reason = d->services.n ? NULL : "down";
	r = expand_slots(&in, a, ret, NULL);
	assert(r == 0);
}
