/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One run of the simulation: a world, a disk, weather, and a driver that does what the
 * real one does, with virtual time. Completions are a queue of (due, sequence); each turn
 * takes the earliest of queue and timer (the queue wins a tie) and feeds one event.
 *
 * One seed decides everything: what is wished for, how long each step takes, what fails and
 * how, who dies, when the controller crashes. The same seed gives the same trace, byte for byte.
 */
#include "controller/reconcile.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_story.h"
#include "tests/sim/sim_told.h"
#include "tests/sim/sim_wish.h"
#include "tests/sim/sim_world.h"

#define SIM_SLOTS   (WISH_SERVICES * WISH_REPLICAS)
#define SIM_EVENTS  512
#define SIM_WORKERS 4
#define SIM_RETIRED 64

enum sim_event_type {
	SIM_EFFECT, /* a step reaches the world */
	SIM_REPORT, /* its answer reaches the driver */
	SIM_TAKE,   /* a look reads the world */
	SIM_LOOK,   /* and reaches the driver */
	SIM_EXIT,   /* a process ends */
	SIM_EXITED, /* the driver hears of it */
	SIM_ROOM,   /* other deployments' steps are done */
};

struct sim_event {
	enum sim_event_type type;
	int64_t due_us;
	uint64_t sequence;
	struct world_op op;
	int code;        /* REPORT; EXIT, EXITED: exit code */
	bool is_awaited; /* EFFECT: its REPORT tells what comes of it */
	bool is_broken;  /* EFFECT: CREATE leaves a half */
};

/* A crash that waits for the next turn that writes something. */
enum sim_crash_due { SIM_CRASH_NOT, SIM_CRASH_BEFORE_WRITE, SIM_CRASH_AFTER_WRITE };

/* What the weather does to each step, in percent. */
struct sim_weather {
	unsigned percent;
	unsigned fog;     /* looks that see a part, in percent */
	bool has_lasting; /* also faults that trying again does not mend */
};

struct sim {
	uint64_t rng;
	int64_t now_us, boot_us; /* boot: when this boot began */
	int64_t wall_us;         /* the wall clock is so far ahead of now */
	bool has_jumped;         /* it was set since the last boot */
	unsigned n_boots;
	struct world world;
	struct sim_event events[SIM_EVENTS];
	size_t n_events;
	uint64_t sequence;
	struct sim_weather weather;
	unsigned pace; /* of chaos: so many times as long between two happenings */
	bool is_calm;  /* from here on nothing goes wrong */

	/* The driver. */
	struct reconciler *r;
	int64_t resync_us;
	struct arena *home;                 /* of the wish */
	struct arena *retired[SIM_RETIRED]; /* of wishes whose steps are still under way */
	size_t n_retired;
	unsigned home_since; /* number of the first wish that is made of home */
	struct arena *event; /* of one event */
	struct mono wake;
	unsigned n_in_flight[WISH_RUNTIMES], n_others[WISH_RUNTIMES];
	bool is_looking;
	uint64_t look; /* number of the last one asked for */
	struct world snapshot;
	bool snapshot_fails, snapshot_partial;
	enum reconcile_overall overall;
	enum sim_crash_due crash_due;
	bool is_crashed;

	/* The disk: what the last commit holds. */
	struct wish wish, wish_before; /* before: for who is no longer wanted */
	unsigned n_wishes;
	struct desired desired;
	const struct sim_disk_ops *disk;
	void *disk_data;

	/* The oracle. */
	struct told_slot told[SIM_SLOTS];
	struct told_slot told_before[SIM_SLOTS]; /* this turn, which may be lost */
	bool has_before;
	struct world seen; /* by the look that was taken last, as the controller is told */
	bool is_silent[WISH_RUNTIMES]; /* to it: what is missing there proves nothing */
	bool has_look, is_asked;
	bool owes_look;                   /* told of an end that the look under way may not know */
	int64_t since_us;                 /* wish, restart or ask: patience begins not earlier */
	int64_t no_look_us;               /* no look before: the last one failed */
	bool is_staged[WISH_RUNTIMES][2]; /* by image, for this wish */
	unsigned n_staging[WISH_RUNTIMES][2];
	bool is_settled; /* a step now is one too many */
	int n_idle;      /* timer events without a change of time */

	struct sim_story *story; /* the caller's */
	unsigned n_steps, n_faults, n_crashes, n_looks;
};

/* sim_driver.c */
void sim_init(struct sim *s, const struct sim_disk_ops *disk, struct sim_story *story);
void sim_done(struct sim *s);
void sim_tick(struct sim *s);
void sim_submit(struct sim *s, const struct wish *w);
/** sim_by_hand() - HOLD, RELEASE or RESTART of those of @n slots from @first on that are wanted */
void sim_by_hand(struct sim *s, size_t first, size_t n, enum reconcile_event_type type);
void sim_crash(struct sim *s, bool is_reboot);
void sim_ask(struct sim *s);
void sim_tell(struct sim *s, struct reconcile_event *ev); /* any event without data */
bool sim_chance(struct sim *s, unsigned percent);
unsigned sim_below(struct sim *s, unsigned n);
struct sim_event *sim_push(struct sim *s, enum sim_event_type type, int64_t delay_us);
/** sim_op() - a step by value, with its names and ids checked */
struct world_op sim_op(struct sim *s, const struct reconcile_run *run);
/** sim_edit() - somebody's own change of a slot's record, in a turn of its own */
void sim_edit(struct sim *s, struct slot *slot);
struct wall sim_wall(const struct sim *s);
__attribute__((format(printf, 2, 3))) void sim_trace(struct sim *s, const char *fmt, ...);
__attribute__((noreturn)) void sim_die(struct sim *s, const char *what);

/* sim_weather.c: what becomes of steps and looks. */
void sim_carry_out(struct sim *s, const struct world_op *op);
void sim_effect(struct sim *s, const struct sim_event *e);
void sim_take(struct sim *s);
/** sim_end_job() - one that came from nowhere has nobody else to end it; false: there is none */
bool sim_end_job(struct sim *s);

/* sim_chaos.c: what people and machines do to it. */
void sim_chaos(struct sim *s);
void sim_meddle(struct sim *s); /* people only, and in the middle of an update */

/* Slots are numbered: service * WISH_REPLICAS + number. */
int sim_slot_index(const char *service, uint32_t number);
/** sim_wanted() - its service; NULL: it is not wanted */
const struct wish_service *sim_wanted(const struct sim *s, size_t slot);
/** sim_service() - as wished for, else as it was wished for before; NULL: in neither */
const struct wish_service *sim_service(const struct sim *s, unsigned service);

/* sim_check.c: the laws of steps. sim_law.c: those of updates. sim_plan.c: those of plans.
 * Each dies when one is broken. */
void sim_check_step(struct sim *s, const struct world_op *op, const struct step *step);
void sim_check_update(struct sim *s, const struct reconcile_update *up);
void sim_check_settled(struct sim *s, const struct reconcile_update *up);
void sim_check_asleep(struct sim *s); /* no event is to come */
void sim_check_asked(struct sim *s);  /* somebody has asked to try again */
/** sim_check_converged() - does the world equal the wish? By the oracle's own eyes. */
bool sim_check_converged(const struct sim *s);
/** sim_is_right() - is a slot of @w as it was wished for? */
bool sim_is_right(const struct sim *s, const struct world *w, size_t slot);
/** sim_is_planned() - is a slot of @w as a plan that was carried out leaves it? */
bool sim_is_planned(const struct sim *s, const struct world *w, size_t slot);
/** sim_check_plan() - the laws of plan.c, on the world as it is */
void sim_check_plan(struct sim *s);
