/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One slot's verdict, in four moves: judge each instance by a table, choose the one that
 * stays, let restart policy and job rules decide about one that ended, and at last hold
 * back what cannot or must not be tried now. Knows nothing of other slots: their gates are
 * reconcile_gate.c's.
 */
#include "controller/diff.h"

#include <string.h>

#include "specs/hash.h"

static const struct {
	const char *name, *sign;
	bool is_right;
} verdicts[VERDICT_N] = {
#define X(id, name, sign, right, waits) [VERDICT_##id] = { name, sign, right },
	VERDICTS(X)
#undef X
};

const char *verdict_to_string(enum verdict v)
{
	return verdicts[v].name;
}

const char *verdict_sign(enum verdict v)
{
	return verdicts[v].sign;
}

bool verdict_is_right(enum verdict v)
{
	return verdicts[v].is_right;
}

/* What one instance is good for. The higher, the more it deserves to stay. */
enum judgement {
	GO,    /* half made: of no use */
	STALE, /* does not fit and does not run */
	ENDED, /* fits, and has ended */
	OLD,   /* runs with another configuration: serves until its successor is ready */
	FRESH, /* fits, made, not started */
	THAW,  /* fits and is frozen */
	ALTER, /* runs; limits can be changed in place */
	GOOD,
};

enum fit { FITS, NEARLY, DIFFERS, N_FITS };

/*
 * Laws: nothing half made stays; what runs and fits is never touched; a column further to
 * the right is never judged higher. UNKNOWN is decided before this table is asked.
 */
static const enum judgement judgements[INSTANCE_N_STATES][N_FITS] = {
	/*                         FITS    NEARLY  DIFFERS */
	[INSTANCE_BROKEN] = { GO, GO, GO },          [INSTANCE_CREATED] = { FRESH, STALE, STALE },
	[INSTANCE_RUNNING] = { GOOD, ALTER, OLD },   [INSTANCE_PAUSED] = { THAW, ALTER, OLD },
	[INSTANCE_EXITED] = { ENDED, STALE, STALE }, [INSTANCE_UNKNOWN] = { GOOD, GOOD, GOOD },
};

/* Is an instance that ended started anew? By policy and exit: 0, another code, not known. */
static const bool restarts[][3] = {
	[RESTART_NO] = { false, false, false },
	[RESTART_ALWAYS] = { true, true, true },
	[RESTART_UNLESS_STOPPED] = { true, true, true },
	[RESTART_ON_FAILURE] = { false, true, true },
};

static bool differ(const char *a, const char *b)
{
	return a && b && strcmp(a, b) != 0;
}

/* Has the tag moved on since? Only these pull policies let that reach what runs already. */
static bool has_moved(const struct expand_group *g, const struct instance *is)
{
	enum pull_policy p = g->service->image.pull_policy;
	return (p == PULL_ALWAYS || p == PULL_NEWER) && differ(is->digest, g->digest);
}

/* Names of the groups in @bits, "env, image"; NULL for none. */
static const char *group_names(unsigned bits, struct arena *a)
{
	static const char *const names[] = {
#define X(id, name) name,
		SCHEMA_GROUPS(X)
#undef X
	};
	const char *text = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(bits & 1U << i))
			continue;
		text = text ? arena_printf(a, "%s, %s", text, names[i]) : names[i];
	}
	return text;
}

static const char *names_of(const struct expand_group *g, const struct instance *is,
			    unsigned changed, struct arena *a)
{
	if (g->before.fields && strcmp(g->before.config_hash, is->config_hash) == 0)
		return g->before.fields;
	return group_names(changed, a);
}

/* What a change of the groups in @d costs. A group that nobody can compare is shown elsewhere and
 * replaces nothing. */
static enum change_class class_of(const struct hash_difference *d)
{
	if (!d->changed)
		return d->unknown ? CHANGE_NO_ACTION : CHANGE_NONE;
	switch (hash_worst_change(d->changed)) {
	case HASH_CHANGE_NONE:
		return CHANGE_NO_ACTION;
	case HASH_CHANGE_IN_PLACE:
		return CHANGE_IN_PLACE;
	case HASH_CHANGE_RECREATE:
		break;
	}
	return CHANGE_RECREATE;
}

static bool has_prefix(const char *hash)
{
	return strncmp(hash, HASH_PREFIX, strlen(HASH_PREFIX)) == 0 &&
	       strlen(hash) + 1 == HASH_SIZE;
}

/* How far two hashes are apart; *ret_changed: which groups differ. */
static enum change_class compare_hashes(const char *have, const char *want, unsigned *ret_changed)
{
	struct hash_difference d;

	*ret_changed = 0;
	if (strcmp(have, want) == 0)
		return CHANGE_NONE;
	/* Of another version, or no hash at all: nothing can be told apart. */
	if (!has_prefix(have) || !has_prefix(want))
		return CHANGE_RECREATE;
	d = hash_compare(have, want);
	*ret_changed = d.changed;
	return class_of(&d);
}

bool diff_is_same(const char *have, const char *want)
{
	unsigned changed;
	return have && want && compare_hashes(have, want, &changed) <= CHANGE_NO_ACTION;
}

enum change_class diff_change(const struct desired_slot *want, const struct instance *is,
			      struct arena *a, const char **ret_fields)
{
	const struct expand_group *g = want->group;
	enum change_class class;
	unsigned changed;

	*ret_fields = NULL;
	if (!is->config_hash || !g->config_hash)
		return CHANGE_UNKNOWN;
	class = compare_hashes(is->config_hash, g->config_hash, &changed);
	if (changed)
		*ret_fields = names_of(g, is, changed, a);
	if (class >= CHANGE_RECREATE || !has_moved(g, is))
		return class;
	*ret_fields = *ret_fields ? arena_printf(a, "%s, digest", *ret_fields) : "digest";
	return CHANGE_RECREATE;
}

static bool can_update(const struct diff_input *in)
{
	const struct route *route = &in->want->group->route;
	return route->kind == ROUTE_RUNTIME && route->can_update && !in->no_update;
}

static enum fit fit_of(enum change_class c, const struct diff_input *in)
{
	switch (c) {
	case CHANGE_NONE:
	case CHANGE_NO_ACTION:
		return FITS;
	case CHANGE_IN_PLACE:
		return can_update(in) ? NEARLY : DIFFERS;
	case CHANGE_RECREATE:
	case CHANGE_UNKNOWN:
		return DIFFERS;
	}
	return DIFFERS;
}

/* Somebody asked for a new one in its place. */
static bool is_to_go(const struct diff_input *in, const struct instance *is)
{
	return in->record && is->generation <= in->record->restart_upto;
}

static enum judgement judge(const struct diff_input *in, const struct instance *is, struct arena *a,
			    const char **ret_fields)
{
	enum fit fit = fit_of(diff_change(in->want, is, a, ret_fields), in);
	enum judgement j;

	if (fit == FITS && is->altered && can_update(in))
		fit = NEARLY;
	else if (fit == FITS && is->is_cut_off)
		fit = DIFFERS;
	if (is_to_go(in, is))
		fit = DIFFERS;
	j = judgements[is->state][fit];
	return j == THAW && !can_update(in) ? OLD : j;
}

static const char *why_differs(const struct diff_input *in, const struct instance *is,
			       struct arena *a)
{
	const struct expand_group *g = in->want->group;

	if (differ(is->image, g->service->image.name))
		return arena_printf(a, "image differs: have %s, want %s", is->image,
				    g->service->image.name);
	if (!is->config_hash)
		return "nobody knows with which configuration it was made";
	if (!diff_is_same(is->config_hash, g->config_hash))
		return "configuration differs";
	if (has_moved(g, is))
		return arena_printf(a, "image %s moved: have %.19s, want %.19s",
				    g->service->image.name, is->digest, g->digest);
	if (is_to_go(in, is))
		return "a restart was asked for";
	return is->is_cut_off ? arena_printf(a, "changed by somebody: %s", is->altered) : "paused";
}

static const char *why_ended(const struct instance *is, struct arena *a)
{
	if (!is->has_exit_code)
		return "ended, exit code unknown";
	return observed_ended(is->exit_code, a);
}

/* The instance that stays; @ret_judged tells what it is good for. */
static const struct instance *choose(const struct diff_input *in, struct arena *a,
				     enum judgement *ret_judged, const char **ret_fields)
{
	const struct instance *best = NULL;
	for (size_t i = 0; i < in->n; i++) {
		const char *fields;
		enum judgement j = judge(in, in->instances[i], a, &fields);
		if (best && j < *ret_judged)
			continue;
		best = in->instances[i];
		*ret_judged = j;
		*ret_fields = fields;
	}
	return best;
}

bool diff_restarts(const struct service *s, const struct instance *ended)
{
	return restarts[s->policy.restart][!ended->has_exit_code ? 2 : ended->exit_code != 0];
}

static bool is_recorded_done(const struct diff_input *in)
{
	return in->record && diff_is_same(in->record->done_hash, in->want->group->config_hash);
}

/* How much an end tells: that it is the one on record, that its program had begun at all. */
static int weigh_end(const struct diff_input *in, const struct instance *ended)
{
	bool is_it = is_recorded_done(in) && in->record->has_exit_code && ended->has_exit_code &&
		     ended->exit_code == in->record->exit_code;
	return 2 * is_it + (ended->started.us != 0);
}

/* Of those that fit and have ended the one that tells most, the newest of equals; NULL: none. */
static const struct instance *find_ended(const struct diff_input *in, struct arena *a)
{
	const struct instance *found = NULL;
	for (size_t i = 0; i < in->n; i++) {
		const struct instance *is = in->instances[i];
		const char *fields;
		if (is->state != INSTANCE_EXITED || judge(in, is, a, &fields) != ENDED)
			continue;
		if (!found || weigh_end(in, is) >= weigh_end(in, found))
			found = is;
	}
	return found;
}

/* Has it run to its end, by the record or else by @ended, which is left of it (NULL: nothing),
 * and is that an end by today's policy? Then all else in the slot can go. */
static bool decide_done(const struct diff_input *in, const struct instance *ended, struct arena *a,
			struct diff_slot *ret)
{
	const struct slot *rec = in->record;
	struct instance end = ended ? *ended : (struct instance){ 0 };

	if (!ended && !is_recorded_done(in))
		return false;
	if (is_recorded_done(in) && (!ended || rec->has_exit_code)) {
		end.has_exit_code = rec->has_exit_code;
		end.exit_code = rec->exit_code;
	}
	if (diff_restarts(in->want->group->service, &end))
		return false;
	ret->verdict = VERDICT_DONE;
	if (ret->keep != ended)
		ret->fields = NULL;
	ret->keep = ended;
	ret->n_extra = in->n - (ended != NULL);
	ret->cause = why_ended(ended ? ended : &end, a);
	ret->is_success = end.has_exit_code && end.exit_code == 0;
	return true;
}

/* It fits, it ended, it shall run, and it has had all the attempts its policy gives it. */
static bool is_exhausted(const struct diff_input *in, const struct instance *ended)
{
	int64_t most = in->want->group->service->policy.restart_max_attempts;
	return ended && !in->is_asked && in->record && most > 0 && in->record->fails > most;
}

static void decide_exhausted(const struct diff_input *in, const struct instance *ended,
			     struct arena *a, struct diff_slot *ret)
{
	ret->verdict = VERDICT_FAILED;
	ret->cause =
		arena_printf(a, "%s, %u times in a row", why_ended(ended, a), in->record->fails);
	ret->hint = "max_attempts of its restart_policy is reached";
}

static void decide_wanted(const struct diff_input *in, struct arena *a, struct diff_slot *ret)
{
	const struct instance *ended = find_ended(in, a);
	enum judgement j = GO;

	ret->keep = choose(in, a, &j, &ret->fields);
	ret->n_extra = ret->keep ? in->n - 1 : 0;
	/* What serves as it shall is left alone even so. */
	if ((!ret->keep || j <= FRESH) && decide_done(in, ended, a, ret))
		return;
	if (!ret->keep) {
		ret->verdict = VERDICT_CREATE;
		ret->cause = in->is_taken ? "taken away by somebody" : "not there";
		ret->drift = in->is_taken ? "gone, not running" : NULL;
		return;
	}
	if (j <= OLD && is_exhausted(in, ended)) {
		decide_exhausted(in, ended, a, ret);
		return;
	}
	ret->is_up = j >= ALTER && ret->keep->state == INSTANCE_RUNNING;
	switch (j) {
	case GO:
		ret->verdict = VERDICT_REPLACE;
		ret->cause = "was made only half";
		ret->fields = NULL;
		break;
	case STALE:
	case OLD:
		ret->verdict = VERDICT_REPLACE;
		ret->cause = why_differs(in, ret->keep, a);
		break;
	case ENDED:
		ret->verdict = VERDICT_REPLACE;
		ret->cause = why_ended(ended, a);
		ret->is_restart = true;
		break;
	case FRESH:
		ret->verdict = VERDICT_START;
		ret->cause = "made, never started";
		break;
	case THAW:
		ret->verdict = VERDICT_UPDATE;
		ret->cause = "paused";
		ret->drift = "paused, not running";
		break;
	case ALTER:
		ret->verdict = VERDICT_UPDATE;
		ret->cause = "limits differ";
		if (!ret->fields && ret->keep->altered) {
			ret->cause = arena_printf(a, "changed by somebody: %s", ret->keep->altered);
			ret->drift = ret->keep->altered;
		}
		break;
	case GOOD:
		ret->verdict = VERDICT_NOTHING;
		ret->cause = "running";
		break;
	}
}

/* Something was to be made: can it, and may it now? */
static void hold_back(const struct diff_input *in, struct arena *a, struct diff_slot *ret)
{
	static const enum verdict by_route[] = {
		[ROUTE_RUNTIME] = VERDICT_NOTHING,
		[ROUTE_NEEDS_PEER] = VERDICT_NEEDS_PEER,
		[ROUTE_UNSUPPORTED] = VERDICT_UNSUPPORTED,
		[ROUTE_BLOCKED] = VERDICT_BLOCKED,
	};
	const struct route *route = &in->want->group->route;
	const struct slot *rec = in->record;

	if (ret->verdict != VERDICT_START && ret->verdict != VERDICT_UPDATE &&
	    route->kind != ROUTE_RUNTIME) {
		ret->verdict = by_route[route->kind];
		ret->cause = route->reason;
		ret->hint = route->hint;
		ret->fields = NULL;
		return;
	}
	if (in->is_asked || !rec)
		return;
	if (rec->fault != ERR_OK && !error_transient(rec->fault)) {
		ret->verdict = VERDICT_FAILED;
		ret->cause = rec->reason ? rec->reason : error_name(rec->fault);
		ret->hint = rec->hint;
	} else if (diff_retry_left(rec, &in->now) > 0) {
		ret->verdict = VERDICT_WAIT;
		ret->cause = arena_printf(a, "waits before the next try: %s",
					  rec->reason ? rec->reason : ret->cause);
		ret->hint = rec->hint;
		ret->retry_at = (struct boot){ in->now.boot.us + diff_retry_left(rec, &in->now) };
	} else if (rec->reason && strcmp(rec->reason, ret->cause) != 0) {
		/* What went wrong is not forgotten because the time to wait is over. */
		ret->cause = arena_printf(
			a, rec->fault ? "%s; the last try failed: %s" : "%s; the one before %s",
			ret->cause, rec->reason);
		ret->hint = rec->hint;
	}
}

static void decide_removal(const struct diff_input *in, const char *cause, struct arena *a,
			   struct diff_slot *ret)
{
	ret->n_extra = in->n;
	ret->verdict = VERDICT_REMOVE;
	ret->cause = cause;
	if (in->is_asked || !in->record || diff_retry_left(in->record, &in->now) == 0)
		return;
	ret->verdict = VERDICT_WAIT;
	ret->cause = arena_printf(a, "cannot be removed yet: %s",
				  in->record->reason ? in->record->reason : cause);
	ret->hint = in->record->hint;
	ret->retry_at = (struct boot){ in->now.boot.us + diff_retry_left(in->record, &in->now) };
}

/* Would it take something away? Whatever stands beside the one that stays goes first. */
static bool takes_away(const struct diff_slot *d)
{
	return d->verdict == VERDICT_REPLACE || d->verdict == VERDICT_REMOVE ||
	       (d->verdict == VERDICT_START && d->n_extra > 0);
}

/* A store that was rebuilt or put back knows too little to delete by. */
static void keep_all(const struct diff_input *in, struct arena *a, struct diff_slot *ret)
{
	if (!in->keeps_all || !takes_away(ret))
		return;
	ret->cause =
		arena_printf(a, "kept, though it is to be %s: %s",
			     ret->verdict == VERDICT_REMOVE ? "removed" : "replaced", ret->cause);
	ret->hint = "nothing is deleted before 'tallyman recover --accept'";
	ret->verdict = VERDICT_BLOCKED;
}

static bool is_unknown(const struct diff_input *in)
{
	for (size_t i = 0; i < in->n; i++)
		if (in->instances[i]->state == INSTANCE_UNKNOWN)
			return true;
	/* A slot that has had an instance may have it still, where nobody could look. */
	return in->is_partial && in->n == 0 && in->want && in->record &&
	       in->record->generation > 0 && !in->record->done_hash;
}

/* Nobody will ever know more of it as things are. */
static void block_unknown(const struct route *route, struct diff_slot *ret)
{
	ret->verdict = VERDICT_BLOCKED;
	ret->cause = route->reason;
	ret->hint = route->hint;
}

static void decide(const struct diff_input *in, struct arena *a, struct diff_slot *ret)
{
	if (is_unknown(in)) {
		ret->verdict = VERDICT_UNKNOWN;
		ret->cause = in->is_partial ? "its runtime cannot be listed"
					    : "somebody is at work on it, or it has just ended";
		ret->keep = in->n ? in->instances[in->n - 1] : NULL;
		if (in->is_partial && in->want && in->want->group->route.no_runtime)
			block_unknown(&in->want->group->route, ret);
	} else if (!in->want) {
		if (in->n)
			decide_removal(in, in->remove_cause, a, ret);
	} else if (in->record && in->record->held) {
		ret->verdict = VERDICT_HELD;
		ret->cause = "stopped by hand";
		if (in->n)
			decide_removal(in, "stopped by hand", a, ret);
	} else {
		decide_wanted(in, a, ret);
		if (ret->verdict == VERDICT_CREATE || ret->verdict == VERDICT_REPLACE ||
		    ret->verdict == VERDICT_START || ret->verdict == VERDICT_UPDATE) {
			hold_back(in, a, ret);
		} else if (ret->n_extra && verdict_is_right(ret->verdict)) {
			const struct instance *keep = ret->keep;
			decide_removal(in, "left over in the slot", a, ret);
			ret->keep = keep;
			ret->n_extra = in->n - (keep != NULL);
		}
	}
}

void diff_compute(const struct diff_input *in, struct arena *a, struct diff_slot *ret)
{
	*ret = (struct diff_slot){ .verdict = VERDICT_NOTHING, .cause = "not there" };
	decide(in, a, ret);
	keep_all(in, a, ret);
}

const char *diff_sentence(const struct diff_sentence *d, struct arena *a)
{
	const char *sign = verdict_sign(d->verdict);
	if (d->verdict == VERDICT_NEEDS_PEER)
		return arena_printf(a, "  needs peer (%s) %s-rep-%u: %s", d->os ? d->os : "?",
				    d->service, d->slot, d->cause);
	return arena_printf(a, "%s %s %s-rep-%u: %s%s%s%s", sign[0] ? sign : " ",
			    verdict_to_string(d->verdict), d->service, d->slot, d->cause,
			    d->fields ? " [" : "", d->fields ? d->fields : "",
			    d->fields ? "]" : "");
}

int64_t diff_retry_left(const struct slot *s, const struct diff_now *now)
{
	int64_t left;
	if (s->retry_at.us == 0)
		return 0;
	if (s->boot_id && now->boot_id && strcmp(s->boot_id, now->boot_id) == 0)
		left = s->retry_at.us - now->boot.us;
	else
		left = s->retry_wall.us - now->wall.us;
	if (left > s->retry_length_us)
		left = s->retry_length_us;
	return left > 0 ? left : 0;
}
