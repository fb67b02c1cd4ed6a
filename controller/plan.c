/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole plan of one deployment, in numbered passes:
 *   1. match     slots wanted, instances seen, records kept
 *   2. classify  a verdict for each slot
 *   3. block     what depends on something that will never come (plan_hope.c)
 *   4. imply     the steps each change means; the image once for all who need it
 *   5. order     removals: users before what they depend on, highest numbers first;
 *                then the rest: what is depended on first
 *   6. check     the limits, and the hash of it all
 * (Order comes before imply in the code, since steps are written down in order.)
 */
#include "controller/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/limits.h"
#include "controller/match.h"
#include "controller/plan_hope.h"
#include "specs/runtime_id.h"

/* A change under construction, with what ordering and steps need. */
struct item {
	struct plan_change change;
	struct diff_slot diff;
	const struct match *match;
	uint32_t rank;
	bool is_obsolete; /* its service is not in the file */
};

struct work {
	const struct plan_input *in;
	struct arena *a;
	struct matches matches;
	struct item *items;
	size_t n;
	struct plan *plan;
	struct plan_hope *hope;
	bool *is_staged; /* by image: a step has it at hand already */
};

/* --- 1, 2: match and classify --- */

static void add_item(struct work *w, const struct match *m, const struct diff_slot *diff)
{
	struct item *it = &w->items[w->n++];

	it->diff = *diff;
	it->match = m;
	it->rank = m->known ? m->known->rank : 0;
	it->is_obsolete = !m->known || !m->known->is_wanted;
	it->change = (struct plan_change){
		.verdict = diff->verdict,
		.service = m->service,
		.slot = m->number,
		.name = runtime_id_slot_name(w->a, m->service, m->number),
		.cause = diff->cause,
		.fields = diff->fields,
		.drift = diff->drift,
		.hint = diff->hint,
		.id = diff->keep ? diff->keep->id
		      : m->n     ? m->instances[m->n - 1]->id
				 : NULL,
		.os = diff->verdict == VERDICT_NEEDS_PEER ? m->want->group->route.os : NULL,
	};
}

/* As the reconciler takes it: a runtime that does not answer holds up its own slots. */
static bool proves_absence(const struct work *w, const struct match *m)
{
	const char *runtime = m->want ? m->want->group->route.runtime : NULL;

	return !w->in->observed ||
	       observed_proves_absence(w->in->observed, w->in->keeps_all ? NULL : runtime);
}

static void classify(struct work *w)
{
	w->items = arena_array(w->a, w->matches.n, sizeof(*w->items));
	for (size_t i = 0; i < w->matches.n; i++) {
		const struct match *m = &w->matches.items[i];
		bool is_meant = scope_has(w->in->scope, m->service, m->number);
		struct diff_slot diff;
		struct diff_input in = {
			.want = m->want,
			.record = m->record,
			.instances = m->instances,
			.n = m->n,
			.is_partial = !proves_absence(w, m),
			.is_asked = w->in->is_asked,
			.keeps_all = w->in->keeps_all,
			.now = w->in->now,
		};
		in.is_taken = w->in->observed &&
			      observed_has_lost(w->in->observed, w->in->desired->deployment,
						m->service, m->number);
		if (!m->want)
			in.remove_cause = match_remove_cause(m, w->in->desired, w->a);
		diff_compute(&in, w->a, &diff);
		plan_hope_add(w->hope, m, &diff, is_meant);
		if (is_meant && !verdict_is_right(diff.verdict))
			add_item(w, m, &diff);
	}
}

/* --- 5: order --- */

/* Removals, what can be done, what cannot. */
static int stage_of(const struct item *it)
{
	if (it->change.verdict == VERDICT_REMOVE)
		return 0;
	return verdict_sign(it->change.verdict)[0] ? 1 : 2;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_items(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;
	int order = stage_of(a) - stage_of(b);
	if (order)
		return order;
	bool is_removal = stage_of(a) == 0;
	if (is_removal && a->is_obsolete != b->is_obsolete)
		return a->is_obsolete ? -1 : 1;
	order = is_removal ? compare_numbers(b->rank, a->rank) : compare_numbers(a->rank, b->rank);
	if (order == 0)
		order = strcmp(a->change.service, b->change.service);
	if (order == 0)
		order = is_removal ? compare_numbers(b->change.slot, a->change.slot)
				   : compare_numbers(a->change.slot, b->change.slot);
	return order;
}

static void sort(struct work *w)
{
	if (w->n)
		qsort(w->items, w->n, sizeof(*w->items), compare_items);
}

/* --- 3: what depends on what will never come; the items are in the order of ranks --- */

static void block(struct work *w)
{
	bool is_any = false;

	for (size_t i = 0; i < w->n; i++) {
		struct item *it = &w->items[i];
		struct plan_unmet unmet;

		if (!plan_hope_is_lost(w->hope, it->match, &it->diff, &unmet))
			continue;
		it->change.verdict = VERDICT_BLOCKED;
		it->change.cause = unmet.cause;
		it->change.hint = unmet.hint;
		it->change.fields = NULL;
		is_any = true;
	}
	if (is_any)
		sort(w);
}

/* --- 4: imply --- */

static struct step *add_step(struct work *w, struct item *it, enum step_kind kind,
			     const char *runtime)
{
	struct plan *p = w->plan;
	p->steps = arena_grow(w->a, p->steps, p->n_steps, sizeof(*p->steps));
	struct step *s = &p->steps[p->n_steps++];
	*s = (struct step){
		.kind = kind,
		.runtime = runtime,
		.deployment = p->deployment,
		.service = it->change.service,
		.slot = it->change.slot,
		.cause = it->change.cause,
	};
	it->change.n++;
	return s;
}

static void add_removal(struct work *w, struct item *it, const struct instance *is)
{
	const struct desired_service *known = it->match->known;
	if (is->pid > 0 || is->state == INSTANCE_RUNNING || is->state == INSTANCE_PAUSED) {
		struct step *s = add_step(w, it, STEP_SIGNAL, is->runtime);
		s->instance_id = is->id;
		s->signal = is->state == INSTANCE_CREATED ? 9 : expand_stop_signal(known, is);
	}
	add_step(w, it, STEP_REMOVE, is->runtime)->instance_id = is->id;
}

static void add_removals(struct work *w, struct item *it, const struct instance *except)
{
	for (size_t i = 0; i < it->match->n; i++)
		if (it->match->instances[i] != except)
			add_removal(w, it, it->match->instances[i]);
}

/* The image, unless a step before has it at hand. */
static void add_stage(struct work *w, struct item *it)
{
	const struct expand_group *g = it->match->want->group;
	if (w->is_staged[g->image])
		return;
	w->is_staged[g->image] = true;
	add_step(w, it, STEP_STAGE, g->route.runtime)->digest = g->digest;
}

static void add_creation(struct work *w, struct item *it)
{
	const struct match *m = it->match;
	const char *runtime = m->want->group->route.runtime;
	const char *id = runtime_id_format(w->a, w->plan->deployment, m->service, m->number,
					   match_generation(m->record, m->instances, m->n));
	add_step(w, it, STEP_CREATE, runtime)->instance_id = id;
	add_step(w, it, STEP_START, runtime)->instance_id = id;
}

static void imply(struct work *w, struct item *it)
{
	const struct instance *keep = it->diff.keep;
	it->change.first = w->plan->n_steps;
	switch (it->change.verdict) {
	case VERDICT_CREATE:
		add_stage(w, it);
		add_creation(w, it);
		break;
	case VERDICT_REPLACE:
		add_stage(w, it);
		if (it->match->want->group->service->policy.update_strategy == UPDATE_START_FIRST) {
			add_creation(w, it);
			add_removals(w, it, NULL);
		} else {
			add_removals(w, it, NULL);
			add_creation(w, it);
		}
		break;
	case VERDICT_REMOVE:
		add_removals(w, it, keep);
		break;
	case VERDICT_START:
		add_step(w, it, STEP_START, keep->runtime)->instance_id = keep->id;
		add_removals(w, it, keep);
		break;
	case VERDICT_UPDATE:
		add_step(w, it, STEP_UPDATE, keep->runtime)->instance_id = keep->id;
		add_removals(w, it, keep);
		break;
	case VERDICT_NOTHING:
	case VERDICT_DONE:
	case VERDICT_HELD:
	case VERDICT_WAIT:
	case VERDICT_UNKNOWN:
	case VERDICT_NEEDS_PEER:
	case VERDICT_UNSUPPORTED:
	case VERDICT_BLOCKED:
	case VERDICT_FAILED:
	case VERDICT_N:
		break;
	}
}

/* --- 6: sums and hash --- */

static size_t *counter_of(struct plan *p, enum verdict v)
{
	size_t *const counters[VERDICT_N] = {
		[VERDICT_CREATE] = &p->n_create,       [VERDICT_START] = &p->n_start,
		[VERDICT_UPDATE] = &p->n_update,       [VERDICT_REPLACE] = &p->n_replace,
		[VERDICT_REMOVE] = &p->n_remove,       [VERDICT_WAIT] = &p->n_waiting,
		[VERDICT_UNKNOWN] = &p->n_waiting,     [VERDICT_NEEDS_PEER] = &p->n_peer,
		[VERDICT_UNSUPPORTED] = &p->n_blocked, [VERDICT_BLOCKED] = &p->n_blocked,
		[VERDICT_FAILED] = &p->n_blocked,
	};
	return counters[v];
}

static void add_text(struct digest *d, const char *text)
{
	digest_add(d, text ? text : "", text ? strlen(text) + 1 : 1);
}

/* Of everything that is going to be done, and why: approving it approves nothing else. */
static void hash_plan(struct plan *p, const struct item *items)
{
	struct digest *d CLEAN(digest) = digest_new();
	uint8_t sum[DIGEST_BYTES];
	char hex[DIGEST_HEX_SIZE];

	add_text(d, p->deployment);
	for (size_t i = 0; i < p->n; i++) {
		const struct match *m = items[i].match;
		add_text(d, verdict_to_string(p->changes[i].verdict));
		add_text(d, p->changes[i].name);
		add_text(d, p->changes[i].cause);
		add_text(d, m->want ? m->want->group->config_hash : NULL);
		add_text(d, m->want ? m->want->group->digest : NULL);
	}
	for (size_t i = 0; i < p->n_steps; i++) {
		add_text(d, step_kind_to_string(p->steps[i].kind));
		add_text(d, p->steps[i].instance_id);
	}
	digest_final(d, sum);
	digest_hex(sum, hex);
	memcpy(p->hash, hex, sizeof(p->hash) - 1);
}

size_t plan_pending(const struct plan *p)
{
	return p->n_create + p->n_start + p->n_update + p->n_replace + p->n_remove;
}

int plan_compute(const struct plan_input *in, struct arena *a, struct plan *ret, struct error *err)
{
	struct plan p = {
		.deployment = in->desired->deployment,
		.orphans = in->orphans,
		.n_orphans = in->n_orphans,
	};
	struct work w = { .in = in, .a = a, .plan = &p };
	struct match_input mi = { in->desired, in->observed, in->slots, in->n_slots };

	match_compute(&mi, a, &w.matches);
	if (w.matches.n > LIMIT_SLOTS)
		return error_set(err, ERR_LIMIT, 0, "deployment %s: more than %d slots",
				 p.deployment, LIMIT_SLOTS);
	w.hope = plan_hope_new(in->desired, a);
	classify(&w);
	sort(&w);
	block(&w);
	p.changes = arena_array(a, w.n, sizeof(*p.changes));
	w.is_staged = arena_array(a, in->desired->n_images, sizeof(bool));
	for (size_t i = 0; i < w.n; i++) {
		imply(&w, &w.items[i]);
		p.changes[p.n++] = w.items[i].change;
		++*counter_of(&p, w.items[i].change.verdict);
	}
	p.n_compared = w.matches.n_compared;
	hash_plan(&p, w.items);
	*ret = p;
	return plan_pending(&p) ? 0 : PLAN_NOTHING;
}
