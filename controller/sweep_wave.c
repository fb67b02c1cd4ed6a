/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of DESIGN 8, rule 4. A failure ends the way of its own target only; what a crash cuts
 * off is found by the next sweep, where it begins anew.
 */
#include "controller/sweep_wave.h"

#include <signal.h>

#define KILL_US    (10 * CLOCK_SEC) /* what SIGKILL does not end by then sits in the kernel */
#define RELEASE_US (60 * CLOCK_SEC)

enum { POLL_MS = 20 };

const char *sweep_wave_end_name(enum sweep_end end)
{
	static const char *const names[SWEEP_N_ENDS] = {
#define X(id, name) [SWEEP_END_##id] = name,
		SWEEP_ENDS(X)
#undef X
	};

	return names[end];
}

static void finish(struct sweep_target *t, enum sweep_end end)
{
	t->end = end;
	t->is_over = true;
}

static bool is_alive(enum instance_state s)
{
	return s == INSTANCE_CREATED || s == INSTANCE_RUNNING || s == INSTANCE_PAUSED;
}

/* --- once more, by id ---------------------------------------------------------------- */

static void leave(struct sweep_target *t, const char *why)
{
	(void)error_set(&t->error, ERR_CONFLICT, 0, "%s", why);
	finish(t, SWEEP_END_LEFT);
}

/* What was decided of a dead one holds for a dead one only. */
static void prove_state(struct sweep_target *t, struct arena *a)
{
	struct instance seen;
	int r = runtime_inspect(t->rt, t->item->orphan.id, a, &seen, &t->error);

	if (r < 0)
		finish(t, SWEEP_END_STUCK);
	else if (r == 0 && seen.state == INSTANCE_UNKNOWN)
		leave(t, "its runtime cannot say what state it is in");
	else if (r == 0 && is_alive(seen.state) && !t->item->is_live)
		leave(t, "it has come to life");
	else
		t->is_waited_for = r == 0 && is_alive(seen.state);
}

static void prove(struct sweep_target *t)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct leftover l = { 0 };
	int r = leftovers_look(t->rt, t->item->orphan.id, a, &l, &t->error);

	if (r == RUNTIME_ABSENT)
		finish(t, SWEEP_END_REMOVED);
	else if (r < 0)
		finish(t, SWEEP_END_STUCK);
	else if (l.foreign)
		leave(t, l.foreign);
	else if (t->item->act != SWEEP_DROP)
		prove_state(t, a);
}

/* --- ending what lives --------------------------------------------------------------- */

/* Not delivered: it may have ended, or what is stronger follows. */
static void tell(struct sweep_target *t, int sig)
{
	int r = runtime_signal(t->rt, t->item->orphan.id, sig, NULL);

	if (r == RUNTIME_ABSENT || r == RUNTIME_GONE)
		t->is_waited_for = false;
}

static void look_whether_ended(struct sweep_target *t)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct instance seen;
	int r = runtime_inspect(t->rt, t->item->orphan.id, a, &seen, NULL);

	if (r == RUNTIME_ABSENT ||
	    (r == 0 && !is_alive(seen.state) && seen.state != INSTANCE_UNKNOWN))
		t->is_waited_for = false;
}

static size_t count_waited(const struct sweep_target *all, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		left += !all[i].is_over && all[i].is_waited_for;
	return left;
}

static void tell_to_end(struct sweep_target *t, int64_t stop_us)
{
	const struct sweep_item *item = t->item;

	tell(t, item->stop_signal ? item->stop_signal : SIGTERM);
	t->until = mono_add(clock_mono(), item->grace_us ? item->grace_us : stop_us);
}

/* Its time is over. */
static void insist(struct sweep_target *t)
{
	if (t->is_killed) {
		(void)error_set(&t->error, ERR_TIMEOUT, 0, "its process does not end");
		finish(t, SWEEP_END_STUCK);
		return;
	}
	tell(t, SIGKILL);
	t->is_killed = true;
	t->until = mono_add(clock_mono(), KILL_US);
}

static void await(struct sweep_target *t)
{
	look_whether_ended(t);
	if (t->is_waited_for && mono_cmp(clock_mono(), t->until) >= 0)
		insist(t);
}

/* All are told, then all are waited for: each as long as it is its own. */
static void end_all(struct sweep_target *all, size_t n, int64_t stop_us)
{
	for (size_t i = 0; i < n; i++)
		if (!all[i].is_over && all[i].is_waited_for)
			tell_to_end(&all[i], stop_us);
	while (count_waited(all, n)) {
		for (size_t i = 0; i < n; i++)
			if (!all[i].is_over && all[i].is_waited_for)
				await(&all[i]);
		if (count_waited(all, n))
			clock_sleep(POLL_MS * CLOCK_MS);
	}
}

/* --- taking it away ------------------------------------------------------------------ */

typedef int take_fn(struct runtime *rt, const char *id, struct mono deadline, struct error *err);

/* Something lives in it that no instance shows, as a compute system without a record does: it ends
 * with what it is in. */
static int take(struct sweep_target *t, take_fn *fn)
{
	const struct mono deadline = mono_add(clock_mono(), RELEASE_US);
	const struct mono until = mono_add(clock_mono(), KILL_US);
	const char *id = t->item->orphan.id;
	int r = fn(t->rt, id, deadline, &t->error);

	if (r != -ERR_CONFLICT)
		return r;
	(void)runtime_signal(t->rt, id, SIGKILL, NULL);
	while (r == -ERR_CONFLICT && mono_cmp(clock_mono(), until) < 0) {
		clock_sleep(POLL_MS * CLOCK_MS);
		t->error = ERROR_INIT;
		r = fn(t->rt, id, deadline, &t->error);
	}
	return r;
}

static void take_away(struct sweep_target *t)
{
	const char *id = t->item->orphan.id;
	int kept = RUNTIME_ABSENT;
	int r = 0;

	if (t->item->act == SWEEP_DROP) {
		r = leftovers_drop(t->rt, id, &t->error);
		finish(t, r < 0 ? SWEEP_END_STUCK : SWEEP_END_REMOVED);
		return;
	}
	if (t->item->act == SWEEP_KEEP)
		kept = take(t, leftovers_keep);
	r = kept < 0 ? kept : take(t, leftovers_release);
	if (r < 0)
		finish(t, SWEEP_END_STUCK);
	else
		finish(t, kept == RUNTIME_ABSENT ? SWEEP_END_REMOVED : SWEEP_END_KEPT);
}

void sweep_wave_run(struct sweep_target *all, size_t n, int64_t stop_us)
{
	for (size_t i = 0; i < n; i++)
		prove(&all[i]);
	end_all(all, n, stop_us);
	for (size_t i = 0; i < n; i++)
		if (!all[i].is_over)
			take_away(&all[i]);
}
