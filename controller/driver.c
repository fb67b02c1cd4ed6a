/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's outside: which deployments are tracked, and when they are settled. turn.c works. */
#include "controller/driver.h"

#include <string.h>

#include "base/rand.h"
#include "controller/turn.h"

/* A look at least that often while something is not as it shall be. */
#define RESYNC_US (30 * CLOCK_SEC)

int driver_new(const struct driver_options *o, struct driver **ret, struct error *err)
{
	struct driver *d CLEAN(driver) = xcalloc(1, sizeof(*d));
	int r;

	d->o = *o;
	d->arena = arena_new();
	d->touched = ledger_touched_new();
	d->avoid = avoid_new();
	for (size_t i = 0; i < runtime_composite_count(o->session->runtimes); i++) {
		r = lane_open(runtime_composite_member(o->session->runtimes, i), loop_bell(o->loop),
			      &d->lanes[i], err);
		if (r < 0)
			return r;
		d->n_lanes++;
	}
	*ret = TAKE(d);
	return 0;
}

static void free_tracked(struct tracked *t)
{
	reconcile_free(t->r);
	wanted_free(t->wanted);
	wanted_free(t->coming);
	while (t->retired) {
		struct wanted *w = t->retired;

		t->retired = w->next;
		wanted_free(w);
	}
	manual_free(t->asked);
	free(t);
}

void driver_free(struct driver *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n_lanes; i++)
		lane_close(d->lanes[i]);
	turn_drop_pending(d);
	free(d->pending);
	while (d->first) {
		struct tracked *t = d->first;

		d->first = t->next;
		free_tracked(t);
	}
	ledger_touched_free(d->touched);
	avoid_free(d->avoid);
	arena_free(d->arena);
	free(d);
}

static struct tracked *track(struct driver *d, const char *name)
{
	struct reconcile_options options = { .boot_id = d->o.session->boot_id,
					     .resync_us =
						     d->o.resync_us ? d->o.resync_us : RESYNC_US,
					     .keeps_all = d->o.session->must_accept };
	struct tracked *t = xcalloc(1, sizeof(*t));
	struct tracked **at = &d->first;

	rand_bytes(&options.seed, sizeof(options.seed));
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->r = reconcile_new(&options);
	while (*at)
		at = &(*at)->next;
	*at = t;
	return t;
}

void driver_want(struct driver *d, struct wanted *take)
{
	struct tracked *t = turn_find(d, take->deployment);

	if (!t)
		t = track(d, take->deployment);
	wanted_free(t->coming);
	t->coming = take;
}

void driver_manual(struct driver *d, const struct manual *m)
{
	struct tracked *t = turn_find(d, m->deployment);
	struct manual_asked **at = &t->asked;

	while (*at)
		at = &(*at)->next;
	*at = manual_copy(m);
}

const struct desired *driver_desired(struct driver *d, const char *deployment)
{
	const struct tracked *t = turn_find(d, deployment);

	if (!t)
		return NULL;
	return t->coming ? &t->coming->desired : &t->wanted->desired;
}

/* Nothing is under way and nothing will be without something new from outside. */
static bool is_at_rest(const struct tracked *t, const struct scope *scope, enum driver_end *end)
{
	enum reconcile_overall is = scope ? reconcile_overall_of(t->r, scope) : t->overall;

	if (t->coming || t->asked || is == RECONCILE_BUSY || is == RECONCILE_PAUSING)
		return false;
	if (is == RECONCILE_STUCK)
		*end = DRIVER_STUCK;
	return true;
}

static bool is_settled(const struct driver *d, enum driver_end *ret)
{
	*ret = DRIVER_CONVERGED;
	for (const struct tracked *t = d->first; t; t = t->next)
		if (!is_at_rest(t, NULL, ret))
			return false;
	return !d->look_wanted && turn_is_idle(d);
}

static struct mono earliest(struct mono a, struct mono b)
{
	if (!a.us || (b.us && mono_cmp(b, a) < 0))
		return b;
	return a;
}

struct mono driver_wake(const struct driver *d)
{
	struct mono wake = turn_patience(d);

	/* On the way out only what is under way counts, and that rings the bell. */
	for (const struct tracked *t = d->first; t && !d->stopping; t = t->next)
		wake = earliest(wake, t->wake);
	return wake;
}

int driver_turn(struct driver *d, struct mono now, struct error *err)
{
	int r;

	d->now = now;
	r = turn_run(d, err);
	if (r == 0 && d->o.turned)
		d->o.turned(d->o.arg);
	return r;
}

void driver_stop(struct driver *d)
{
	d->stopping = true;
}

bool driver_is_idle(const struct driver *d)
{
	return turn_is_idle(d);
}

bool driver_is_settled(struct driver *d, const char *deployment, const struct scope *scope,
		       enum driver_end *ret)
{
	const struct tracked *t = turn_find(d, deployment);

	*ret = DRIVER_CONVERGED;
	return !t || (!d->look_wanted && is_at_rest(t, scope, ret));
}

bool driver_was_seen(struct driver *d, const char *deployment)
{
	const struct tracked *t = turn_find(d, deployment);

	return t && t->was_seen;
}

/* From here on nothing is begun. */
static void begin_stop(struct driver *d, enum driver_end why, struct mono now)
{
	driver_stop(d);
	if (why == DRIVER_TIMED_OUT)
		d->out_of_time = now;
	if (d->o.stopping)
		d->o.stopping(d->o.arg, why);
}

/* Who has steps that did not come back, where no look has said so. */
static void note_left(struct driver *d)
{
	for (size_t i = 0; i < d->n_lanes && !d->partial[0]; i++)
		if (lane_flight(d->lanes[i]) > 0)
			snprintf(d->partial, sizeof(d->partial), "%s does not answer",
				 lane_runtime(d->lanes[i])->name);
}

int driver_run(struct driver *d, struct mono deadline, enum driver_end *ret, struct error *err)
{
	enum driver_end end = DRIVER_CONVERGED, settled;
	struct mono now = clock_mono();

	d->stopping = false;
	d->out_of_time = (struct mono){ 0 };
	for (;;) {
		unsigned causes;
		int r = driver_turn(d, now, err);

		if (r < 0)
			return r;
		if (d->stopping ? turn_has_left(d) : is_settled(d, &end))
			break;
		causes = loop_turn(
			d->o.loop,
			d->stopping ? driver_wake(d) : earliest(deadline, driver_wake(d)), &now);
		if (d->stopping)
			continue;
		if (causes & LOOP_STOP)
			begin_stop(d, end = DRIVER_INTERRUPTED, now);
		else if (deadline.us && mono_cmp(now, deadline) >= 0)
			begin_stop(d, end = DRIVER_TIMED_OUT, now);
	}
	/* What ended meanwhile may have been the last. */
	if (end == DRIVER_TIMED_OUT && is_settled(d, &settled))
		end = settled;
	note_left(d);
	*ret = end;
	return 0;
}

size_t driver_count(const struct driver *d)
{
	size_t n = 0;

	for (const struct tracked *t = d->first; t; t = t->next)
		n++;
	return n;
}

static const struct tracked *nth(const struct driver *d, size_t i)
{
	const struct tracked *t = d->first;

	while (i--)
		t = t->next;
	return t;
}

const struct reconciler *driver_reconciler(const struct driver *d, size_t i)
{
	return nth(d, i)->r;
}

const char *driver_deployment(const struct driver *d, size_t i)
{
	return nth(d, i)->name;
}

const char *driver_partial(const struct driver *d)
{
	return d->partial[0] ? d->partial : NULL;
}

const char *driver_awaited(const struct driver *d)
{
	for (size_t i = 0; i < d->n_lanes; i++)
		if (lane_look_since(d->lanes[i]).us)
			return lane_runtime(d->lanes[i])->name;
	return NULL;
}

bool driver_is_quiet(const struct driver *d)
{
	for (size_t i = 0; i < d->n_lanes; i++)
		if (!lane_is_quiet(d->lanes[i]))
			return false;
	return true;
}
