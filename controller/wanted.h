/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a deployment shall be on this node: a revision read, its images looked up, its
 * references resolved, each group routed to a runtime. The bridge from bytes to the core.
 */
#include "controller/expand.h"
#include "controller/session.h"
#include "store/deployment_store.h"

struct wanted {
	struct arena *arena; /* owns all that follows */
	const char *deployment;
	const struct deployment *current; /* NULL: nothing is wanted */
	struct desired desired;
	struct slot *slots; /* the store's records, sorted */
	size_t n_slots;
	bool is_asked;             /* somebody wants it now: what failed gets one more try */
	const struct scope *scope; /* the slots to work on, in this arena; NULL: all */
	unsigned n_flight;         /* the driver's: steps under way that point into it */
	struct wanted *next;       /* the driver's, once another has taken its place */
	const char **warnings; /* fields that the chosen runtime does not honour, and the like */
	size_t n_warnings;
};

void wanted_free(struct wanted *w); /* NULL is fine */
CLEAN_DEFINE(wanted, struct wanted *, wanted_free)

struct wanted_file {
	struct arena *take; /* the arena @deployment lives in; the result's, freed on failure */
	const struct deployment *deployment;
	struct json_object *env; /* the `$E:` values given with it; NULL: the session's */
};

/**
 * wanted_from_deployment() - what a file asks for; nothing is written
 * @ret_env: canonical JSON object of the `$E:` values read with it, in the file's arena
 *
 * Return: 0; -ERR_INVALID when a `$E:` variable is not set (service and key named), and what
 *         the store and the image store say.
 */
int wanted_from_deployment(struct session *s, const struct wanted_file *file, struct wanted **ret,
			   const char **ret_env, struct error *err);

enum { WANTED_ABSENT = 1 };

/**
 * wanted_from_store() - what the current revision of @name asks for, or nothing after a down
 *
 * Return: 0; WANTED_ABSENT: that name was never seen; -ERR_CORRUPT when the stored bytes do not
 *         parse any more; -ERR_NOT_FOUND: a store that was lost knows only its instances, and
 * nobody may act as if nothing was wanted.
 */
int wanted_from_store(struct session *s, const char *name, struct wanted **ret, struct error *err);

/** wanted_to_show() - the same for who only looks: of those instances it says that no file is there
 */
int wanted_to_show(struct session *s, const struct deployment_row *row, struct wanted **ret,
		   struct error *err);
