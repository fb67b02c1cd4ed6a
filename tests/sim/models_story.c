/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a story goes: chaos, then calm
 * weather in which all must become as it was wished for, and then nothing more may happen; twice
 * over. At the end nothing is wanted, and nothing may be left.
 */
#include "tests/sim/models.h"

#include "base/rand.h"

#define CALM_US   (1500 * CLOCK_SEC) /* services one after the other, each in back-off */
#define STILL_US  (400 * CLOCK_SEC)  /* several looks */
#define MAX_ASKS  12
#define MAX_TURNS 2000 /* from calm to rest */

bool models_chance(struct models *m, unsigned percent)
{
	return rand_next(&m->rng) % 100 < percent;
}

unsigned models_below(struct models *m, unsigned n)
{
	return (unsigned)(rand_next(&m->rng) % n);
}

int64_t models_up_to(struct models *m, int64_t us)
{
	return 1000 + (int64_t)(rand_next(&m->rng) % (uint64_t)us);
}

void models_trace(struct models *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sim_story_tell(m->story, m->now_us, fmt, ap);
	va_end(ap);
}

void models_die(struct models *m, const char *what)
{
	sim_story_die(m->story, what);
}

void models_must(struct models *m, int r, const struct error *err)
{
	if (r >= 0)
		return;
	models_trace(m, "  %s", err->msg);
	models_die(m, "something fails that never fails here");
}

/* --- the queue --- */

struct models_event *models_push(struct models *m, enum models_event_type type, int64_t delay_us)
{
	struct models_event *e;

	if (m->n_events == MODELS_EVENTS)
		models_die(m, "too many events under way");
	e = &m->events[m->n_events++];
	*e = (struct models_event){ .type = type,
				    .due_us = m->now_us + delay_us,
				    .sequence = ++m->sequence };
	return e;
}

/* In a runtime's own thread; the loop is woken. */
static void tell_exit(struct models *m, const struct models_event *e)
{
	const struct runtime_sink sink = inbox_sink(m->life->node.inbox);

	if (models_chance(m, m->percent / 4)) { /* the news is lost, and that is known */
		sink.lost(sink.arg);
	} else {
		sink.exited(sink.arg,
			    &(struct runtime_exit){
				    e->id, e->has_code, e->code, { m->now_us + m->wall_us } });
	}
	m->has_news = true;
}

static void end_process(struct models *m, const struct models_event *e)
{
	const struct models_instance *mi = models_law_find(m, e->id);

	if (mi->is_gone || mi->state != INSTANCE_RUNNING)
		return;
	models_runtime_end(m, mi, e->code);
}

static void deliver(struct models *m, const struct models_event *e)
{
	switch (e->type) {
	case MODELS_EFFECT:
		models_pool_effect(m, e->job);
		break;
	case MODELS_DONE:
		models_pool_done(m, e->job);
		break;
	case MODELS_EXIT:
		tell_exit(m, e);
		break;
	case MODELS_END:
		end_process(m, e);
		break;
	}
}

static size_t earliest(const struct models *m)
{
	size_t best = 0;

	for (size_t i = 1; i < m->n_events; i++) {
		const struct models_event *e = &m->events[i], *first = &m->events[best];

		if (e->due_us < first->due_us ||
		    (e->due_us == first->due_us && e->sequence < first->sequence))
			best = i;
	}
	return best;
}

static void take_event(struct models *m, size_t i)
{
	struct models_event e = m->events[i];

	m->events[i] = m->events[--m->n_events];
	m->now_us = e.due_us;
	deliver(m, &e);
}

/* What is due comes first, then a turn if there are news: mostly at once, as a loop that is busy
 * takes several together. */
static void tick(struct models *m)
{
	struct mono wake = driver_wake(m->life->node.driver);
	size_t i = earliest(m);

	if (m->has_news && models_chance(m, 80)) {
		models_node_turn(m);
	} else if (m->n_events && (!wake.us || m->events[i].due_us <= wake.us)) {
		take_event(m, i);
	} else if (wake.us || m->has_news) {
		if (wake.us > m->now_us && !m->has_news)
			m->now_us = wake.us;
		models_node_turn(m);
	} else {
		models_die(m, "sleeps for ever");
	}
	models_node_bury(m);
}

/* --- a story --- */

static void begin(struct models *m, struct sim_story *st, const struct models_kind *kind)
{
	*m = (struct models){ .story = st, .kind = kind, .rng = st->seed };
	m->now_us = m->boot_us = 1000 * CLOCK_SEC;
	m->wall_us = INT64_C(1700000000) * CLOCK_SEC;
	m->resync_us = (30 + models_below(m, 60)) * CLOCK_SEC;
	m->has_lasting = models_chance(m, 50);
	m->pace = 1U << models_below(m, 4); /* long stories beside wild ones */
	models_time_use(m);
	models_node_open(m);
	for (unsigned d = 0; d < MODELS_DEPLOYMENTS; d++) {
		struct wish w = { 0 };

		while (models_wish_is_empty(&w))
			models_wish_random(&w, &m->rng);
		models_node_wish(m, d, &w);
	}
}

static void set_weather(struct models *m, unsigned percent, unsigned fog)
{
	m->percent = percent;
	m->fog = fog;
	models_node_arm(m);
}

static void begin_calm(struct models *m)
{
	models_trace(m, "# calm");
	set_weather(m, 0, 0);
	m->crash_due = MODELS_CRASH_NOT;
	while (m->ended)
		tick(m);
	m->is_calm = true;
	if (models_chance(m, 50)) { /* all that a change means happens once without faults */
		unsigned d = models_below(m, MODELS_DEPLOYMENTS);
		struct wish w = *models_law_now(m, d);

		models_wish_random(&w, &m->rng);
		models_node_wish(m, d, &w);
	}
}

/* What the driver says of each slot: for who reads why it does not come to rest. */
static void explain(struct models *m)
{
	struct driver *d = m->life->node.driver;

	for (size_t i = 0; i < driver_count(d); i++) {
		const struct reconciler *r = driver_reconciler(d, i);

		for (size_t k = 0; k < reconcile_count(r); k++) {
			struct reconcile_view v;

			reconcile_view(r, k, &v);
			models_trace(m, "  %s/%s-rep-%u: %s", driver_deployment(d, i), v.service,
				     v.number, v.cause);
		}
	}
	if (driver_partial(d))
		models_trace(m, "  %s", driver_partial(d));
}

__attribute__((noreturn)) static void give_up(struct models *m, const char *what)
{
	explain(m);
	models_die(m, what);
}

/* Every deployment by itself; asks again, so often, for one that has given up. */
static bool is_settled(struct models *m, int *n_asks)
{
	bool is_done = !m->has_news && m->n_events == 0;

	for (unsigned d = 0; d < MODELS_DEPLOYMENTS; d++) {
		enum driver_end end;

		if (!driver_is_settled(m->life->node.driver, models_wish_deployments[d], NULL,
				       &end)) {
			is_done = false;
		} else if (end == DRIVER_STUCK) {
			is_done = false;
			if ((*n_asks)++ == MAX_ASKS)
				give_up(m, "gives up for ever");
			models_node_ask(m, d);
		}
	}
	return is_done;
}

static int64_t wait_for_rest(struct models *m)
{
	int64_t start = m->now_us;
	unsigned turns = m->n_turns;
	int n_asks = 0;

	while (!is_settled(m, &n_asks) || !models_rest_is_right(m)) {
		if (m->now_us > start + CALM_US)
			give_up(m, "does not become what was wished for");
		if (m->n_turns > turns + MAX_TURNS)
			give_up(m, "takes too many turns");
		tick(m);
	}
	return m->now_us - start;
}

static void stay(struct models *m)
{
	int64_t end = m->now_us + STILL_US;

	models_trace(m, "# at rest");
	models_rest_check(m);
	m->law.is_settled = true;
	while (m->now_us < end)
		tick(m);
	m->law.is_settled = false;
	if (!models_rest_is_right(m))
		models_die(m, "does not stay as it was wished for");
}

static void rest(struct models *m, struct sim_seeds_total *sum)
{
	int64_t us = wait_for_rest(m);

	if (us > sum->longest_us)
		sum->longest_us = us;
	stay(m);
}

static void count(const struct models *m, struct sim_seeds_total *sum)
{
	sum->steps += m->n_steps;
	sum->faults += m->n_faults;
	sum->crashes += m->n_crashes;
	sum->looks += m->n_looks;
	sum->events += m->sequence;
}

void models_story_run(const struct sim_seeds *p, struct sim_story *st, struct sim_seeds_total *sum)
{
	static struct models the_models; /* too large for a stack */
	const struct wish nothing = { 0 };
	struct models *m = &the_models;

	begin(m, st, p->arg);
	for (int round = 0; round < 2; round++) {
		m->is_calm = false;
		set_weather(m, 20, 10);
		for (unsigned i = 0; i < m->kind->n_ticks; i++) {
			tick(m);
			models_chaos(m);
		}
		begin_calm(m);
		rest(m, sum);
	}
	for (unsigned d = 0; d < MODELS_DEPLOYMENTS; d++)
		models_node_wish(m, d, &nothing);
	rest(m, sum);
	count(m, sum);
	models_node_close(m);
}
