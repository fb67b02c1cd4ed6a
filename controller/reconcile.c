/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of contents of the loop's decisions: one function per event, the worklist, and
 * the update made of what they leave behind. What a slot needs is decided in
 * reconcile_slot.c, when looks are due is decided here.
 */
#include "controller/reconcile.h"

#include <assert.h>
#include <string.h>

#include "controller/reconcile_done.h"
#include "controller/reconcile_gate.h"
#include "controller/reconcile_slot.h"
#include "controller/reconcile_table.h"
#include "specs/runtime_id.h"

/* What works on an instance is a program that takes some ten milliseconds. */
#define UNCLEAR_FIRST_US (50 * CLOCK_MS)

static const char *const state_names[RECONCILE_N_STATES] = {
#define X(id, name) [RECONCILE_STATE_##id] = name,
	RECONCILE_STATES(X)
#undef X
};

const char *reconcile_state_to_string(enum reconcile_state s)
{
	return state_names[s];
}

struct reconciler *reconcile_new(const struct reconcile_options *o)
{
	struct arena *home = arena_new();
	struct reconciler *r = arena_alloc(home, sizeof(*r));
	r->home = home;
	r->rng = o->seed;
	r->boot_id = arena_strdup(home, o->boot_id);
	r->resync_us = o->resync_us;
	r->keeps_all = o->keeps_all;
	r->pass = arena_new();
	r->spare = arena_new();
	r->wish = arena_new();
	r->out = arena_new();
	return r;
}

void reconcile_free(struct reconciler *r)
{
	if (!r)
		return;
	arena_free(r->pass);
	arena_free(r->spare);
	arena_free(r->wish);
	arena_free(r->out);
	arena_free(r->home); /* with @r itself */
}

/* --- flights: which slot a ticket belongs to --- */

static void forget_answered(struct reconciler *r)
{
	size_t n = 0;
	if (r->n_answered < 32 || 2 * r->n_answered < r->n_flights)
		return;
	for (size_t i = 0; i < r->n_flights; i++)
		if (r->flights[i].slot != NO_SLOT)
			r->flights[n++] = r->flights[i];
	r->n_flights = n;
	r->n_answered = 0;
}

static struct rslot *land(struct reconciler *r, uint64_t ticket)
{
	size_t low = 0;
	size_t high = r->n_flights;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (r->flights[mid].ticket < ticket)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == r->n_flights || r->flights[low].ticket != ticket ||
	    r->flights[low].slot == NO_SLOT)
		return NULL;
	struct rslot *s = &r->slots[r->flights[low].slot];
	r->flights[low].slot = NO_SLOT;
	r->n_answered++;
	forget_answered(r);
	return s;
}

/* --- a new table: count everybody before anybody moves --- */

/* Who will need an image asks for it now, so that nothing is stopped before it is staged. Not
 * a slot that has half an instance to take away first: that may take for ever. */
static void ask_for_image(struct reconciler *r, const struct rslot *s)
{
	if (s->is_other || s->ticket || s->must_look || reconcile_slot_has_broken(s) ||
	    (s->diff.verdict != VERDICT_CREATE && s->diff.verdict != VERDICT_REPLACE))
		return;
	struct rimage *image = &r->images[s->want->group->image];
	if (image->state != IMAGE_NONE || image->runtime == NO_SLOT)
		return;
	image->state = IMAGE_ASKED;
	r->runtimes[image->runtime].n_staging++;
}

static void prime(struct reconciler *r)
{
	for (size_t i = 0; i < r->n; i++)
		reconcile_slot_look(r, &r->slots[i]);
	for (size_t i = 0; r->has_look && i < r->n; i++)
		ask_for_image(r, &r->slots[i]);
	/* In the plan's order: what goes comes first, and of that the highest numbers. */
	for (size_t i = r->n; i-- > 0;)
		if (!r->slots[i].want)
			reconcile_table_wake(r, &r->slots[i]);
	for (size_t i = 0; i < r->n; i++)
		reconcile_table_wake(r, &r->slots[i]);
}

/* --- events --- */

static void on_desired(struct reconciler *r)
{
	const struct reconcile_event *ev = r->ev;
	for (size_t i = 0; i < r->n; i++)
		r->slots[i].doing_image = NO_SLOT;
	arena_reset(r->wish);
	r->desired = ev->desired;
	r->scope = ev->scope;
	r->services = arena_array(r->wish, r->desired->n_services, sizeof(*r->services));
	for (size_t i = 0; i < r->desired->n_services; i++)
		r->services[i].is_given_up =
			arena_array(r->wish, r->desired->services[i].depends->n, sizeof(bool));
	r->images = arena_array(r->wish, r->desired->n_images, sizeof(*r->images));
	r->has_look = false;
	r->wants_look = r->wants_look || !r->is_looking; /* one that is under way is new enough */
	r->look_at.us = 0;
	reconcile_table_build(r, ev->slots, ev->n_slots, NULL);
	prime(r);
}

static void on_look_failed(struct reconciler *r)
{
	struct reconcile_note note = { .is_problem = true, .what = "look" };
	r->look_fails++;
	r->wants_look = true;
	r->look_at = mono_add(r->ev->now, backoff_length(r->look_fails, 0, &r->rng));
	note.text = arena_printf(r->out, "the runtimes cannot be listed: %s",
				 r->ev->message ? r->ev->message : "no reason given");
	reconcile_table_note(r, &note);
}

static bool has_unknown(const struct reconciler *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->slots[i].diff.verdict == VERDICT_UNKNOWN)
			return true;
	return false;
}

/*
 * A part is no proof of absence, so a look that was not complete is not the last one. Nor is one
 * that shows instances of which nobody can tell: a call of a command that died works on them, and
 * will be done in a moment. Soon, then, but not at once; and less often the longer it lasts.
 */
static void look_again(struct reconciler *r, const struct observed *look)
{
	int64_t us;

	if (!look->partial && !has_unknown(r)) {
		r->unclear_looks = 0;
		return;
	}
	r->unclear_looks++;
	r->look_fails = 1;
	us = backoff_length(r->unclear_looks, look->partial ? BACKOFF_FIRST_US : UNCLEAR_FIRST_US,
			    &r->rng);
	if (r->resync_us && us > r->resync_us)
		us = r->resync_us;
	r->look_at = mono_add(r->ev->now, us);
	r->wants_look = true;
}

static void on_observed(struct reconciler *r)
{
	const struct observed *look = r->ev->observed;
	if (!r->is_looking || !r->desired)
		return;
	r->is_looking = false;
	if (!look) {
		on_look_failed(r);
		return;
	}
	r->look_fails = 0;
	r->has_look = true;
	r->is_partial = look->partial;
	r->look_at.us = 0;
	if (r->resync_us)
		r->look_at = mono_add(r->ev->now, r->resync_us);
	reconcile_table_build(r, NULL, 0, look);
	prime(r);
	r->is_asked = false;
	look_again(r, look);
}

static void on_step_done(struct reconciler *r)
{
	struct rslot *s = land(r, r->ev->done.ticket);
	if (s)
		reconcile_done_step(r, s);
}

static void on_exited(struct reconciler *r)
{
	struct runtime_id id;
	size_t i;
	if (!r->desired || !runtime_id_parse(r->ev->instance_id, &id) ||
	    strcmp(id.deployment, r->desired->deployment) != 0)
		return;
	i = reconcile_table_find(r, id.service, id.slot);
	if (i != NO_SLOT && reconcile_table_instance(&r->slots[i], id.generation))
		reconcile_done_exited(r, &r->slots[i], id.generation);
	else if (r->is_looking) /* which may have begun before that end, and tell otherwise */
		r->wants_look = true;
}

static void on_timer(struct reconciler *r)
{
	size_t i;
	while ((i = timers_take(&r->timers, r->ev->now)) != NO_SLOT)
		reconcile_table_wake(r, &r->slots[i]);
	if (r->resync_us && r->look_at.us && mono_cmp(r->look_at, r->ev->now) <= 0)
		r->wants_look = true;
}

static void on_try_again(struct reconciler *r)
{
	r->is_asked = true;
	r->wants_look = r->wants_look || !r->is_looking;
	r->look_at.us = 0;
	if (!r->desired)
		return;
	for (size_t i = 0; i < r->desired->n_services; i++) {
		r->services[i].depends_since.us = 0;
		for (size_t j = 0; j < r->desired->services[i].depends->n; j++)
			r->services[i].is_given_up[j] = false;
	}
	for (size_t i = 0; i < r->n; i++) {
		if (r->slots[i].is_other)
			continue;
		reconcile_done_try_again(r, &r->slots[i]);
		reconcile_table_wake(r, &r->slots[i]);
	}
}

/* Counted before anybody moves, as in prime(). What is not wanted goes anyway: a mark would wait
 * for whoever wants it again. */
/* Who asked for an image may not need it any more; then nobody waits for it with stopping. */
static void ask_anew(struct reconciler *r)
{
	if (!r->desired)
		return;
	for (size_t i = 0; i < r->desired->n_images; i++) {
		struct rimage *image = &r->images[i];
		if (image->state != IMAGE_ASKED)
			continue;
		image->state = IMAGE_NONE;
		r->runtimes[image->runtime].n_staging--;
	}
	for (size_t i = 0; r->has_look && i < r->n; i++)
		ask_for_image(r, &r->slots[i]);
	for (size_t i = 0; i < r->n_runtimes; i++)
		if (r->runtimes[i].n_staging == 0)
			reconcile_gate_wake(r, &r->runtimes[i].stop, r->runtimes[i].stop.n);
}

static void on_manual(struct reconciler *r, void (*mark)(struct reconciler *r, struct rslot *s))
{
	for (size_t i = 0; i < r->n; i++) {
		struct rslot *s = &r->slots[i];
		if (!s->want || !scope_has(r->ev->scope, s->service, s->number))
			continue;
		mark(r, s);
		reconcile_slot_look(r, s);
		reconcile_table_wake(r, s);
	}
	ask_anew(r);
}

static void dispatch(struct reconciler *r)
{
	switch (r->ev->type) {
	case RECONCILE_DESIRED:
		on_desired(r);
		break;
	case RECONCILE_OBSERVED:
		on_observed(r);
		break;
	case RECONCILE_STEP_DONE:
		on_step_done(r);
		break;
	case RECONCILE_EXITED:
		on_exited(r);
		break;
	case RECONCILE_TIMER:
		on_timer(r);
		break;
	case RECONCILE_TRY_AGAIN:
		on_try_again(r);
		break;
	case RECONCILE_LOST:
		r->wants_look = true;
		break;
	case RECONCILE_CAPACITY:
		break;
	case RECONCILE_HOLD:
		on_manual(r, reconcile_done_hold);
		break;
	case RECONCILE_RELEASE:
		on_manual(r, reconcile_done_release);
		break;
	case RECONCILE_RESTART:
		on_manual(r, reconcile_done_restart);
		break;
	}
}

/* --- the worklist --- */

static void take_capacity(struct reconciler *r)
{
	for (size_t i = 0; i < r->n_runtimes; i++) {
		r->runtimes[i].room = 0;
		for (size_t j = 0; j < r->ev->n_capacity; j++)
			if (strcmp(r->ev->capacity[j].runtime, r->runtimes[i].name) == 0)
				r->runtimes[i].room = r->ev->capacity[j].n;
	}
}

static void decide_all(struct reconciler *r)
{
	while (r->work_n) {
		struct rslot *s = &r->slots[r->work[r->work_head]];
		r->work_head = (r->work_head + 1) % (r->n + 1);
		r->work_n--;
		s->is_dirty = false;
		r->up->n_decided++;
		reconcile_slot_decide(r, s);
	}
}

/* Those who wait for room are few more than there is room: no event costs all who wait. */
static void run_down(struct reconciler *r)
{
	decide_all(r);
	for (size_t i = 0; i < r->n_runtimes; i++) {
		struct rruntime *rt = &r->runtimes[i];
		while (rt->room && rt->waiting.n) {
			size_t before = rt->waiting.n;
			reconcile_gate_wake(r, &rt->waiting, rt->room);
			decide_all(r);
			if (rt->waiting.n >= before)
				break;
		}
	}
}

/* --- the update --- */

static struct mono nearer(struct mono a, struct mono b)
{
	if (a.us == 0)
		return b;
	return b.us && mono_cmp(b, a) < 0 ? b : a;
}

static void ask_for_look(struct reconciler *r)
{
	if (!r->wants_look || r->is_looking || !r->desired)
		return;
	if (r->look_at.us && mono_cmp(r->look_at, r->ev->now) > 0 && r->look_fails)
		return;
	r->wants_look = false;
	r->is_looking = true;
	r->look++;
	r->look_at.us = 0;
	r->up->flags |= RECONCILE_OBSERVE;
}

/* @n: slots by state, of all or of some */
static enum reconcile_overall overall(const struct reconciler *r, const size_t *n, bool is_flying)
{
	if (!r->desired || is_flying || (r->has_look && n[RECONCILE_STATE_WORKING]))
		return RECONCILE_BUSY;
	if (!r->has_look)
		return r->look_fails ? RECONCILE_PAUSING : RECONCILE_BUSY;
	if (r->is_asked || n[RECONCILE_STATE_WAITING])
		return RECONCILE_PAUSING;
	if (n[RECONCILE_STATE_NEEDS_PEER] || n[RECONCILE_STATE_UNSUPPORTED] ||
	    n[RECONCILE_STATE_BLOCKED])
		return RECONCILE_STUCK;
	return RECONCILE_CONVERGED;
}

static void finish(struct reconciler *r)
{
	struct reconcile_update *up = r->up;

	up->slots = arena_array(r->out, r->n_dirty_records, sizeof(struct slot *));
	for (size_t i = 0; i < r->n_dirty_records; i++) {
		struct rslot *s = &r->slots[r->dirty_records[i]];
		s->is_record_dirty = false;
		up->slots[up->n_slots++] = &s->record;
	}
	r->n_dirty_records = 0;
	ask_for_look(r);
	if (up->n_slots)
		up->flags |= RECONCILE_PERSIST;
	if (up->n_steps)
		up->flags |= RECONCILE_RUN;
	up->wake = timers_first(&r->timers);
	if (!r->is_looking)
		up->wake = nearer(up->wake, r->look_at);
	up->overall = overall(r, r->counts, r->n_flights > r->n_answered);
	for (size_t i = 0; i < RECONCILE_N_STATES; i++)
		up->counts[i] = r->counts[i];
}

void reconcile_step(struct reconciler *r, const struct reconcile_event *ev,
		    struct reconcile_update *ret)
{
	*ret = (struct reconcile_update){ 0 };
	arena_reset(r->out);
	r->ev = ev;
	r->up = ret;
	take_capacity(r);
	dispatch(r);
	if (r->desired)
		run_down(r);
	finish(r);
	r->ev = NULL;
	r->up = NULL;
}

/* --- views --- */

enum reconcile_overall reconcile_overall_of(const struct reconciler *r, const struct scope *scope)
{
	size_t counts[RECONCILE_N_STATES] = { 0 };
	bool is_flying = false;
	for (size_t i = 0; i < r->n; i++) {
		const struct rslot *s = &r->slots[i];
		if (s->is_other || !scope_has(scope, s->service, s->number))
			continue;
		counts[s->state]++;
		is_flying = is_flying || s->ticket;
	}
	return overall(r, counts, is_flying);
}

size_t reconcile_count(const struct reconciler *r)
{
	return r->n;
}

void reconcile_view(const struct reconciler *r, size_t i, struct reconcile_view *ret)
{
	const struct rslot *s = &r->slots[i];
	assert(i < r->n);
	*ret = (struct reconcile_view){
		.service = s->service,
		.number = s->number,
		.state = s->state,
		.is_other = s->is_other,
		.verdict = s->diff.verdict,
		.cause = s->blocked   ? s->blocked
			 : s->waiting ? s->waiting
				      : s->diff.cause,
		.hint = s->blocked_hint ? s->blocked_hint : s->diff.hint,
		.record = &s->record,
	};
	if (s->state == RECONCILE_STATE_NEEDS_PEER)
		ret->os = s->want->group->route.os;
	if (s->diff.keep && s->n)
		ret->instance = s->diff.keep;
	else if (s->n)
		ret->instance = &s->instances[s->n - 1].is;
}
