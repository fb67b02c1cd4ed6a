/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The files behind a container's log: lines are appended to one, which is set aside as
 * <path>.1 … when it is full, the oldest going first. Whole lines only; what cannot be written is
 * counted, and told in a line of its own when it can be again.
 *
 * Several may write the same log (two instances of a slot, also in two shims): each has a struct
 * of its own. Not thread-safe itself.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clean.h"
#include "base/error.h"

struct service;

/* Where a log is and how much of it is kept. */
struct shim_log_place {
	const char *path;
	int64_t max_bytes; /* of all files together; 0: LIMIT_LOG_BYTES */
	int64_t keep_s;    /* what was set aside longer ago may go; 0: no matter */
};

/** shim_log_place_of() - as @s asks for; @path is borrowed */
struct shim_log_place shim_log_place_of(const struct service *s, const char *path);

struct shim_log_file {
	char *path;
	int fd;
	size_t max_each;
	int64_t keep_s;
	uint64_t n_lost; /* lines that could not be written since the last that could */
	int lost_errno;
	bool torn; /* the file ends in the middle of a line */
};

#define SHIM_LOG_FILE_INIT ((struct shim_log_file){ .fd = -1 })

/** shim_log_file_open() - made 0640 (directories above 0750) when absent */
int shim_log_file_open(struct shim_log_file *f, const struct shim_log_place *place,
		       struct error *err);
void shim_log_file_close(struct shim_log_file *f); /* twice is fine */

/** shim_log_file_write() - append whole lines; never fails, see above */
void shim_log_file_write(struct shim_log_file *f, const char *p, size_t n);

/** shim_log_file_settle() - say now what was lost, if the file takes it */
void shim_log_file_settle(struct shim_log_file *f);
