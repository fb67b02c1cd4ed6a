/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a monitoring system asks for, in OpenMetrics' text form
 * (https://github.com/prometheus/OpenMetrics, 1.0). Labels are few on purpose: a series for each
 * state, none for each slot.
 */
#include <inttypes.h>

#include "controller/run_inside.h"
#include "store/source_store.h"

enum { MAX_TEXT = 1 << 20 };
#define TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

enum kind { GAUGE, COUNTER };

/* A counter's sample ends with _total, its family does not. */
static void family(struct buf *t, const char *name, enum kind kind, const char *help)
{
	buf_printf(t, "# TYPE %s %s\n# HELP %s %s\n", name, kind == GAUGE ? "gauge" : "counter",
		   name, help);
}

static void one(struct buf *t, const char *name, enum kind kind, uint64_t value, const char *help)
{
	family(t, name, kind, help);
	buf_printf(t, "%s%s %" PRIu64 "\n", name, kind == COUNTER ? "_total" : "", value);
}

struct sums {
	uint64_t states[RECONCILE_N_STATES];
	uint64_t restarts;
};

static void add_up(const struct run *r, struct sums *ret)
{
	for (size_t i = 0; r->driver && i < driver_count(r->driver); i++) {
		const struct reconciler *rec = driver_reconciler(r->driver, i);

		for (size_t k = 0; k < reconcile_count(rec); k++) {
			struct reconcile_view v;

			reconcile_view(rec, k, &v);
			ret->states[v.state]++;
			ret->restarts += v.record->restarts;
		}
	}
}

static void put_slots(struct buf *t, const struct run *r)
{
	struct sums sums = { 0 };

	add_up(r, &sums);
	family(t, "tallyman_slots", GAUGE, "Slots by what is being done about them.");
	for (int s = 0; s < RECONCILE_N_STATES; s++)
		if (s != RECONCILE_STATE_GONE)
			buf_printf(t, "tallyman_slots{state=\"%s\"} %" PRIu64 "\n",
				   reconcile_state_to_string((enum reconcile_state)s),
				   sums.states[s]);
	one(t, "tallyman_slot_restarts", GAUGE, sums.restarts,
	    "Restarts that the slots of now remember.");
}

static int put_sources(struct buf *t, const struct request *q, struct error *err)
{
	struct source_rows rows;
	uint64_t n_wrong = 0, n_waiting = 0;
	int r = source_store_list(q->run->session->store, q->arena, &rows, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < rows.n; i++) {
		n_waiting += rows.items[i].waits != NULL;
		n_wrong += rows.items[i].problem && !rows.items[i].waits;
	}
	one(t, "tallyman_sources_wrong", GAUGE, n_wrong,
	    "Watched files that could not be taken over.");
	one(t, "tallyman_sources_waiting", GAUGE, n_waiting,
	    "Watched files that wait for tallyman approve.");
	return 0;
}

static void put_api(struct buf *t, const struct run *r)
{
	struct api_stats s;

	api_stats(r->api, &s);
	one(t, "tallyman_api_requests", COUNTER, s.n_requests, "Whole requests.");
	one(t, "tallyman_api_refused", COUNTER, s.n_refused, "Answered with 503: too many.");
	one(t, "tallyman_api_too_late", COUNTER, s.n_too_late, "Dropped: too slow.");
	one(t, "tallyman_api_cut", COUNTER, s.n_cut, "Streams cut: nobody read them.");
	one(t, "tallyman_api_connections", GAUGE, s.n_open, "Connections now.");
	one(t, "tallyman_api_streams", GAUGE, s.n_streams, "Of these, streams.");
}

int run_metrics(struct request *q, struct error *err)
{
	const struct run *r = q->run;
	struct buf t = BUF_INIT(MAX_TEXT);
	int e;

	family(&t, "tallyman_build", GAUGE, "Always 1.");
	buf_printf(&t, "tallyman_build{version=\"%s\"} 1\n", r->o->version);
	one(&t, "tallyman_ready", GAUGE, r->driver && r->is_ready,
	    "1: everything was looked at, and the store takes writes.");
	one(&t, "tallyman_partial", GAUGE, !r->driver || driver_partial(r->driver),
	    "1: the last look was not complete.");
	one(&t, "tallyman_must_accept", GAUGE, r->session->must_accept,
	    "1: nothing is deleted before tallyman recover --accept.");
	one(&t, "tallyman_deployments", GAUGE, r->driver ? driver_count(r->driver) : 0,
	    "Deployments that are kept.");
	put_slots(&t, r);
	e = put_sources(&t, q, err);
	put_api(&t, r);
	one(&t, "tallyman_loop_turns", COUNTER, r->n_turns, "Turns of the loop.");
	one(&t, "tallyman_store_failures", COUNTER, r->n_store_failures,
	    "Times the store could not be written.");
	buf_puts(&t, "# EOF\n");
	if (e == 0)
		api_reply(q->rq, 200, TYPE, &t);
	buf_done(&t);
	return e;
}
