/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the controller has been told: its looks, the answers to its steps, exits, wishes. The
 * laws are about this, not about the world, which may have moved on. Written from the rules
 * (DESIGN 7), not from the code under test.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/reconcile.h"
#include "tests/sim/sim_world.h"

#define TOLD_MAX 16

struct sim;

struct told_instance {
	struct world_instance is; /* state UNKNOWN: of a runtime that did not answer */
	bool is_signaled, is_killed;
	int64_t patience_us; /* of the last of these signals: when it is over */
};

struct told_slot {
	struct told_instance items[TOLD_MAX]; /* by generation */
	size_t n;

	/* This life of the controller. */
	bool is_in_flight;
	enum step_kind doing;
	uint64_t doing_generation;
	uint64_t touched;    /* number of the last look when it was last touched */
	bool must_look;      /* a step failed, and only a look ... */
	uint64_t look_after; /* ... later than this one helps */
	bool no_update;      /* its runtime refuses updates */
	bool is_empty;       /* by a look at everything, or by our own removal */
	bool is_hidden;      /* nothing was seen, and not everywhere looked */
	bool has_want;
	struct wish_config want; /* wished for last */

	/* What a record remembers. Failures and waits are lower bounds. */
	bool is_held;
	uint64_t restart_upto; /* a person wants none of these any more */
	uint64_t top_generation;
	uint32_t fails;          /* in a row */
	bool is_counted;         /* the end of what was last made is among them */
	int64_t quiet_us;        /* no step at all before */
	int64_t make_us;         /* nothing is made or started before */
	bool has_failed;         /* for a reason that stays: is not tried again */
	bool may_be_stuck;       /* it has, or one that shares its image, with this configuration */
	bool has_done;           /* it ended, and does not start again ... */
	struct wish_config done; /* ... while this is wished for */
	bool has_exit_code;
	int exit_code;
};

/* Where a wish and an instance meet. */
enum told_fit { TOLD_FITS, TOLD_NEARLY, TOLD_DIFFERS };

/* What a slot has, in sums. */
struct told_sum {
	size_t n;
	size_t n_up;    /* runs, and needs no successor */
	size_t n_right; /* of these: with the very limits wished for */
	size_t n_fresh; /* fits, made, not started */
	size_t n_thaw;  /* fits, paused, and can be thawed */
	size_t n_old;   /* alive, and needs a successor */
	size_t n_ended; /* fits, and has ended */
	size_t n_unknown, n_broken;
	uint64_t newest_up, newest_ended;
	bool is_touched; /* one of n_old was told to stop */
};

/* New facts, before the controller gets the event. */
void told_wish(struct sim *s);                   /* also after a restart */
void told_forget(struct sim *s, bool is_reboot); /* a new life begins */
void told_ask(struct sim *s);
void told_by_hand(struct sim *s, size_t slot, enum reconcile_event_type type);
void told_step(struct sim *s, const struct world_op *op);
void told_commit(struct sim *s, const struct world_op *op); /* on disk, and never begun */
/* @wi: the instance as it is now, NULL when it is not there; code >= 0 of a CREATE shows it */
void told_report(struct sim *s, const struct world_op *op, int code,
		 const struct world_instance *wi);
void told_look(struct sim *s);
void told_exited(struct sim *s, const struct world_instance *wi, int code);

/* Questions. */
enum told_fit told_fit(const struct sim *s, const struct world_instance *wi);
struct told_instance *told_find(struct told_slot *t, uint64_t generation);
struct told_sum told_sum(const struct sim *s, const struct told_slot *t, size_t slot);
/** told_is_done() - ended, and right so; @ret_code: its exit code, -1: not known */
bool told_is_done(const struct sim *s, size_t slot, int *ret_code);
/** told_is_ready() - what those who depend on it wait for */
bool told_is_ready(const struct sim *s, size_t slot, bool started_is_enough);
/** told_restarts() - what the policy says of one that ended with @code; -1: not known */
bool told_restarts(const struct wish_service *ws, int code);
