/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The inside of the disk that is the real store: sim_disk_store.c turns it, sim_store_law.c has
 * the laws of what must be in it, each of which dies in its own words when it is broken.
 */
#include "controller/ledger.h"
#include "store/node_store.h"
#include "tests/sim/shown_runtime.h"
#include "tests/sim/sim.h"

#define TOUCHED_MAX 256

struct flights {
	struct work_step *items[SIM_SLOTS];
	size_t n;
};

struct disk {
	char dir[64];
	struct store *store;
	struct store *reader; /* sees what is committed, and nothing else */
	struct store_txn *txn;
	int64_t session;
	char node_id[NODE_ID_SIZE], boot_id[16];

	struct shown_runtime runtimes[WISH_RUNTIMES];
	struct observation looks[WISH_RUNTIMES];
	struct ledger_touched *touched; /* since the look was taken */
	struct flights pending, flying; /* decided in this turn; begun */
	struct arena *turn, *look;

	char oracle[TOUCHED_MAX][32]; /* the same as touched, for the laws */
	size_t n_oracle;
};

static inline struct disk *disk_of(const struct sim *s)
{
	return s->disk_data;
}

/** sim_store_must() - the store and the disk under it have no faults of their own here */
void sim_store_must(struct sim *s, int r, const struct error *err);

/** sim_store_text() - what stands in the store for a wish */
void sim_store_text(const struct wish *w, struct buf *ret);

/* The laws, and when they hold. */
void sim_store_law_wish(struct sim *s);    /* open: what was acknowledged is there */
void sim_store_law_settled(struct sim *s); /* after a look, before its commit */
void sim_store_law_look(struct sim *s, const struct observed *seen);           /* the same */
void sim_store_law_report(struct sim *s, const struct world_op *op, int code); /* was written */
void sim_store_law_exited(struct sim *s, const char *id, int code);            /* the same */
void sim_store_law_commit(struct sim *s); /* committed, and nothing begun yet */
void sim_store_law_rest(struct sim *s);   /* a look was committed, and nothing is under way */
