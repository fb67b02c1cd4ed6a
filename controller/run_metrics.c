/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a monitoring system asks for, in OpenMetrics' text form (api_metrics.h). Labels are few on
 * purpose: a series for each state, none for each slot.
 */
#include "controller/api/api_metrics.h"
#include "controller/run_inside.h"
#include "store/source_store.h"

enum { MAX_TEXT = 1 << 20 };

/* A family with one sample. */
static void one(struct api_metrics *m, const char *name, enum api_metrics_kind kind, uint64_t value,
		const char *help)
{
	api_metrics_family(m, name, kind, NULL, help);
	api_metrics_u64(m, NULL, 0, value);
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

static void put_slots(struct api_metrics *t, const struct run *r)
{
	struct sums sums = { 0 };

	add_up(r, &sums);
	api_metrics_family(t, "tallyman_slots", API_METRICS_GAUGE, NULL,
			   "Slots by what is being done about them.");
	for (int s = 0; s < RECONCILE_N_STATES; s++) {
		const char *word = reconcile_state_to_string((enum reconcile_state)s);
		const struct api_label label = { "state", word };

		if (s != RECONCILE_STATE_GONE)
			api_metrics_u64(t, &label, 1, sums.states[s]);
	}
	one(t, "tallyman_slot_restarts", API_METRICS_GAUGE, sums.restarts,
	    "Restarts that the slots of now remember.");
}

static int put_sources(struct api_metrics *t, const struct request *q, struct error *err)
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
	one(t, "tallyman_sources_wrong", API_METRICS_GAUGE, n_wrong,
	    "Watched files that could not be taken over.");
	one(t, "tallyman_sources_waiting", API_METRICS_GAUGE, n_waiting,
	    "Watched files that wait for tallyman approve.");
	return 0;
}

static void put_api(struct api_metrics *t, const struct run *r)
{
	struct api_stats s;

	api_stats(r->api, &s);
	one(t, "tallyman_api_requests", API_METRICS_COUNTER, s.n_requests, "Whole requests.");
	one(t, "tallyman_api_refused", API_METRICS_COUNTER, s.n_refused,
	    "Answered with 503: too many.");
	one(t, "tallyman_api_too_late", API_METRICS_COUNTER, s.n_too_late, "Dropped: too slow.");
	one(t, "tallyman_api_cut", API_METRICS_COUNTER, s.n_cut, "Streams cut: nobody read them.");
	one(t, "tallyman_api_connections", API_METRICS_GAUGE, s.n_open, "Connections now.");
	one(t, "tallyman_api_streams", API_METRICS_GAUGE, s.n_streams, "Of these, streams.");
}

int run_metrics(struct request *q, struct error *err)
{
	const struct run *r = q->run;
	const struct api_label version = { "version", r->o->version };
	struct buf t = BUF_INIT(MAX_TEXT);
	struct api_metrics m;
	int e;

	api_metrics_begin(&m, &t);
	api_metrics_family(&m, "tallyman_build", API_METRICS_INFO, NULL, "What runs here.");
	api_metrics_u64(&m, &version, 1, 1);
	one(&m, "tallyman_ready", API_METRICS_GAUGE, r->driver && r->is_ready,
	    "1: everything was looked at, and the store takes writes.");
	one(&m, "tallyman_partial", API_METRICS_GAUGE, !r->driver || driver_partial(r->driver),
	    "1: the last look was not complete.");
	one(&m, "tallyman_must_accept", API_METRICS_GAUGE, r->session->must_accept,
	    "1: nothing is deleted before tallyman recover --accept.");
	one(&m, "tallyman_deployments", API_METRICS_GAUGE, r->driver ? driver_count(r->driver) : 0,
	    "Deployments that are kept.");
	put_slots(&m, r);
	e = put_sources(&m, q, err);
	put_api(&m, r);
	one(&m, "tallyman_loop_turns", API_METRICS_COUNTER, r->n_turns, "Turns of the loop.");
	one(&m, "tallyman_store_failures", API_METRICS_COUNTER, r->n_store_failures,
	    "Times the store could not be written.");
	api_metrics_end(&m);
	if (e == 0)
		api_reply(q->rq, 200, API_METRICS_TYPE, &t);
	buf_done(&t);
	return e;
}
