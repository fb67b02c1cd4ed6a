/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What somebody wishes, as the oracle keeps it: plain numbers, from which the values of
 * the code under test are made. The oracle never asks those back.
 */
#include "base/arena.h"
#include "controller/expand.h"

#define WISH_SERVICES   6
#define WISH_REPLICAS   4
#define WISH_DEPLOYMENT "sim"

struct wish_service {
	bool is_there;
	unsigned replicas;
	unsigned variant;  /* of the configuration; the hash is "h<variant>" */
	unsigned uses;     /* bit i: depends on service i, i < own number */
	bool has_patience; /* its depends have a timeout, after which it goes on */
	bool is_job, starts_first, needs_peer;
	unsigned max_parallel;
	unsigned runtime; /* 0 or 1 */
	int64_t grace_us;
	enum restart_kind restart;
};

struct wish {
	struct wish_service services[WISH_SERVICES];
};

/** wish_random() - any; @is_down: nothing at all */
void wish_random(struct wish *w, uint64_t *rng);

/** wish_expand() - as the driver would hand it over; all in @a */
void wish_expand(const struct wish *w, const struct deployment *previous, struct arena *a,
		 struct desired *ret, const struct deployment **ret_deployment);

const char *wish_runtime(unsigned i); /* "aa", "bb" */
int wish_service_index(const char *name);
