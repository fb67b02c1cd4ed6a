/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A model of a runtime, without containers: states, generations, exits and failures as a real
 * one has them, in memory or in a file that outlives the program. Needs no rights.
 *
 * Programs are modelled by the first word of the command: `true` and `false` end at once, `sh -c
 * "exit N"` too, everything else runs until a signal; a job without such a command ends at once
 * with 0. A process that was told to be deaf is ended by SIGKILL only. Its pids belong to nobody:
 * they are above what a kernel gives.
 */
#include "backends/runtime.h"

/**
 * runtime_memory_open()
 * @path: the world's file, made when it is not there; NULL: in memory only
 * @sink: copied; gets the exits that this process causes, from the calling thread; may be NULL
 *
 * The name is "memory"; who needs two sets `name` of the result to a string that stays.
 */
int runtime_memory_open(const char *path, const struct runtime_sink *sink, struct runtime **ret,
			struct error *err);

/* Behind the back: what happens to containers without a call. Each: 0, RUNTIME_ABSENT,
 * RUNTIME_GONE where it needs a living one. @rt is one that runtime_memory_open() made. */

/** runtime_memory_exit() - its process ends with @code; the sink hears of it */
int runtime_memory_exit(struct runtime *rt, const char *id, int code, struct error *err);
/** runtime_memory_pause() - somebody freezes it */
int runtime_memory_pause(struct runtime *rt, const char *id, struct error *err);
/** runtime_memory_alter() - somebody changes its limits: @what as in struct instance */
int runtime_memory_alter(struct runtime *rt, const char *id, const char *what, struct error *err);
/** runtime_memory_break() - what is left of it cannot be started, only removed */
int runtime_memory_break(struct runtime *rt, const char *id, struct error *err);
/** runtime_memory_vanish() - somebody removes it with all its traces; nobody hears of it */
int runtime_memory_vanish(struct runtime *rt, const char *id, struct error *err);
/** runtime_memory_deafen() - from now on only SIGKILL ends it */
int runtime_memory_deafen(struct runtime *rt, const char *id, struct error *err);

/** runtime_memory_reboot() - another boot: what lived has ended, and nobody saw the code */
int runtime_memory_reboot(struct runtime *rt, const char *boot_id, struct error *err);

/** runtime_memory_set_missing() - whether images of that digest are not to be had; they are */
int runtime_memory_set_missing(struct runtime *rt, const char *digest, bool is_missing,
			       struct error *err);

/** runtime_memory_set_clock() - where the times of instances come from; NULL: the wall clock */
void runtime_memory_set_clock(struct runtime *rt, struct wall (*now)(void *arg), void *arg);
