/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The driver's side of the store: what a turn of the loop writes. Every function belongs to
 * the transaction the driver has open; a turn is one transaction, so that results, decisions
 * and the intents of the next steps are on disk together and before any of those steps begins.
 */
#include "controller/assign.h"
#include "controller/inbox.h"
#include "controller/reconcile.h"
#include "controller/work.h"

struct store;

/* One turn's writing. */
struct ledger {
	struct store *store;
	int64_t session;     /* number of this write session */
	const char *boot_id; /* of this boot */
	bool adopts_all;     /* the store was lost or put back, and nobody has accepted it yet */
	struct wall now;
	struct assign_slices slices;
	struct arena *arena; /* of the turn */
};

/** ledger_result() - what came of a step: its instance's row, and its intent closed */
int ledger_result(const struct ledger *l, const struct work_step *w, struct error *err);

/** ledger_exit() - an instance ended; one without a row is nobody's and changes nothing */
int ledger_exit(const struct ledger *l, const struct inbox_exit *e, struct error *err);

/** ledger_update() - the slot records and notes of one update of @deployment */
int ledger_update(const struct ledger *l, const char *deployment, const struct reconcile_update *up,
		  struct error *err);

/**
 * ledger_intents() - one wave: an intent for each job, and the row of each instance to be made
 *
 * Sets the jobs' intent. The rows come first, so that from the first call on the runtime that
 * makes an instance is known.
 */
int ledger_intents(const struct ledger *l, struct work_step *const *jobs, size_t n,
		   struct error *err);

/**
 * ledger_raise() - the slots of @deployment count on from what sweeps have seen or kept of them
 *
 * An id is never used twice, also where the store has not made the first.
 */
int ledger_raise(const struct ledger *l, const char *deployment, struct error *err);

/* Ids that a step or an exit touched since a look began: there the rows know more than the look. */
struct ledger_touched;
struct ledger_touched *ledger_touched_new(void);
void ledger_touched_free(struct ledger_touched *t); /* NULL is fine */
CLEAN_DEFINE(ledger_touched, struct ledger_touched *, ledger_touched_free)
void ledger_touch(struct ledger_touched *t, const char *id);
void ledger_touched_clear(struct ledger_touched *t);

/**
 * ledger_look() - make the rows equal what was seen, and say what is now known
 * @looks:   one for each runtime
 * @touched: instances whose rows are newer than the looks
 * @ret:     all instances of the node, sorted, in the turn's arena
 *
 * An instance that no row explains is adopted when its deployment is in the store, or when
 * adopts_all is set: then the deployment comes with it, without a revision. A row goes
 * only when its absence was proved twice. Rows on a runtime that could not be listed stay. When a
 * runtime was last seen whole is written down.
 */
int ledger_look(const struct ledger *ledger, const struct observation *looks, size_t n,
		const struct ledger_touched *touched, struct observed *ret, struct error *err);

/**
 * ledger_settle() - close the intents an earlier session left open: the look has shown what
 * became of them. Those on a runtime whose look failed stay open.
 */
int ledger_settle(const struct ledger *l, const struct observation *looks, size_t n,
		  struct error *err);
