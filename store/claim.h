/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The claim: an owner tag belongs to one store of the host. A file at a fixed place, whatever the
 * state directory, says to which: node id, state directory, epoch, the number of the last session,
 * which is raised in the store and then here before a session's first step, and the number of the
 * newest intent, which is raised here after its commit and before its step. So a store that was put
 * back is behind its claim also when it was copied in the very session that went on without it.
 */
#include <stdint.h>

#include "base/clean.h"
#include "base/error.h"

struct claim;
struct store;

/**
 * claim_open() - lock the owner's claim for as long as this process acts, and read it
 * @base:    directory of all claims, made when missing: /var/lib/tallyman/owners
 * @owner:   a valid owner tag
 * @command: of this process, for another one's error message; NULL: unknown
 *
 * Return: 0; -ERR_LOCKED when another process acts for this owner (named).
 */
int claim_open(const char *base, const char *owner, const char *command, struct claim **ret,
	       struct error *err);
void claim_close(struct claim *c); /* lets go of the lock; the claim itself stays */
CLEAN_DEFINE(claim, struct claim *, claim_close)

enum claim_way {
	CLAIM_NORMAL,     /* only if the claim is ours, or there is none */
	CLAIM_HOST_EMPTY, /* the caller has proved that nothing of this owner is on the host */
	CLAIM_TAKE_OVER,  /* `recover --take-over` */
};

/* Outcomes of claim_enter(). */
enum {
	CLAIM_NEW_EPOCH = 1, /* entered; the store was rebuilt, restored or took over: nothing may
				be deleted until a person accepts (struct node_row.accept) */
	CLAIM_FOREIGN = 2,   /* not entered: another store's, or unreadable; see claim_refuse() */
};

/**
 * claim_enter() - begin a session of @store, open for writing, without a transaction
 *
 * The store's numbers are behind the claim's: it was restored from a backup. The claim names this
 * state directory and another node, and the store was rebuilt: it takes the old node id. A take
 * over does that too, unless the store has instances of its own: what is on the host carries it.
 *
 * Return: 0; CLAIM_NEW_EPOCH; CLAIM_FOREIGN; < 0: no session has begun.
 */
int claim_enter(struct claim *c, struct store *store, enum claim_way way, struct error *err);

/**
 * claim_raise() - intents up to @step are in the store; called before their steps begin
 *
 * In place and not synced: after a power cut the claim may be behind the store, never ahead.
 */
int claim_raise(struct claim *c, int64_t step, struct error *err);

/** claim_refuse() - -ERR_LOCKED that names both stores and the way past */
int claim_refuse(const struct claim *c, struct store *store, struct error *err);

/** claim_state_dir() - whose claim it is, by state directory; "" where nobody's or not readable */
const char *claim_state_dir(const struct claim *c);

/**
 * claim_look() - would a session of @store be let in now? Takes no lock and makes nothing
 * @base, @owner: as claim_open()
 * @dir:   the state directory of @store
 * @store: open for reading; NULL: there is none yet
 * @why:   with CLAIM_FOREIGN: what claim_refuse() would say
 *
 * Return: 0; CLAIM_NEW_EPOCH; CLAIM_FOREIGN; < 0: the claim cannot be looked at.
 */
struct claim_place {
	const char *base, *owner, *dir;
	char *ret_state_dir; /* LIMIT_PATH bytes: as claim_state_dir(); NULL: nobody asks */
};
int claim_look(const struct claim_place *place, struct store *store, struct error *why,
	       struct error *err);
