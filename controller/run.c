/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of the daemon, and how it gets over a store that fails. */
#include "controller/run.h"

#include <signal.h>

#include "base/heap.h"
#include "base/log.h"
#include "controller/backoff.h"
#include "controller/run_manager.h"
#include "controller/run_sweep.h"
#include "controller/run_wait.h"
#include "store/deployment_store.h"
#include "store/store.h"

enum { CLIENT_WORKERS = 16 }; /* who reads logs or runs a program has one; the pool's most */

static void on_note(void *arg, const char *deployment, const struct reconcile_note *n)
{
	enum log_level level = n->is_problem ? LOG_WARN : LOG_INFO;

	wait_note(arg, deployment, n);
	if (n->service)
		log_line(level, "slot=%s/%s-rep-%u step=%s msg=%s", deployment, n->service, n->slot,
			 n->what, n->text);
	else
		log_line(level, "deployment=%s step=%s msg=%s", deployment, n->what, n->text);
}

static void on_plan(void *arg, const struct plan *p)
{
	wait_planned(arg, p);
}

static void on_want(void *arg, struct wanted *take)
{
	struct run *r = arg;

	log_line(LOG_INFO, "deployment=%s step=source msg=a new revision is wanted",
		 take->deployment);
	/* Without a driver it is on disk, and will be loaded with everything else. */
	if (r->driver)
		driver_want(r->driver, take);
	else
		wanted_free(take);
}

/* One that cannot be read keeps no other from being kept. */
static int want_all(struct run *r, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct deployment_rows rows;
	int e = deployment_store_list(r->session->store, a, &rows, err);

	for (size_t i = 0; e == 0 && i < rows.n; i++) {
		struct wanted *w = NULL;
		struct error why = ERROR_INIT;

		if (wanted_from_store(r->session, rows.items[i].name, &w, &why) == 0)
			driver_want(r->driver, w);
		else
			log_error(LOG_ERROR, &why, "deployment=%s", rows.items[i].name);
	}
	return e;
}

static int make_driver(struct run *r, struct error *err)
{
	const struct driver_options o = { .session = r->session,
					  .loop = r->loop,
					  .inbox = r->inbox,
					  .resync_us = r->o->resync_us,
					  .planned = on_plan,
					  .note = on_note,
					  .arg = r };
	int e = driver_new(&o, &r->driver, err);

	return e < 0 ? e : want_all(r, err);
}

/* Nothing that the store does not know was begun: forgetting everything loses nothing. */
static void drop_driver(struct run *r, const struct error *why, struct mono now)
{
	uint64_t no_jitter = 0;

	log_error(LOG_ERROR, why, "step=store");
	r->n_store_failures++;
	r->is_ready = false;
	wait_end_all(r, "the store cannot be written");
	driver_free(r->driver);
	r->driver = NULL;
	r->retry = mono_add(now, backoff_length(++r->n_failed, 0, &no_jitter));
}

static void turn_driver(struct run *r, struct mono now)
{
	struct error err = ERROR_INIT;
	int e = 0;

	if (!r->driver && mono_cmp(now, r->retry) < 0)
		return;
	if (!r->driver)
		e = make_driver(r, &err);
	if (e == 0)
		e = driver_turn(r->driver, now, &err);
	if (e < 0)
		drop_driver(r, &err, now);
	else
		r->n_failed = 0;
}

static void turn_sources(struct run *r, struct mono now)
{
	struct error err = ERROR_INIT;

	if (!r->is_stopping && sources_turn(r->sources, now, &err) < 0)
		log_error(LOG_ERROR, &err, "step=source");
}

/* Beside a store that fails there is nothing to be copied. */
static void turn_backups(struct run *r)
{
	struct error err = ERROR_INIT;

	if (r->driver && r->is_ready && !r->is_stopping &&
	    backups_turn(&r->backups, r->now, &err) < 0)
		log_error(LOG_WARN, &err, "step=backup");
}

static struct mono earliest(struct mono a, struct mono b)
{
	if (!a.us || (b.us && mono_cmp(b, a) < 0))
		return b;
	return a;
}

static struct mono next_wake(const struct run *r)
{
	struct mono wake = r->driver ? driver_wake(r->driver) : r->retry;

	wake = earliest(wake, run_manager_wake(r));
	if (r->is_stopping)
		return wake;
	wake = earliest(wake, sweeper_wake(r->sweeper));
	if (r->driver && r->is_ready)
		wake = earliest(wake, backups_wake(&r->backups));
	return earliest(earliest(wake, sources_wake(r->sources)), wait_wake(r));
}

static void begin_stop(struct run *r)
{
	r->is_stopping = true;
	log_line(LOG_INFO, "step=stop msg=what is under way is finished first");
	if (r->driver)
		driver_stop(r->driver);
	wait_end_all(r, "the daemon stops");
	sweeper_end_all(r->sweeper, "the daemon stops");
	run_events_end(r);
	run_manager_stop(r);
	if (r->o->stopping)
		r->o->stopping(r->o->arg);
}

/* Ready once everything was looked at: what it says of the node from then on is true. */
static bool was_seen(const struct run *r)
{
	for (size_t i = 0; r->driver && i < driver_count(r->driver); i++)
		if (!driver_was_seen(r->driver, driver_deployment(r->driver, i)))
			return false;
	return r->driver;
}

/* Those whose worker is done with them. */
static void take_clients(struct run *r)
{
	struct job *j;

	while ((j = pool_take_done(r->clients)))
		j->drop(j);
}

static void turn_clients(struct run *r)
{
	r->is_ready = r->is_ready || was_seen(r);
	take_clients(r);
	sweeper_turn(r->sweeper);
	wait_turn(r);
	run_events_turn(r);
}

static void look_at_once(struct run *r)
{
	sources_look(r->sources);
	if (r->o->hangup)
		r->o->hangup(r->o->arg);
}

static void serve(struct run *r)
{
	r->now = clock_mono();
	run_manager_begin(r);
	for (;;) {
		unsigned causes;

		r->n_turns++;
		run_requests(r);
		turn_sources(r, r->now);
		turn_driver(r, r->now);
		turn_clients(r);
		turn_backups(r);
		run_manager_turn(r);
		if (r->is_stopping && (!r->driver || driver_is_idle(r->driver)) &&
		    sweeper_is_idle(r->sweeper))
			return;
		if ((!r->driver || driver_is_idle(r->driver)) && sweeper_is_idle(r->sweeper))
			heap_rest();
		causes = loop_turn(r->loop, next_wake(r), &r->now);
		if (causes & LOOP_HANGUP)
			look_at_once(r);
		if ((causes & LOOP_STOP) && !r->is_stopping)
			begin_stop(r);
	}
}

/* The store's lock is held: nobody else answers there. */
static int open_api(struct run *r, struct error *err)
{
	struct session *s = r->session;
	const struct api_options o = { .path = layout_api_socket(&s->opt.layout, s->arena),
				       .gid = API_LISTEN_NO_GROUP,
				       .bell = loop_bell(r->loop),
				       .version = r->o->version };

	return api_open(&o, &r->api, err);
}

static int open_all(struct run *r, struct error *err)
{
	struct sources_options sources = { .paths = r->o->watch,
					   .n = r->o->n_watch,
					   .resync_us = r->o->resync_us,
					   .want = on_want,
					   .arg = r };
	struct runtime_sink sink;
	int e = loop_new(&r->loop, err);

	if (e < 0)
		return e;
	loop_hangup(r->loop);
	/* A lease on a watched file that somebody opens for writing is told by this signal. */
	(void)signal(SIGIO, SIG_IGN);
	r->inbox = inbox_new(loop_bell(r->loop));
	sink = inbox_sink(r->inbox);
	e = session_open(&r->o->session, SESSION_CHANGE, &sink, &r->session, err);
	if (e < 0)
		return e;
	r->backups.store = r->session->store;
	sources.session = r->session;
	sources.bell = loop_bell(r->loop);
	e = sources_new(&sources, &r->sources, err);
	if (e == 0)
		e = make_driver(r, err);
	if (e == 0)
		e = pool_new(CLIENT_WORKERS, 1, loop_bell(r->loop), &r->clients, err);
	if (e == 0)
		e = sweeper_new(r, &r->sweeper, err);
	if (e == 0)
		e = open_api(r, err);
	if (e == 0)
		loop_watch(r->loop, sources_fd(r->sources));
	return e;
}

static void close_all(struct run *r)
{
	r->is_leaving = true;
	sweeper_free(r->sweeper);
	if (r->clients)
		pool_free(r->clients);
	api_close(r->api);
	sources_free(r->sources);
	if (r->driver && !driver_is_quiet(r->driver))
		session_hang_up(r->session);
	driver_free(r->driver);
	backups_end(&r->backups);
	session_close(r->session); /* its runtimes hold the sink until here */
	inbox_free(r->inbox);
	loop_free(r->loop);
}

int run_daemon(const struct run_options *o, struct error *err)
{
	struct run r = { .o = o };
	int e = open_all(&r, err);

	if (e == 0) {
		if (o->ready)
			o->ready(o->arg, r.session);
		serve(&r);
	}
	close_all(&r);
	return e;
}
