/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A world of containers and the store's records, for the core's tests. It lives through
 * every restart of a reconciler. It answers steps as backends/runtime.h promises and fails the
 * test at once where a law of the core is broken: an image used before it was staged, a
 * generation used twice.
 */
#include "base/arena.h"
#include "controller/plan.h"
#include "specs/observed.h"
#include "specs/step.h"

struct core_world {
	struct arena *arena;    /* all texts; never reset */
	struct wall now;        /* set by whoever has a clock */
	struct instance *items; /* in no order */
	size_t n;
	struct slot *slots; /* the store's, sorted by (service, number) */
	size_t n_slots;
	struct core_staged {
		const char *runtime, *digest;
	} * staged;
	size_t n_staged;
	struct core_used {
		const char *service;
		uint32_t slot;
		uint64_t generation; /* highest that ever was */
	} * used;
	size_t n_used;
	int32_t last_pid;
};

/** core_world_init() - nothing is there; core_world_done() - release all of it */
void core_world_init(struct core_world *w);
void core_world_done(struct core_world *w);

/** core_world_id() - `web-rep-0.3` as the runtime id `shop.web-rep-0.3`; in the world's arena */
const char *core_world_id(struct core_world *w, const char *name);

/** core_world_find() - by runtime id; NULL: there is none */
struct instance *core_world_find(struct core_world *w, const char *id);

/** core_world_get() - by `web-rep-0.3`; fails the test when there is none */
struct instance *core_world_get(struct core_world *w, const char *name);

/** core_world_put() - an instance of @want as it is after create and start; by `web-rep-0.3` */
struct instance *core_world_put(struct core_world *w, const struct desired *d, const char *name);

/** core_world_step() - let a step take effect; an outcome or -code, as the runtime would answer */
int core_world_step(struct core_world *w, const struct step *s);

/** core_world_exit() - its first process ends; false when it did not live */
bool core_world_exit(struct core_world *w, const char *id, int code);

/** core_world_drop() - it is gone, whatever it did */
void core_world_drop(struct core_world *w, const char *id);

/** core_world_view() - what is, sorted, in @a */
struct observed core_world_view(const struct core_world *w, struct arena *a);

/** core_world_save() - a record to the store; core_world_record() - from it, made when missing */
void core_world_save(struct core_world *w, const struct slot *record);
struct slot *core_world_record(struct core_world *w, const char *service, uint32_t number);

/* When somebody wants to see a plan, and whether to carry it out. */
struct core_asker {
	struct diff_now now;
	bool is_asked; /* as an apply command does */
};

/** core_world_plan() - what a plan would say about @d; in @a, but for texts of the world's */
struct plan core_world_plan(const struct core_world *w, const struct desired *d,
			    const struct core_asker *by, struct arena *a);

/** core_world_carry_out() - all steps of a plan; fails the test when one is not possible */
void core_world_carry_out(struct core_world *w, const struct plan *p, const struct desired *d);

/** core_world_expect() - fails the test unless each slot of @d has one instance, which runs and is
 *  as wished, and there is nothing else; @when names the moment */
void core_world_expect(const struct core_world *w, const struct desired *d, const char *when);
