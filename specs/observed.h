/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is: instances as the runtimes show them, slots as the store remembers them.
 * Values only; everything lives in the arena of the round that looked.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

/* The order is the life: only REMOVED-like ends are missing, since what is removed is not seen. */
#define INSTANCE_STATES(X)                                                                         \
	X(BROKEN, "broken")   /* made half; cannot be started; must be removed */                  \
	X(CREATED, "created") /* made, never started */                                            \
	X(RUNNING, "running")                                                                      \
	X(PAUSED, "paused") /* frozen by somebody */                                               \
	X(EXITED, "exited")                                                                        \
	X(UNKNOWN, "unknown") /* its runtime cannot say; never a reason to act */

enum instance_state {
#define X(id, name) INSTANCE_##id,
	INSTANCE_STATES(X)
#undef X
		INSTANCE_N_STATES,
};

/* Its name in text and JSON, and back; false for a word that is none. */
const char *instance_state_to_string(enum instance_state s);
bool instance_state_from_string(const char *text, enum instance_state *ret);

/* How the file that an instance was made from wanted it ended: for who has no file to ask. */
struct own_end {
	int signal;        /* Linux number; 0: the file was silent */
	uint64_t grace_us; /* 0: not known; a file's 0 s is 1 */
};

/* One container. Strings are never NULL unless it says so. */
struct instance {
	const char *id; /* runtime id, `shop.web-rep-0.17` */
	const char *deployment;
	const char *service;
	uint32_t slot;
	uint64_t generation;         /* 1.. */
	const char *runtime;         /* the runtime that made it: "youki", "hcs", "memory" */
	const char *program;         /* OCI program that made it, "crun"; NULL for other runtimes */
	const char *program_path;    /* absolute; NULL likewise */
	const char *program_version; /* NULL likewise */
	enum instance_state state;
	int32_t pid; /* of the first process, > 0 while RUNNING, PAUSED, and CREATED where one
		      * waits for its start (HCS makes it with the start); else 0 */
	uint64_t start_time;     /* of that process, clock ticks since boot; 0 when unknown */
	const char *boot_id;     /* the boot in which pid and start_time hold; NULL unknown */
	const char *config_hash; /* as given at its create; NULL when nobody knows */
	const char *image;       /* as written in the file; NULL unknown */
	const char *digest;      /* of the image's manifest; NULL unknown */
	const char *address;     /* NULL: none */
	const char *altered;     /* what somebody else changed of it: "memory.max 64, not 32";
				  * NULL: nothing that its runtime sees */
	bool is_cut_off;         /* altered so that it cannot do its work: what is not set back in
				  * place is made anew */
	int stop_signal;         /* what its image wants for its end, Linux number; 0: nothing */
	struct own_end own_end;
	bool has_exit_code;                     /* EXITED and somebody saw the code */
	int exit_code;                          /* 0..255, 128 + signal */
	struct wall created, started, finished; /* 0 when it has not happened or nobody knows */
};

/* One look at one or all runtimes, sorted by (deployment, service, slot, generation). */
struct observed {
	struct instance *instances;
	size_t n;
	bool partial;        /* something could not be listed: what is missing proves nothing */
	const char *missing; /* which runtime and why; NULL when complete */
	const char **silent; /* partial: names of the runtimes that were not seen whole. A NULL
			      * among them, or none at all: it may be any */
	size_t n_silent;
	/* What should be there, is provably gone, and was taken away by none of our steps, nor by a
	 * reboot: as it was last known. In no order; of the whole node. */
	struct instance *lost;
	size_t n_lost;
};

/** observed_compare() - the order of struct observed: < 0, 0 or > 0 */
int observed_compare(const struct instance *a, const struct instance *b);

/** observed_sort() - put instances into their order */
void observed_sort(struct observed *o);

/** observed_part() - one deployment's run in a sorted list; borrows from @o */
struct observed observed_part(const struct observed *o, const char *deployment);

/** observed_note_silent() - @runtime was not seen whole, for that reason; NULL: it may be any. The
 * first reason stays; names are borrowed */
void observed_note_silent(struct observed *o, const char *runtime, const char *missing,
			  struct arena *a);

/** observed_proves_absence() - is what is missing in @o not on @runtime? NULL: not on any */
bool observed_proves_absence(const struct observed *o, const char *runtime);

/** observed_has_lost() - did somebody take an instance of that slot away? */
bool observed_has_lost(const struct observed *o, const char *deployment, const char *service,
		       uint32_t slot);

/** observed_ended() - "ended with 7"; Windows' own codes as people know them, "0xC000013A"; in @a
 */
const char *observed_ended(int exit_code, struct arena *a);

/** observed_exit_number() - an exit code as a number: Windows has 32 bits without a sign */
static inline int64_t observed_exit_number(int exit_code)
{
	return (int64_t)(uint32_t)exit_code;
}

/* What the store remembers of a slot beyond its instances. */
struct slot {
	const char *deployment;
	const char *service;
	uint32_t number;
	uint64_t generation;     /* highest ever used; the next instance gets one more */
	bool held;               /* stopped by hand: stays so until start or restart */
	uint64_t restart_upto;   /* asked for by hand: no instance up to that generation stays */
	uint32_t restarts;       /* since the config last changed */
	uint32_t fails;          /* in a row: the exponent of the back-off */
	struct boot retry_at;    /* no new instance before; 0: none. Valid in boot_id only */
	struct wall retry_wall;  /* the same on the wall clock, for another boot */
	int64_t retry_length_us; /* full length of that wait: an upper bound after a reboot */
	const char *boot_id;     /* NULL when retry_at is 0 */
	const char *done_hash;   /* job: the config hash that has run to its end; NULL none */
	bool has_exit_code;      /* of the last instance that ended */
	int exit_code;
	enum error_code fault; /* why the last try failed; ERR_OK: it did not */
	const char *reason;    /* its message for people; NULL none */
	const char *hint;      /* what they can do about it; NULL nothing known */
	uint32_t healed;       /* how often it was set back after somebody had changed it */
	uint32_t fights;       /* the same, since fight_since */
	struct wall fight_since;
};
