/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Small values the deployment format is made of. Memory behind pointers belongs
 * to the arena of the deployment. A `const char *` that may be NULL says so.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value that may be absent. `value` is zero when `has` is false. */
struct opt_int {
	bool has;
	int64_t value;
};

struct opt_bool {
	bool has;
	bool value;
};

struct opt_float {
	bool has;
	double value;
};

/* A length of time as humantime has it; see specs/duration.h. */
struct duration {
	uint64_t sec;
	uint32_t nsec; /* 0..999999999 */
};

struct opt_duration {
	bool has;
	struct duration value;
};

/* A list of texts; where the format tells "not written" from "empty", items is NULL for the first.
 */
struct strings {
	const char **items;
	size_t n;
};

struct pair {
	const char *key;
	const char *value;
};

/* A map of texts: sorted by key (bytes), keys unique. */
struct pairs {
	struct pair *items;
	size_t n;
};
