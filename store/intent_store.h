/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Intents: the steps that are about to be done. A wave's intents are put in one transaction,
 * committed before its first call; each is closed together with what came of it.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "specs/step.h"

struct store;

struct intent_row {
	int64_t id;             /* the store gives it; never used again */
	const char *runtime_id; /* NULL for STEP_STAGE */
	const char *runtime;
	const char *deployment;
	const char *service;
	uint32_t slot;
	enum step_kind step;
	const char *detail; /* canonical JSON object, for whoever put it; no secrets */
	int64_t session;    /* of the node, when it was put; the store sets it */
	struct wall opened;
};

struct intent_rows {
	struct intent_row *items;
	size_t n;
};

/** intent_store_newest() - the highest id that was ever given; 0: none */
int intent_store_newest(struct store *s, int64_t *ret_id, struct error *err);

/** intent_store_put() - a wave; sets id of each */
int intent_store_put(struct store *s, struct intent_row *items, size_t n, struct error *err);

/** intent_store_close() - its outcome is recorded in the same transaction; gone is success */
int intent_store_close(struct store *s, int64_t id, struct error *err);

/** intent_store_list() - what is open, oldest first */
int intent_store_list(struct store *s, struct arena *a, struct intent_rows *ret, struct error *err);
