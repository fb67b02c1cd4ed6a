/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Plan: all that must change so that what is becomes what shall be, in the order in
 * which it may happen, with a cause for each. Pure and deterministic: equal inputs give
 * equal bytes. For `plan`, `approve` and tests; the loop (reconcile.c) acts on the same
 * verdicts one slot at a time.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "controller/diff.h"
#include "controller/expand.h"
#include "controller/scope.h"
#include "specs/observed.h"
#include "specs/step.h"

/* A slot that is not as it shall be, or (verdicts without a sign) cannot be. */
struct plan_change {
	enum verdict verdict;
	const char *service;
	uint32_t slot;
	const char *name;   /* `web-rep-0` */
	const char *cause;  /* one line */
	const char *fields; /* NULL: none */
	const char *hint;   /* NULL: none */
	const char *id;     /* of the instance there is; NULL: none */
	const char *os;     /* NEEDS_PEER; else NULL */
	const char *drift;  /* as in struct diff_slot */
	size_t first, n;    /* its steps in plan.steps */
};

struct plan {
	const char *deployment;
	struct plan_change *changes; /* removals, then by (rank, service, slot) */
	size_t n;
	struct step *steps; /* in the order of the changes; instance specs are not filled in */
	size_t n_steps;
	const struct instance *const *orphans; /* as given */
	size_t n_orphans;
	size_t n_create, n_start, n_update, n_replace, n_remove; /* slots, not steps */
	size_t n_peer, n_blocked,
		n_waiting; /* NEEDS_PEER; UNSUPPORTED BLOCKED FAILED; WAIT UNKNOWN */
	size_t n_compared; /* instances and slots looked at: the cost of the plan */
	char hash[17];     /* of the steps and causes; for approve */
};

struct plan_input {
	const struct desired *desired;
	const struct observed *observed; /* sorted; may hold other deployments, which are skipped */
	const struct slot *slots;        /* of this deployment, sorted by (service, number) */
	size_t n_slots;
	const struct scope *scope;             /* the slots that are meant; NULL: all */
	const struct instance *const *orphans; /* shown, nothing more */
	size_t n_orphans;
	struct diff_now now;
	bool is_asked;  /* what an apply command would do: back-off and failures do not count */
	bool keeps_all; /* the store waits for `recover --accept`: nothing is taken away before */
};

/* Outcome of plan_compute(). */
enum { PLAN_NOTHING = 1 };

/**
 * plan_compute() - everything to do, ordered
 *
 * Return: 0; PLAN_NOTHING when there is no step (slots for a peer may still be shown);
 *         -ERR_LIMIT beyond LIMIT_SLOTS instances.
 */
int plan_compute(const struct plan_input *in, struct arena *a, struct plan *ret, struct error *err);

/** plan_pending() - changes with steps; 0: nothing to do */
size_t plan_pending(const struct plan *p);
