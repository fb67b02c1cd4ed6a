/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Things with an owner's name on a host, and what is remembered of those that nothing explains.
 * Values only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"

/* A kind may be all that is left of an instance. In the order in which they are let go. */
#define LEFTOVER_KINDS(X)                                                                          \
	X(INSTANCE, "instance")   /* of a model: it is one thing */                                \
	X(SYSTEM, "system")       /* HCS: the compute system */                                    \
	X(STATE, "state")         /* the directory in which an OCI program keeps its state */      \
	X(CGROUP, "cgroup")       /* in any hierarchy */                                           \
	X(ENDPOINT, "endpoint")   /* HCN */                                                        \
	X(NAMESPACE, "namespace") /* HCN */                                                        \
	X(FIFO, "fifo")           /* its output */                                                 \
	X(LEASE, "lease")         /* keeps layers of an image */                                   \
	X(MOUNT, "mount")         /* its root, in the host's table */                              \
	X(BUNDLE, "bundle")       /* its directory: record, writable layer */                      \
	X(QUARANTINE, "kept")     /* its writable layer, put aside */

enum leftover_what {
#define X(id, name) LEFTOVER_##id,
	LEFTOVER_KINDS(X)
#undef X
		LEFTOVER_N_KINDS,
};

/** leftover_kind_name() - its name in text and JSON */
const char *leftover_kind_name(enum leftover_what what);

static inline unsigned leftover_bit(enum leftover_what what)
{
	return 1u << what;
}

/* All things of one id. */
struct leftover {
	const char *id;
	unsigned kinds;      /* bits by enum leftover_what; never 0 */
	const char *foreign; /* whose it is, for people, when it is not this node's; NULL: it is */
};

struct leftovers {
	struct leftover
		*items; /* sorted by id; an id is there twice when a part of it is foreign */
	size_t n;
};

/** leftover_words() - "cgroup, bundle", in @a */
const char *leftover_words(unsigned kinds, struct arena *a);

/** leftover_kinds() - back from words; one that nobody knows is left out */
unsigned leftover_kinds(const char *words);

/* What is known of a leftover of ours that no row of an instance explains. */
#define ORPHAN_STATES(X)                                                                           \
	X(SEEN, "seen")               /* nothing was done to it yet */                             \
	X(GOING, "going")             /* about to be taken away, or put aside; see its intent */   \
	X(QUARANTINED, "quarantined") /* its writable layer is all that is left, for a day */      \
	X(RESTORING, "restoring")     /* the next instance of its slot begins with that layer */   \
	X(STUCK, "stuck")             /* it did not go; tried again later */

enum orphan_state {
#define X(id, name) ORPHAN_##id,
	ORPHAN_STATES(X)
#undef X
		ORPHAN_N_STATES,
};

/* Its name in text and JSON, and back; false for a word that is none. */
const char *orphan_state_to_string(enum orphan_state s);
bool orphan_state_from_string(const char *text, enum orphan_state *ret);

struct orphan {
	const char *runtime; /* together with id: which */
	const char *id;      /* runtime id */
	unsigned kinds;      /* when it was last seen */
	int64_t sightings;   /* 1..: sweeps in a row that saw it */
	struct wall first, last;
	enum orphan_state state;
	struct wall since;  /* when it came into its state */
	int64_t tries;      /* STUCK: how often it did not go */
	struct wall retry;  /* STUCK: not before; 0: at once */
	const char *reason; /* STUCK: why; NULL */
};
