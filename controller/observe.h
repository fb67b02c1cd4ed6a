/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One look at one runtime: its listing, and a direct question for every instance that should be
 * in it and is not. So absence is proved twice before anybody may believe it. Blocks; for
 * workers and for commands without a loop.
 */
#include "backends/runtime.h"

/* What the store knows: instances that should be there, by id. Sorted, as observed_sort() does. */
struct observation {
	struct runtime *runtime;
	struct observed
		seen;        /* what is there; a row that nobody could ask about is UNKNOWN in it */
	const char **absent; /* ids of rows that are provably gone */
	size_t n_absent;
	bool failed;        /* the listing failed: every row is UNKNOWN, nothing is absent */
	struct error error; /* why; also when only a direct question failed */
};

/**
 * observe_runtime() - look at @rt
 * @rows: instances of the store that were made by @rt; at most as old as the listing that follows
 * @ret:  filled in every case; all in @a
 *
 * A listing that says it is partial is one proof less: no row is absent then.
 */
void observe_runtime(struct runtime *rt, const struct instance *rows, size_t n_rows,
		     struct arena *a, struct observation *ret);

/** observe_unknown() - what is known when @rt cannot even be asked: every row is UNKNOWN */
void observe_unknown(struct runtime *rt, const struct instance *rows, size_t n_rows,
		     const struct error *why, struct arena *a, struct observation *ret);

/**
 * observe_strays() - what is known of rows whose runtime this node does not have: UNKNOWN
 * @looks: one for each runtime it has
 * @ret:   its runtime is NULL; partial when there is such a row
 */
void observe_strays(const struct observation *looks, size_t n, const struct instance *rows,
		    size_t n_rows, struct arena *a, struct observation *ret);

struct intent_rows;

/**
 * observe_add_lost() - a row whose instance is provably gone: was it taken away by somebody?
 * @open:    what was begun and not finished: a step of ours explains that it is gone
 * @boot_id: of this boot; what lived in another one went with it
 *
 * Adds it to @o->lost when it was.
 */
void observe_add_lost(struct observed *o, const struct instance *row,
		      const struct intent_rows *open, const char *boot_id, struct arena *a);

/** observe_note_partial() - @look was partial, so @ret is: on that runtime nothing that is missing
 * is proved to be gone */
void observe_note_partial(const struct observation *look, struct arena *a, struct observed *ret);

/** observe_twice() - a sentence: @in is on another runtime too */
const char *observe_twice(const struct instance *in, const char *runtime, struct arena *a);

/**
 * observe_merge() - several runtimes' views as one, sorted; partial when one of them is
 *
 * An id that two of them show is a fault of the node: the view is partial and has the first one.
 */
void observe_merge(const struct observation *looks, size_t n, struct arena *a,
		   struct observed *ret);
