/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The oracle of the simulation of models: a list of everything that was ever made, as it took
 * effect, and all that was ever wished for, with the laws on both. Each dies in its own words.
 *
 * A step was decided some time before it takes effect, so it is judged by all wishes from the one
 * that the driver knew then to the one that holds now: what none of them explains is wrong.
 */
#include "specs/observed.h"
#include "specs/step.h"
#include "tests/sim/sim_wish.h"

#define MODELS_DEPLOYMENTS 2
#define MODELS_RUNTIMES    2
#define MODELS_SERVICES    3 /* of each deployment; the last one is a job */
#define MODELS_ID          48
#define MODELS_WISHES      400
#define MODELS_MADE        2000

struct models;

struct models_instance {
	char id[MODELS_ID];
	unsigned deployment, service, runtime;
	uint32_t slot;
	uint64_t generation;
	struct wish_config config; /* without policy */
	unsigned image;
	char address[20];
	enum instance_state state;
	bool is_gone;
	bool is_stray;    /* made by a life that had ended: a second one is nobody's fault */
	bool is_answered; /* and who asked for it was told */
	bool is_late;     /* started by a life that had ended: who looked before did not see it */
	bool is_touched;  /* somebody tried to signal it */
	bool is_doubtful; /* somebody tried to change it: what came of that may be not known */
	bool is_known;    /* its end was seen by its runtime */
	int code;
	unsigned term_life; /* asked to end: in which life, and when that was decided */
	int64_t term_us;
	int64_t grace_us; /* the least that was wished for since */
};

struct models_wish {
	unsigned number; /* of all wishes together, from 1 */
	struct wish wish;
};

struct models_law {
	struct models_wish wishes[MODELS_DEPLOYMENTS][MODELS_WISHES];
	unsigned n_wishes[MODELS_DEPLOYMENTS], n_all;
	struct models_instance made[MODELS_MADE];
	size_t n_made;
	char asked[MODELS_MADE][MODELS_ID]; /* ids that a create was asked for, made or not */
	size_t n_asked;
	bool is_settled; /* a step now is one too many */
};

/* What the oracle is told. */
void models_law_wish(struct models *m, unsigned deployment, const struct wish *w);
void models_law_exited(struct models *m, const char *id, bool has_code, int code);
void models_law_rebooted(struct models *m);
/** models_law_asked() - before `fault`: a call that may come to nothing */
void models_law_asked(struct models *m, enum step_kind kind, const char *id, int sig);
/** models_law_answered() - behind it: a create that went well, as it was told */
void models_law_answered(struct models *m, const char *id);

/* The laws of steps, each before it takes effect; and what came of it. */
void models_law_stage(struct models *m, unsigned runtime, const char *digest);
void models_law_create(struct models *m, unsigned runtime, const struct instance_spec *spec);
void models_law_created(struct models *m, unsigned runtime, const struct instance_spec *spec);
void models_law_step(struct models *m, enum step_kind kind, const char *id, int sig);
void models_law_stepped(struct models *m, enum step_kind kind, const char *id);
void models_law_update(struct models *m, const struct instance_spec *spec);
void models_law_updated(struct models *m, const struct instance_spec *spec);

/* models_rest.c: is the world as it was wished for? */
bool models_rest_is_right(const struct models *m);
/** models_rest_check() - the models show what the list says, and strangers are as they were */
void models_rest_check(struct models *m);
/** models_rest_store() - and so does the store, in which nothing is open */
void models_rest_store(struct models *m);

/* Questions. */
struct models_instance *models_law_find(struct models *m, const char *id);
const struct wish *models_law_now(const struct models *m, unsigned deployment);
bool models_law_lives(const struct models_instance *mi);
/** models_law_same() - made as @ws wants it; @is_exact: with its limits */
bool models_law_same(const struct models_instance *mi, const struct wish_service *ws,
		     bool is_exact);

/* models_wish.c: numbers and the texts that stand for them. */
extern const char *const models_wish_deployments[MODELS_DEPLOYMENTS];
extern const char *const models_wish_runtimes[MODELS_RUNTIMES];
void models_wish_random(struct wish *w, uint64_t *rng);
bool models_wish_is_empty(const struct wish *w);
/** models_wish_file() - the deployment file that says it */
void models_wish_file(const struct wish *w, unsigned deployment, struct buf *ret);
/** models_wish_read() - what a spec asks for; false: nothing that was ever wished for */
bool models_wish_read(const struct instance_spec *spec, struct models_instance *ret);
