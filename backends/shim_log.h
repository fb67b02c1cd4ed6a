/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Container output: two FIFOs per container, copied by one thread into the slot's log
 * file in CRI lines (`2026-11-23T23:59:59.123456789Z stdout F text`, P for a piece of a
 * line longer than LIMIT_LOG_LINE). All ends are open for reading and writing, so a
 * container whose shim died waits when the pipe is full and never sees an error.
 *
 * Any thread may call anything here, for different ids at the same time. A log that
 * cannot be written loses lines, and says so in it when it can be written again; it
 * never holds up its container or another one.
 */
#include "backends/shim_log_file.h"
#include "base/arena.h"

struct shim_log;

/** shim_log_new() - with its own thread; nothing is copied before the first FIFO is added */
int shim_log_new(struct shim_log **ret, struct error *err);

/** shim_log_free() - stop copying; FIFOs stay for the next shim, begun lines are written as P */
void shim_log_free(struct shim_log *log); /* NULL is fine */
CLEAN_DEFINE(shim_log, struct shim_log *, shim_log_free)

/**
 * shim_log_open() - make the FIFOs <fifo_prefix>.out and .err and start copying
 * @id:       runtime id; -ERR_EXISTS when it is open already
 * @place:   see shim_log_file.h
 * @ret_fds: for the container's stdout and stderr; close-on-exec, the caller's to close
 *           when the container is made
 *
 * Left-over FIFOs of the same name are replaced.
 */
int shim_log_open(struct shim_log *log, const char *id, const struct shim_log_place *place,
		  const char *fifo_prefix, int ret_fds[2], struct error *err);

/**
 * shim_log_take() - start copying from pipes that somebody else made
 * @fds: for stdout and stderr; -1: there is none. Ours from now on, also after a failure
 *
 * When the other end of a pipe is closed, that stream has ended.
 */
int shim_log_take(struct shim_log *log, const char *id, const struct shim_log_place *place,
		  const int fds[2], struct error *err);

/**
 * shim_log_adopt() - go on copying for a container that an earlier shim began
 *
 * Writes one line `… system F tallyman: the log may have a gap here (shim restarted)`.
 * Return: 0; SHIM_LOG_ALREADY when it is open; -ERR_NOT_FOUND when it has no FIFOs (any more).
 */
enum { SHIM_LOG_ALREADY = 1 };
int shim_log_adopt(struct shim_log *log, const char *id, const struct shim_log_place *place,
		   const char *fifo_prefix, struct error *err);

/* A log on its way to the next program in this process. */
struct shim_handed_log {
	const char *id;
	struct shim_log_place place;
	const char *fifos[2]; /* NULL: pipes that somebody else made */
	int fds[2];           /* -1: that stream is none, or has ended */
};

/**
 * shim_log_hand_over() - stop copying for good, and give up all logs with their open pipes
 * @ret: in @a; the descriptors are the caller's
 *
 * Begun lines are written as P, so nothing that was read is lost. Only shim_log_free may follow.
 */
void shim_log_hand_over(struct shim_log *log, struct arena *a, struct shim_handed_log **ret,
			size_t *ret_n);

/** shim_log_take_over() - go on with one, without a gap; the descriptors are ours when it succeeds
 */
int shim_log_take_over(struct shim_log *log, const struct shim_handed_log *from, struct error *err);

/** shim_log_is_open() - is its output copied here? */
bool shim_log_is_open(struct shim_log *log, const char *id);

/** shim_log_tell_gap() - the same line for a container whose pipes died with an earlier shim: what
 *  it writes from now on is lost */
void shim_log_tell_gap(const char *cri_path);

/** shim_log_finish() - after the exit: copy what is in the pipes, close, remove the FIFOs.
 *  An @id that is not open is fine. */
void shim_log_finish(struct shim_log *log, const char *id);

/** shim_log_sweep() - remove FIFOs that nobody has open: an earlier shim's, of a container that
 *  is being removed. Absent ones are fine */
int shim_log_sweep(const char *fifo_prefix, struct error *err);
