/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Match: three sorted lists (slots wanted, instances seen, records kept) become one, by
 * (service, number). Pure; one pass over each list.
 */
#include "base/arena.h"
#include "controller/expand.h"
#include "specs/observed.h"

/* One slot that is wanted or has an instance. */
struct match {
	const char *service;
	uint32_t number;
	const struct desired_slot *want;         /* NULL: not wanted */
	const struct desired_service *known;     /* of the service; NULL: in neither file */
	const struct slot *record;               /* NULL: none */
	const struct instance *const *instances; /* by generation */
	size_t n;
};

struct match_input {
	const struct desired *desired;
	const struct observed *observed; /* sorted; other deployments are skipped. NULL: nothing */
	const struct slot *slots;        /* sorted by (service, number), of this deployment */
	size_t n_slots;
};

struct matches {
	struct match *items; /* sorted by (service, number), unique */
	size_t n;
	size_t n_compared; /* comparisons made: the cost */
};

/** match_compute() - all slots; in @a */
void match_compute(const struct match_input *in, struct arena *a, struct matches *ret);

/** match_remove_cause() - why an unwanted slot goes: "not in the file", "scaled to 2", "down" */
const char *match_remove_cause(const struct match *m, const struct desired *d, struct arena *a);

/**
 * match_unmet_cause() - why a slot cannot be made for what it depends on, and match_unmet_hint()
 * what a person can type
 * @is_held: it was stopped by hand
 */
const char *match_unmet_cause(const struct depend *dep, bool is_held, struct arena *a);
const char *match_unmet_hint(const struct desired *d, const struct depend *dep, struct arena *a);

/** match_generation() - the next one of a slot: never used before, as far as anybody knows */
uint64_t match_generation(const struct slot *record, const struct instance *const *instances,
			  size_t n);
