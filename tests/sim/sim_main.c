/* SPDX-License-Identifier: Apache-2.0 */
/* How a story goes: chaos, calm, rest, twice over. */
#include "tests/sim/sim_main.h"

#include "tests/sim/sim.h"

#define CHAOS_TICKS  200
#define MEDDLE_TICKS 60
#define CALM_US      (1500 * CLOCK_SEC) /* six services, one after the other, each in back-off */
#define STILL_US     (400 * CLOCK_SEC)  /* several looks */
#define MAX_ASKS     12                 /* one for each service that gave up on another */

static bool is_busy(const struct sim *s)
{
	for (unsigned i = 0; i < WISH_RUNTIMES; i++)
		if (s->n_in_flight[i] || s->n_others[i])
			return true;
	return s->is_looking || s->n_events;
}

/* What rough weather has left under way. */
static bool has_aftermath(const struct sim *s)
{
	for (size_t i = 0; i < s->n_events; i++) {
		const struct sim_event *e = &s->events[i];
		if (e->type == SIM_EFFECT ? !e->is_awaited : e->code < 0)
			return true;
	}
	return s->snapshot_fails || s->snapshot_partial;
}

static void begin_calm(struct sim *s)
{
	sim_trace(s, "# calm");
	s->weather.percent = s->weather.fog = 0;
	s->crash_due = SIM_CRASH_NOT;
	for (int64_t end = s->now_us + 60 * CLOCK_SEC; has_aftermath(s) && s->now_us < end;)
		sim_tick(s);
	/* And all that a change means happens once without faults. */
	if (sim_chance(s, 50)) {
		struct wish w = s->wish;
		wish_random(&w, &s->rng);
		sim_submit(s, &w);
	}
	for (int i = 0; i < MEDDLE_TICKS; i++) {
		sim_tick(s);
		sim_meddle(s);
	}
	s->is_calm = true;
}

/* Nobody told of what was done by hand, and a look at what is being worked on is not believed:
 * without looks of its own the controller must be told to look, once all is quiet. */
static void suggest_look(struct sim *s)
{
	struct reconcile_event ev = { .type = RECONCILE_LOST };
	sim_trace(s, "# exits may have been missed");
	sim_tell(s, &ev);
}

static bool is_as_wished(const struct sim *s)
{
	return sim_check_converged(s) &&
	       (s->overall == RECONCILE_CONVERGED || s->overall == RECONCILE_STUCK);
}

static int64_t wait_for_rest(struct sim *s)
{
	int64_t begin = s->now_us;
	int n_asks = 0;
	int n_looks = 0;
	while (is_busy(s) || sim_end_job(s) || !is_as_wished(s)) {
		if (s->now_us > begin + CALM_US)
			sim_die(s, "does not become what was wished for");
		if (is_busy(s))
			sim_tick(s);
		else if (s->overall == RECONCILE_STUCK && n_asks++ < MAX_ASKS)
			sim_ask(s);
		else if (!s->resync_us && s->overall == RECONCILE_CONVERGED && n_looks++ == 0)
			suggest_look(s);
		else
			sim_tick(s);
	}
	return s->now_us - begin;
}

static void stay(struct sim *s)
{
	int64_t end = s->now_us + 2 * s->resync_us;
	/* Of slots that cannot come to be nothing was asked yet: what is left there may still go.
	 */
	while (s->now_us < end || is_busy(s))
		sim_tick(s);
	sim_trace(s, "# at rest");
	end = s->now_us + STILL_US;
	s->is_settled = true;
	while (s->now_us < end)
		sim_tick(s);
	s->is_settled = false;
	if (!is_as_wished(s))
		sim_die(s, "does not stay as it was wished for");
	sim_check_plan(s);
}

static void count(const struct sim *s, struct sim_seeds_total *sum)
{
	sum->steps += s->n_steps;
	sum->faults += s->n_faults;
	sum->crashes += s->n_crashes;
	sum->looks += s->n_looks;
	sum->events += s->sequence;
}

void sim_main_run(const struct sim_seeds *p, struct sim_story *st, struct sim_seeds_total *sum)
{
	static struct sim the_sim; /* too large for a stack */
	struct sim *s = &the_sim;
	struct wish w = { 0 };

	sim_init(s, p->arg, st);
	wish_random(&w, &s->rng);
	sim_submit(s, &w);
	for (int round = 0; round < 2; round++) {
		int64_t us;
		s->weather.percent = 20;
		s->weather.fog = 10;
		s->is_calm = false;
		for (int i = 0; i < CHAOS_TICKS; i++) {
			sim_tick(s);
			sim_chaos(s);
			if (i % 16 == 0)
				sim_check_plan(s);
		}
		begin_calm(s);
		us = wait_for_rest(s);
		if (us > sum->longest_us)
			sum->longest_us = us;
		stay(s);
	}
	count(s, sum);
	sim_done(s);
}
