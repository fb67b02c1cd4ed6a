/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Watch: tells that something may have changed at a path: a file, a directory, or one that is
 * not there yet. It never says what: who is told looks for himself. Not every file system tells
 * (those of a network do not), so a look now and then stays necessary.
 */
#include <stdbool.h>

#include "base/clean.h"
#include "base/error.h"

struct watch;

enum watch_what {
	WATCH_CONTENT, /* also what is written to a file */
	WATCH_NAMES,   /* only what is made, renamed or removed */
};

int watch_new(enum watch_what what, struct watch **ret, struct error *err);
void watch_free(struct watch *w); /* NULL is fine */
CLEAN_DEFINE(watch, struct watch *, watch_free)

/** watch_fd() - readable when something happened; for poll() */
int watch_fd(const struct watch *w);

/**
 * watch_path() - from now on tell of changes at @path, absolute; again after each change, since
 * what was watched may have been replaced
 *
 * Of a file its directory is watched, of one that is not there the nearest directory above it.
 * Links on the way are watched too, and what they lead to.
 */
int watch_path(struct watch *w, const char *path, struct error *err);

/** watch_prune() - let go of what no watch_path() since the last prune has come by */
void watch_prune(struct watch *w);

/** watch_take() - has anything happened since the last call? */
bool watch_take(struct watch *w);
