/* SPDX-License-Identifier: Apache-2.0 */
/* The first pass of every plan and look: who belongs to whom. Judges nothing. */
#include "controller/match.h"

#include <string.h>

struct cursor {
	const struct match_input *in;
	size_t slot, instance, end, record; /* next of each list */
	const struct instance **sorted;     /* pointers to the instances from the first one on */
	size_t first;
	size_t n_compared;
};

static int compare(struct cursor *c, const char *service, uint32_t number, const struct match *m)
{
	int order = service == m->service ? 0 : strcmp(service, m->service);
	c->n_compared++;
	return order ? order : (number > m->number) - (number < m->number);
}

/* Where the instances of this deployment begin (@above false) or end. */
static size_t bound(const struct match_input *in, bool above)
{
	size_t low = 0;
	size_t high = in->observed ? in->observed->n : 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order =
			strcmp(in->observed->instances[mid].deployment, in->desired->deployment);
		if (order < 0 || (above && order == 0))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The smaller of the next wanted slot and the next instance's slot; false at the end. */
static bool next_name(struct cursor *c, struct match *ret)
{
	const struct desired *d = c->in->desired;
	bool has_slot = c->slot < d->n;
	bool has_instance = c->instance < c->end;
	if (!has_slot && !has_instance)
		return false;
	*ret = (struct match){ 0 };
	if (has_slot) {
		ret->service = d->slots[c->slot].service;
		ret->number = d->slots[c->slot].number;
	}
	if (has_instance) {
		const struct instance *is = &c->in->observed->instances[c->instance];
		if (!has_slot || compare(c, is->service, is->slot, ret) < 0) {
			ret->service = is->service;
			ret->number = is->slot;
		}
	}
	return true;
}

static void take_all(struct cursor *c, struct match *m)
{
	const struct desired *d = c->in->desired;
	if (c->slot < d->n &&
	    compare(c, d->slots[c->slot].service, d->slots[c->slot].number, m) == 0) {
		m->want = &d->slots[c->slot++];
		m->known = &d->services[m->want->service_index];
	}
	m->instances = &c->sorted[c->instance - c->first];
	while (c->instance < c->end) {
		const struct instance *is = &c->in->observed->instances[c->instance];
		if (compare(c, is->service, is->slot, m) != 0)
			break;
		c->instance++;
		m->n++;
	}
	while (c->record < c->in->n_slots) {
		const struct slot *rec = &c->in->slots[c->record];
		int order = compare(c, rec->service, rec->number, m);
		if (order > 0)
			break;
		c->record++;
		if (order == 0) {
			m->record = rec;
			break;
		}
	}
}

void match_compute(const struct match_input *in, struct arena *a, struct matches *ret)
{
	struct cursor c = { .in = in };
	struct match m;

	c.first = c.instance = bound(in, false);
	c.end = bound(in, true);
	c.sorted = arena_array(a, c.end - c.first, sizeof(*c.sorted));
	for (size_t i = c.first; i < c.end; i++)
		c.sorted[i - c.first] = &in->observed->instances[i];
	*ret = (struct matches){ .items = arena_array(a, in->desired->n + c.end - c.first,
						      sizeof(*ret->items)) };
	while (next_name(&c, &m)) {
		take_all(&c, &m);
		if (!m.known && ret->n && strcmp(ret->items[ret->n - 1].service, m.service) == 0)
			m.known = ret->items[ret->n - 1].known;
		else if (!m.known)
			m.known = expand_find_service(in->desired, m.service);
		ret->items[ret->n++] = m;
	}
	ret->n_compared = c.n_compared;
}

const char *match_remove_cause(const struct match *m, const struct desired *d, struct arena *a)
{
	if (d->empty_reason)
		return d->empty_reason;
	if (!m->known || !m->known->is_wanted)
		return "not in the file";
	return arena_printf(a, "scaled to %zu", m->known->n);
}

const char *match_unmet_cause(const struct depend *dep, bool is_held, struct arena *a)
{
	return arena_printf(a, "depends on %s, which is not %s%s", dep->service,
			    spec_enum_name(&spec_enum_condition, dep->condition),
			    is_held ? ": it was stopped by hand" : "");
}

const char *match_unmet_hint(const struct desired *d, const struct depend *dep, struct arena *a)
{
	return arena_printf(a, "'tallyman start %s/%s' starts it", d->deployment, dep->service);
}

uint64_t match_generation(const struct slot *record, const struct instance *const *instances,
			  size_t n)
{
	uint64_t highest = record ? record->generation : 0;
	for (size_t i = 0; i < n; i++)
		if (instances[i]->generation > highest)
			highest = instances[i]->generation;
	return highest + 1;
}
