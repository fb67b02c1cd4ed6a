/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Who this node is: one row, made with the store; and the boot each runtime was last seen in. */
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

struct store;

#define NODE_ID_SIZE 33 /* 128 random bits in hex, and a NUL */

/* Why nothing may be deleted until a person accepts. */
enum node_accept {
	NODE_ACCEPTED, /* nothing to accept */
	NODE_REBUILT,  /* the file was broken or lost */
	NODE_RESTORED, /* the file is a backup that was put back */
};

struct node_row {
	char node_id[NODE_ID_SIZE];
	int64_t epoch;   /* 1..; one more after each rebuild or restore */
	int64_t session; /* number of the last run that was about to change something; 0: none */
	struct wall created;
	enum node_accept accept;
};

enum { NODE_ABSENT = 1 };

/** node_store_load() - NODE_ABSENT only while a store is being made */
int node_store_load(struct store *s, struct node_row *ret, struct error *err);

/** node_store_make() - insert the row with a new random id; takes created and accept of @row */
int node_store_make(struct store *s, const struct node_row *row, struct error *err);

/** node_store_save() - id, epoch, session, accept */
int node_store_save(struct store *s, const struct node_row *row, struct error *err);

/** node_store_accept() - what `recover --accept` says: deleting is allowed again */
int node_store_accept(struct store *s, struct error *err);

enum { NODE_BOOT_UNKNOWN = 1 };

/**
 * node_store_boot() - the last look at @runtime that saw all of it
 * @ret_boot_id: the boot it was in; in @a
 * @ret_seen:    when it was
 *
 * Return: 0; NODE_BOOT_UNKNOWN: never seen.
 */
int node_store_boot(struct store *s, const char *runtime, struct arena *a, const char **ret_boot_id,
		    struct wall *ret_seen, struct error *err);
/** node_store_save_boot() - @runtime was seen whole, now and in that boot */
int node_store_save_boot(struct store *s, const char *runtime, const char *boot_id, struct wall now,
			 struct error *err);
