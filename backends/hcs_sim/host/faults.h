/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Faults on request: faults.json is a list of rules in the order they are asked.
 *
 *   {"rules": [{"call": "HcsStart*", "match": "web", "nth": 1, "times": 1, "do": "error",
 *               "at": "operation", "hr": "HCS_E_CONNECTION_TIMEOUT", "after": false}]}
 *
 * call   which functions; a '*' at its end stands for any rest ("*": all that count)
 * match  only where the object's id, name or path, or the call's document contains this
 * nth    the n-th such call since the rule was made; default 1
 * times  how many from there on; 0: from that moment on all. Default 1
 * do     error    fails, without effect
 *        late     takes effect, then reports failure
 *        hang     does not come back until the rule is gone, and takes effect then ("after": has
 *                 taken effect before it hangs)
 *        pretend  reports success, without effect (not for what returns a handle)
 *        partial  an enumeration succeeds and shows the first half of its list
 *        restart  the service that owns the function starts again ("after": when the call has taken
 *                 effect)
 *        drop     of the events SystemExited and ProcessExited, which stand for a function
 *                 then: open handles do not hear of the end, one that is opened later does
 * at     of a function with an operation: "call": its own HRESULT; "operation": the result.
 *        Default: "call" for a hang before the effect, else "operation", which pretend and a
 *        hang after the effect always are
 * hr     name or 0x…; default HCS_E_CONNECTION_TIMEOUT, for computenetwork and layers
 *        WIN32_NO_SYSTEM_RESOURCES
 *
 * The keeper adds "seen" (calls that matched) and "hits" (faults made) to each rule in the file; a
 * rule that is replaced by another text begins anew. Whoever writes the file renames it into place.
 */
#include "backends/hcs_types.h"
#include "base/error.h"
#include "base/json.h"

#define FAULT_KINDS(X)                                                                             \
	X(ERROR, "error")                                                                          \
	X(LATE, "late")                                                                            \
	X(HANG, "hang")                                                                            \
	X(PRETEND, "pretend")                                                                      \
	X(PARTIAL, "partial")                                                                      \
	X(RESTART, "restart")                                                                      \
	X(DROP, "drop")

enum fault_kind {
	FAULT_NONE,
#define X(id, name) FAULT_##id,
	FAULT_KINDS(X)
#undef X
};

const char *fault_kind_to_string(enum fault_kind kind); /* "" for FAULT_NONE */

/* What is to happen to one call. */
struct fault {
	enum fault_kind kind;
	bool at_call;     /* else in the operation's result, where there is one */
	bool after;       /* has taken effect */
	HRESULT hr;       /* 0: the function's own */
	uint64_t rule_id; /* of the rule that made it, for hangs: faults_has() */
};

struct faults;

/** faults_new() - no rules yet: faults_refresh() */
struct faults *faults_new(int dirfd);
void faults_free(struct faults *f); /* NULL is fine */

/** faults_refresh() - take over a file that was written; FAULTS_CHANGED (> 0) when it was */
enum { FAULTS_CHANGED = 1 };
int faults_refresh(struct faults *f, struct error *err);

/** faults_put() - other rules, from a document like the file's; -ERR_INVALID */
int faults_put(struct faults *f, struct json_object *rules, struct error *err);

/** faults_to_json() - the document with counts */
struct json_object *faults_to_json(const struct faults *f);

/**
 * faults_next() - count a call and say what happens to it; kind FAULT_NONE: nothing
 * @subject:  what it is about
 * @document: its document as text; NULL. `match` looks into both
 */
struct fault faults_next(struct faults *f, const char *call, const char *subject,
			 const char *document);

/** faults_has() - is that rule still there? What hangs by it is let go when not */
bool faults_has(const struct faults *f, uint64_t rule_id);
