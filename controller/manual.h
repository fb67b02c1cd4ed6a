/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Manual: what a person does to slots by hand: stop, start, restart. A request is on disk, with the
 * event that tells of it, before the first step that comes of it; so it is carried out once and to
 * its end, whoever dies meanwhile. What each means for a slot is the core's (RECONCILE_HOLD …).
 */
#include "controller/accept.h"
#include "controller/scope.h"

struct driver;
struct session;
struct reconcile_event;
struct event_row;

/*      id       name       the core's event */
#define MANUAL_ACTIONS(X)                                                                          \
	X(STOP, "stop", RECONCILE_HOLD)                                                            \
	X(START, "start", RECONCILE_RELEASE)                                                       \
	X(RESTART, "restart", RECONCILE_RESTART)

enum manual_action {
#define X(id, name, event) MANUAL_##id,
	MANUAL_ACTIONS(X)
#undef X
		MANUAL_N_ACTIONS,
};

/** manual_action_to_string() - its name, as the command is called */
const char *manual_action_to_string(enum manual_action a);

struct manual {
	enum manual_action action;
	const char *deployment;  /* as the store writes it */
	struct scope scope;      /* which of its slots */
	struct accept_from from; /* who asks */
};

/* Outcome of the next two. */
enum { MANUAL_NOTHING = 1 };

/** manual_judge() - what manual_ask() would return; nothing is asked. For several at once: an error
 *  of the last is known before anything comes of the first */
int manual_judge(struct session *s, struct driver *d, const struct manual *m, struct error *err);

/**
 * manual_ask() - have it done by the driver's next turns; not before, and not waited for
 *
 * A deployment that the driver does not track is tracked from now on, with these slots to work on
 * and no others: asking twice for one deployment without a turn between them is an error of ours.
 * Return: 0; MANUAL_NOTHING: stop, and nothing of that is wanted anyway;
 *         -ERR_NOT_FOUND: nothing of that is wanted, so it cannot be started.
 */
int manual_ask(struct session *s, struct driver *d, const struct manual *m, struct error *err);

/* The driver's: a request between manual_ask() and the turn that takes it. */
struct manual_asked {
	struct manual_asked *next;
	struct arena *arena; /* holds this and all that it points to */
	struct manual m;
};

/** manual_copy() - as long as needed; manual_free() - that and those behind it; NULL is fine */
struct manual_asked *manual_copy(const struct manual *m);
void manual_free(struct manual_asked *a);

/** manual_event() - what the core is told; borrows from @m */
void manual_event(const struct manual *m, struct reconcile_event *ret);

/** manual_row() - how item @i of its scope is told in the event log; without a time */
void manual_row(const struct manual *m, size_t i, struct event_row *ret);
