/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One slot on the bench: what is wanted of it, its instances and its record, and diff's word
 * on them. `web-rep-0` of a service that differs from case to case by a few fields.
 */
#include "controller/diff.h"
#include "tests/controller/core_wish.h"

#define CORE_BENCH_MAX 4

/* In place of a config: what has a name of its own. */
#define CORE_SAME    NULL      /* as wanted */
#define CORE_NO_HASH "no-hash" /* nobody knows */
#define CORE_JUNK    "junk"    /* a hash of no version we know */

struct core_bench {
	struct arena *a;
	const char *fields;     /* of the wanted service, "" for none: "rtype: job, …" */
	struct desired desired; /* only web-rep-0 */
	struct instance items[CORE_BENCH_MAX];
	const struct instance *list[CORE_BENCH_MAX];
	struct slot record;
	struct diff_input in; /* want, instances and now are filled in; the rest is the test's */
	struct diff_slot out;
};

/** core_bench_init() - a slot that has nothing yet; @fields of its service, from @image */
void core_bench_init(struct core_bench *b, struct arena *a, const char *image, const char *fields);

/** core_bench_add() - the next instance, generations from 1; @config: fields beside the wanted
 * ones, or one of the names above */
struct instance *core_bench_add(struct core_bench *b, enum instance_state state,
				const char *config);

/** core_bench_add_ended() - one that ended with @code; -1: nobody saw it */
struct instance *core_bench_add_ended(struct core_bench *b, const char *config, int code);

/** core_bench_hash() - the config hash of those fields beside the wanted ones */
const char *core_bench_hash(struct core_bench *b, const char *config);

/** core_bench_verdict() - what diff says now, "replace: ended with 1 [env]" */
const char *core_bench_verdict(struct core_bench *b);
