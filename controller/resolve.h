/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Resolve: the facts that the core cannot know. For each group of a deployment: which image
 * its reference means here, what its `$E:` and `$S:` values are, which runtime makes it, and
 * the config hash over all that. Reads the image store, changes nothing.
 */
#include "base/json.h"
#include "controller/expand.h"
#include "controller/session.h"

struct resolve_input {
	struct session *session;
	struct json_object *env; /* values of `$E:`, by variable: those read with the revision */
};

/**
 * resolve_groups() - fill in route, digest, env and config hash of every group
 * @a: strings of the groups; as long-lived as they are
 *
 * What cannot be made is no failure: its route says BLOCKED, NEEDS_PEER or UNSUPPORTED.
 */
int resolve_groups(const struct resolve_input *in, struct expand_groups *groups, struct arena *a,
		   struct error *err);

/**
 * resolve_hash() - the config hash of a group as it would be with these values; in @a
 *
 * NULL when one of its values is not known. No image is looked up, nothing is written into @g.
 */
const char *resolve_hash(const struct resolve_input *in, const struct expand_group *g,
			 struct arena *a);

/* Where `$E:` values come from. */
struct resolve_env {
	const char *(*get)(const char *name); /* this process's environment; NULL: none is set */
	struct json_object *given; /* of the caller, who is another process; NULL: @get counts */
};

/**
 * resolve_read_env() - the `$E:` values of a deployment, from the caller's environment
 * @ret: a JSON object by variable; the caller's
 *
 * Return: 0; -ERR_INVALID naming service, key and variable when one is not set.
 */
int resolve_read_env(const struct resolve_env *env, const struct deployment *d, struct arena *a,
		     struct json_object **ret, struct error *err);
