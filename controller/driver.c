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
	wanted_free(t->retired);
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
	arena_free(d->arena);
	free(d);
}

static struct tracked *track(struct driver *d, const char *name)
{
	struct reconcile_options options = { .boot_id = d->o.session->boot_id,
					     .resync_us = RESYNC_US,
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

int driver_want(struct driver *d, struct wanted *take, struct error *err)
{
	struct tracked *t = turn_find(d, take->deployment);

	if (!t)
		t = track(d, take->deployment);
	if (t->retired) {
		wanted_free(take);
		return error_set(err, ERR_UNAVAILABLE, 0,
				 "%s: steps of the revision before the last are still under way",
				 t->name);
	}
	t->retired = t->wanted;
	t->wanted = take;
	t->is_fresh = true;
	t->is_planned = false;
	return 0;
}

/* Settled: nothing is under way and nothing will be without something new from outside. */
static bool is_settled(const struct driver *d, enum driver_end *ret)
{
	*ret = DRIVER_CONVERGED;
	for (const struct tracked *t = d->first; t; t = t->next) {
		if (t->is_fresh || t->overall == RECONCILE_BUSY || t->overall == RECONCILE_PAUSING)
			return false;
		if (t->overall == RECONCILE_STUCK)
			*ret = DRIVER_STUCK;
	}
	return !d->look_wanted && turn_is_idle(d);
}

static struct mono earliest(struct mono a, struct mono b)
{
	if (!a.us || (b.us && mono_cmp(b, a) < 0))
		return b;
	return a;
}

static struct mono next_wake(const struct driver *d, struct mono deadline)
{
	struct mono wake = deadline;

	/* On the way out only what is under way counts, and that rings the bell. */
	if (d->stopping)
		return turn_patience(d);
	wake = earliest(wake, turn_patience(d));
	for (const struct tracked *t = d->first; t; t = t->next)
		wake = earliest(wake, t->wake);
	return wake;
}

/* From here on nothing is begun. */
static void begin_stop(struct driver *d, enum driver_end why)
{
	d->stopping = true;
	if (d->o.stopping)
		d->o.stopping(d->o.arg, why);
}

int driver_run(struct driver *d, struct mono deadline, enum driver_end *ret, struct error *err)
{
	enum driver_end end = DRIVER_CONVERGED, settled;

	d->now = clock_mono();
	d->stopping = false;
	for (;;) {
		unsigned causes;
		int r = turn_run(d, err);

		if (r < 0)
			return r;
		if (d->o.turned)
			d->o.turned(d->o.arg);
		if (d->stopping ? turn_is_idle(d) : is_settled(d, &end))
			break;
		causes = loop_turn(d->o.loop, next_wake(d, deadline), &d->now);
		if (d->stopping)
			continue;
		if (causes & LOOP_STOP)
			begin_stop(d, end = DRIVER_INTERRUPTED);
		else if (deadline.us && mono_cmp(d->now, deadline) >= 0)
			begin_stop(d, end = DRIVER_TIMED_OUT);
	}
	/* What ended meanwhile may have been the last. */
	if (end == DRIVER_TIMED_OUT && is_settled(d, &settled))
		end = settled;
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
