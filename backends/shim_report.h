/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Reports: tells that processes have ended, on threads that do nothing else, so that a slow disk
 * there delays neither who waits for a program nor the ends of others. Several at once: what is
 * synced at the same time costs one write of the journal.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/clean.h"
#include "base/error.h"

struct shim_reports;

struct shim_report {
	void (*ended)(void *arg, pid_t pid, bool has_code, int code);
	void *arg;
	pid_t pid;
	bool has_code;
	int code;
};

int shim_reports_new(struct shim_reports **ret, struct error *err);
/** shim_reports_free() - waits for reports under way, drops the others; NULL is fine */
void shim_reports_free(struct shim_reports *s);

/** shim_reports_add() - to be told; copied. Never blocks for long, never calls `ended` itself */
void shim_reports_add(struct shim_reports *s, const struct shim_report *report);

/** shim_reports_drain() - returns when all that were added have been told */
void shim_reports_drain(struct shim_reports *s);

/** shim_reports_forget() - none with @arg is told any more when this returns. May be called from
 *  `ended`: then not for the one that runs there */
void shim_reports_forget(struct shim_reports *s, const void *arg);
