/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One run of the simulation: a world, a disk, weather, and a driver that does what the
 * real one does, with virtual time. Completions are a queue of (due, sequence); each turn
 * takes the earliest of queue and timer (the queue wins a tie) and feeds one event.
 */
#include "base/buf.h"
#include "controller/reconcile.h"
#include "tests/sim/sim_wish.h"
#include "tests/sim/sim_world.h"

#define SIM_SLOTS    (WISH_SERVICES * WISH_REPLICAS)
#define SIM_EVENTS   512
#define SIM_WORKERS  4
#define SIM_RUNTIMES 2
#define SIM_CALM_US  (1500 * CLOCK_SEC) /* enough for six services one after the other */

enum sim_event_type {
	SIM_EFFECT, /* a step reaches the world */
	SIM_REPORT, /* its answer reaches the driver */
	SIM_TAKE,   /* a look reads the world */
	SIM_LOOK,   /* and reaches the driver */
	SIM_EXIT,   /* a process ends */
	SIM_EXITED, /* the driver hears of it */
};

struct sim_event {
	enum sim_event_type type;
	int64_t due_us;
	uint64_t sequence;
	struct world_op op;
	int code;         /* REPORT; EXIT, EXITED: exit code */
	int partner;      /* EFFECT: index of its REPORT, -1: nobody waits for it */
	int64_t delay_us; /* EFFECT: the report comes so much later */
	bool is_broken;   /* EFFECT: CREATE leaves a half */
};

/* What the driver has been told about a slot: the checks' own little model. */
struct sim_known {
	bool is_up;
	uint64_t up_generation, exited_generation, top_generation;
	uint64_t touched;    /* number of a look */
	bool must_look;      /* a step failed */
	uint64_t look_after; /* and only a look after this one helps */
	bool in_flight;
	int64_t no_make_before_us; /* back-off */
	uint64_t signaled[4];      /* generations, newest last */
	bool job_done;
};

struct sim_disk {
	struct slot slot;
	char boot_id[16], done_hash[16], reason[160], service[16];
	bool is_used;
};

struct sim {
	uint64_t seed, rng;
	int64_t now_us, boot_us; /* boot: when this boot began */
	unsigned n_boots;
	struct world world;
	struct sim_event events[SIM_EVENTS];
	size_t n_events;
	uint64_t sequence;

	struct reconciler *r;
	struct arena *arena; /* of the run: wishes */
	struct arena *event; /* of one event */
	struct mono wake;
	struct wish wish; /* accepted: on disk */
	struct desired desired;
	const struct deployment *deployment;
	struct sim_disk disk[SIM_SLOTS];
	struct world rows; /* what the store holds of instances */
	struct world snapshot;
	bool snapshot_fails, snapshot_partial;
	unsigned n_in_flight[SIM_RUNTIMES], n_staging[SIM_RUNTIMES];
	bool is_looking, is_asked;
	uint64_t look;
	unsigned percent; /* weather */
	enum reconcile_overall overall;

	struct sim_known known[SIM_SLOTS];
	struct buf trace;
	bool is_verbose;
	unsigned n_steps, n_faults, n_crashes, n_looks;
};

/* sim_driver.c */
void sim_init(struct sim *s, uint64_t seed);
void sim_done(struct sim *s);
void sim_tick(struct sim *s);
void sim_submit(struct sim *s, const struct wish *w);
void sim_crash(struct sim *s, bool is_reboot);
void sim_ask(struct sim *s);
bool sim_chance(struct sim *s, unsigned percent);
struct sim_event *sim_push(struct sim *s, enum sim_event_type type, int64_t delay_us);
__attribute__((format(printf, 2, 3))) void sim_trace(struct sim *s, const char *fmt, ...);
__attribute__((noreturn)) void sim_die(struct sim *s, const char *what);
int sim_slot_index(const char *service, uint32_t number);

/* sim_check.c: the laws. Each dies when one is broken. */
void sim_check_step(struct sim *s, const struct reconcile_run *run);
void sim_check_update(struct sim *s, const struct reconcile_update *up);
void sim_check_report(struct sim *s, const struct world_op *op, int code);
void sim_check_look(struct sim *s);
void sim_check_exited(struct sim *s, const struct world_op *op);
void sim_check_forget(struct sim *s); /* the controller died */
/** sim_check_converged() - does the world equal the wish? By the oracle's own eyes. */
bool sim_check_converged(struct sim *s);
