/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Driver: carries out what the core decides, for any number of deployments of one node.
 *
 * The law: persist, then act, then report. A turn of the loop writes results, decisions and
 * intents in one transaction, commits, and only then hands steps to the workers. The core is
 * fed with what came of them; after any failure it looks again before it acts.
 */
#include "controller/inbox.h"
#include "controller/loop.h"
#include "controller/plan.h"
#include "controller/reconcile.h"
#include "controller/session.h"
#include "controller/wanted.h"

struct driver;
struct manual;

enum driver_end {
	DRIVER_CONVERGED,   /* everything is as it shall be */
	DRIVER_STUCK,       /* what is left cannot change by waiting */
	DRIVER_TIMED_OUT,   /* the deadline came first; nothing is under way */
	DRIVER_INTERRUPTED, /* asked to stop; what was under way has ended */
};

struct driver_options {
	struct session *session; /* SESSION_CHANGE; outlives the driver, as do the next two */
	struct loop *loop;
	struct inbox *inbox; /* the session's runtimes tell it their exits */
	int64_t resync_us;   /* look at least that often; 0: 30 s, as commands that wait do */
	/* All are called in the loop's thread and may be NULL. planned: what a new desired state
	 * means, after the first look and before the first step, and what was asked for by hand;
	 * note: what happened; turned: a turn has ended, slots may be others than before; stopping:
	 * nothing new is begun, and what is under way is waited for. */
	void (*planned)(void *arg, const struct plan *p);
	void (*note)(void *arg, const char *deployment, const struct reconcile_note *n);
	void (*turned)(void *arg);
	void (*stopping)(void *arg, enum driver_end why);
	void *arg;
};

int driver_new(const struct driver_options *o, struct driver **ret, struct error *err);
/** driver_free() - waits for steps under way; NULL is fine */
void driver_free(struct driver *d);
CLEAN_DEFINE(driver, struct driver *, driver_free)

/**
 * driver_want() - a deployment shall be so from now on; the first time it is tracked from then on
 * @take: the driver's now; takes the place of one that has not been begun yet
 */
void driver_want(struct driver *d, struct wanted *take);

/** driver_manual() - somebody asks by hand; of a tracked deployment. Copied; see manual_ask() */
void driver_manual(struct driver *d, const struct manual *m);

/** driver_desired() - what a deployment shall be, also where that is not begun yet; NULL: it is not
 * tracked. Valid until the next turn */
const struct desired *driver_desired(struct driver *d, const char *deployment);

/**
 * driver_run() - turn the loop until every tracked deployment is settled
 * @deadline: 0: none. Then nothing is begun any more. What is under way gets a moment to end, on a
 *            runtime that answers; the rest is left as if this program had been killed
 *
 * Return: 0 with *ret; < 0 when the store cannot be written: nothing was done that is not in it.
 */
int driver_run(struct driver *d, struct mono deadline, enum driver_end *ret, struct error *err);

/*
 * The same turn by turn, for a loop that has other things to do as well: turn, do the rest, wait
 * until driver_wake() or the bell.
 */

/** driver_turn() - < 0: as driver_run(); a driver that failed can only be freed */
int driver_turn(struct driver *d, struct mono now, struct error *err);

/** driver_wake() - when it wants the next turn without a bell; 0: never */
struct mono driver_wake(const struct driver *d);

/** driver_stop() - nothing is begun from here on; driver_is_idle() - and nothing is under way */
void driver_stop(struct driver *d);
bool driver_is_idle(const struct driver *d);

/** driver_is_settled() - would driver_run() end here, were the slots in @scope (NULL: all) of this
 * deployment the only ones? Also true for one that is not tracked. *ret: CONVERGED or STUCK */
bool driver_is_settled(struct driver *d, const char *deployment, const struct scope *scope,
		       enum driver_end *ret);

/** driver_was_seen() - has a look told what is there of a tracked deployment? */
bool driver_was_seen(struct driver *d, const char *deployment);

/** driver_count() - deployments tracked; driver_reconciler() - of one of them, for its views */
size_t driver_count(const struct driver *d);
const struct reconciler *driver_reconciler(const struct driver *d, size_t i);
const char *driver_deployment(const struct driver *d, size_t i);

/** driver_partial() - why the last look was not complete, or who has steps that were left under
 * way; NULL: nothing is amiss */
const char *driver_partial(const struct driver *d);

/** driver_awaited() - the name of a runtime that a look waits for now; NULL: none is under way */
const char *driver_awaited(const struct driver *d);

/** driver_is_quiet() - nothing is under way at all, also no look that was given up: driver_free()
 * has nothing to wait for */
bool driver_is_quiet(const struct driver *d);
