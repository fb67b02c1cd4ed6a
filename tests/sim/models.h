/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One run of the simulation of models: the real driver with its turns and lanes, the real store in
 * files, a real composite of two runtimes, each behind `fault`, and under that the models. Only
 * three things are not the program's: clocks, randomness and boot id (models_time.c), the workers
 * (models_pool.c), which carry out their jobs one by one at virtual times, and the loop, which is a
 * queue of events. So one seed gives one story.
 *
 * The oracle (models_law.c) sits under `fault`, where steps take effect, and knows two things: what
 * was wished for, and what became of the world. It never asks the store or the core.
 */
#include "tests/sim/models_law.h"
#include "tests/sim/sim_place.h"
#include "tests/sim/sim_seeds.h"
#include "tests/support/node_world.h"

#define MODELS_EVENTS    512
#define MODELS_STRANGERS 2 /* in each model */

struct models_job;
struct models_life;
struct models_hcs;

enum models_event_type {
	MODELS_EFFECT, /* a worker's job is carried out */
	MODELS_DONE,   /* and its end reaches the loop */
	MODELS_EXIT,   /* the news of an end do */
	MODELS_END,    /* a process ends by itself */
};

struct models_event {
	enum models_event_type type;
	int64_t due_us;
	uint64_t sequence;
	struct models_job *job; /* EFFECT, DONE */
	char id[MODELS_ID];     /* EXIT, END */
	bool has_code;
	int code;
};

/* A crash that waits for the next turn that writes something. */
enum models_crash_due { MODELS_CRASH_NOT, MODELS_CRASH_BEFORE_WRITE, MODELS_CRASH_AFTER_WRITE };

/* One life of the controller: everything that a crash takes. */
struct models_life {
	struct models_life *next; /* of those that have ended */
	char dir[SIM_PLACE_PATH];
	struct node_world node; /* its session, driver and inbox */
	struct runtime *fault[MODELS_RUNTIMES], *model[MODELS_RUNTIMES];
	bool is_dead;
	unsigned n_alive; /* jobs of a turn that was cut off which still reach a worker */
	unsigned n_late;  /* jobs that take effect although it has ended */
};

struct models_kind {
	unsigned n_ticks; /* of chaos, twice */
	bool has_hcs;     /* the second one is HCS */
};

struct models {
	struct sim_story *story;
	const struct models_kind *kind;
	uint64_t rng;
	int64_t now_us, boot_us, wall_us; /* boot: when this boot began; wall: ahead of now */
	int64_t spent_us;                 /* by the call that is carried out now */
	unsigned n_boots;
	bool is_real;      /* a call is under way that must wait for processes of this machine */
	uint64_t rng_real; /* of what such calls ask for: how often is theirs */
	struct models_hcs *hcs; /* NULL: there is none */
	struct models_event events[MODELS_EVENTS];
	size_t n_events;
	uint64_t sequence;
	bool has_news; /* the bell: the loop owes a turn */

	struct loop *loop;
	char dir[SIM_PLACE_PATH]; /* of the models */
	struct models_life *life, *ended;
	char next[SIM_PLACE_PATH]; /* the store as a crash at a write found it; "" */
	enum models_crash_due crash_due;
	bool is_in_turn;
	unsigned n_submitted; /* steps and looks handed out in this turn */
	int64_t resync_us;

	unsigned percent, fog; /* weather: calls that fail, looks that see a part */
	bool has_lasting;      /* also faults that trying again does not mend */
	unsigned pace;         /* of chaos: so many times as long between two happenings */
	bool is_calm;
	struct models_law law;
	unsigned fed; /* wishes that the driver knew before this turn */

	struct models_job *call; /* carried out now; NULL */
	unsigned n_steps, n_looks, n_faults, n_crashes, n_turns;
};

/* models_story.c: the story, and chance. */
void models_story_run(const struct sim_seeds *p, struct sim_story *st, struct sim_seeds_total *sum);
bool models_chance(struct models *m, unsigned percent);
unsigned models_below(struct models *m, unsigned n);
/** models_up_to() - a millisecond and up to @us */
int64_t models_up_to(struct models *m, int64_t us);
struct models_event *models_push(struct models *m, enum models_event_type type, int64_t delay_us);
__attribute__((format(printf, 2, 3))) void models_trace(struct models *m, const char *fmt, ...);
__attribute__((noreturn)) void models_die(struct models *m, const char *what);
/** models_must() - what has no business to fail */
void models_must(struct models *m, int r, const struct error *err);

/* models_time.c: clocks, randomness and boot id are @m's from here on. */
void models_time_use(struct models *m);
/** models_time_now() - whose they are: where a call has no room for it */
struct models *models_time_now(void);

/* models_node.c: lives. */
void models_node_open(struct models *m);
/** models_node_close() - everything is at rest; what is left in the store is judged */
void models_node_close(struct models *m);
/** models_node_turn() - of the driver; a crash that was due at its write has happened after it */
void models_node_turn(struct models *m);
/** models_node_wish() - accepted, and told to the driver */
void models_node_wish(struct models *m, unsigned deployment, const struct wish *w);
/** models_node_ask() - somebody asks to try again */
void models_node_ask(struct models *m, unsigned deployment);
void models_node_crash(struct models *m, bool is_reboot);
/** models_node_arm() - the weather as it is now */
void models_node_arm(struct models *m);
/** models_node_bury() - lives that have ended and of which nothing is under way any more */
void models_node_bury(struct models *m);

/* models_pool.c: the workers. */
void models_pool_effect(struct models *m, struct models_job *j);
void models_pool_done(struct models *m, struct models_job *j);
/** models_pool_cut() - @life ends: what it has under way is lost, takes effect now, or later */
void models_pool_cut(struct models *m, struct models_life *life, bool is_reboot);
/* Of the call that is carried out: what the driver knew when it decided, and whose it is. */
unsigned models_pool_since(const struct models *m);
int64_t models_pool_submitted(const struct models *m);
struct models_life *models_pool_life(const struct models *m);

/* models_runtime.c: the world under `fault`. */
/** models_runtime_open() - number @i for @life, from the outside in: watched, fault, judged, model
 */
struct runtime *models_runtime_open(struct models *m, struct models_life *life, unsigned i);

/** models_runtime_exited() - an end, at that moment; the news of it take their time */
void models_runtime_exited(struct models *m, const struct runtime_exit *e);
/** models_runtime_end() - the process of @mi, which runs, ends by itself */
void models_runtime_end(struct models *m, const struct models_instance *mi, int code);
/** models_runtime_add_strangers() - what is somebody else's, beside ours */
void models_runtime_add_strangers(struct models *m);

/* models_hcs.c: a simulated Windows host. */
void models_hcs_new(struct models *m);
/** models_hcs_free() - the strangers on it are as they were, and nothing else is left */
void models_hcs_free(struct models *m);
/** models_hcs_open() - the runtime for a life; it goes on from the last one, or was killed, too */
struct runtime *models_hcs_open(struct models *m);
void models_hcs_reboot(struct models *m);
/** models_hcs_spec() - @spec in the words of that host: its image, its owner */
struct instance_spec models_hcs_spec(const struct models *m, const struct instance_spec *spec,
				     struct arena *a);
/** models_hcs_await() - the end of @id, which is certain, has come */
void models_hcs_await(struct models *m, const char *id);
/** models_hcs_end() - somebody ends it, and that has come */
void models_hcs_end(struct models *m, const char *id);

/* models_chaos.c: what people and machines do. */
void models_chaos(struct models *m);
