/* SPDX-License-Identifier: Apache-2.0 */
/* Wishes as deployment files, and what a spec made of one of those says. */
#include <string.h>

#include "base/rand.h"
#include "specs/spec_service.h"
#include "tests/sim/models_law.h"

/* One begins as the other does: names are compared whole. */
const char *const models_wish_deployments[MODELS_DEPLOYMENTS] = { "sim", "sim-2" };
const char *const models_wish_runtimes[MODELS_RUNTIMES] = { "youki", "hcs" };

static const char *const values[WISH_VARIANTS] = { "v0", "v1", "v2" };
static const char *const limits[] = { "64Mi", "32Mi" };
static const char *const images[] = { "local/app:0", "local/app:1" };
static const char *const systems[MODELS_RUNTIMES] = { "linux", "windows" };

/* What the story of models has no use for: each of its services can come to be. */
static void tame(struct wish *w, unsigned i)
{
	struct wish_service *s = &w->services[i];

	s->is_there = s->is_there && i < MODELS_SERVICES;
	s->route = ROUTE_RUNTIME;
	s->is_job = i == MODELS_SERVICES - 1;
	if (s->is_job)
		s->config.policy = RESTART_NO;
	else if (s->config.policy == RESTART_NO)
		s->config.policy = RESTART_ALWAYS;
	s->stop_signal = 15;
}

void models_wish_random(struct wish *w, uint64_t *rng)
{
	wish_random(w, rng);
	for (unsigned i = 0; i < WISH_SERVICES; i++)
		tame(w, i);
}

bool models_wish_is_empty(const struct wish *w)
{
	for (unsigned i = 0; i < MODELS_SERVICES; i++)
		if (w->services[i].is_there)
			return false;
	return true;
}

/* --- the file --- */

static void put_policy(const struct wish_service *s, struct buf *ret)
{
	static const char *const kinds[] = { [RESTART_NO] = "\"no\"",
					     [RESTART_ALWAYS] = "always",
					     [RESTART_ON_FAILURE] = "on_failure",
					     [RESTART_UNLESS_STOPPED] = "unless_stopped" };

	buf_printf(ret, "    restart_policy: {kind: %s", kinds[s->config.policy]);
	if (s->max_attempts)
		buf_printf(ret, ", max_attempts: %u", s->max_attempts);
	if (s->delay_us)
		buf_printf(ret, ", delay: %ds", (int)(s->delay_us / CLOCK_SEC));
	buf_puts(ret, "}\n");
	buf_printf(ret, "    stop_grace_period: \"%ds\"\n", (int)(s->grace_us / CLOCK_SEC));
	buf_printf(ret, "    tallyman: {update: {strategy: %s, max_parallel: %u}}\n",
		   s->starts_first ? "start-first" : "stop-first", s->max_parallel);
}

static void put_depends(const struct wish *w, const struct wish_service *s, struct buf *ret)
{
	bool is_first = true;

	for (unsigned j = 0; j < MODELS_SERVICES; j++) {
		if (!(s->uses & 1U << j) || !w->services[j].is_there)
			continue;
		buf_printf(ret, "%s{service: %s, condition: %s, timeout: %s, on_timeout: %s}",
			   is_first ? "    depends: [" : ", ", wish_service(j),
			   s->needs_started ? "started" : "ready",
			   s->patience == PATIENCE_ENDLESS ? "~" : "20s",
			   s->patience == PATIENCE_FAIL ? "fail" : "warn");
		is_first = false;
	}
	buf_puts(ret, is_first ? "" : "]\n");
}

static void put_service(const struct wish *w, unsigned i, struct buf *ret)
{
	const struct wish_service *s = &w->services[i];

	buf_printf(ret, "  %s:\n    rtype: %s\n    image: {name: \"%s\"}\n", wish_service(i),
		   s->is_job ? "job" : "service", images[s->image]);
	buf_printf(ret, "    platform: {os: %s, arch: amd64}\n", systems[s->runtime]);
	buf_printf(ret, "    env: {VALUE: %s}\n    resources: {memory: %s}\n",
		   values[s->config.variant], limits[s->config.limits]);
	buf_printf(ret, "    scale: {mode: fixed, replicas: %u}\n", s->replicas);
	put_policy(s, ret);
	put_depends(w, s, ret);
}

void models_wish_file(const struct wish *w, unsigned deployment, struct buf *ret)
{
	buf_printf(ret, "version: v1\ndeployment: %s\nservices:\n",
		   models_wish_deployments[deployment]);
	for (unsigned i = 0; i < MODELS_SERVICES; i++)
		if (w->services[i].is_there)
			put_service(w, i, ret);
}

/* --- and back --- */

static int index_of(const char *const *names, int n, const char *name)
{
	for (int i = 0; name && i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static const char *value_of(const struct instance_spec *spec)
{
	for (size_t i = 0; i < spec->n_env; i++)
		if (strcmp(spec->env[i].name, "VALUE") == 0)
			return spec->env[i].value;
	return NULL;
}

bool models_wish_read(const struct instance_spec *spec, struct models_instance *ret)
{
	int deployment = index_of(models_wish_deployments, MODELS_DEPLOYMENTS, spec->deployment);
	int service = wish_service_index(spec->service_name);
	int variant = index_of(values, WISH_VARIANTS, value_of(spec));
	int limit = index_of(limits, 2, spec->service->resources.memory);
	int image = index_of(images, 2, spec->image);

	if (deployment < 0 || service < 0 || service >= MODELS_SERVICES || variant < 0 ||
	    limit < 0 || image < 0)
		return false;
	ret->deployment = (unsigned)deployment;
	ret->service = (unsigned)service;
	ret->config.variant = (unsigned)variant;
	ret->config.limits = (unsigned)limit;
	ret->image = (unsigned)image;
	return true;
}
