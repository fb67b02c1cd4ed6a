/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The loop: one thread, poll(), a wake-up bell for worker threads, and the signals
 * that ask to stop. `now` is read once per turn. Knows nothing of what is done in a turn.
 */
#include <stdbool.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/error.h"

struct loop;

enum loop_cause {
	LOOP_BELL = 1 << 0,   /* somebody rang: look at the queues */
	LOOP_TIMER = 1 << 1,  /* the time asked for has come */
	LOOP_STOP = 1 << 2,   /* first SIGINT or SIGTERM; stays set in every later turn */
	LOOP_FILES = 1 << 3,  /* the descriptor given to loop_watch() is readable */
	LOOP_HANGUP = 1 << 4, /* a SIGHUP came */
};

/**
 * loop_new() - also takes over SIGINT and SIGTERM and ignores SIGPIPE; one at a time in a process
 *
 * The first signal is reported by loop_turn(). The second ends the process at once with
 * status 130: whatever is under way is safe, its intents are on disk. SIGHUP ends nothing once
 * loop_hangup() was called.
 */
int loop_new(struct loop **ret, struct error *err);
void loop_free(struct loop *l); /* gives the signals back; NULL is fine */
CLEAN_DEFINE(loop, struct loop *, loop_free)

/** loop_bell() - an eventfd: writing 1 to it, from any thread, ends the current wait */
int loop_bell(const struct loop *l);

/** loop_hangup() - take over SIGHUP too: each is told once as LOOP_HANGUP */
void loop_hangup(struct loop *l);

/** loop_watch() - wait for @fd as well; the caller's, who makes it unreadable; -1: no more */
void loop_watch(struct loop *l, int fd);

/** loop_turn() - wait for the bell, a signal or @wake (0: none); which of them, and the time now */
unsigned loop_turn(struct loop *l, struct mono wake, struct mono *ret_now);
