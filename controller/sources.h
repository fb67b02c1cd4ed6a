/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Sources: the watched paths of a daemon. Events of the file system only say that a look is due;
 * the look reads everything (source_scan.h) in a worker, and what it means is decided in the
 * loop's thread (source_judge.h). A look now and then finds what no event told.
 */
#include "controller/source_judge.h"

struct sources;

struct sources_options {
	struct session *session;         /* SESSION_CHANGE; outlives it */
	const struct source_path *paths; /* outlive it */
	size_t n;                        /* may be 0 */
	int bell;                        /* an eventfd, rung when a look has ended */
	int64_t resync_us;               /* look at least that often; 0: never without an event */
	void (*want)(void *arg, struct wanted *take); /* something new is wanted */
	void *arg;
};

/** sources_new() - the first turn begins a look */
int sources_new(const struct sources_options *o, struct sources **ret, struct error *err);
/** sources_free() - waits for a look under way; NULL is fine */
void sources_free(struct sources *s);
CLEAN_DEFINE(sources, struct sources *, sources_free)

/** sources_fd() - readable when a path may have changed; -1: nothing is watched */
int sources_fd(const struct sources *s);

/**
 * sources_turn() - take events and finished looks, begin a look that is due
 *
 * Return: 0; < 0: the store cannot be written, and nothing of the look was taken over: it is
 *         repeated by itself later.
 */
int sources_turn(struct sources *s, struct mono now, struct error *err);

/** sources_look() - a look is due at once: somebody approved, or asked */
void sources_look(struct sources *s);

/** sources_wake() - when the next turn is due without an event; 0: never */
struct mono sources_wake(const struct sources *s);
