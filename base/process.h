/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Child processes. Spawned with posix_spawn in a process group of their own;
 * a child gets exactly the listed descriptors, nothing else (every other one
 * is close-on-exec). Identity of a process is pid + start time, compared before
 * every signal, so that a stranger with a reused pid is never hit.
 *
 * Who waits: in a program without a reaper process_run waits for its own pid.
 * In the shim exactly one thread reaps; it installs a process_waiter, and
 * process_run waits for the hand-over instead.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"

/* Spawn with the waiter's lock held across spawn and registration; wait for that pid. */
struct process_waiter {
	/** spawns through @spawn(arg), registers the pid it gives; same result */
	int (*spawn)(struct process_waiter *w, int (*spawn)(void *arg, pid_t *ret), void *arg,
		     pid_t *ret);
	/** waits until @deadline for the status of a registered pid; 0, or -ERR_TIMEOUT */
	int (*wait)(struct process_waiter *w, pid_t pid, struct mono deadline, int *ret_status);
};

struct process_spec {
	const char *const
		*argv; /* NULL-terminated; argv[0] is a path, or a name looked up in PATH */
	const char *const *env;        /* NULL-terminated, or NULL for the caller's */
	const char *stdin_text;        /* given on fd 0; NULL: /dev/null, unless stdin_fd is set */
	int stdin_fd;                  /* > 0: becomes fd 0 */
	int stdout_fd;                 /* > 0: becomes fd 1 instead of being collected */
	int stderr_fd;                 /* > 0: becomes fd 2 instead of being collected */
	struct mono deadline;          /* the group is killed then; 0: none */
	const volatile bool *cancel;   /* looked at every 100 ms; may be NULL */
	struct process_waiter *waiter; /* NULL: waitpid here */
};

struct process_result {
	int exit_code;  /* 0..255; 128 + signal when a signal ended it */
	bool timed_out; /* killed at the deadline */
	struct buf out; /* what it printed, as far as it was collected; bounded */
	struct buf err;
};

#define PROCESS_RESULT_INIT                                                                        \
	((struct process_result){ .out = BUF_INIT(LIMIT_PROCESS_OUTPUT),                           \
				  .err = BUF_INIT(LIMIT_PROCESS_OUTPUT) })

/** process_result_done() - free the output */
void process_result_done(struct process_result *r);
static inline void clean_process_result(struct process_result *r)
{
	process_result_done(r);
}

/**
 * process_run() - run a program to its end
 *
 * Return: 0 whatever its exit code (see @ret); -ERR_NOT_FOUND when there is no such
 *         program, -ERR_TIMEOUT at the deadline, -ERR_CANCELED; @ret is filled as far
 *         as known in every case. Output beyond the bound is dropped, the program goes on.
 */
int process_run(const struct process_spec *spec, struct process_result *ret, struct error *err);

/** process_spawn() - start a program and return; stdio as in @spec, /dev/null where not given */
int process_spawn(const struct process_spec *spec, pid_t *ret, struct error *err);

/** process_count() - programs started by this process so far: tests assert on it */
uint64_t process_count(void);

struct process_id {
	pid_t pid;
	uint64_t start_time; /* clock ticks since boot, field 22 of /proc/PID/stat */
};

enum process_state { PROCESS_ALIVE, PROCESS_GONE, PROCESS_STRANGER, PROCESS_ZOMBIE };

/** process_identify() - the identity of a living pid; -ERR_NOT_FOUND when there is none */
int process_identify(pid_t pid, struct process_id *ret, struct error *err);

/** process_look() - is it still the same process? STRANGER: the pid belongs to another one now */
int process_look(const struct process_id *id, enum process_state *ret, struct error *err);

/**
 * process_signal() - deliver @sig to exactly that process: pidfd, compare, send
 *
 * Return: 0 delivered; PROCESS_SIGNAL_GONE (> 0) when it is not there any more.
 */
enum { PROCESS_SIGNAL_GONE = 1 };
int process_signal(const struct process_id *id, int sig, struct error *err);

/** process_boot_id() - the kernel's boot id as text */
#define PROCESS_BOOT_ID_SIZE 37
int process_boot_id(char ret[PROCESS_BOOT_ID_SIZE], struct error *err);
