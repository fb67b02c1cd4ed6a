/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Names on the command line: DEPLOYMENT, DEPLOYMENT/SERVICE, DEPLOYMENT/SERVICE-rep-N. */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct store;

struct target {
	const char *deployment; /* as written */
	const char *service;    /* NULL: all of them */
	bool has_slot;
	uint32_t slot;
};

/**
 * target_parse() - read one name; the strings live in @arena
 *
 * `shop/web-rep-0` is the slot 0 of `web`; a whole service may not be called so.
 * Return: 0; -ERR_INVALID saying what a name looks like.
 */
int target_parse(const char *text, struct arena *arena, struct target *ret, struct error *err);

/** target_matches() - does that slot belong to the target? Deployments compare without case */
bool target_matches(const struct target *t, const char *deployment, const char *service,
		    uint32_t slot);

/**
 * target_check() - is there, or was there, what the target names?
 * @store: NULL: there is none, so nothing is known
 *
 * Puts the deployment's name as it was first written into @t.
 * Return: 0; -ERR_NOT_FOUND with the nearest name.
 */
int target_check(struct target *t, struct store *store, struct arena *arena, struct error *err);

struct target_names {
	const char **items; /* sorted, each once */
	size_t n;
};

/** target_services() - the services of a deployment that a name can mean: those that have, or had,
 *  slots, and those of its current file */
int target_services(struct store *store, const char *deployment, struct arena *arena,
		    struct target_names *ret, struct error *err);
