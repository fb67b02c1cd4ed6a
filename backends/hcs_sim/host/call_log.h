/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * calls.log: a line a call, `NUMBER FUNCTION SUBJECT HRESULT [fault=KIND] [done]`, in the order
 * they came; "done" lines say how an operation ended. NUMBER counts calls that are points for
 * faults, over all functions and since the directory was made; 0: not such a call.
 */
#include <stddef.h>
#include <stdint.h>

#include "backends/hcs_sim/host/calls.h"

struct call_log {
	int dirfd, fd;
	size_t bytes;
	uint64_t n; /* the last number */
};

/** call_log_open() - go on with the log that is there */
int call_log_open(struct call_log *l, int dirfd, struct error *err);

/** call_log_close() - of one that was opened */
void call_log_close(struct call_log *l);

/** call_log_write() - a line; a large log becomes calls.log.1, and counting goes on */
void call_log_write(struct call_log *l, const struct call *c, HRESULT hr);
