/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Accept: what shall hold from now on, written down before anything is done for it: a file as a
 * deployment's revision, or the wish that nothing of it is there. Commands, the API and watched
 * sources all come through here, so that history and events tell of each in the same way.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct store;

/* Who wants it, and from where. */
struct accept_from {
	const char *source; /* a path, an URL */
	const char *author; /* "command line", "watch" … */
	bool by_person;
};

struct accept_file {
	const char *deployment; /* its name, as in the file */
	const char *bytes;      /* exactly as read */
	size_t n;
	const char *env; /* canonical JSON object of its `$E:` values */
};

enum { ACCEPT_UNCHANGED = 1, ACCEPT_KEPT_DOWN = 2 };

/**
 * accept_file() - a revision that holds from now on, and its event; in the caller's transaction
 *
 * Return: 0; ACCEPT_UNCHANGED (> 0): the current revision is the same (an event all the same when a
 *         person asked); ACCEPT_KEPT_DOWN (> 0): it is kept, but a person took the deployment down,
 *         and only a person brings it back; -ERR_EXISTS: a deployment whose name differs only in
 *         case is there.
 */
int accept_file(struct store *s, const struct accept_file *file, const struct accept_from *from,
		int64_t *ret_revision, struct error *err);

/**
 * accept_down() - nothing of it is wanted from now on; in the caller's transaction
 *
 * That its jobs have run is forgotten: when it comes back they run again, as everything of it does.
 */
int accept_down(struct store *s, const char *deployment, const struct accept_from *from,
		struct error *err);
