/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Diff: what one slot's instances are, compared with what they shall be. Pure.
 *
 * The verdict is a level, not a plan: it says what is wrong now. plan.c turns all
 * verdicts into text and steps for people, reconcile.c works on them until each is a
 * verdict that needs nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "controller/expand.h"
#include "specs/observed.h"

/*      id           name           sign   is it right so?  does waiting alone change it? */
#define VERDICTS(X)                                                                                \
	X(NOTHING, "nothing", "", true, false)                                                     \
	X(DONE, "done", "", true, false)       /* a job, or restart `no`, that has ended */        \
	X(HELD, "held", "", true, false)       /* stopped by hand */                               \
	X(CREATE, "create", "+", false, false) /* nothing usable is there */                       \
	X(START, "start", "~", false, false)   /* made and never started, and it fits */           \
	X(UPDATE, "update", "~", false, false) /* limits in place, or thaw */                      \
	X(REPLACE, "replace", "-/+", false, false)                                                 \
	X(REMOVE, "remove", "-", false, false) /* the slot is not wanted, or leftovers in it */    \
	X(WAIT, "wait", "", false, true)       /* back-off */                                      \
	X(UNKNOWN, "unknown", "", false, true) /* its runtime could not be listed */               \
	X(NEEDS_PEER, "needs_peer", "", false, false)                                              \
	X(UNSUPPORTED, "unsupported", "", false, false)                                            \
	X(BLOCKED, "blocked", "", false, false) /* cannot be made as things are */                 \
	X(FAILED, "failed", "", false, false)   /* tried; trying again alone changes nothing */

enum verdict {
#define X(id, name, sign, right, waits) VERDICT_##id,
	VERDICTS(X)
#undef X
		VERDICT_N,
};

/* The columns of VERDICTS: name, sign in the plan text, whether nothing is to be done. */
const char *verdict_to_string(enum verdict v);
const char *verdict_sign(enum verdict v);
bool verdict_is_right(enum verdict v);

/* How far two configurations are apart. */
enum change_class {
	CHANGE_NONE,
	CHANGE_NO_ACTION, /* nothing that an instance carries */
	CHANGE_IN_PLACE,  /* limits only: the runtime may change them in the living instance */
	CHANGE_RECREATE,
	CHANGE_UNKNOWN, /* a hash nobody can read: recreate */
};

struct diff_now {
	struct boot boot;
	struct wall wall;
	const char *boot_id; /* of this boot; NULL: not known */
};

/* One slot as it is. */
struct diff_input {
	const struct desired_slot *want;         /* NULL: not wanted */
	const char *remove_cause;                /* why, when it is not: "not in the file" */
	const struct slot *record;               /* NULL: the store has none */
	const struct instance *const *instances; /* all of the slot, by generation */
	size_t n;
	bool is_partial; /* the look was, at its runtime: an absent instance proves nothing */
	bool is_taken;   /* somebody took its instance away */
	bool no_update;  /* its runtime refused to change limits in place */
	bool is_asked;   /* somebody asks to try again: back-off and failures do not count */
	bool keeps_all;  /* the store waits for `recover --accept`: nothing is taken away before */
	struct diff_now now;
};

struct diff_slot {
	enum verdict verdict;
	const char *cause;           /* one line; never NULL */
	const char *fields;          /* what differs, "env.A, image"; NULL: nothing to name */
	const char *hint;            /* NULL: none */
	const struct instance *keep; /* the instance that stays or is replaced; NULL: none */
	size_t n_extra;              /* instances beside it that must go */
	bool is_up;                  /* keep runs, and as wished for, but perhaps for limits */
	bool is_success;             /* DONE: it ended with 0 */
	struct boot retry_at;        /* WAIT: when it is over */
	bool is_restart;             /* CREATE or REPLACE because an instance ended */
	const char *drift; /* CREATE or UPDATE because somebody else changed it: "what it is, not
			    * what it shall be"; else NULL */
};

/** diff_compute() - the verdict for one slot; texts in @a */
void diff_compute(const struct diff_input *in, struct arena *a, struct diff_slot *ret);

/** diff_change() - how @is differs from what @want asks for; *ret_fields NULL or in @a */
enum change_class diff_change(const struct desired_slot *want, const struct instance *is,
			      struct arena *a, const char **ret_fields);

/** diff_is_same() - do two config hashes stand for the same container? NULL: false */
bool diff_is_same(const char *have, const char *want);

struct diff_sentence {
	enum verdict verdict;
	const char *service;
	uint32_t slot;
	const char *cause;
	const char *fields; /* NULL: none */
	const char *os;     /* NEEDS_PEER; else NULL */
};

/** diff_sentence() - how people read it: `+ create web-rep-0: not there`; in @a */
const char *diff_sentence(const struct diff_sentence *d, struct arena *a);

/** diff_restarts() - does the restart policy of @s start @ended anew? */
bool diff_restarts(const struct service *s, const struct instance *ended);

/** diff_retry_left() - microseconds until the back-off of @s is over, 0: it is */
int64_t diff_retry_left(const struct slot *s, const struct diff_now *now);
