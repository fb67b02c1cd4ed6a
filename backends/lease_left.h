/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Leases and quarantine as kinds of leftovers. Both runtimes of a node have theirs in the same two
 * directories: what stands beside the other one's instance, or above its layer, is the other one's.
 * A lease that stands alone is either's.
 */
#include "backends/leftovers.h"
#include "backends/quarantine.h"

/* Whose: made by a runtime for each call. */
struct lease_left {
	const struct layout *layout;
	const char *layer;       /* name of its writable layers: "upper" */
	const char *other_layer; /* of the other runtime's */
	/* Where the other runtime has an instance. */
	const char *(*other_dir)(const struct layout *l, struct arena *a, const char *id);
};

/** lease_left_list() - add each lease of an instance */
int lease_left_list(const struct lease_left *l, struct leftovers_set *set, struct error *err);
/** lease_left_look() - is there one of @id? LEFTOVER_THERE; 0: provably not */
int lease_left_look(const struct lease_left *l, const char *id, struct error *err);

/** lease_left_list_kept() - add what is in quarantine: a layer, or a lease that was for one */
int lease_left_list_kept(const struct lease_left *l, struct leftovers_set *set, struct error *err);
/** lease_left_look_kept() - is anything of @id in it? As above */
int lease_left_look_kept(const struct lease_left *l, const char *id, struct error *err);
