/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The contract of runtime.h as tests, written once for all runtimes. A subject says how one of them
 * comes to be; the cases (runtime_contract_*.c) know only what the header promises. A runtime is
 * finished when it passes them unchanged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>

#include "backends/runtime.h"
#include "base/limits.h"
#include "specs/spec_service.h"

struct contract;

/* A runtime under test. Functions fail the test themselves; ids are of instances that are there. */
struct contract_subject {
	const char *name; /* "crun", for messages */
	const char *real; /* the program that makes real containers, for the line RAN; NULL: none */
	/* A world of its own, and the runtime in it: fills in rt and what stands below it. */
	void (*open)(struct contract *c);
	/* Close the runtime and open it again on the same world: rt is another one. */
	void (*reopen)(struct contract *c);
	/* Everything away; fails when something is left that does not show in a list. */
	void (*close)(struct contract *c);
	/* Behind the runtime's back: somebody freezes it. NULL: nobody can. */
	void (*pause)(struct contract *c, const char *id);
	/* Behind its back: what the runtime needs to start a created one is lost. */
	void (*halve)(struct contract *c, const char *id);
	/* The digest of an image that is not there. */
	const char *(*missing_image)(struct contract *c);
};

enum { CONTRACT_MAX_EXITS = 64 };

struct contract_exit {
	char id[LIMIT_RUNTIME_ID];
	bool has_code;
	int code;
	struct wall at;
};

/* One test's world. */
struct contract {
	const struct contract_subject *subject;
	struct arena *arena;
	struct error err;
	struct runtime_sink sink; /* to be given to the runtime */
	struct service service;   /* what instances run; a case changes it as needed */

	/* The subject's. */
	void *world;
	struct runtime *rt;
	const char *runtime_name; /* what instances say made them */
	const char *owner, *node_id;
	const char *image, *digest;

	pthread_mutex_t lock; /* of what follows */
	struct contract_exit exits[CONTRACT_MAX_EXITS];
	size_t n_exits;
};

/** contract_run() - all cases; of real containers it prints `RAN <program> <n>`; how many failed */
int contract_run(const struct contract_subject *subject);

/* --- for cases ----------------------------------------------------------------------- */

/** contract_ok() - fail with the error's text unless @r is 0 */
void contract_ok(struct contract *c, int r);
/** contract_is() - the same unless @r is @want */
void contract_is(struct contract *c, int r, int want);

/** contract_holds_process() - does a created instance have a process that waits for its start? On
 *  Windows it has none: its process is made by the start */
bool contract_holds_process(const struct contract *c);

/** contract_soon() - a deadline that only a hang reaches */
struct mono contract_soon(void);

/** contract_shell() - the service runs `/bin/sh -c @text` from now on */
void contract_shell(struct contract *c, const char *text);

/** contract_spec() - an instance of the service in deployment "test" */
struct instance_spec contract_spec(struct contract *c, const char *service, unsigned slot,
				   uint64_t generation);

/** contract_create() - make slot @slot of service "web", generation 1; its id */
const char *contract_create(struct contract *c, unsigned slot);
/** contract_start() - and let it run */
const char *contract_start(struct contract *c, unsigned slot);

/** contract_inspect() - as it is now */
struct instance contract_inspect(struct contract *c, const char *id);
/** contract_wait() - until it has that state, at most 20 s; as it is then */
struct instance contract_wait(struct contract *c, const char *id, enum instance_state state);

/** contract_exited() - wait for the sink to hear of it, at most 20 s; what it heard */
struct contract_exit contract_exited(struct contract *c, const char *id);
/** contract_count_exits() - how often the sink has heard of @id; NULL: of anybody */
size_t contract_count_exits(struct contract *c, const char *id);

/** contract_end() - SIGKILL, then remove it, whatever it is in */
void contract_end(struct contract *c, const char *id);

/* The cases, by what they are about; ends with a NULL function. */
struct contract_case {
	const char *name;
	void (*run)(void **state); /* *state is the struct contract */
};

extern const struct contract_case contract_life_cases[];
extern const struct contract_case contract_look_cases[];
extern const struct contract_case contract_use_cases[];
extern const struct contract_case contract_left_cases[];
