/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a deployment file to slots: how many, which numbers, in which order, and how each
 * service is stopped. Compares nothing with what is there (diff.c) but the slots that
 * manual scale finds.
 */
#include "controller/expand.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "specs/hash.h"
#include "specs/signals.h"

enum { MAX_FIELDS = 6 }; /* named in one line of a plan */

static void route_by_kind(struct expand_group *g)
{
	const struct service *s = g->service;
	if (s->rtype == RTYPE_CRON)
		g->route = (struct route){ .kind = ROUTE_UNSUPPORTED,
					   .reason = "cron services are not supported yet" };
	else if (s->service_type != SERVICE_STANDARD)
		g->route = (struct route){ .kind = ROUTE_UNSUPPORTED,
					   .reason = "wasm services are not supported yet" };
}

void expand_groups(const struct deployment *d, struct arena *a, struct expand_groups *ret)
{
	size_t n = 0;
	for (size_t i = 0; i < d->services.n; i++) {
		size_t groups = d->services.items[i].replica_groups.n;
		n += groups ? groups : 1;
	}
	*ret = (struct expand_groups){ .items = arena_array(a, n, sizeof(*ret->items)) };
	for (size_t i = 0; i < d->services.n; i++) {
		const struct service *s = &d->services.items[i];
		for (size_t j = 0; j < s->replica_groups.n; j++) {
			const struct replica_group *rg = &s->replica_groups.items[j];
			struct expand_group *g = &ret->items[ret->n++];
			g->service = spec_group_service(s, rg, a);
			g->role = rg->role;
			g->count = rg->count;
			route_by_kind(g);
		}
		if (s->replica_groups.n == 0) {
			struct expand_group *g = &ret->items[ret->n++];
			g->service = s;
			g->count = spec_start_count(s);
			route_by_kind(g);
		}
	}
}

int expand_stop_signal(const struct desired_service *ds, const struct instance *is)
{
	if (ds && ds->stop_signal)
		return ds->stop_signal;
	return is->stop_signal ? is->stop_signal : SIGNALS_TERM;
}

const struct desired_service *expand_find_service(const struct desired *d, const char *name)
{
	size_t low = 0;
	size_t high = d->n_services;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(name, d->services[mid].name);
		if (order == 0)
			return &d->services[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/* --- services: those of both files, once each, sorted --- */

static int add_service(struct desired *d, const struct service *s, bool is_wanted,
		       struct error *err)
{
	struct desired_service *ds = &d->services[d->n_services++];
	*ds = (struct desired_service){
		.name = s->name,
		.is_wanted = is_wanted,
		.depends = &s->depends,
		.stop_grace_us = s->policy.stop_grace_us,
	};
	if (!s->stop_signal)
		return 0;
	ds->stop_signal = signals_number(s->stop_signal);
	if (ds->stop_signal)
		return 0;
	/* An old file's mistake must not stand in the way of taking its service down. */
	ds->stop_signal = SIGNALS_TERM;
	if (!is_wanted)
		return 0;
	return error_set(err, ERR_INVALID, 0, "service %s: no signal %s", s->name, s->stop_signal);
}

static int merge_services(const struct expand_input *in, struct arena *a, struct desired *d,
			  struct error *err)
{
	static const struct deployment none;
	const struct services *now = &(in->current ? in->current : &none)->services;
	const struct services *old = &(in->previous ? in->previous : &none)->services;
	size_t i = 0;
	size_t j = 0;

	d->services = arena_array(a, now->n + old->n, sizeof(*d->services));
	while (i < now->n || j < old->n) {
		int order = i == now->n   ? 1
			    : j == old->n ? -1
					  : strcmp(now->items[i].name, old->items[j].name);
		const struct service *s = order <= 0 ? &now->items[i] : &old->items[j];
		int r = add_service(d, s, order <= 0, err);
		if (r < 0)
			return r;
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}

/* --- the order of services --- */

/* Fills needs and users. Each service's users are found in ascending order. */
static void link_services(struct desired *d, struct arena *a)
{
	size_t *count = arena_array(a, d->n_services, sizeof(*count));
	for (size_t i = 0; i < d->n_services; i++) {
		struct desired_service *s = &d->services[i];
		size_t *needs = arena_array(a, s->depends->n, sizeof(*needs));
		for (size_t j = 0; j < s->depends->n; j++) {
			const struct desired_service *dep =
				expand_find_service(d, s->depends->items[j].service);
			needs[j] = dep ? (size_t)(dep - d->services) : SIZE_MAX;
			if (dep)
				count[needs[j]]++;
		}
		s->needs = needs;
	}
	size_t **users = arena_array(a, d->n_services, sizeof(*users));
	for (size_t i = 0; i < d->n_services; i++)
		users[i] = arena_array(a, count[i], sizeof(**users));
	for (size_t i = 0; i < d->n_services; i++) {
		const struct desired_service *s = &d->services[i];
		for (size_t j = 0; j < s->depends->n; j++)
			if (s->needs[j] != SIZE_MAX)
				users[s->needs[j]][d->services[s->needs[j]].n_users++] = i;
	}
	for (size_t i = 0; i < d->n_services; i++)
		d->services[i].users = users[i];
}

/* Longest way to a service without depends. Validation refuses cycles; should one get
 * here all the same, its services keep rank 0 and nobody waits for ever in this function. */
static void rank_services(struct desired *d, struct arena *a)
{
	size_t *open = arena_array(a, d->n_services, sizeof(*open));
	size_t *queue = arena_array(a, d->n_services, sizeof(*queue));
	size_t head = 0;
	size_t tail = 0;

	for (size_t i = 0; i < d->n_services; i++) {
		for (size_t j = 0; j < d->services[i].depends->n; j++)
			open[i] += d->services[i].needs[j] != SIZE_MAX;
		if (open[i] == 0)
			queue[tail++] = i;
	}
	while (head < tail) {
		const struct desired_service *s = &d->services[queue[head++]];
		for (size_t j = 0; j < s->n_users; j++) {
			struct desired_service *user = &d->services[s->users[j]];
			if (user->rank < s->rank + 1)
				user->rank = s->rank + 1;
			if (--open[s->users[j]] == 0)
				queue[tail++] = s->users[j];
		}
	}
}

/* --- images --- */

static int compare_groups(const void *pa, const void *pb)
{
	const struct expand_group *a = *(struct expand_group *const *)pa;
	const struct expand_group *b = *(struct expand_group *const *)pb;
	int order = strcmp(a->route.runtime, b->route.runtime);
	return order ? order : strcmp(a->digest ? a->digest : "", b->digest ? b->digest : "");
}

static void number_images(const struct expand_groups *groups, struct desired *d, struct arena *a)
{
	struct expand_group **sorted = arena_array(a, groups->n, sizeof(struct expand_group *));
	size_t n = 0;
	for (size_t i = 0; i < groups->n; i++) {
		groups->items[i].image = SIZE_MAX;
		if (groups->items[i].route.kind == ROUTE_RUNTIME)
			sorted[n++] = &groups->items[i];
	}
	if (n)
		qsort(sorted, n, sizeof(*sorted), compare_groups);
	d->images = arena_array(a, n, sizeof(*d->images));
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || compare_groups(&sorted[i - 1], &sorted[i]) != 0)
			d->images[d->n_images++] = (struct desired_image){
				.runtime = sorted[i]->route.runtime,
				.digest = sorted[i]->digest ? sorted[i]->digest : "",
			};
		sorted[i]->image = d->n_images - 1;
	}
}

/* --- what changed --- */

/* Once for a group, since its instances differ in the same fields. */
static const char *name_fields(const struct expand_group *g, struct arena *a)
{
	const struct hash_changes c = hash_changes(g->before.service, g->service, a);
	const char *text = NULL;

	for (size_t i = 0; i < c.n && i < MAX_FIELDS; i++)
		text = text ? arena_printf(a, "%s, %s", text, c.items[i].path) : c.items[i].path;
	return c.n <= MAX_FIELDS ? text
				 : arena_printf(a, "%s and %zu more", text, c.n - MAX_FIELDS);
}

static void name_changes(const struct expand_groups *groups, struct arena *a)
{
	for (size_t i = 0; i < groups->n; i++)
		if (groups->items[i].before.service)
			groups->items[i].before.fields = name_fields(&groups->items[i], a);
}

/* --- slots --- */

/* The first instance of @service or of what comes after it. */
static size_t lower_bound(const struct expand_input *in, const char *service)
{
	size_t low = 0;
	size_t high = in->observed ? in->observed->n : 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct instance *is = &in->observed->instances[mid];
		int order = strcmp(is->deployment, in->deployment);
		if (order == 0)
			order = strcmp(is->service, service);
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* A person stopped it, or wants a new one: without an instance it is there all the same. */
static bool is_kept(const struct slot *s)
{
	return s->held || (s->restart_upto > 0 && s->generation <= s->restart_upto);
}

static void add_number(uint32_t number, struct arena *a, uint32_t **list, size_t *n)
{
	*list = arena_grow(a, *list, *n, sizeof(**list));
	(*list)[(*n)++] = number;
}

static int compare_u32(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	return (a > b) - (a < b);
}

/* Manual scale: the numbers of the slots that have an instance, or had one. */
static size_t find_present(const struct expand_input *in, const char *service, struct arena *a,
			   uint32_t **ret)
{
	size_t n = 0;
	size_t n_unique = 0;

	*ret = NULL;
	for (size_t i = lower_bound(in, service); in->observed && i < in->observed->n; i++) {
		const struct instance *is = &in->observed->instances[i];
		if (strcmp(is->deployment, in->deployment) != 0 ||
		    strcmp(is->service, service) != 0)
			break;
		add_number(is->slot, a, ret, &n);
	}
	for (size_t i = 0; i < in->n_slots; i++)
		if (is_kept(&in->slots[i]) && strcmp(in->slots[i].service, service) == 0)
			add_number(in->slots[i].number, a, ret, &n);
	if (n)
		qsort(*ret, n, sizeof(**ret), compare_u32);
	for (size_t i = 0; i < n; i++)
		if (n_unique == 0 || (*ret)[n_unique - 1] != (*ret)[i])
			(*ret)[n_unique++] = (*ret)[i];
	return n_unique;
}

static int add_slots(const struct expand_input *in, const struct expand_group *g, struct desired *d,
		     struct arena *a, struct error *err)
{
	struct desired_service *s =
		(struct desired_service *)expand_find_service(d, g->service->name);
	uint32_t *present = NULL;
	size_t n = g->count >= 0 ? (size_t)g->count : find_present(in, s->name, a, &present);

	if (n > LIMIT_SLOTS || d->n + n > LIMIT_SLOTS)
		return error_set(err, ERR_LIMIT, 0, "service %s: more than %d slots", s->name,
				 LIMIT_SLOTS);
	if (s->n == 0)
		s->first = d->n;
	for (size_t i = 0; i < n; i++) {
		d->slots = arena_grow(a, d->slots, d->n, sizeof(*d->slots));
		d->slots[d->n++] = (struct desired_slot){
			.group = g,
			.service = s->name,
			.number = present ? present[i] : (uint32_t)(s->n),
			.service_index = (size_t)(s - d->services),
		};
		s->n++;
	}
	return 0;
}

int expand_slots(const struct expand_input *in, struct arena *a, struct desired *ret,
		 struct error *err)
{
	struct desired d = { .deployment = in->deployment, .empty_reason = in->empty_reason };
	int r = merge_services(in, a, &d, err);
	if (r < 0)
		return r;
	link_services(&d, a);
	rank_services(&d, a);
	number_images(&in->groups, &d, a);
	name_changes(&in->groups, a);
	for (size_t i = 0; i < in->groups.n; i++) {
		r = add_slots(in, &in->groups.items[i], &d, a, err);
		if (r < 0)
			return r;
	}
	*ret = d;
	return 0;
}
