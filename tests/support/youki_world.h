/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A node of its own with the OCI runtime on it: directories, a busybox image, reaper, log.
 * Real containers under an owner tag that nobody else has; they go with the teardown.
 */
#include "backends/runtime_youki.h"
#include "backends/shim_log.h"
#include "backends/shim_reaper.h"
#include "specs/spec.h"

struct youki_world {
	char path[64];
	char owner[32];
	struct layout layout;
	struct arena *arena;
	struct error err;
	const char *program; /* "crun" */
	const char *program_path;
	const char *digest; /* of the image */
	struct shim_reaper *reaper;
	struct shim_log *log;
	bool in_shim; /* rt is remote: reaper and log are the shim's */
	struct runtime *rt;
	struct service service; /* what create() runs; change it as needed */
	int n_exits;            /* reported so far; these two under no lock, written by threads */
	int last_code;
	struct runtime_sink tap; /* hears of them too; to be set before the first create */
};

/** youki_world_missing() - why @program cannot be tested here; NULL when it can.
 *  crun on a hybrid host gets its hierarchy mounted, as the operator is told to. */
const char *youki_world_missing(const char *program);

struct youki_world *youki_world_new(const char *program);
/** youki_world_in_shim() - as the product has it; the test program is its own shim (shim_main.h) */
struct youki_world *youki_world_in_shim(const char *program);
void youki_world_free(struct youki_world *w); /* fails the test when something is left */

/** youki_world_reopen() - as a shim that was killed and started again */
void youki_world_reopen(struct youki_world *w);

/** youki_world_ok() - fail with the error's text unless @r is 0 */
void youki_world_ok(struct youki_world *w, int r);

/** youki_world_spec() - an instance of the world's service */
struct instance_spec youki_world_spec(struct youki_world *w, const char *service, unsigned slot,
				      uint64_t generation);

/** youki_world_run() - create and start one; its id */
const char *youki_world_run(struct youki_world *w, const char *service);

/** youki_world_wait() - until it has that state, at most 10 s; fails the test else */
struct instance youki_world_wait(struct youki_world *w, const char *id, enum instance_state state);
/** youki_world_await_exits() - until @n exits were reported; how many there are. An exit is seen by
 *  inspect before it is reported */
int youki_world_await_exits(struct youki_world *w, int n);

/** youki_world_end() - SIGKILL, wait, remove */
void youki_world_end(struct youki_world *w, const char *id);

/** youki_world_shell() - the service runs `sh -c TEXT` */
void youki_world_shell(struct youki_world *w, const char *text);

/** youki_world_freeze() - write to the freezer, as somebody on the host may */
void youki_world_freeze(struct youki_world *w, const char *id, bool frozen);

/** youki_world_log() - everything in the log of slot 0 of @service, in the arena */
const char *youki_world_log(struct youki_world *w, const char *service);
