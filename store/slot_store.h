/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Slots: what is remembered of one replica's place over all its instances (specs/observed.h). */
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "specs/observed.h"

struct store;

struct slot_rows {
	struct slot *items;
	size_t n;
};

/**
 * slot_store_save() - insert or replace; makes the service's row
 *
 * The generation in the store only grows: a smaller one in @slot changes nothing about it.
 * Return: 0; -ERR_NOT_FOUND when the deployment is not in the store.
 */
int slot_store_save(struct store *s, const struct slot *slot, struct error *err);

/** slot_store_list() - sorted by (deployment, service, number); @deployment NULL: of the node */
int slot_store_list(struct store *s, const char *deployment, struct arena *a, struct slot_rows *ret,
		    struct error *err);

/**
 * slot_store_next_generation() - take the number of the slot's next instance; never given again
 * @slot: deployment, service and number count
 * @seen: the highest generation of the slot on any runtime or disk; 0: none
 */
int slot_store_next_generation(struct store *s, const struct slot *slot, uint64_t seen,
			       uint64_t *ret, struct error *err);

/**
 * slot_store_raise() - the slot's row exists and its counter is at least the instance's generation
 *
 * Return: 0; -ERR_NOT_FOUND when the deployment is not in the store.
 */
int slot_store_raise(struct store *s, const struct instance *i, struct error *err);

/** slot_store_forget_done() - jobs of @deployment that have run to their end will run once more */
int slot_store_forget_done(struct store *s, const char *deployment, struct error *err);
