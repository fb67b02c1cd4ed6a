/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Instances: one row for each container that was made and whose removal is not confirmed
 * (specs/observed.h). instance.runtime is the dispatch record: it never changes.
 */
#include <stddef.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "specs/observed.h"

struct store;

struct instance_rows {
	struct instance *items;
	struct wall *since; /* beside items: when each came into its state, for people */
	size_t n;
};

/**
 * instance_store_save() - insert or replace by runtime id; makes the service's and slot's rows
 *
 * The slot's generation counter is raised to at least this instance's.
 * Return: 0; -ERR_NOT_FOUND when the deployment is not in the store; -ERR_CONFLICT when the id is
 *         known with another runtime, or its generation with another id.
 */
int instance_store_save(struct store *s, const struct instance *i, struct wall now,
			struct error *err);

/** instance_store_delete() - the removal is confirmed; a row that is gone is success */
int instance_store_delete(struct store *s, const char *id, struct error *err);

enum { INSTANCE_ABSENT = 1 };

/** instance_store_find() - INSTANCE_ABSENT (> 0) when no row has that runtime id */
int instance_store_find(struct store *s, const char *id, struct arena *a, struct instance *ret,
			struct error *err);

/**
 * instance_store_list() - sorted by (deployment, service, slot, generation)
 * @deployment: NULL for all of the node
 */
int instance_store_list(struct store *s, const char *deployment, struct arena *a,
			struct instance_rows *ret, struct error *err);
