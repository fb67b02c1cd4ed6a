/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A case for the property tests, all of it from one number: two files, a world that was made of
 * the older one and then had its share of bad days, and the store's records.
 */
#include "tests/controller/core_world.h"

struct core_case {
	struct arena *arena;
	struct core_world world;
	const char *now_text, *before_text; /* services, as in core_wish_services() */
	const struct deployment *now, *before;
	bool is_hard;           /* some of it cannot be made here, or not be seen */
	bool is_down;           /* nothing is wanted */
	struct desired desired; /* of `now` */
	struct diff_now time;
};

/** core_case_init() - the case of that number; core_case_done() - release it */
void core_case_init(struct core_case *c, uint64_t seed);
void core_case_done(struct core_case *c);

/** core_case_print() - what it is about, to the test's output */
void core_case_print(const struct core_case *c);
