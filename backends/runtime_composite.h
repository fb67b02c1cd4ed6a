/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Composite: the runtimes of a node as one. The primary is for the node's own system, the
 * delegate for the other one; where there is one runtime, it is the primary.
 *
 * Routing (which member makes a new instance) is composite_route.h. Dispatch is not routing: an
 * instance belongs for ever to the member that made it. Every call by id goes there and nowhere
 * else, also when the routing would say something else today, and also when that member is not
 * here any more: then the call fails. Who made it is known from the create, from a listing, from
 * runtime_composite_learn(); an id that nobody named yet is asked of every member first.
 *
 * As struct runtime:
 *   stage   goes to the member for the image's system; to all while the image is not known, and
 *           then one that has it is enough
 *   list    all members' instances; a member that cannot answer makes it partial, only when none
 *           can it fails; -ERR_CONFLICT when two members have the same id
 *   inspect RUNTIME_ABSENT only when every member that could have it says so
 *   create  -ERR_UNSUPPORTED with the reason when no member takes it
 * Who gives each member workers of its own takes the members, one by one.
 */
#include "backends/composite_route.h"
#include "backends/runtime.h"
#include "specs/spec_parts.h"

#define RUNTIME_COMPOSITE_MAX 2

struct runtime_composite_options {
	struct composite_platform node; /* copied */
	struct runtime *primary;        /* the composite's from now on, as is the next */
	struct runtime *delegate;       /* another name than the primary's; NULL: there is none */
};

/** runtime_composite_new() - its name is "node" */
struct runtime *runtime_composite_new(const struct runtime_composite_options *o);

/* The rest is for a runtime that runtime_composite_new() made; may be called from any thread. */

/** runtime_composite_count() - 1 or 2; runtime_composite_member() - one of them, primary first */
size_t runtime_composite_count(const struct runtime *rt);
struct runtime *runtime_composite_member(const struct runtime *rt, size_t i);
/** runtime_composite_find() - the member with that name; NULL when this node has none */
struct runtime *runtime_composite_find(const struct runtime *rt, const char *name);

/**
 * runtime_composite_learn() - a row says that @runtime made @id
 *
 * Return: 0; -ERR_CONFLICT when somebody else is known to have made it.
 */
int runtime_composite_learn(struct runtime *rt, const char *id, const char *runtime,
			    struct error *err);

/** runtime_composite_learn_image() - what the image of @digest is for; a digest never changes */
void runtime_composite_learn_image(struct runtime *rt, const char *digest,
				   const struct composite_platform *platform);

/**
 * runtime_composite_route() - which member makes such a container
 * @want:   of the service; NULL: not said
 * @digest: of its image; NULL: not known
 * @ret:    the answer, texts in @a
 *
 * Return: the member; NULL when the answer is not COMPOSITE_RUN.
 */
struct runtime *runtime_composite_route(struct runtime *rt, const struct platform_spec *want,
					const char *digest, struct arena *a,
					struct composite_answer *ret);
