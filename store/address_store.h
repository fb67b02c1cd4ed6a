/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Addresses: which one of a runtime's slice the next instance of a slot gets. An address is taken
 * while a row of an instance has it, so it is free again only when the removal was confirmed;
 * beyond that a slot keeps its own as long as nobody needs it.
 */
#include "base/arena.h"
#include "base/error.h"
#include "specs/observed.h"
#include "specs/slice.h"

struct store;

struct address_for {
	const char *runtime;
	const char *deployment;
	const char *service;
	uint32_t slot;
	/* Is this one of no use now? Such a one is never given. NULL: all are of use. */
	bool (*is_avoided)(const void *arg, const char *address);
	const void *arg;
};

enum { ADDRESS_FULL = 1 };

/**
 * address_store_take() - an address for a new instance of a slot, remembered as the slot's
 * @who: the slot's deployment is in the store
 * @ret: "10.220.99.2", in @a
 *
 * Its own one of before when no instance has it (another generation of the slot may), else one
 * nobody ever had, else one nobody has now. In the caller's transaction, together with the row of
 * the instance that gets it.
 *
 * Return: 0; ADDRESS_FULL (> 0) when instances have all of @slice that is of use.
 */
int address_store_take(struct store *s, const struct address_for *who, const struct slice *slice,
		       struct arena *a, const char **ret, struct error *err);
