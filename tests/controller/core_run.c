/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The play that plays itself: of all that is due the nearest is next, steps before looks before
 * ends before the timer, and so on until nothing moves. How a process behaves stands in its
 * service's labels:
 *
 *   test.ends: "SECONDS CODE"   it ends by itself so long after its start
 *   test.deaf: "yes"            it does not mind SIGTERM
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/number.h"
#include "tests/controller/core_play.h"

#define HEARS_US  (40 * CLOCK_MS) /* from a signal to the end of who minds it */
#define KILLED_US (1 * CLOCK_MS)

static const char *label_of(const struct core_play *p, const char *service, const char *key)
{
	const struct service *s = p->current ? spec_find_service(p->current, service) : NULL;

	if (!s && p->previous)
		s = spec_find_service(p->previous, service);
	return s ? spec_pairs_find(&s->labels, key) : NULL;
}

static void will_end(struct core_play *p, const char *id, int64_t us, int code)
{
	p->ends = arena_grow(p->arena, p->ends, p->n_ends, sizeof(*p->ends));
	p->ends[p->n_ends++] = (struct core_end){ mono_add(p->now, us), id, code };
}

static void plan_end(struct core_play *p, const struct step *s)
{
	const char *ends = label_of(p, s->service, "test.ends");
	const char *space = ends ? strchr(ends, ' ') : NULL;
	uint64_t seconds = 0, code = 0;

	if (!ends)
		return;
	if (!space ||
	    !number_u64(arena_strndup(p->arena, ends, (size_t)(space - ends)), 3600, &seconds) ||
	    !number_u64(space + 1, 255, &code))
		fail_msg("test.ends: '%s' is not SECONDS CODE", ends);
	will_end(p, s->instance_id, (int64_t)seconds * CLOCK_SEC, (int)code);
}

/* What a process makes of a step that reached it. */
static void react(struct core_play *p, const struct step *s)
{
	const struct instance *is =
		s->instance_id ? core_world_find(&p->world, s->instance_id) : NULL;
	bool is_kill = s->kind == STEP_SIGNAL && s->signal == 9;

	if (s->kind == STEP_START && is && is->state == INSTANCE_RUNNING)
		plan_end(p, s);
	if (s->kind != STEP_SIGNAL || !is || is->pid == 0)
		return;
	if (is_kill || !label_of(p, s->service, "test.deaf"))
		will_end(p, s->instance_id, is_kill ? KILLED_US : HEARS_US, 128 + s->signal);
}

static struct core_fault *find_fault(struct core_play *p, const char *step)
{
	for (size_t i = 0; i < sizeof(p->faults) / sizeof(p->faults[0]); i++) {
		struct core_fault *f = &p->faults[i];
		if (f->times && strncmp(step, f->step, strlen(f->step)) == 0)
			return f;
	}
	return NULL;
}

static void run_flight(struct core_play *p, size_t i)
{
	const struct core_flight f = p->flights[i];
	struct core_fault *fault = find_fault(p, f.text);

	p->now = f.due;
	p->world.now = core_play_diff_now(p).wall;
	if (fault) {
		fault->times--;
		(void)core_play_fail(p, f.text, fault->code, fault->has_effect);
	} else {
		(void)core_play_answer(p, f.text);
	}
	if (!fault || fault->has_effect)
		react(p, &f.run.step);
}

static void run_end(struct core_play *p, size_t i)
{
	const struct core_end end = p->ends[i];
	const struct instance *is = core_world_find(&p->world, end.id);

	p->ends[i] = p->ends[--p->n_ends];
	p->now = end.due;
	if (is && is->pid > 0)
		(void)core_play_exit(p, strchr(end.id, '.') + 1, end.code);
}

/* Index of the first that is due before all others of its kind; SIZE_MAX: none. */
static size_t first_flight(const struct core_play *p)
{
	size_t best = SIZE_MAX;
	for (size_t i = 0; i < p->n_flights; i++)
		if (best == SIZE_MAX || mono_cmp(p->flights[i].due, p->flights[best].due) < 0)
			best = i;
	return best;
}

static size_t first_end(const struct core_play *p)
{
	size_t best = SIZE_MAX;
	for (size_t i = 0; i < p->n_ends; i++)
		if (best == SIZE_MAX || mono_cmp(p->ends[i].due, p->ends[best].due) < 0)
			best = i;
	return best;
}

/* One thing that is due before @end; false when there is none. */
static bool run_one(struct core_play *p, struct mono end)
{
	const struct mono never = { INT64_MAX };
	size_t flight = first_flight(p);
	size_t ending = first_end(p);
	const struct mono due[] = {
		flight == SIZE_MAX ? never : p->flights[flight].due,
		p->is_looking ? p->look_due : never,
		ending == SIZE_MAX ? never : p->ends[ending].due,
		p->up.wake.us ? p->up.wake : never,
	};
	size_t first = 0;

	for (size_t i = 1; i < 4; i++)
		if (mono_cmp(due[i], due[first]) < 0)
			first = i;
	if (mono_cmp(due[first], end) > 0)
		return false;
	if (first == 0)
		run_flight(p, flight);
	else if (first == 2)
		run_end(p, ending);
	else if (first == 3)
		(void)core_play_wait(p, due[3].us - p->now.us);
	else {
		p->now = p->look_due;
		(void)core_play_look(p);
	}
	return true;
}

static bool is_quiet(const struct core_play *p)
{
	return p->n_flights == 0 && !p->is_looking &&
	       (p->up.overall == RECONCILE_CONVERGED || p->up.overall == RECONCILE_STUCK);
}

static void run(struct core_play *p, int64_t us, bool stops_when_quiet)
{
	struct mono end = mono_add(p->now, us);

	while (!stops_when_quiet || !is_quiet(p)) {
		if (!run_one(p, end)) {
			p->now = end;
			return;
		}
	}
}

void core_play_run(struct core_play *p, int64_t us)
{
	run(p, us, true);
}

void core_play_pass(struct core_play *p, int64_t us)
{
	run(p, us, false);
}

bool core_play_next(struct core_play *p, int64_t us)
{
	return run_one(p, mono_add(p->now, us));
}
