/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A runtime that fails as told: a decorator over any other. Calls are counted, per operation and
 * in all, and a plan says which of them go wrong, and how. For tests and demonstrations of what
 * the rest does then.
 *
 *   error    fails before anything happened
 *   late     takes effect, and then says that it failed
 *   hang     no answer: -ERR_TIMEOUT at the call's deadline, without effect
 *   partial  list: some instances are left out, and it says that it is partial; leftovers: fails
 *   short    list: some are left out, and nothing is said (a runtime that lies)
 *
 * Calls that hang end early when the plan is changed (-ERR_UNAVAILABLE) and on the way to the
 * close (-ERR_CANCELED); an exec, which has no deadline, when its caller cancels it too.
 */
#include "backends/runtime.h"

/* In the order of struct runtime_ops, then of struct leftovers_ops; close never fails. */
#define FAULT_OPS(X)                                                                               \
	X(PROBE, "probe")                                                                          \
	X(STAGE, "stage")                                                                          \
	X(LIST, "list")                                                                            \
	X(INSPECT, "inspect")                                                                      \
	X(CREATE, "create")                                                                        \
	X(START, "start")                                                                          \
	X(SIGNAL, "signal")                                                                        \
	X(REMOVE, "remove")                                                                        \
	X(EXEC, "exec")                                                                            \
	X(UPDATE, "update")                                                                        \
	X(STATS, "stats")                                                                          \
	X(LEFT_LIST, "leftovers")                                                                  \
	X(LEFT_LOOK, "leftover")                                                                   \
	X(RELEASE, "release")                                                                      \
	X(KEEP, "keep")                                                                            \
	X(DROP, "drop")

enum fault_op {
#define X(id, name) FAULT_OP_##id,
	FAULT_OPS(X)
#undef X
		FAULT_OP_ANY, /* a rule: whichever; a count: all together */
};

#define FAULT_KINDS(X)                                                                             \
	X(ERROR, "error") X(LATE, "late") X(HANG, "hang") X(PARTIAL, "partial") X(SHORT, "short")

enum fault_kind {
#define X(id, name) FAULT_##id,
	FAULT_KINDS(X)
#undef X
		FAULT_N_KINDS,
};

/** runtime_fault_op_name() - "create"; runtime_fault_kind_name() - "late" */
const char *runtime_fault_op_name(enum fault_op op);
const char *runtime_fault_kind_name(enum fault_kind kind);

/* The calls of `op` from the `first` one on (counted from 1), `n` of them, `percent` of those by
 * the seed. Zero means: from the first, all of them, each of them. PARTIAL and SHORT touch lists
 * only: of instances, of leftovers.
 */
struct fault_rule {
	enum fault_kind kind;
	enum fault_op op;
	uint64_t first, n;
	unsigned percent;
	enum error_code code; /* ERROR, LATE: ERR_OK means ERR_UNAVAILABLE */
};

struct runtime_fault_options {
	const struct fault_rule *rules; /* copied; the first that fits a call counts */
	size_t n_rules;
	uint64_t seed;
	int64_t hang_us; /* the longest hang; 0: until the deadline, 30 s where there is none */
};

/** runtime_fault_new() - @take belongs to it from now on; has its name and capabilities */
struct runtime *runtime_fault_new(struct runtime *take, const struct runtime_fault_options *o);

/* @rt is one that runtime_fault_new() made. Any thread. */

/** runtime_fault_arm() - another plan, and all counts from zero; no rules: nothing fails */
void runtime_fault_arm(struct runtime *rt, const struct fault_rule *rules, size_t n);

/** runtime_fault_cancel() - before the close: who hangs is let go, and nobody hangs any more */
void runtime_fault_cancel(struct runtime *rt);

/** runtime_fault_calls() - calls begun since then */
uint64_t runtime_fault_calls(struct runtime *rt, enum fault_op op);

/** runtime_fault_hanging() - how many calls hang now */
unsigned runtime_fault_hanging(struct runtime *rt);

/** runtime_fault_hits() - how many of them went wrong by the plan */
uint64_t runtime_fault_hits(struct runtime *rt);
