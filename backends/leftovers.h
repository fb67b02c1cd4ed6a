/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Leftovers: everything with this owner's name on the host side of a runtime, by kind, whether an
 * instance explains it or not. A runtime that can tell has this second table beside its operations;
 * those that keep their things in several places share one way of walking a table of kinds, so that
 * a new kind of thing is one row.
 *
 * Threads, arguments and results as runtime.h says. Nothing here decides what may go: whoever calls
 * leftovers_release() has made sure of that. What has our name and is another store's is shown with
 * the words whose it is, and never touched.
 */
#include "backends/runtime.h"
#include "specs/leftover.h"

struct leftovers_ops {
	/** Everything of this owner; complete, or fails. */
	int (*list)(struct runtime *rt, struct arena *a, struct leftovers *ret, struct error *err);

	/** What is there of @id. RUNTIME_ABSENT: nothing, proved place by place. */
	int (*look)(struct runtime *rt, const char *id, struct arena *a, struct leftover *ret,
		    struct error *err);

	/** Take all of @id away but what is in quarantine, and look again. RUNTIME_ABSENT.
	 *  -ERR_CONFLICT: its process lives, or something is there still. -ERR_LOCKED: foreign. */
	int (*release)(struct runtime *rt, const char *id, struct mono deadline, struct error *err);

	/** Put writable layer, record and log of @id into quarantine, where nothing else reaches
	 *  them; the image stays leased for them. What is left of it is to be released afterwards.
	 *  RUNTIME_ALREADY. RUNTIME_ABSENT: there is no writable layer. -ERR_CONFLICT, -ERR_LOCKED
	 *  as above. */
	int (*keep)(struct runtime *rt, const char *id, struct mono deadline, struct error *err);

	/** Delete what is in quarantine of @id. RUNTIME_ABSENT. */
	int (*drop)(struct runtime *rt, const char *id, struct error *err);
};

/* The operations of @rt; -ERR_UNSUPPORTED from one that has none. */
int leftovers_list(struct runtime *rt, struct arena *a, struct leftovers *ret, struct error *err);
int leftovers_look(struct runtime *rt, const char *id, struct arena *a, struct leftover *ret,
		   struct error *err);
int leftovers_release(struct runtime *rt, const char *id, struct mono deadline, struct error *err);
int leftovers_keep(struct runtime *rt, const char *id, struct mono deadline, struct error *err);
int leftovers_drop(struct runtime *rt, const char *id, struct error *err);

/** leftovers_ops_of() - the table itself, for who passes calls on; -ERR_UNSUPPORTED */
int leftovers_ops_of(struct runtime *rt, const struct leftovers_ops **ret, struct error *err);

/* --- for runtimes -------------------------------------------------------------------- */

/* What a walk collects. */
struct leftovers_set;

/** leftovers_add() - @name has that kind of thing; one that is no runtime id is not ours */
void leftovers_add(struct leftovers_set *set, const char *name, enum leftover_what what);

/** leftovers_add_foreign() - @name has one that is not this node's; @whose says it, in the arena */
void leftovers_add_foreign(struct leftovers_set *set, const char *name, enum leftover_what what,
			   const char *whose);

/** leftovers_arena() - where the texts of a set live */
struct arena *leftovers_arena(struct leftovers_set *set);

/* Names in a directory. */
struct leftovers_names {
	const char *path;   /* one that is not there has none */
	const char *suffix; /* what follows the runtime id; "" */
	/** Is it one? > 0 yes, 0 no. NULL: they all are. */
	int (*is_one)(void *arg, const char *id, struct error *err);
	void *arg;
};

/** leftovers_add_names() - each entry of a directory that is a runtime id and the suffix */
int leftovers_add_names(struct leftovers_set *set, const struct leftovers_names *names,
			enum leftover_what what, struct error *err);

enum { LEFTOVER_THERE = 1 };

/* One kind of thing of a runtime. */
struct leftover_kind {
	enum leftover_what what;
	/** Add all there are; complete, or fails. NULL: another row's list has them, too. */
	int (*list)(struct runtime *rt, struct leftovers_set *set, struct error *err);
	/** Is there one of @id? LEFTOVER_THERE; 0: provably not. */
	int (*look)(struct runtime *rt, const char *id, struct error *err);
	/** Take the one of @id away; absent is success. Its process is gone. */
	int (*release)(struct runtime *rt, const char *id, struct error *err);
};

struct leftover_table {
	const struct leftover_kind *kinds; /* in the order of release */
	size_t n;
	/** Whose the things of @l are: fills in l->foreign when not ours. */
	int (*judge)(struct runtime *rt, struct leftover *l, struct arena *a, struct error *err);
};

/** leftovers_table_list() - the list of struct leftovers_ops, out of a table */
int leftovers_table_list(const struct leftover_table *t, struct runtime *rt, struct arena *a,
			 struct leftovers *ret, struct error *err);
/** leftovers_table_look() - its look */
int leftovers_table_look(const struct leftover_table *t, struct runtime *rt, const char *id,
			 struct arena *a, struct leftover *ret, struct error *err);
/** leftovers_table_release() - its release; what is an instance is removed by the runtime first */
int leftovers_table_release(const struct leftover_table *t, struct runtime *rt, const char *id,
			    struct mono deadline, struct error *err);
