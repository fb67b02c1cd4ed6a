/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Sweep: find what carries this node's name on its runtimes and is explained by no row, and take it
 * away by the rules of sweep_plan.h. What was seen, and what is about to be done, is in the store
 * before anything is done; a sweep that was killed is finished by the next one.
 *
 * sweep_run() is all of it, blocking, for commands. Who has a loop takes the steps: those that say
 * so block and belong into a worker, the others use the store and belong to its thread.
 */
#include "controller/session.h"
#include "controller/sweep_look.h"
#include "controller/sweep_wave.h"

struct sweep_options {
	enum sweep_mode mode;
	bool is_now;      /* both sightings at once, and no waiting for the grace */
	bool by_person;   /* somebody typed it */
	int64_t grace_us; /* from the settings: orphan_grace */
	int64_t stop_us;  /* how long what lives gets to end, unless its file says; 0: 10 s */
	const char *const *only; /* as in struct sweep_input; borrowed until the end */
	size_t n_only;
};

/* One orphan, and what came of it. */
struct sweep_fate {
	struct sweep_item item;
	enum sweep_end end;
	const char *why; /* LEFT, STUCK; else NULL */
};

struct sweep_result {
	enum sweep_mode mode;
	struct sweep_fate *fates;
	size_t n;
	struct sweep_foreign *foreign;
	size_t n_foreign;
	struct sweep_failure *failures;
	size_t n_failures;
	size_t counts[SWEEP_N_ENDS];
	const char *held; /* why nothing may be deleted on this node; NULL: it may */
};

/**
 * sweep_run() - all of it
 * @s: SESSION_CHANGE
 * @ret: in @a
 *
 * Return: 0, whatever became of the orphans; < 0: the store failed, and nothing was done that is
 *         not in it.
 */
int sweep_run(struct session *s, const struct sweep_options *o, struct arena *a,
	      struct sweep_result *ret, struct error *err);

/* --- step by step --------------------------------------------------------------------- */

struct sweep;

/** sweep_new() - nothing happens yet; @s and @a outlive it, and all it finds is in @a */
struct sweep *sweep_new(struct session *s, const struct sweep_options *o, struct arena *a);
void sweep_free(struct sweep *w); /* NULL is fine */
CLEAN_DEFINE(sweep, struct sweep *, sweep_free)

/** sweep_prepare() - read what the store knows; before each look */
int sweep_prepare(struct sweep *w, struct error *err);

/** sweep_look() - look at every runtime. Blocks; in a worker */
void sweep_look(struct sweep *w);

/**
 * sweep_decide() - from the look: remember sightings, forget what is gone, say what is to be done
 *
 * While an intent of the sweep is open nobody adopts what it is for: to ledger_look() its state is
 * unknown, which is never a reason to act.
 *
 * Return: 0; SWEEP_AGAIN (> 0): it needs another look, from sweep_prepare() on; < 0 the store.
 */
enum { SWEEP_AGAIN = 1, SWEEP_MORE = 1 };
int sweep_decide(struct sweep *w, struct error *err);

/** sweep_next() - write down the intents of the next wave. SWEEP_MORE: act on it now; 0: there is
 *  none; look a last time, from sweep_prepare() on, and sweep_verify() */
int sweep_next(struct sweep *w, struct error *err);

/** sweep_act() - carry the wave out. Blocks; in a worker */
void sweep_act(struct sweep *w);

/** sweep_record() - write down what came of it */
int sweep_record(struct sweep *w, struct error *err);

/** sweep_verify() - from the last look: what should be gone and is there again is stuck */
int sweep_verify(struct sweep *w, struct error *err);

/** sweep_has_acted() - is there anything to verify? */
bool sweep_has_acted(const struct sweep *w);

/** sweep_finish() - the event for people, and the result */
int sweep_finish(struct sweep *w, struct sweep_result *ret, struct error *err);
