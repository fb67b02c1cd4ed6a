/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over each look, sorted lists beside each other: n log n in the number of things. The
 * rules are a table; their order is the order in which people are told why something stays.
 */
#include "controller/sweep_plan.h"

#include <stdlib.h>
#include <string.h>

#include "specs/runtime_id.h"

#define RETRY_FIRST_US (60 * CLOCK_SEC)
#define RETRY_MAX_US   (3600 * CLOCK_SEC)

enum { SIGHTINGS = 2 };

const char *sweep_plan_mode_name(enum sweep_mode mode)
{
	static const char *const names[SWEEP_N_MODES] = {
#define X(id, name) [SWEEP_##id] = name,
		SWEEP_MODES(X)
#undef X
	};

	return names[mode];
}

/* --- looks --------------------------------------------------------------------------- */

const char *sweep_plan_failure(const struct sweep_look *l, struct arena *a)
{
	if (l->failed)
		return l->failed;
	if (l->seen.partial)
		return l->seen.missing ? l->seen.missing : "its listing is partial";
	if (l->took_us > SWEEP_SLOW_US)
		return arena_printf(a, "its listing took %lld s, which is too slow to be trusted",
				    (long long)(l->took_us / CLOCK_SEC));
	if (l->n_lied)
		return arena_printf(a, "its listing lacks %zu instances that are there", l->n_lied);
	if (l->n_agreed < l->n_missing)
		return arena_printf(a,
				    "its listing lacks %zu of %zu things, and %zu of those are not "
				    "proved gone",
				    l->n_missing, l->n_before, l->n_missing - l->n_agreed);
	return NULL;
}

/* --- finding ------------------------------------------------------------------------- */

/* Everything sorted for searching. */
struct finder {
	const struct sweep_input *in;
	const struct instance **rows; /* by id */
	const char **deployments;
	struct arena *a;
};

static int by_row_id(const void *a, const void *b)
{
	const struct instance *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

static int fold(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Two deployments whose names differ only in case cannot live here. */
static int by_name(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	while (*x && fold(*x) == fold(*y)) {
		x++;
		y++;
	}
	return fold(*x) - fold(*y);
}

static void sort_all(struct finder *f)
{
	const struct sweep_input *in = f->in;

	f->rows = arena_array(f->a, in->n_rows + 1, sizeof(struct instance *));
	f->deployments = arena_array(f->a, in->n_deployments + 1, sizeof(char *));
	for (size_t i = 0; i < in->n_rows; i++)
		f->rows[i] = &in->rows[i];
	for (size_t i = 0; i < in->n_deployments; i++)
		f->deployments[i] = in->deployments[i];
	qsort(f->rows, in->n_rows, sizeof(struct instance *), by_row_id);
	qsort(f->deployments, in->n_deployments, sizeof(char *), by_name);
}

static const struct instance *find_row(const struct finder *f, const char *id)
{
	const struct instance key = { .id = id }, *p = &key, **found;

	found = bsearch(&p, f->rows, f->in->n_rows, sizeof(struct instance *), by_row_id);
	return found ? *found : NULL;
}

static bool is_known(const struct finder *f, const char *deployment)
{
	return bsearch(&deployment, f->deployments, f->in->n_deployments, sizeof(char *),
		       by_name) != NULL;
}

static int by_orphan(const void *a, const void *b)
{
	const struct orphan *x = a, *y = b;
	int order = strcmp(x->runtime, y->runtime);

	return order ? order : strcmp(x->id, y->id);
}

static const struct orphan *find_orphan(const struct finder *f, const char *runtime, const char *id)
{
	const struct orphan key = { .runtime = runtime, .id = id };

	if (!f->in->n_orphans)
		return NULL;
	return bsearch(&key, f->in->orphans, f->in->n_orphans, sizeof(key), by_orphan);
}

static int by_instance_id(const void *a, const void *b)
{
	return strcmp(((const struct instance *)a)->id, ((const struct instance *)b)->id);
}

/* --- the rules ----------------------------------------------------------------------- */

struct judge {
	const struct finder *f;
	struct sweep_item *item;
	const struct instance *twin; /* a row of another runtime with its id; NULL */
	struct runtime_id id;
};

/* Said at length once, not with each of ten thousand. */
static const char *node_holds(const struct judge *j)
{
	return j->f->in->held ? "not before 'tallyman recover --accept'" : NULL;
}

static const char *mode_reports(const struct judge *j)
{
	return j->f->in->mode == SWEEP_REPORT ? "nothing is done: report only" : NULL;
}

static const char *has_twin(const struct judge *j)
{
	return j->twin ? arena_printf(j->f->a, "an instance of %s has the same id",
				      j->twin->runtime)
		       : NULL;
}

static const char *is_unknown(const struct judge *j)
{
	return j->item->has_instance && j->item->state == INSTANCE_UNKNOWN
		       ? "its runtime cannot say what state it is in"
		       : NULL;
}

static const char *is_adoptable(const struct judge *j)
{
	if (!j->item->is_live || !is_known(j->f, j->id.deployment))
		return NULL;
	return arena_printf(j->f->a,
			    "it lives, and deployment %s is known: the next apply takes "
			    "it in",
			    j->id.deployment);
}

static const char *is_restoring(const struct judge *j)
{
	return j->item->orphan.state == ORPHAN_RESTORING && !j->f->in->n_only
		       ? "the next instance of its slot begins with its layer"
		       : NULL;
}

static const char *was_seen_once(const struct judge *j)
{
	return j->item->orphan.sightings < SIGHTINGS ? "it was seen once; the next sweep acts on it"
						     : NULL;
}

static const char *is_young(const struct judge *j)
{
	const struct sweep_input *in = j->f->in;
	int64_t age = in->now.us - j->item->orphan.first.us;

	if (in->is_now || age >= in->grace_us)
		return NULL;
	return arena_printf(j->f->a, "it is younger than the grace: %lld s of %lld",
			    (long long)(age / CLOCK_SEC), (long long)(in->grace_us / CLOCK_SEC));
}

static const char *is_stuck(const struct judge *j)
{
	const struct orphan *o = &j->item->orphan;

	if (o->state != ORPHAN_STUCK || j->f->in->is_now || o->retry.us <= j->f->in->now.us)
		return NULL;
	return arena_printf(j->f->a, "it did not go (%s); it is tried again in %lld s",
			    o->reason ? o->reason : "no reason known",
			    (long long)((o->retry.us - j->f->in->now.us) / CLOCK_SEC + 1));
}

static const char *is_kept(const struct judge *j)
{
	const struct orphan *o = &j->item->orphan;
	int64_t left = o->since.us + SWEEP_QUARANTINE_US - j->f->in->now.us;

	if (o->state != ORPHAN_QUARANTINED || left <= 0 || j->f->in->n_only)
		return NULL;
	return arena_printf(j->f->a, "its layer is kept for %lld more minutes",
			    (long long)(left / (60 * CLOCK_SEC) + 1));
}

typedef const char *rule_fn(const struct judge *j);

static rule_fn *const rules[] = {
	node_holds,   mode_reports,  has_twin, is_unknown, is_adoptable,
	is_restoring, was_seen_once, is_young, is_stuck,
};

/* What is in quarantine was seen and waited for before it came there. */
static rule_fn *const kept_rules[] = { node_holds, is_restoring, is_kept, mode_reports };

static const char *first_reason(const struct judge *j, rule_fn *const *all, size_t n)
{
	const char *why = NULL;

	for (size_t i = 0; !why && i < n; i++)
		why = all[i](j);
	return why;
}

/* Only a directory of its own has a writable layer in it. */
static bool has_layer(unsigned kinds)
{
	return kinds & (leftover_bit(LEFTOVER_BUNDLE) | leftover_bit(LEFTOVER_INSTANCE));
}

static enum sweep_act act_of(const struct sweep_input *in, const struct sweep_item *item)
{
	bool must_keep = in->mode == SWEEP_QUARANTINE || (in->mode == SWEEP_AUTO && item->is_live);

	return must_keep && has_layer(item->orphan.kinds) ? SWEEP_KEEP : SWEEP_REMOVE;
}

static bool is_aside(unsigned kinds)
{
	return kinds == leftover_bit(LEFTOVER_QUARANTINE);
}

static void decide(struct judge *j)
{
	struct sweep_item *item = j->item;
	bool aside = is_aside(item->orphan.kinds);

	item->why = aside ? first_reason(j, kept_rules, sizeof(kept_rules) / sizeof(kept_rules[0]))
			  : first_reason(j, rules, sizeof(rules) / sizeof(rules[0]));
	if (item->why)
		return;
	item->act = aside ? SWEEP_DROP : act_of(j->f->in, item);
}

/* --- one thing ----------------------------------------------------------------------- */

/* Seen once more. What is all in quarantine is in no other state than that. */
static struct orphan remember(const struct finder *f, const char *runtime, const struct leftover *l)
{
	const struct orphan *before = find_orphan(f, runtime, l->id);
	const struct wall now = f->in->now;
	struct orphan o = { .runtime = runtime, .id = l->id, .first = now, .since = now };

	if (before)
		o = *before;
	o.kinds = l->kinds;
	o.sightings++;
	o.last = now;
	/* A sweep was cut off: what it had begun is decided anew. */
	if (o.state == ORPHAN_GOING)
		o.state = ORPHAN_SEEN;
	if (!is_aside(l->kinds) || o.state == ORPHAN_QUARANTINED || o.state == ORPHAN_RESTORING)
		return o;
	o.state = ORPHAN_QUARANTINED;
	o.since = now;
	return o;
}

static bool is_alive(enum instance_state s)
{
	return s == INSTANCE_CREATED || s == INSTANCE_RUNNING || s == INSTANCE_PAUSED;
}

static bool is_asked_for(const struct sweep_input *in, const char *id)
{
	for (size_t i = 0; i < in->n_only; i++)
		if (strcmp(in->only[i], id) == 0)
			return true;
	return in->n_only == 0;
}

static bool is_explained(const struct instance *row, const char *runtime)
{
	return row && strcmp(row->runtime, runtime) == 0;
}

/* What the runtime shows of it as an instance. */
static void add_state(const struct sweep_look *look, const struct instance *by_id,
		      struct sweep_item *item)
{
	const struct instance key = { .id = item->orphan.id }, *seen = NULL;

	if (look->seen.n)
		seen = bsearch(&key, by_id, look->seen.n, sizeof(key), by_instance_id);
	if (!seen)
		return;
	item->has_instance = true;
	item->state = seen->state;
	item->stop_signal = seen->own_end.signal ? seen->own_end.signal : seen->stop_signal;
	item->grace_us = (int64_t)seen->own_end.grace_us;
	item->is_live = is_alive(seen->state);
}

static void add_orphan(const struct finder *f, const struct sweep_look *look,
		       const struct leftover *l, const struct instance *by_id,
		       struct sweep_plan *ret)
{
	const struct instance *row = find_row(f, l->id);
	struct leftover part = *l;
	struct sweep_item item = { .act = SWEEP_LEAVE };
	struct judge j = { .f = f, .item = &item };

	/* A row explains all but what lies in quarantine under its name. */
	if (is_explained(row, look->runtime))
		part.kinds &= leftover_bit(LEFTOVER_QUARANTINE);
	if (!part.kinds || !runtime_id_parse(l->id, &j.id) || !is_asked_for(f->in, l->id))
		return;
	item.orphan = remember(f, look->runtime, &part);
	if (!is_aside(part.kinds)) {
		j.twin = row;
		add_state(look, by_id, &item);
	}
	decide(&j);
	ret->n_acts += item.act != SWEEP_LEAVE;
	ret->items = arena_grow(f->a, ret->items, ret->n, sizeof(item));
	ret->items[ret->n++] = item;
}

static void add_foreign(const struct finder *f, const char *runtime, const struct leftover *l,
			struct sweep_plan *ret)
{
	ret->foreign = arena_grow(f->a, ret->foreign, ret->n_foreign, sizeof(*ret->foreign));
	ret->foreign[ret->n_foreign++] =
		(struct sweep_foreign){ runtime, l->id, l->kinds, l->foreign };
}

/* --- one look ------------------------------------------------------------------------ */

static const struct instance *sorted_by_id(const struct observed *o, struct arena *a)
{
	struct instance *copy = arena_array(a, o->n + 1, sizeof(*copy));

	for (size_t i = 0; i < o->n; i++)
		copy[i] = o->instances[i];
	qsort(copy, o->n, sizeof(*copy), by_instance_id);
	return copy;
}

static int by_leftover_id(const void *a, const void *b)
{
	return strcmp(((const struct leftover *)a)->id, ((const struct leftover *)b)->id);
}

/* Is there anything of it that no row explains? */
static bool is_there(const struct finder *f, const struct sweep_look *look, const struct orphan *o)
{
	const struct leftover key = { .id = o->id }, *l = NULL;

	if (look->things.n)
		l = bsearch(&key, look->things.items, look->things.n, sizeof(key), by_leftover_id);
	if (!l)
		return false;
	return !is_explained(find_row(f, o->id), o->runtime) ||
	       (l->kinds & leftover_bit(LEFTOVER_QUARANTINE));
}

/* Rows of orphans that are none any more. */
static void add_gone(const struct finder *f, const struct sweep_look *look, struct sweep_plan *ret)
{
	for (size_t i = 0; i < f->in->n_orphans; i++) {
		const struct orphan *o = &f->in->orphans[i];

		if (strcmp(o->runtime, look->runtime) != 0 || is_there(f, look, o))
			continue;
		ret->gone = arena_grow(f->a, ret->gone, ret->n_gone, sizeof(struct orphan *));
		ret->gone[ret->n_gone++] = o;
	}
}

static void add_look(const struct finder *f, const struct sweep_look *look, struct sweep_plan *ret)
{
	const char *why = sweep_plan_failure(look, f->a);
	const struct instance *by_id;

	if (why) {
		ret->failures =
			arena_grow(f->a, ret->failures, ret->n_failures, sizeof(*ret->failures));
		ret->failures[ret->n_failures++] = (struct sweep_failure){ look->runtime, why };
		return;
	}
	by_id = sorted_by_id(&look->seen, f->a);
	for (size_t i = 0; i < look->things.n; i++) {
		const struct leftover *l = &look->things.items[i];

		if (l->foreign)
			add_foreign(f, look->runtime, l, ret);
		else
			add_orphan(f, look, l, by_id, ret);
	}
	add_gone(f, look, ret);
}

void sweep_plan_compute(const struct sweep_input *in, struct arena *a, struct sweep_plan *ret)
{
	struct finder f = { .in = in, .a = a };

	*ret = (struct sweep_plan){ 0 };
	sort_all(&f);
	for (size_t i = 0; i < in->n_looks; i++)
		add_look(&f, &in->looks[i], ret);
}

void sweep_plan_stuck(struct orphan *o, const char *why, struct wall now)
{
	int64_t wait = RETRY_FIRST_US;

	for (int64_t i = 0; i < o->tries && wait < RETRY_MAX_US; i++)
		wait *= 2;
	if (o->state != ORPHAN_STUCK)
		o->since = now;
	o->state = ORPHAN_STUCK;
	o->reason = why;
	o->tries++;
	o->retry.us = now.us + (wait < RETRY_MAX_US ? wait : RETRY_MAX_US);
}
