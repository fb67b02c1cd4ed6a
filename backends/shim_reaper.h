/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Reaper: the one place in a shim that waits for processes. The process becomes a
 * subreaper, so that container inits land here; exactly one thread calls waitpid(-1)
 * and hands each status to whoever registered the pid. One reaper per process.
 *
 * Any thread may call anything here. Nobody else in the process may wait for children,
 * and every child is spawned through the waiter.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/process.h"

struct shim_reaper;

/** shim_reaper_new() - become a subreaper and start the threads */
int shim_reaper_new(struct shim_reaper **ret, struct error *err);

/** shim_reaper_stop() - take no status any more, and report all that were taken: who ends later
 * stays a zombie for the next reaper in this process. No waiter may be waiting any more; twice is
 * fine */
void shim_reaper_stop(struct shim_reaper *r);

/** shim_reaper_free() - stop; children live on. No waiter may be waiting any more */
void shim_reaper_free(struct shim_reaper *r); /* NULL is fine */
CLEAN_DEFINE(shim_reaper, struct shim_reaper *, shim_reaper_free)

/** shim_reaper_waiter() - for process_spec.waiter; borrowed, lives as long as @r */
struct process_waiter *shim_reaper_waiter(struct shim_reaper *r);

/*
 * @ended is called exactly once, from a thread of the reaper that does nothing else, so it
 * may write to a disk; it must not call shim_reaper_free. @code is 0..255, 128 + signal;
 * @has_code is false when nobody could see it.
 */
typedef void shim_reaper_ended(void *arg, pid_t pid, bool has_code, int code);

/**
 * shim_reaper_watch() - report the end of a process that nobody waits for: a container's init
 * @id: pid and start time, as read from its pid file between create and start
 *
 * Our own (re-parented) child gives its status, also one that ended before this call; any
 * other process is polled by pidfd and gives its code where the kernel tells (Linux 6.15).
 * A process that is gone without a trace is reported at once, without a code.
 */
int shim_reaper_watch(struct shim_reaper *r, const struct process_id *id, shim_reaper_ended *ended,
		      void *arg, struct error *err);

/** shim_reaper_unwatch() - forget all watches with @arg; when it returns, @ended runs no more */
void shim_reaper_unwatch(struct shim_reaper *r, void *arg);
