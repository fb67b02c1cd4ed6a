/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Waits: clients that asked for a change and stay until it is done. Each gets a stream of events:
 *
 *   plan   {text, plan}   what the new desired state of a deployment, or a request by hand, means
 *   warning {text}        what a file asks for and its runtime does not do
 *   note   {deployment, service, replica, problem, what, text, hint}
 *   state  {deployment, service, replica, state, text}: a slot came to rest, or began to wait
 *   done   the document of outcome.h; the last one
 *
 * A client that leaves changes nothing: what it asked for is on disk, and goes on. Data larger than
 * a piece comes as events "part" that the data of the next other event completes.
 */
#include "controller/run_inside.h"
#include "controller/scope.h"

struct wait_for {
	const char *deployment;
	const struct scope *scope; /* the slots that are told of; NULL: all */
};

/**
 * wait_may_begin() - before anything is written down: may that client wait for it?
 *
 * Return: 0, and it stays so for this request; -ERR_UNAVAILABLE: the store cannot be written, or
 *         too many wait already.
 */
int wait_may_begin(const struct request *q, struct error *err);

/** wait_new() - @names: copied; @timeout_us: 0: none. The request is the wait's */
void wait_new(struct run *r, struct api_request *rq, const char *verb, const struct wait_for *names,
	      size_t n, int64_t timeout_us);

/** wait_planned(), wait_note() - the driver's, handed to whoever waits for that deployment */
void wait_planned(struct run *r, const struct plan *p);
void wait_note(struct run *r, const char *deployment, const struct reconcile_note *n);

/** wait_warning() - something in a file that its runtime does not do; event "warning" {text} */
void wait_warning(struct run *r, const char *deployment, const char *text);

/** wait_turn() - after a turn of the driver: tell news, end what is settled or out of time */
void wait_turn(struct run *r);

/** wait_wake() - when the next of them runs out of time; 0: never */
struct mono wait_wake(const struct run *r);

/** wait_end_all() - the daemon stops, or its store failed (@why): what was asked for is on disk */
void wait_end_all(struct run *r, const char *why);
